// Sums of int8 layers, brought to the scale of the output. See eml_cnn.h.
#ifndef EML_CNN_SCALE_H
#define EML_CNN_SCALE_H

#include "eml_cnn_window.h"

// int8 of a float32: floor(x / scale + 1/2) exactly, beyond 8 bits at least 256 of its sign. x is finite, scale positive.
static inline int32_t eml_cnn_quantise(uint32_t x, uint32_t scale) {
    const eml_number_t a = eml_number_of(x & 0x7fffffff), b = eml_number_of(scale);
    const int bits = a.exponent - b.exponent + 1; // of twice the quotient, or one more
    uint32_t rest = a.mantissa >> 8, twice = 0;   // of 24 bits, exact
    if (!rest || bits < 0) {
        return 0;
    }
    for (int i = bits < 10 ? bits : 10; i >= 0; i--) {
        twice <<= 1;
        if (rest >= b.mantissa >> 8) {
            rest -= b.mantissa >> 8;
            twice++;
        }
        rest <<= 1;
    }
    const uint32_t negative = x >> 31;
    const int32_t n = (int32_t)((twice + (!negative || rest)) >> 1);
    return negative ? -n : n;
}

// Between which values an activation leaves an int8 output.
typedef struct {
    int32_t zero;
    int32_t low;
    int32_t high;
} eml_cnn_cut_t;

EML_NOINLINE eml_cnn_cut_t eml_cnn_cut(const eml_cnn_layer_t *l, uint32_t activation) {
    eml_cnn_cut_t c = { l->out_zero, -128, 127 };
    if (activation != EML_CNN_LINEAR) {
        c.low = c.zero;
    }
    if (activation == EML_CNN_RELU6) {
        const int32_t six = c.zero + eml_cnn_quantise(0x40c00000u, l->out_scale);
        c.high = six < c.high ? six : c.high;
    }
    return c;
}

EML_ALWAYS_INLINE int32_t eml_cnn_clamp(const eml_cnn_cut_t *c, int32_t q) {
    q += c->zero;
    q = q < c->low ? c->low : q;
    return q > c->high ? c->high : q;
}

// A multiplier m << 8 | s as the next two take it, m << 7 | s, with s up to 57: from there on all are the same, as they make 0.
static inline int32_t eml_cnn_usable(uint32_t multiplier) {
    const uint32_t s = multiplier & 0xff;
    return (int32_t)(multiplier >> 8 << 7 | (s < 57 ? s : 57));
}

// floor(a * m / 2^25), where there is no product of 64 bits.
EML_ALWAYS_INLINE int32_t eml_cnn_high_by_parts(int32_t a, int32_t multiplier) {
    const uint32_t m = (uint32_t)multiplier >> 7, ml = m & 0xffff, mh = m >> 16, al = (uint32_t)a & 0xffff;
    const int32_t ah = a >> 16, t = ah * (int32_t)ml;
    const uint32_t low = (al * ml >> 16) + ((uint32_t)t & 0xffff) + al * mh;
    return (int32_t)((uint32_t)(ah * (int32_t)mh + (t >> 16)) << 7) + (int32_t)(low >> 9);
}

EML_ALWAYS_INLINE int32_t eml_cnn_high(int32_t a, int32_t multiplier) {
#if defined(__ARM_ARCH_6M__) || defined(__XTENSA__)
    return eml_cnn_high_by_parts(a, multiplier);
#else
    return (int32_t)((int64_t)a * (multiplier & ~0x7f) >> 32);
#endif
}

// (a * m + 2^(s-1)) >> s, or beyond int8 something that is as well. |a| < 2^31.
EML_ALWAYS_INLINE int32_t eml_cnn_scaled(int32_t a, int32_t multiplier) {
    int32_t shift = (multiplier & 0x7f) - 26;
    while (EML_UNLIKELY(shift < 0)) { // a multiplier of 1/8 at least: what is too large for 32 bits is so for int8
        const int32_t twice = (int32_t)((uint32_t)a << 1);
        a = (a ^ twice) < 0 ? a : twice;
        shift++;
    }
    return ((eml_cnn_high(a, multiplier) >> shift) + 1) >> 1;
}

typedef struct {
    eml_cnn_shape_t shape;
    eml_cnn_cut_t cut;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers;
} eml_cnn_sums_t;

#endif // EML_CNN_SCALE_H
