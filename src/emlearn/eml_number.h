// Quotients and square roots of positive numbers of 32 bits, to be rounded once to float32, at the end.
//
//   eml_number(mantissa, exponent)   of mantissa * 2^exponent
//   eml_number_of(bits)              of a float32 that is not negative
//   eml_number_divide(a, b)          b is not 0
//   eml_number_root(a)
//   eml_number_bits(a)               the float32 nearest to it
//   eml_number_load(x)               bits of an aligned float32
//   eml_number_store(x, bits)
//
// Each but the last drops what does not fit 32 bits: a relative error below 2^-31, so that what is exact in 32 bits stays exact, and
// the float32 that comes of a few of them is within 0.51 units of its last place. A mantissa of 0 is the number 0.
#ifndef EML_NUMBER_H
#define EML_NUMBER_H

#include "eml_exp.h"

// For CPUs without unaligned access, where memcpy is a call unless the address is known to be aligned.
#ifdef __GNUC__
#define EML_ALIGNED(address) __builtin_assume_aligned(address, 4)
#else
#define EML_ALIGNED(address) (address)
#endif

static inline uint32_t eml_number_load(const float *x) {
    uint32_t bits;
    memcpy(&bits, EML_ALIGNED(x), sizeof(bits));
    return bits;
}

static inline void eml_number_store(float *x, uint32_t bits) {
    memcpy(EML_ALIGNED(x), &bits, sizeof(bits));
}

static inline eml_number_t eml_number(uint64_t mantissa, int exponent) {
    eml_number_t r = { 0, 0 };
    if (mantissa) {
        const int shift = eml_clz64(mantissa);
        r.mantissa = (uint32_t)(mantissa << shift >> 32);
        r.exponent = exponent + 32 - shift;
    }
    return r;
}

static inline eml_number_t eml_number_of(uint32_t bits) {
    const uint32_t field = bits >> 23;
    return eml_number((bits & 0x7fffff) | (field ? 0x800000u : 0), (int)(field ? field : 1) - 150);
}

static inline eml_number_t eml_number_divide(eml_number_t a, eml_number_t b) {
    uint32_t rest = a.mantissa, carry = 0, quotient = 0;
    a.exponent -= b.exponent - 1;
    if (!rest) {
        return a;
    }
    do { // until 32 bits begin with a 1, of which the first may be 0
        quotient <<= 1;
        if (carry || rest >= b.mantissa) {
            rest -= b.mantissa;
            quotient++;
        }
        carry = rest >> 31;
        rest <<= 1;
        a.exponent--;
    } while (!(quotient >> 31));
    a.mantissa = quotient;
    return a;
}

static inline eml_number_t eml_number_root(eml_number_t a) {
    const int shift = 32 - (a.exponent & 1);
    const uint64_t square = (uint64_t)a.mantissa << shift; // of an even exponent
    uint32_t root = 0;
    for (uint32_t bit = (uint32_t)1 << 31; bit; bit >>= 1) {
        if ((uint64_t)(root | bit) * (root | bit) <= square) {
            root |= bit;
        }
    }
    a.mantissa = a.mantissa ? root : 0;
    a.exponent = (a.exponent - shift) / 2;
    return a;
}

static inline uint32_t eml_number_bits(eml_number_t a) {
    return a.mantissa ? (uint32_t)eml_round(a.mantissa, a.exponent, 0, 24) : 0;
}

#endif // EML_NUMBER_H
