// Floating-point results from integer arithmetic: the same bits on every CPU, and no soft-float library.
//
//   eml_float_key(bits)              order of float32 as order of int32
//   eml_float_from_int(i)            bits of the float32 nearest to an integer
//   eml_float_from_ratio(n, d, e)    bits of the float32 nearest to n / d * 2^e
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

static inline int eml_clz64(uint64_t x) {
    const uint32_t high = (uint32_t)(x >> 32);
    return high ? eml_clz32(high) : 32 + eml_clz32((uint32_t)x);
}

// float32 bits of mantissa * 2^exponent (positive), `sticky` telling that the true value is a little larger.
static inline uint32_t eml_float_round(uint64_t mantissa, int exponent, int sticky) {
    if (mantissa == 0) {
        return 0;
    }
    const int shift = eml_clz64(mantissa);
    mantissa <<= shift; // now in [2^63, 2^64): the value is mantissa * 2^(exponent - shift)
    int biased = exponent - shift + 63 + 127;
    int drop = 40; // keeps 24 bits
    if (biased < 1) { // subnormal: fewer bits
        drop += 1 - biased;
        biased = 1;
    }
    if (drop > 63) { // below half of the smallest subnormal, or next to it
        return drop == 64 && (mantissa << 1 || sticky);
    }
    uint32_t kept = (uint32_t)(mantissa >> drop);
    const uint64_t rest = mantissa << (64 - drop);
    const uint64_t half = (uint64_t)1 << 63;
    kept += rest > half || (rest == half && (sticky || (kept & 1)));
    // Adding lets a carry, and the hidden bit itself, run into the exponent field.
    return biased + (int)(kept >> 24) > 254 ? 0x7f800000u : ((uint32_t)(biased - 1) << 23) + kept;
}

static inline uint32_t eml_float_from_int(int32_t i) {
    const uint32_t magnitude = i < 0 ? 0u - (uint32_t)i : (uint32_t)i;
    return eml_float_round(magnitude, 0, 0) | (i < 0 ? 0x80000000u : 0);
}

// Quotients beyond 48 significant bits of n are rounded as if the rest were a little more than 0. d is not 0.
static inline uint32_t eml_float_from_ratio(uint64_t n, uint16_t d, int exponent) {
    if (n == 0) {
        return 0;
    }
    const int shift = eml_clz64(n);
    n <<= shift;
    const uint32_t high = (uint32_t)(n >> 32);
    const uint32_t low = (uint32_t)(n >> 16) & 0xffff;
    const uint32_t next = (high % d) << 16 | low; // two digits of a long division
    const uint64_t quotient = ((uint64_t)(high / d) << 16) + next / d;
    return eml_float_round(quotient, exponent + 16 - shift, next % d != 0 || (n & 0xffff));
}

#define EML_DOUBLE_ONE ((uint64_t)0x3ff << 52)

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
    uint64_t sum = (eml_double_mantissa(larger) << 10) + (addend >> distance);
    uint64_t sticky = (addend & (((uint64_t)1 << distance) - 1)) != 0;
    uint64_t exponent = larger >> 52;
    if (sum >> 63) { // the sum has one bit more
        sticky |= sum & 1;
        sum >>= 1;
        exponent++;
    }
    const uint64_t rest = (sum & 0x3ff) << 1 | sticky;
    uint64_t kept = sum >> 10;
    kept += rest > 0x400 || (rest == 0x400 && (kept & 1));
    return ((exponent - 1) << 52) + kept; // the hidden bit adds the one
}

// n / d * 2^exponent for 0 < n < 2^53, d not 0, and a result that is a normal number.
static inline uint64_t eml_double_from_ratio(uint64_t n, uint16_t d, int exponent) {
    const int shift = eml_clz64(n);
    n <<= shift;
    exponent += 64 - shift;
    uint64_t quotient = 0;
    uint32_t remainder = 0;
    // Long division bit by bit, on into the fraction, until there are 53 bits and one to round by.
    while (!(quotient >> 53)) {
        remainder = remainder << 1 | (uint32_t)(n >> 63);
        n <<= 1;
        quotient <<= 1;
        exponent--;
        if (remainder >= d) {
            remainder -= d;
            quotient |= 1;
        }
    }
    uint64_t kept = quotient >> 1;
    kept += (quotient & 1) && (remainder || (kept & 1));
    return ((uint64_t)(exponent + 1 + 1023 + 52 - 1) << 52) + kept;
}

#endif // EML_MATH_H
