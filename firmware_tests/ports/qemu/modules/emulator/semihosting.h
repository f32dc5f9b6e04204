// Files of the PC, through QEMU's -semihosting: Arm's "Semihosting for AArch32 and AArch64", which RISC-V has taken over.
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <stdint.h>

static inline int32_t semihosting_call(uint32_t operation, const void *arguments) {
    #if defined(__arm__)
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = arguments;
    __asm volatile ("bkpt 0xab" : "+r" (r0) : "r" (r1) : "memory");
    return (int32_t)r0;
    #else
    register uint32_t a0 __asm("a0") = operation;
    register const void *a1 __asm("a1") = arguments;
    __asm volatile (
        ".option push\n"
        ".option norvc\n"
        ".balign 16\n" // the three must lie in one page
        "slli x0, x0, 0x1f\n"
        "ebreak\n"
        "srai x0, x0, 7\n"
        ".option pop"
        : "+r" (a0) : "r" (a1) : "memory");
    return (int32_t)a0;
    #endif
}

// To read it as bytes; negative when there is none of that name.
static inline int32_t semihosting_open(const char *name, uint32_t length) {
    const uint32_t arguments[3] = { (uint32_t)name, 1, length };
    return semihosting_call(0x01, arguments);
}

static inline void semihosting_close(int32_t file) {
    semihosting_call(0x02, &file);
}

// Returns how many of the bytes it has not read.
static inline uint32_t semihosting_read(int32_t file, void *to, uint32_t size) {
    const uint32_t arguments[3] = { (uint32_t)file, (uint32_t)to, size };
    return (uint32_t)semihosting_call(0x06, arguments);
}

// Negative on failure.
static inline int32_t semihosting_seek(int32_t file, uint32_t offset) {
    const uint32_t arguments[2] = { (uint32_t)file, offset };
    return semihosting_call(0x0a, arguments);
}

#endif
