// Sine of a fraction of a turn, from integers: tables that have the same bits on every CPU.
//
//   eml_sine_q30(phase)    in units of 2^-30, error below 11 of them
//   eml_sine(phase)        as float32, error below 2^-25 + 2^-26
//
// A phase of 2^32 is a turn, so that sine and cosine of multiples of a turn / 2^k are exact where they are 0 and 1; the cosine is
// the sine of phase + 2^30.
#ifndef EML_SINE_H
#define EML_SINE_H

#include "eml_common.h"

#define EML_SINE_QUARTER ((uint32_t)1 << 30)

// a * b / 2^30 for b in 0..2^30, less up to 3; exact for 0 and 2^30. Without products of 64 bits, which are calls on some CPUs.
static inline int32_t eml_sine_multiply(int32_t a, int32_t b) {
    const int32_t a_high = a >> 15, a_low = a & 0x7fff, b_high = b >> 15, b_low = b & 0x7fff;
    return a_high * b_high + (a_high * b_low >> 15) + (a_low * b_high >> 15);
}

static inline int32_t eml_sine_q30(uint32_t phase) {
    // sin(pi / 2 y) / y as a polynomial in y^2 for y in 0..1: the least maximum of y * error; its sum is 1.
    static const int32_t COEFFICIENTS[] = { 172032, -5026852, 85569264, -693598663, 1686629713 };
    int32_t y = (int32_t)(phase & 0x7fffffff);
    if (y > (int32_t)EML_SINE_QUARTER) {
        y = (int32_t)(0x80000000u - (uint32_t)y);
    }
    const int32_t square = eml_sine_multiply(y, y);
    int32_t sum = -3670;
    for (int i = 0; i < 5; i++) {
        sum = COEFFICIENTS[i] + eml_sine_multiply(sum, square);
    }
    sum = eml_sine_multiply(sum, y);
    return phase >> 31 ? -sum : sum;
}

static inline float eml_sine(uint32_t phase) {
    const int32_t sine = eml_sine_q30(phase);
#if defined(__SOFTFP__) || defined(__riscv_float_abi_soft)
    // The same without a library: to 24 bits, ties to even.
    uint32_t magnitude = (uint32_t)(sine < 0 ? -sine : sine), bits = 127;
    float result = 0;
    if (magnitude != 0) {
        for (; !(magnitude >> 30); magnitude <<= 1) {
            bits--;
        }
        bits = ((bits - 1) << 23) + ((magnitude + 63 + (magnitude >> 7 & 1)) >> 7) + (sine < 0 ? 0x80000000u : 0);
        eml_float_store(&result, bits);
    }
    return result;
#else
    return (float)sine * (1.0f / 1073741824.0f); // rounds once: the product is exact
#endif
}

#endif // EML_SINE_H
