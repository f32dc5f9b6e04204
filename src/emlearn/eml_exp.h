// exp, log, sqrt, tanh and the logistic function of float32 from integer arithmetic: the same bits on every CPU, no libm, no
// soft-float library. Arguments and results are bits.
//
//   eml_exp(x)       relative error below 2^-22; subnormal results to half a unit of theirs more
//   eml_log(x)       relative error below 2^-22; of a negative number NaN, of 0 -infinity
//   eml_sqrt(x)      correctly rounded
//   eml_tanh(x)      relative error below 2^-22
//   eml_sigmoid(x)   1 / (1 + exp(-x)), relative error below 2^-22 as exp
//   eml_normalise(p, n)   p / sum of p, for numbers from 0 to 1
//
// Polynomials interpolate at Chebyshev nodes; export/tests/core/test_exp.c holds all bounds against float64.
#ifndef EML_EXP_H
#define EML_EXP_H

#include "eml_math.h"

#define EML_NAN 0x7fc00000u
#define EML_INFINITY 0x7f800000u

// A positive number: mantissa * 2^exponent, the mantissa in [2^31, 2^32).
typedef struct {
    uint32_t mantissa;
    int exponent;
} eml_number_t;

static inline uint32_t eml_multiply_high(uint32_t a, uint32_t b) {
    return (uint32_t)((uint64_t)a * b >> 32);
}

// |x| of a number in units of 2^-24, rounded; from 128 on just below 128.
static inline uint32_t eml_magnitude_q24(uint32_t x) {
    const uint32_t field = x >> 23 & 0xff;
    const uint32_t mantissa = (x & 0x7fffff) | 0x800000;
    if (field >= 134) {
        return 0x7fffffff;
    }
    if (field < 102) { // below half a unit
        return 0;
    }
    return field >= 126 ? mantissa << (field - 126) : (mantissa + (1u << (125 - field))) >> (126 - field);
}

// exp(x), x in units of 2^-24.
static inline eml_number_t eml_exp_q24(int32_t x) {
    static const uint32_t C[6] = { 894123, 5451244, 41455862, 238353606, 1031767986, 2977044430u };
    const uint64_t y = (uint64_t)((int64_t)x * 3098164010); // x / log(2), in units of 2^-55
    const uint32_t f = (uint32_t)(y >> 23);
    uint32_t p = C[0]; // (2^f - 1) / f, below 1
    for (int i = 1; i < 6; i++) {
        p = C[i] + eml_multiply_high(p, f);
    }
    eml_number_t r;
    r.mantissa = 0x80000000u + (eml_multiply_high(p, f) >> 1);
    r.exponent = (int)(y >> 55) - (x < 0 ? 512 : 0) - 31; // nine bits and a sign
    return r;
}

// 2^62 / d for d in [2^31, 2^32), to a few units: in (2^30, 2^31].
static inline uint32_t eml_reciprocal(uint32_t d) {
    uint32_t r = 3031741621u - eml_multiply_high(d, 2021161080u); // 48/17 - 32/17 d, off by 1/17 at most
    for (int i = 0; i < 3; i++) { // Newton's steps
        r = (uint32_t)((uint64_t)r * (0x80000000u - eml_multiply_high(d, r)) >> 30);
    }
    return r;
}

static inline uint32_t eml_exp(uint32_t x) {
    if ((x & 0x7fffffff) > EML_INFINITY) {
        return EML_NAN;
    }
    const int32_t q = (int32_t)eml_magnitude_q24(x);
    const eml_number_t e = eml_exp_q24(x >> 31 ? -q : q);
    return (uint32_t)eml_round(e.mantissa, e.exponent, 0, 24);
}

static inline uint32_t eml_log(uint32_t x) {
    static const int32_t C[10] = { -80006503, 137509932, -142442927, 152467582, -178331009, 214758452, -268452411, 357914070,
        -536870788, 1073741823 };
    if (x - 1 >= EML_INFINITY - 1) { // not a positive finite number
        return !(x << 1) ? 0xff800000u : x == EML_INFINITY ? x : EML_NAN;
    }
    int exponent = (int)(x >> 23) - 127;
    uint32_t mantissa = x & 0x7fffff;
    if (exponent == -127) {
        const int shift = eml_clz32(mantissa) - 8;
        mantissa = mantissa << shift & 0x7fffff;
        exponent = -126 - shift;
    }
    // x = (1 + f) * 2^exponent with 1 + f from sqrt(1/2) to sqrt(2); f in units of 2^-31
    int32_t f = (int32_t)(mantissa << 8);
    if (mantissa > 0x3504f3) {
        f = (int32_t)(mantissa << 7) - 0x40000000;
        exponent++;
    }
    int32_t p = C[0]; // log(1 + f) / f, in units of 2^-30
    for (int i = 1; i < 10; i++) {
        p = C[i] + (int32_t)((int64_t)p * f / ((int64_t)1 << 31));
    }
    const int64_t sum = (int64_t)f * p / 512 + exponent * (int64_t)3121657384082680; // log(2), in units of 2^-52
    if (sum == 0) {
        return 0;
    }
    return (uint32_t)eml_round((uint64_t)(sum < 0 ? -sum : sum), -52, 0, 24) | (sum < 0 ? 0x80000000u : 0);
}

