// Sums of a layer of int8, two windows at a time and two rows of weights, which share their loads. See eml_cnn.h.
#ifndef EML_CNN_PAIRS_H
#define EML_CNN_PAIRS_H

#include "eml_cnn_scale.h"

// Where the compiler is not to load ahead, for which there are too few registers.
#ifdef __XTENSA__
#define EML_CNN_IN_ORDER(a, b, c, d) __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d) : : "memory")
#else
#define EML_CNN_IN_ORDER(a, b, c, d) (void)0
#endif

// To sums: of n products of x with w, y with w, x with v, y with v. Loops test at their end, which -Os would not make of others.
EML_NOINLINE void eml_cnn_pair_dots(
    const eml_cnn_sample_t *x, const eml_cnn_sample_t *y, const int8_t *w, const int8_t *v, uint32_t n, int32_t *sums) {
    int32_t a = 0, b = 0, c = 0, d = 0;
    uint32_t blocks = n >> 2; // for loads whose addresses need no addition
    if (blocks) {
        do {
#define EML_CNN_PRODUCTS(i) \
    a += x[i] * w[i]; \
    b += y[i] * w[i]; \
    c += x[i] * v[i]; \
    d += y[i] * v[i]; \
    EML_CNN_IN_ORDER(a, b, c, d)
            EML_CNN_PRODUCTS(0);
            EML_CNN_PRODUCTS(1);
            EML_CNN_PRODUCTS(2);
            EML_CNN_PRODUCTS(3);
            x += 4;
            y += 4;
            w += 4;
            v += 4;
        } while (--blocks);
    }
    n &= 3;
    if (n) {
        do {
            EML_CNN_PRODUCTS(0);
            x++;
            y++;
            w++;
            v++;
        } while (--n);
    }
#undef EML_CNN_PRODUCTS
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

// All outputs of two windows, for values x and y.
EML_NOINLINE void eml_cnn_pair_outputs(
    const eml_cnn_sums_t *s, const eml_cnn_sample_t *x, const eml_cnn_sample_t *y, int8_t *out, int8_t *other) {
    const int8_t *w = s->weights;
    const int32_t *bias = s->bias, *multiplier = s->multipliers, *const end = multiplier + s->shape.n_out;
    const ptrdiff_t further = other - out;
    const eml_cnn_cut_t cut = s->cut;
    do {
        int32_t left = (int32_t)s->shape.repeat; // of those for x
        do {
            const int8_t *v = left > 1 ? w + s->shape.n : w;
            int32_t sums[4];
            eml_cnn_pair_dots(x, y, w, v, s->shape.n, sums);
            w = v + s->shape.n;
            const int32_t *sum = sums;
            for (;;) {
                const int32_t b = *bias++, m = *multiplier++;
                *out = (int8_t)eml_cnn_clamp(&cut, eml_cnn_scaled(sum[0] + b, m));
                out[further] = (int8_t)eml_cnn_clamp(&cut, eml_cnn_scaled(sum[1] + b, m));
                out++;
                if (sum != sums || left == 1) {
                    break;
                }
                sum += 2;
            }
            left -= 2;
        } while (left > 0);
        x += s->shape.n;
        y += s->shape.n;
    } while (multiplier < end);
}

// Of all windows. input: the layer's; patch: room for two of them, or for the only one.
static inline void eml_cnn_pair_windows(
    const eml_cnn_layer_t *l, const eml_cnn_sums_t *s, const uint8_t *input, uint8_t *patch, int8_t *out) {
    const uint32_t n_out = s->shape.n_out, size = eml_pad4(s->shape.window * (uint32_t)sizeof(eml_cnn_sample_t));
    eml_cnn_sample_t *const first = (eml_cnn_sample_t *)(void *)patch;
    eml_cnn_sample_t *const second = (eml_cnn_sample_t *)(void *)(patch + size), *to = first;
    for (uint32_t row = 0; row < s->shape.rows; row++) {
        for (uint32_t column = 0; column < s->shape.columns; column++) {
            if (l->kind == EML_CNN_DENSE) {
                eml_cnn_spread(input, s->shape.window, to, 1, 1);
            } else {
                eml_cnn_gather(l, input, row, column, to, 1, l->in_zero);
            }
            if (to != first) {
                eml_cnn_pair_outputs(s, first, to, out, out + n_out);
                out += 2 * n_out;
                to = first;
            } else {
                to = second;
            }
        }
    }
    if (to != first) { // the last of an odd number
        eml_cnn_pair_outputs(s, first, first, out, out);
    }
}

#endif // EML_CNN_PAIRS_H
