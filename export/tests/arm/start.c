// A program for a bare Cortex-M in QEMU: starts main, prints words through semihosting, ends.
// The memory's names are those of firmware_tests/ports/qemu/cortex_m.ld.
#include <stdint.h>
#include <string.h>

int main(void);
void print_word(uint32_t word);

extern uint32_t _estack, _sidata, _sdata, _edata, _sbss, _ebss;

static void host(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static __attribute__((noreturn)) void end(uint32_t reason) {
    for (;;) {
        host(0x18, (const void *)(uintptr_t)reason); // SYS_EXIT
    }
}

void print_word(uint32_t word) {
    char text[10];
    for (int i = 0; i < 8; i++) {
        text[i] = "0123456789abcdef"[word >> (28 - 4 * i) & 15];
    }
    text[8] = '\n';
    text[9] = 0;
    host(0x04, text); // SYS_WRITE0
}

static void reset(void) {
    memcpy(&_sdata, &_sidata, (size_t)((char *)&_edata - (char *)&_sdata));
    memset(&_sbss, 0, (size_t)((char *)&_ebss - (char *)&_sbss));
#ifdef __ARM_FP
    *(volatile uint32_t *)0xe000ed88 = 0xf << 20; // CPACR: the FPU is off after reset
    __asm__ volatile("dsb\n\tisb");
#endif
    end(main() == 0 ? 0x20026 : 0x20023); // ADP_Stopped_ApplicationExit, or a run-time error
}

static void fault(void) {
    end(0x20023);
}

static const struct {
    const void *stack;
    void (*handlers[15])(void);
} vectors __attribute__((section(".isr_vector"), used)) = { &_estack, { reset, fault, fault, fault, fault, fault } };
