// QEMU's riscv32 virt: CLINT clock, 16550 UART, PLIC.
#define CLINT_MTIME SOC_REG(0x0200bff8)
#define PLIC_PRIORITY(irq) SOC_REG(0x0c000000 + 4 * (irq))
#define PLIC_ENABLE SOC_REG(0x0c002000)
#define PLIC_THRESHOLD SOC_REG(0x0c200000)
#define PLIC_CLAIM SOC_REG(0x0c200004)
#define UART(register) SOC_REG8(0x10000000 + (register))
#define UART_IRQ 10
#define MIE_EXTERNAL (1 << 11)

#define SOC_TICK_HZ 10000000u

static inline uint32_t soc_ticks(void) {
    return CLINT_MTIME;
}

static inline void soc_start(void) {
    __asm volatile ("csrci mstatus, 8"); // MIE
    PLIC_PRIORITY(UART_IRQ) = 1;
    PLIC_ENABLE = 1 << UART_IRQ;
    PLIC_THRESHOLD = 0;
    __asm volatile ("csrs mie, %0" : : "r" (MIE_EXTERNAL));
    UART(3) = 0x83; // line control: 8 bits, divisor latch
    UART(0) = 1;    // divisor, by which QEMU times the FIFO
    UART(1) = 0;
    UART(3) = 0x03;
    UART(2) = 0xc1; // FIFO on, interrupt at 14 bytes or after a pause
    UART(1) = 1;    // interrupt on received data
}

static inline uint32_t soc_instructions(void) {
    uint32_t count;
    __asm volatile ("csrr %0, minstret" : "=r" (count));
    return count;
}

// -icount shift=0.
static inline uint32_t soc_instructions_from(uint32_t units) {
    return units;
}

static inline bool soc_rx_ready(void) {
    return (UART(5) & 1) != 0;
}

static inline void soc_sleep(void) {
    const uint32_t irq = PLIC_CLAIM;
    if (irq) {
        PLIC_CLAIM = irq; // done with it
    }
    if (!soc_rx_ready()) {
        __asm volatile ("wfi");
    }
}
