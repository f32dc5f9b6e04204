// Sums of a layer of int8, one window at a time and two rows of weights, which share its loads. See eml_cnn.h.
#ifndef EML_CNN_SINGLE_H
#define EML_CNN_SINGLE_H

#include "eml_cnn_scale.h"

// Sums of n products of x with w and of x with v: the first in the lower word. Loops test at their end, which -Os would not make of
// others.
EML_NOINLINE uint64_t eml_cnn_single_dots(const int8_t *x, const int8_t *w, const int8_t *v, uint32_t n) {
    int32_t a = 0, b = 0;
#ifdef EML_SIMD
    uint32_t blocks = n >> 2;
    if (blocks) {
        do {
            // Loads that move on, which the compiler would replace by an index of its own and one addition more.
            const uint32_t xs = eml_simd_next(&x), even = eml_simd_even(xs), odd = eml_simd_odd(xs);
            const uint32_t ws = eml_simd_next(&w), vs = eml_simd_next(&v);
            a = eml_simd_add(a, even, eml_simd_even(ws));
            b = eml_simd_add(b, even, eml_simd_even(vs));
            a = eml_simd_add(a, odd, eml_simd_odd(ws));
            b = eml_simd_add(b, odd, eml_simd_odd(vs));
        } while (--blocks);
    }
    n &= 3;
#elif !defined(__arm__) // by four, for loads whose addresses need no addition
    for (; n >= 4; n -= 4) {
        const int32_t x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
        a += x0 * w[0];
        b += x0 * v[0];
        a += x1 * w[1];
        b += x1 * v[1];
        a += x2 * w[2];
        b += x2 * v[2];
        a += x3 * w[3];
        b += x3 * v[3];
        x += 4;
        w += 4;
        v += 4;
    }
#endif
    if (n) {
#ifdef __ARM_ARCH_6M__ // one index for all, which also counts: there are eight registers
        int32_t i = -(int32_t)n;
        x += n;
        w += n;
        v += n;
        __asm__("" : "+r"(i), "+r"(x), "+r"(w), "+r"(v)); // or the compiler counts from 0 to n, in one register more
        do {
            const int32_t value = x[i];
            a += value * w[i];
            b += value * v[i];
        } while (++i);
#else
        do {
            const int32_t value = *x++;
            a += value * *w++;
            b += value * *v++;
        } while (--n);
#endif
    }
    return (uint64_t)(uint32_t)b << 32 | (uint32_t)a;
}

// All outputs of one window, for values x.
EML_NOINLINE void eml_cnn_single_outputs(const eml_cnn_sums_t *s, const int8_t *x, int8_t *out) {
    const int8_t *w = s->weights;
    const int32_t *bias = s->bias, *multiplier = s->multipliers, *const end = multiplier + s->shape.n_out;
    do {
        uint32_t left = s->shape.repeat; // of those for x
        do {
            const int8_t *v = w;
            uint32_t count = 1;
            if (left > 1) {
                v += s->shape.n;
                count = 2;
            }
            uint64_t sums = eml_cnn_single_dots(x, w, v, s->shape.n);
            w = v + s->shape.n;
            left -= count;
            do {
                *out++ = (int8_t)eml_cnn_clamp(&s->cut, eml_cnn_scaled((int32_t)(uint32_t)sums + *bias++, *multiplier++));
                sums >>= 32;
            } while (--count);
        } while (left);
        x += s->shape.n;
    } while (multiplier < end);
}

// Of all windows. input: the layer's; patch: room for one of them.
static inline void eml_cnn_single_windows(
    const eml_cnn_layer_t *l, const eml_cnn_sums_t *s, const uint8_t *input, uint8_t *patch, int8_t *out) {
    for (uint32_t row = 0; row < s->shape.rows; row++) {
        for (uint32_t column = 0; column < s->shape.columns; column++) {
            eml_cnn_single_outputs(s, (const int8_t *)eml_cnn_seen(l, &s->shape, input, row, column, patch, 1, l->in_zero), out);
            out += s->shape.n_out;
        }
    }
}

#endif // EML_CNN_SINGLE_H
