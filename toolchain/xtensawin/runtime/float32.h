// IEEE 754 single precision as bits. Integer arithmetic only, rounded to nearest even, subnormal numbers included; a NaN's
// sign and payload are left open.
#ifndef XTENSAWIN_FLOAT32_H
#define XTENSAWIN_FLOAT32_H

#include <stdint.h>

#define SIGN     0x80000000u
#define INF      0x7f800000u
#define QUIET    0x00400000u
#define HIDDEN   0x00800000u // the leading bit of a normal number, which is not stored
#define FRACTION (HIDDEN - 1)

static inline uint32_t float32_bits(float x) {
    union { float f; uint32_t u; } v = { .f = x };
    return v.u;
}

static inline float float32(uint32_t bits) {
    union { uint32_t u; float f; } v = { .u = bits };
    return v.f;
}

static inline double float64(uint32_t high, uint32_t low) {
    union { uint64_t u; double d; } v = { .u = (uint64_t)high << 32 | low };
    return v.d;
}

// Split a positive finite number, not 0, into its significand, HIDDEN <= it < 2 * HIDDEN, which is returned, and its biased
// exponent, which for subnormal numbers is 0 or less.
static inline uint32_t float32_split(uint32_t bits, int *exponent) {
    const int stored = (int)(bits >> 23);
    const uint32_t fraction = bits & FRACTION;
    if (stored) {
        *exponent = stored;
        return fraction | HIDDEN;
    }
    const int shift = __builtin_clz(fraction) - 8;
    *exponent = 1 - shift;
    return fraction << shift;
}

// Round a significand with two more bits below, 4 * HIDDEN <= it < 8 * HIDDEN; sticky: anything that was not 0 below those.
static inline float float32_round(uint32_t sign, int exponent, uint32_t significand, uint32_t sticky) {
    if (exponent >= 255) {
        return float32(sign | INF);
    }
    if (exponent <= 0) { // subnormal
        const int shift = exponent < -25 ? 27 : 1 - exponent;
        sticky |= significand & ((1u << shift) - 1);
        significand >>= shift;
        exponent = 1;
    }
    // A normal number's leading bit makes up for the exponent's - 1; a carry goes up into the exponent, as it should.
    const uint32_t bits = sign + ((uint32_t)(exponent - 1) << 23) + (significand >> 2);
    return float32(bits + ((significand & 2) && ((significand & 5) || sticky)));
}

#endif // XTENSAWIN_FLOAT32_H
