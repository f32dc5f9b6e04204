// Arm's MPS2 boards, QEMU's mps2-an385, mps2-an386 and mps2-an500: CMSDK UART, FPGA I/O counter.
#include "soc_cortex_m.h"

#define FPGAIO_COUNTER SOC_REG(0x40028018)
#define UART_STATE SOC_REG(0x40004004)     // bit 1: receive buffer full
#define UART_CTRL SOC_REG(0x40004008)      // bit 3: receive interrupt enable
#define UART_INT_CLEAR SOC_REG(0x4000400c) // bit 1: receive interrupt
#define UART_IRQ 0

#define SOC_TICK_HZ 25000000u

static inline uint32_t soc_ticks(void) {
    return FPGAIO_COUNTER;
}

static inline void soc_start(void) {
    cortex_m_start(UART_IRQ);
    UART_CTRL |= 1 << 3;
}

static inline uint32_t soc_instructions(void) {
    return soc_ticks();
}

// -icount shift=10: an instruction takes 1,024 ns, which is 25.6 ticks of 40 ns.
static inline uint32_t soc_instructions_from(uint32_t units) {
    return (uint32_t)(((uint64_t)units * 5 + 64) / 128);
}

static inline bool soc_rx_ready(void) {
    return (UART_STATE & 2) != 0;
}

static inline void soc_sleep(void) {
    UART_INT_CLEAR = 2;
    cortex_m_forget(UART_IRQ);
    if (!soc_rx_ready()) {
        cortex_m_sleep();
    }
}
