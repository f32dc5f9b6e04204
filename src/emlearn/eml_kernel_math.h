// What kernels need of exp, tanh and powers, with more bits than eml_exp.h has: decision values are differences of sums that may be
// hundreds of times larger. No libm, no soft float, no 64-bit division.
//
//   eml_kernel_exp2(t)         2^-t, t in units of 2^-32; relative error below 2^-30
//   eml_kernel_tanh(z)         relative error below 2^-29
//   eml_kernel_product(...)    of two numbers; relative error below 2^-30
#ifndef EML_KERNEL_MATH_H
#define EML_KERNEL_MATH_H

#include "eml_exp.h"
#include "eml_kernel_data.h"

// mantissa * 2^exponent; |mantissa| is from 2^30 up and below 2^31, or 0.
typedef struct {
    int32_t mantissa;
    int exponent;
} eml_kernel_number_t;

// A number, to the nearest, but never to 2^31.
static inline eml_kernel_number_t eml_kernel_number(uint64_t magnitude, int negative, int exponent) {
    const int shift = eml_clz64(magnitude | 1);
    magnitude <<= shift;
    const int32_t top = (int32_t)(magnitude >> 33) + (int32_t)((magnitude >> 32 & 1) & (magnitude < (uint64_t)0xffffffff << 32));
    const eml_kernel_number_t number = { negative ? -top : top, exponent - shift + 33 };
    return number;
}

static inline eml_kernel_number_t eml_kernel_of_int(int64_t n, int exponent) {
    return eml_kernel_number(n < 0 ? 0u - (uint64_t)n : (uint64_t)n, n < 0, exponent);
}

// high * 2^32 + low, in units of 2^exponent.
static inline eml_kernel_number_t eml_kernel_of_sum(int64_t high, uint32_t low, int exponent) {
    const int negative = high < 0;
    if (negative) {
        low = 0u - low;
        high = -high - (low != 0);
    }
    uint64_t magnitude = low;
    if (high) {
        int shift = eml_clz64((uint64_t)high);
        shift = shift > 32 ? 32 : shift;
        magnitude = (uint64_t)high << shift | (uint64_t)low << shift >> 32;
        exponent += 32 - shift;
    }
    return eml_kernel_number(magnitude, negative, exponent);
}

// a * b * 2^exponent
static inline eml_kernel_number_t eml_kernel_product(int32_t a, int32_t b, int exponent) {
    return eml_kernel_of_int((int64_t)a * b, exponent);
}

// m * 2^exponent in units of 2^-32, rounded down; 2^61 for all that is larger.
static inline uint64_t eml_kernel_q32(uint32_t m, int exponent) {
    const int shift = -3 - exponent;
    return shift < 0 ? (uint64_t)(m != 0) << 61 : (uint64_t)m << 29 >> (shift > 63 ? 63 : shift);
}

// 2^-t, t in units of 2^-32. 2^f is interpolated at Chebyshev nodes: off by 2^-33 at most.
static inline eml_kernel_number_t eml_kernel_exp2(uint64_t t) {
    static const uint32_t C[7] = { 89043, 627479, 5750554, 41301092, 238389752, 1031764902, 2977044473u };
    const uint64_t whole = (t + 0xffffffff) >> 32;
    const uint32_t f = 0u - (uint32_t)t; // 2^-t = 2^f * 2^-whole
    uint32_t p = C[0];
    for (int i = 1; i < 7; i++) {
        p = C[i] + eml_multiply_high(p, f);
    }
    eml_kernel_number_t r = { 0, 0 };
    if (whole < 0x8000) {
        r.mantissa = (1 << 30) + (int32_t)(eml_multiply_high(p, f) >> 2);
        r.exponent = -30 - (int)whole;
    }
    return r;
}

// n / d in units of 2^-31, rounded down, for n below d.
static inline uint32_t eml_kernel_divide(uint32_t n, uint32_t d) {
    uint32_t q = 0;
    for (int bit = 0; bit < 31; bit++) {
        q <<= 1;
        if (n >= d - n) { // twice n may have 33 bits
            n -= d - n;
            q++;
        } else {
            n <<= 1;
        }
    }
    return q;
}

// A number from 0 to 1, in units of 2^-31.
static inline uint32_t eml_kernel_q31(eml_kernel_number_t k) {
    const int shift = -31 - k.exponent;
    return shift < 0 ? (uint32_t)k.mantissa << -shift : shift < 32 ? (uint32_t)k.mantissa >> shift : 0;
}

// A product in units of 2^-31, of two of these.
static inline int32_t eml_kernel_q31_product(int32_t a, int32_t b) {
    return (int32_t)((int64_t)a * b >> 31);
}

static inline eml_kernel_number_t eml_kernel_tanh(eml_kernel_number_t z) {
    static const uint32_t C[4] = { 93803799, 231789113, 572662285, 1431655765 };
    const uint32_t m = (uint32_t)(z.mantissa < 0 ? -z.mantissa : z.mantissa);
    uint32_t t = 0x7fffffff; // in units of 2^exponent
    int exponent = -31;
    if (m == 0) {
        return z;
    }
    if (z.exponent < -32) { // below 1/4: z - z^3/3 + ...
        const int shift = -32 - 2 * z.exponent;
        const uint32_t square = shift < 64 ? (uint32_t)((uint64_t)m * m >> shift) : 0; // in units of 2^-32
        uint32_t p = 35752614;
        for (int i = 0; i < 4; i++) {
            p = C[i] - eml_multiply_high(p, square);
        }
        t = m - eml_multiply_high(m, eml_multiply_high(p, square));
        exponent = z.exponent;
    } else {
        const uint64_t q = eml_kernel_q32(m, z.exponent - 2); // in units of 2^-30
        if (q < (uint64_t)12 << 30) { // (1 - e) / (1 + e), e = 2^-(2 |z| / log(2))
            const uint32_t e = eml_kernel_q31(eml_kernel_exp2(q * 774541003 >> 26));
            const uint32_t divisor = 0x80000000u + e; // in units of 2^-31
            t = e ? eml_kernel_divide(0x80000000u - e, divisor) : t;
        }
    }
    const eml_kernel_number_t r = eml_kernel_product(z.mantissa < 0 ? -(int32_t)t : (int32_t)t, 1 << 30, exponent - 30);
    return r;
}

// Bits of the float32 nearest to sum * 2^exponent.
static inline uint32_t eml_kernel_float(int64_t sum, int exponent) {
    const uint64_t magnitude = sum < 0 ? 0u - (uint64_t)sum : (uint64_t)sum;
    return sum ? (uint32_t)eml_round(magnitude, exponent, 0, 24) | (sum < 0 ? 0x80000000u : 0) : 0;
}

// |d| / (3 (|d| + 1)) for d >= 0, in units of 2^-32: off by 2^-29 at most.
static inline uint32_t eml_kernel_third(eml_kernel_number_t d) {
    const uint64_t q = eml_kernel_q32((uint32_t)d.mantissa, d.exponent);
    const uint64_t divisor = q + ((uint64_t)1 << 32);
    const int shift = eml_clz64(divisor);
    const uint32_t ratio = eml_kernel_divide((uint32_t)(q << shift >> 32), (uint32_t)(divisor << shift >> 32));
    return eml_multiply_high(ratio, 2863311531u); // 2/3 of units of 2^-31
}

#endif // EML_KERNEL_MATH_H
