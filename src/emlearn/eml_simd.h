// Sums of products of bytes, by four at a time where the CPU has Arm's DSP instructions: EML_SIMD is defined then.
//
//   eml_simd_next(&p)         the four bytes at p, which may be any address, and p four further
//   eml_simd_even(x)          bytes 0 and 2 as two int16
//   eml_simd_odd(x)           bytes 1 and 3
//   eml_simd_add(a, x, y)     a + the products of both int16 of x and y
#ifndef EML_SIMD_H
#define EML_SIMD_H

#include "eml_common.h"

#if defined(__GNUC__) && defined(__ARM_FEATURE_SIMD32) && defined(__ARM_FEATURE_UNALIGNED)
#define EML_SIMD

EML_ALWAYS_INLINE uint32_t eml_simd_next(const int8_t **p) {
    uint32_t x;
    const int8_t *at = *p;
    __asm__("ldr %0, [%1], #4" : "=r"(x), "+r"(at) : "m"(*(const int8_t(*)[4])at));
    *p = at;
    return x;
}

EML_ALWAYS_INLINE uint32_t eml_simd_even(uint32_t x) {
    uint32_t r;
    __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(x));
    return r;
}

EML_ALWAYS_INLINE uint32_t eml_simd_odd(uint32_t x) {
    uint32_t r;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(x));
    return r;
}

EML_ALWAYS_INLINE int32_t eml_simd_add(int32_t a, uint32_t x, uint32_t y) {
    int32_t r;
    __asm__("smlad %0, %1, %2, %3" : "=r"(r) : "r"(x), "r"(y), "r"(a));
    return r;
}
#endif

#endif // EML_SIMD_H
