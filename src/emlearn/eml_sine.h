// Sine of a fraction of a turn, from integers: tables that have the same bits on every CPU.
//
//   eml_sine_q30(phase)    in units of 2^-30, error below 5 of them
//   eml_sine_q15(phase)    in units of 2^-15, the nearest of -32768..32767
//   eml_sine(phase)        as float32, error below 2^-25 + 2^-27
//
// A phase of 2^32 is a turn, so that sine and cosine of multiples of a turn / 2^k are exact where they are 0 and 1; the cosine is
// the sine of phase + 2^30.
#ifndef EML_SINE_H
#define EML_SINE_H

#include "eml_common.h"

#define EML_SINE_QUARTER ((uint32_t)1 << 30)

static inline int32_t eml_sine_q30(uint32_t phase) {
    // sin(pi / 2 y) / y as a polynomial in y^2 for y in 0..1: the least maximum of y * error; its sum is 1.
    static const int32_t COEFFICIENTS[] = { 172032, -5026852, 85569264, -693598663, 1686629713 };
    int32_t y = (int32_t)(phase & 0x7fffffff);
    if (y > (int32_t)EML_SINE_QUARTER) {
        y = (int32_t)(0x80000000u - (uint32_t)y);
    }
    const int64_t square = (int64_t)y * y >> 30;
    int32_t sum = -3670;
    for (int i = 0; i < 5; i++) {
        sum = COEFFICIENTS[i] + (int32_t)(sum * square >> 30);
    }
    sum = (int32_t)((int64_t)sum * y >> 30);
    return phase >> 31 ? -sum : sum;
}

static inline int16_t eml_sine_q15(uint32_t phase) {
    const int32_t rounded = (eml_sine_q30(phase) + (1 << 14)) >> 15;
    return (int16_t)(rounded > 32767 ? 32767 : rounded);
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
