// Floating-point results from integer arithmetic: the same bits on every CPU, and no soft-float library.
//
//   eml_float_key(bits)              order of float32 as order of int32
//   eml_float_from_int(i)            bits of the float32 nearest to an integer
//   eml_feature_bits(x, i)           bits of the float32 nearest to a feature of any type
//   eml_float_from_ratio(n, d, e)    bits of the float32 nearest to n / d * 2^e, for n below 2^63
//   eml_double_add(a, b)             sum of two non-negative float64
//   eml_double_from_ratio(n, d, e)   bits of the float64 nearest to n / d * 2^e
//
// Formats: IEEE 754-2008; rounding is to nearest, ties to even.
#ifndef EML_MATH_H
#define EML_MATH_H

#include "eml_common.h"

// float32 bits -> int32 with the same order. NaNs of either sign come last, so `key > threshold` sends them right.
static inline int32_t eml_float_key(uint32_t bits) {
    const uint32_t magnitude_mask = (0u - (bits >> 31)) >> 1;
    return (int32_t)((bits ^ magnitude_mask) - 0x7fffffu);
}

// Number of leading zero bits; x is not 0. The compiler's own where it is an instruction, and no call.
static inline int eml_clz32(uint32_t x) {
#if defined(__x86_64__) || defined(__aarch64__) || defined(__ARM_FEATURE_CLZ) || defined(__XTENSA__)
    return __builtin_clz(x);
#else
    int n = 0;
    for (int step = 16; step > 0; step >>= 1) {
        if (!(x >> (32 - step))) {
            n += step;
            x <<= step;
        }
    }
    return n;
#endif
}

// n / d for n < 2^17 d, d not 0, where there is no instruction for it.
static inline uint32_t eml_divide_by_shifts(uint32_t n, uint32_t d) {
    uint32_t remainder = n >> 17;
    uint32_t quotient = 0;
    n <<= 15;
    for (int bit = 0; bit < 17; bit++) {
        remainder = remainder << 1 | n >> 31;
        n <<= 1;
        quotient <<= 1;
        if (remainder >= d) {
            remainder -= d;
            quotient++;
        }
    }
    return quotient;
}

// The same; the compiler's own where it is an instruction, and no call.
static inline uint32_t eml_divide(uint32_t n, uint32_t d) {
#if defined(__ARM_ARCH_6M__)
    return eml_divide_by_shifts(n, d);
#else
    return n / d;
#endif
}

static inline int eml_clz64(uint64_t x) {
    const uint32_t high = (uint32_t)(x >> 32);
    return high ? eml_clz32(high) : 32 + eml_clz32((uint32_t)x);
}

// mantissa * 2^exponent (not 0; `sticky` tells that the true value is a little larger) to the nearest number of `digits`
// significant bits: 24, and these are the bits of a float32, or 53, and they are those of a float64, which must be normal.
static inline uint64_t eml_round(uint64_t mantissa, int exponent, int sticky, int digits) {
    const int shift = eml_clz64(mantissa);
    mantissa <<= shift; // now in [2^63, 2^64): the value is mantissa * 2^(exponent - shift)
    int biased = exponent - shift + 63 + (digits == 24 ? 127 : 1023);
    int drop = 64 - digits;
    if (digits == 24 && biased > 254) {
        return 0x7f800000;
    }
    if (biased < 1) { // subnormal: fewer bits
        drop += 1 - biased;
        biased = 1;
    }
    if (drop > 63) { // below half of the smallest subnormal, or next to it
        return drop == 64 && (mantissa << 1 || sticky);
    }
    uint64_t kept = mantissa >> drop;
    const uint64_t rest = mantissa << (64 - drop);
    const uint64_t half = (uint64_t)1 << 63;
    kept += rest > half || (rest == half && (sticky || (kept & 1)));
    // Adding lets a carry, and the hidden bit itself, run into the exponent field.
    return ((uint64_t)(biased - 1) << (digits - 1)) + kept;
}

// The number of `digits` significant bits nearest to n / d * 2^exponent, as eml_round gives it. n < 2^63; d is not 0.
static inline uint64_t eml_ratio(uint64_t n, uint16_t d, int exponent, int digits) {
    if (n == 0) {
        return 0;
    }
    // n in [2^62, 2^63) and the divisor in [2^15, 2^16) make a quotient of 62 bits or more from five digits of 16 bits.
    const int shift = eml_clz64(n) - 1;
    n <<= shift;
    uint32_t divisor = d;
    for (; !(divisor >> 15); divisor <<= 1) {
        exponent++;
    }
    uint64_t quotient = 0;
    uint32_t remainder = 0;
    for (int digit = 0; digit < 5; digit++) {
        const uint32_t part = remainder << 16 | (uint32_t)(n >> 48);
        n <<= 16;
        const uint32_t whole = eml_divide(part, divisor);
        quotient = quotient << 16 | whole;
        remainder = part - whole * divisor;
    }
    return eml_round(quotient, exponent - shift - 16, remainder != 0, digits);
}

static inline uint32_t eml_float_from_ratio(uint64_t n, uint16_t d, int exponent) {
    return (uint32_t)eml_ratio(n, d, exponent, 24);
}

static inline uint32_t eml_float_from_int(int32_t i) {
    const uint32_t magnitude = i < 0 ? 0u - (uint32_t)i : (uint32_t)i;
    return i == 0 ? 0 : (uint32_t)eml_round(magnitude, 0, 0, 24) | (i < 0 ? 0x80000000u : 0);
}

static inline uint32_t eml_feature_bits(const eml_array_t *x, size_t i) {
    if (x->type == EML_FLOAT32) {
        return eml_float_bits((const float *)x->data + i);
    }
    return eml_float_from_int(x->type == EML_INT16 ? ((const int16_t *)x->data)[i]
            : x->type == EML_INT32                 ? ((const int32_t *)x->data)[i]
            : x->type == EML_INT8                  ? ((const int8_t *)x->data)[i]
                                                   : ((const uint8_t *)x->data)[i]);
}

#define EML_DOUBLE_ONE ((uint64_t)0x3ff << 52)
#define EML_DOUBLE_EXPONENT(bits) ((int)((bits) >> 52) - 1075) // of a mantissa that is an integer

static inline uint64_t eml_double_mantissa(uint64_t bits) {
    const uint64_t hidden = (uint64_t)1 << 52;
    return (bits & (hidden - 1)) | hidden;
}

// a + b for non-negative float64 in bits: normal numbers or 0, without overflow.
static inline uint64_t eml_double_add(uint64_t a, uint64_t b) {
    const uint64_t larger = a > b ? a : b;
    const uint64_t smaller = a > b ? b : a;
    const int distance = (int)(larger >> 52) - (int)(smaller >> 52);
    if (smaller == 0 || distance > 54) {
        return larger; // what is added is less than half of the last bit
    }
    // Ten spare bits below the mantissas, and `sticky` for what falls off them.
    const uint64_t addend = eml_double_mantissa(smaller) << 10;
    const uint64_t shifted = addend >> distance;
    return eml_round((eml_double_mantissa(larger) << 10) + shifted, EML_DOUBLE_EXPONENT(larger) - 10, shifted << distance != addend, 53);
}

static inline uint64_t eml_double_from_ratio(uint64_t n, uint16_t d, int exponent) {
    return eml_ratio(n, d, exponent, 53);
}

#endif // EML_MATH_H
