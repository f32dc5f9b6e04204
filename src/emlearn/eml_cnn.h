// Convolutional networks of int8: classes of images, spectrograms and the like, from quantised weights.
//
// Sums are exact in 32 bits, and brought to the scale of the output by a multiplier of 24 bits: the same bits on every CPU. The
// window that a kernel sees is gathered once, in the order of the weights; then each output is a product of two rows.
//
//   eml_cnn_open(&m, file, size, EML_CNN_INT8)            a whole .tmdl file in memory, in place: validated, ready
//   eml_cnn_run(&m, x, memory, out, type, n)              per sample: the outputs, as float32 or int8
//
// `memory` has eml_cnn_memory_size(&m) bytes, aligned to 4. File and arithmetic: docs/formats.md.
#ifndef EML_CNN_H
#define EML_CNN_H

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
    if (EML_UNLIKELY(shift < 0)) { // a multiplier of 2^(-3 - shift) at least: some bits of the sum are enough
        const int32_t limit = shift > -12 ? 1 << (shift + 12) : 1;
        a = a > limit ? limit : a < -limit ? -limit : a;
        a *= 1 << -shift;
        shift = 0;
    }
    return ((eml_cnn_high(a, multiplier) >> shift) + 1) >> 1;
}

// Sums of n products of x with w and of x with v: the first in the lower word. Loops test at their end, which -Os would not make of
// others.
EML_NOINLINE uint64_t eml_cnn_dots(const int8_t *x, const int8_t *w, const int8_t *v, uint32_t n) {
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

typedef struct {
    eml_cnn_shape_t shape;
    eml_cnn_cut_t cut;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers;
} eml_cnn_sums_t;

// All outputs of one window, for values x.
EML_NOINLINE void eml_cnn_outputs(const eml_cnn_sums_t *s, const int8_t *x, int8_t *out) {
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
            uint64_t sums = eml_cnn_dots(x, w, v, s->shape.n);
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

// A convolution or a dense layer.
static inline void eml_cnn_sum(const eml_cnn_layer_t *l, uint8_t *buffer, uint8_t *work) {
    const uint32_t *arrays = eml_cnn_arrays(l), *scale = (const uint32_t *)(const void *)((const uint8_t *)l + arrays[0]);
    const int dense = l->kind == EML_CNN_DENSE;
    eml_cnn_sums_t s;
    s.shape = eml_cnn_shape(l);
    s.cut = eml_cnn_cut(l, dense ? (uint32_t)EML_CNN_LINEAR : l->activation);
    s.weights = (const int8_t *)l + arrays[1];
    s.bias = (const int32_t *)(const void *)((const uint8_t *)l + arrays[2]);
    int32_t *multipliers = (int32_t *)(void *)(work + eml_pad4(s.shape.patch));
    s.multipliers = multipliers;
    const eml_number_t ratio = eml_cnn_layer_ratio(l, l->in_scale);
    for (uint32_t k = 0; k < s.shape.n_out; k++) {
        multipliers[k] = eml_cnn_usable(eml_cnn_multiplier(ratio, *scale));
        scale += !dense;
    }
    int8_t *out = (int8_t *)buffer + l->output;
    for (uint32_t row = 0; row < s.shape.rows; row++) {
        for (uint32_t column = 0; column < s.shape.columns; column++) {
            eml_cnn_outputs(&s, (const int8_t *)eml_cnn_seen(l, &s.shape, buffer + l->input, row, column, work, 1, l->in_zero), out);
            out += s.shape.n_out;
        }
    }
}

// (product + 2^(s-1)) >> s, cut. |product| < 2^56.
EML_NOINLINE int8_t eml_cnn_rounded(const eml_cnn_cut_t *cut, int64_t product, uint32_t s) {
    const int64_t q = ((product >> (s - 1)) + 1) >> 1;
    const int32_t high = (int32_t)(q >> 24);
    return (int8_t)eml_cnn_clamp(cut, (uint32_t)high + 1 > 1 ? high >> 31 ^ 1023 : (int32_t)q);
}

static inline void eml_cnn_global_average(const eml_cnn_layer_t *l, uint8_t *buffer) {
    const uint32_t channels = l->in[3], n = (uint32_t)l->in[1] * l->in[2], multiplier = eml_cnn_layer_multiplier(l, l->in_scale);
    const eml_cnn_cut_t cut = eml_cnn_cut(l, EML_CNN_LINEAR);
    const int8_t *x = (const int8_t *)buffer + l->input;
    int8_t *out = (int8_t *)buffer + l->output;
    for (const int8_t *const end = x + channels; x < end; x++) {
        int32_t sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            sum += x[i * channels] - l->in_zero;
        }
        *out++ = eml_cnn_rounded(&cut, (int64_t)sum * (int32_t)(multiplier >> 8), multiplier & 0xff);
    }
}

static inline void eml_cnn_add(const eml_cnn_layer_t *l, uint8_t *buffer) {
    const uint32_t *words = eml_cnn_words(l);
    const int8_t *x = (const int8_t *)buffer + l->input, *y = (const int8_t *)buffer + words[0];
    int8_t *out = (int8_t *)buffer + l->output;
    const eml_cnn_cut_t cut = eml_cnn_cut(l, l->kind == EML_CNN_ADD ? (uint32_t)EML_CNN_LINEAR : words[3]);
    uint32_t a = eml_cnn_layer_multiplier(l, l->in_scale), b = eml_cnn_layer_multiplier(l, words[1]);
    // Both in the units of the larger.
    const uint32_t s = (a & 0xff) < (b & 0xff) ? a & 0xff : b & 0xff, a_more = (a & 0xff) - s, b_more = (b & 0xff) - s;
    a = a_more > 24 ? 0 : a >> 8 >> a_more;
    b = b_more > 24 ? 0 : b >> 8 >> b_more;
    for (uint32_t n = eml_cnn_count(l->in); n; n--) {
        const int64_t sum = (int64_t)(*x++ - l->in_zero) * (int32_t)a + (int64_t)(*y++ - (int32_t)words[2]) * (int32_t)b;
        *out++ = eml_cnn_rounded(&cut, sum, s);
    }
}

static inline void eml_cnn_softmax(const eml_cnn_layer_t *l, const int8_t *x, float *out) {
    const uint32_t n = eml_cnn_count(l->in);
    int32_t largest = -128;
    for (uint32_t i = 0; i < n; i++) {
        largest = x[i] > largest ? x[i] : largest;
    }
    for (uint32_t i = 0; i < n; i++) {
        const eml_number_t e = eml_exp_q24(-(int32_t)eml_magnitude_q24(eml_cnn_real(l->in_scale, x[i] - largest)));
        eml_float_store(&out[i], (uint32_t)eml_round(e.mantissa, e.exponent, 0, 24));
    }
    eml_normalise(out, n);
}

#ifdef EML_CNN_ALL_LAYERS
#include "eml_cnn_layers.h"
#endif

static inline eml_err_t eml_cnn_take(const eml_cnn_t *m, const eml_array_t *input, int8_t *x) {
    const eml_cnn_layer_t *l = (const eml_cnn_layer_t *)(const void *)m->layers;
    const char type = input->type;
    if (type != EML_UINT8 && type != EML_INT8 && type != EML_FLOAT32) {
        return EML_ERR_TYPE;
    }
    const uint32_t n = eml_cnn_n_inputs(m);
    if (input->size != n) {
        return EML_ERR_SHAPE;
    }
    const eml_cnn_cut_t cut = { l->in_zero, -128, 127 };
    const uint8_t *bytes = (const uint8_t *)input->data, *const end = bytes + n;
    if (type != EML_FLOAT32) {
        const uint32_t flip = type == EML_UINT8 ? 128 : 0;
        do {
            *x++ = (int8_t)(*bytes++ ^ flip);
        } while (bytes < end);
        return EML_OK;
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t bits = eml_float_bits((const float *)input->data + i);
        if ((bits & EML_INFINITY) == EML_INFINITY) {
            return EML_ERR_RANGE;
        }
        x[i] = (int8_t)eml_cnn_clamp(&cut, eml_cnn_quantise(bits, l->in_scale));
    }
    return EML_OK;
}

// memory: [eml_cnn_memory_size(m)], aligned to 4. out: [n_out], of float32, or of int8 if the network gives that.
static inline eml_err_t eml_cnn_run(
    const eml_cnn_t *m, const eml_array_t *input, void *memory, void *out, char out_type, size_t n_out) {
    if (out_type != EML_FLOAT32 && (out_type != EML_INT8 || m->gives_floats)) {
        return EML_ERR_TYPE;
    }
    if (n_out != eml_cnn_n_outputs(m)) {
        return EML_ERR_SHAPE;
    }
    uint8_t *buffer = (uint8_t *)memory, *work = buffer + eml_pad4(m->buffer);
    const eml_err_t err = eml_cnn_take(m, input, (int8_t *)buffer);
    if (err != EML_OK) {
        return err;
    }
    const eml_cnn_layer_t *l = (const eml_cnn_layer_t *)(const void *)m->layers;
    for (;; l = eml_cnn_next(l)) {
        const uint32_t kind = l->kind;
        if (kind == EML_CNN_CONV || kind == EML_CNN_DENSE || kind == EML_CNN_DEPTHWISE) {
            eml_cnn_sum(l, buffer, work);
        } else if (kind == EML_CNN_GLOBAL_AVERAGE) {
            eml_cnn_global_average(l, buffer);
        } else if (kind == EML_CNN_SOFTMAX) {
            eml_cnn_softmax(l, (const int8_t *)buffer + l->input, (float *)out);
#ifdef EML_CNN_ALL_LAYERS
        } else if (kind >= EML_CNN_MAX_POOL && kind != EML_CNN_ADD_ACTIVATED) {
            eml_cnn_more(l, buffer, (float *)out);
#endif
        } else if (kind == EML_CNN_RESHAPE) {
            eml_cnn_copy(l, buffer, 1);
        } else {
            eml_cnn_add(l, buffer);
        }
        if (l->is_output) {
            break;
        }
    }
    const int8_t *q = (const int8_t *)buffer + l->output;
    if (out_type != EML_FLOAT32) {
        memcpy(out, q, n_out);
    } else if (!m->gives_floats) {
        for (uint32_t i = 0; i < n_out; i++) {
            eml_float_store((float *)out + i, eml_cnn_real(l->out_scale, q[i] - l->out_zero));
        }
    }
    return EML_OK;
}

#endif // EML_CNN_H
