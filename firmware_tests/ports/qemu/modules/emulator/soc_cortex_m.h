// Sleeping on a Cortex-M until an interrupt is pending.
#define NVIC_ISER SOC_REG(0xe000e100) // interrupt set enable
#define NVIC_ICPR SOC_REG(0xe000e280) // interrupt clear pending

static inline void cortex_m_start(uint32_t irq) {
    __asm volatile ("cpsid i");
    NVIC_ISER = 1u << irq;
}

static inline void cortex_m_forget(uint32_t irq) {
    NVIC_ICPR = 1u << irq;
}

static inline void cortex_m_sleep(void) {
    __asm volatile ("wfi");
}
