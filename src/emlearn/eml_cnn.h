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

#include "eml_cnn_pairs.h"
#include "eml_cnn_single.h"

#ifdef EML_CNN_PAIRS
#define EML_CNN_WINDOWS eml_cnn_pair_windows
#else
#define EML_CNN_WINDOWS eml_cnn_single_windows
#endif

// A convolution or a dense layer.
static inline void eml_cnn_sum(const eml_cnn_layer_t *l, uint8_t *buffer, uint8_t *work) {
    const uint32_t *arrays = eml_cnn_arrays(l), *scale = (const uint32_t *)(const void *)((const uint8_t *)l + arrays[0]);
    const int dense = l->kind == EML_CNN_DENSE;
    eml_cnn_sums_t s;
    s.shape = eml_cnn_shape(l);
    s.cut = eml_cnn_cut(l, dense ? (uint32_t)EML_CNN_LINEAR : l->activation);
    s.weights = (const int8_t *)l + arrays[1];
    s.bias = (const int32_t *)(const void *)((const uint8_t *)l + arrays[2]);
    int32_t *multipliers = (int32_t *)(void *)(work + eml_pad4(eml_cnn_patch_size(&s.shape, 1)));
    s.multipliers = multipliers;
    const eml_number_t ratio = eml_cnn_layer_ratio(l, l->in_scale);
    for (uint32_t k = 0; k < s.shape.n_out; k++) {
        multipliers[k] = eml_cnn_usable(eml_cnn_multiplier(ratio, *scale));
        scale += !dense;
    }
    EML_CNN_WINDOWS(l, &s, buffer + l->input, work, (int8_t *)buffer + l->output);
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
