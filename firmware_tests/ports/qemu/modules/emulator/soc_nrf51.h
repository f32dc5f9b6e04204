// Nordic's nRF51, QEMU's microbit: TIMER0 and UART0.
#include "soc_cortex_m.h"

#define TIMER_START SOC_REG(0x40008000)
#define TIMER_CAPTURE SOC_REG(0x40008040)
#define TIMER_BITMODE SOC_REG(0x40008508)   // 3: 32 bits
#define TIMER_PRESCALER SOC_REG(0x40008510) // 0: 16 MHz
#define TIMER_CC SOC_REG(0x40008540)
#define UART_RXDRDY SOC_REG(0x40002108)
#define UART_INTENSET SOC_REG(0x40002304) // bit 2: RXDRDY
#define UART_IRQ 2

#define SOC_TICK_HZ 16000000u

static inline uint32_t soc_ticks(void) {
    TIMER_CAPTURE = 1;
    return TIMER_CC;
}

static inline void soc_start(void) {
    TIMER_BITMODE = 3;
    TIMER_PRESCALER = 0;
    TIMER_START = 1;
    cortex_m_start(UART_IRQ);
    UART_INTENSET = 1 << 2;
}

static inline uint32_t soc_instructions(void) {
    return soc_ticks();
}

// -icount shift=10: an instruction takes 1,024 ns, which is 16.384 ticks of 62.5 ns.
static inline uint32_t soc_instructions_from(uint32_t units) {
    return (uint32_t)(((uint64_t)units * 125 + 1024) / 2048);
}

static inline bool soc_rx_ready(void) {
    return UART_RXDRDY != 0;
}

static inline void soc_sleep(void) {
    cortex_m_forget(UART_IRQ);
    if (!soc_rx_ready()) {
        cortex_m_sleep();
    }
}