static inline uint32_t eml_sqrt(uint32_t x) {
    if (x - 1 >= EML_INFINITY - 1) {
        return !(x << 1) || x == EML_INFINITY ? x : EML_NAN;
    }
    int exponent = (int)(x >> 23) - 150;
    uint64_t rest = (x & 0x7fffff) | 0x800000;
    if (exponent == -150) {
        rest &= 0x7fffff;
        exponent = -149;
        const int shift = eml_clz32((uint32_t)rest) - 8;
        rest <<= shift;
        exponent -= shift;
    }
    rest <<= 26 + (exponent & 1); // in [2^49, 2^51)
    exponent -= 26 + (exponent & 1);
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 50; bit; bit >>= 2) { // digit by digit
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)eml_round(root, exponent / 2, rest != 0, 24);
}

// exp(-|x|) as 1 + that, in units of 2^-32 of its double: the divisor of what follows.
static inline uint32_t eml_one_and(const eml_number_t *e) {
    const int shift = -31 - e->exponent;
    const uint32_t below = shift < 32 ? e->mantissa >> shift : 0;
    return shift == 0 ? 0xffffffffu : 0x80000000u + below;
}

static inline uint32_t eml_sigmoid(uint32_t x) {
    if ((x & 0x7fffffff) > EML_INFINITY) {
        return EML_NAN;
    }
    const eml_number_t e = eml_exp_q24(-(int32_t)eml_magnitude_q24(x));
    const uint32_t r = eml_reciprocal(eml_one_and(&e));
    return (uint32_t)(x >> 31 ? eml_round((uint64_t)r * e.mantissa, e.exponent - 31, 0, 24) : eml_round(r, -31, 0, 24));
}

static inline uint32_t eml_tanh(uint32_t x) {
    const uint32_t magnitude = x & 0x7fffffff;
    const uint32_t sign = x ^ magnitude;
    if (magnitude > EML_INFINITY) {
        return EML_NAN;
    }
    if (magnitude < 0x3e800000) { // below 1/4: x - x^3/3 + ...
        const int field = (int)(magnitude >> 23);
        if (field < 112) { // the rest is below half a bit
            return x;
        }
        const uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
        const uint32_t z = (uint32_t)((uint64_t)mantissa * mantissa >> (268 - 2 * field)); // x^2, in units of 2^-32
        uint32_t p = 286111954u - eml_multiply_high(110223904u, z);
        p = 715825154u - eml_multiply_high(p, z);
        p = 2147483643u - eml_multiply_high(p, z);
        return (uint32_t)eml_round((uint64_t)mantissa * p, field - 181, 0, 24) | sign;
    }
    // (1 - e) / (1 + e) with e = exp(-2 |x|)
    const uint32_t q = magnitude >= 0x41800000 ? 0x20000000 : eml_magnitude_q24(magnitude + 0x800000);
    const eml_number_t e = eml_exp_q24(-(int32_t)q);
    const uint32_t divisor = eml_one_and(&e);
    return (uint32_t)eml_round((uint64_t)(0u - divisor) * eml_reciprocal(divisor), -62, 0, 24) | sign;
}

// p: [n] numbers from 0 to 1, one of them at least 1/2. Becomes p / sum, to a relative error of 2^-23 + n * 2^-39.
static inline void eml_normalise(float *p, size_t n) {
    uint64_t sum = 0; // in units of 2^-40
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = eml_float_bits(&p[i]);
        const int shift = 110 - (int)(bits >> 23);
        const uint64_t mantissa = (bits & 0x7fffff) | 0x800000;
        sum += shift <= 0 ? mantissa << -shift : shift < 32 ? mantissa >> shift : 0;
    }
    const int shift = eml_clz64(sum | 1);
    const uint32_t r = eml_reciprocal((uint32_t)(sum << shift >> 32));
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = eml_float_bits(&p[i]);
        const uint32_t field = bits >> 23;
        const uint64_t mantissa = (bits & 0x7fffff) | (field ? 0x800000u : 0);
        // 1 / sum is r * 2^(shift - 54)
        const int exponent = (int)(field ? field : 1) - 150 + shift - 54;
        eml_float_store(&p[i], mantissa ? (uint32_t)eml_round(mantissa * r, exponent, 0, 24) : 0);
    }
}

#endif // EML_EXP_H
