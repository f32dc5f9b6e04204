// Convolutional networks of float32. As eml_cnn.h, with weights, sums and values in floating point.
//
// Each product and each sum is rounded to float32, in an order that docs/formats.md tells: the same bits on every CPU, with an FPU
// or without, as long as the compiler fuses none of them (-ffp-contract=off).
//
//   eml_cnn_open(&m, file, size, EML_CNN_FLOAT32)      a whole .tmdl file in memory, in place: validated, ready
//   eml_cnn_f32_run(&m, x, memory, out, 'f', n)        per sample: the outputs
//
// `memory` has eml_cnn_memory_size(&m) bytes, aligned to 4.
#ifndef EML_CNN_F32_H
#define EML_CNN_F32_H

#include "eml_cnn_window.h"

#ifdef EML_CNN_ALL_LAYERS
#include "eml_cnn_f32_layers.h"
#endif

EML_ALWAYS_INLINE uint32_t eml_cnn_f32_activate(uint32_t bits, uint32_t activation) {
    if (activation != EML_CNN_LINEAR && bits >> 31) {
        return 0;
    }
    return activation == EML_CNN_RELU6 && bits > 0x40c00000u ? 0x40c00000u : bits; // 6
}

// Sum of n products of x and w.
EML_NOINLINE float eml_cnn_f32_dot(const float *x, const float *w, uint32_t n) {
    float a = 0;
    for (; n; n--) {
        a += *w++ * *x++;
    }
    return a;
}

// A convolution or a dense layer.
static inline void eml_cnn_f32_sum(const eml_cnn_layer_t *l, uint8_t *buffer, uint8_t *work) {
    const uint32_t *arrays = eml_cnn_arrays(l);
    const uint32_t activation = l->kind == EML_CNN_DENSE ? (uint32_t)EML_CNN_LINEAR : l->activation;
    const eml_cnn_shape_t s = eml_cnn_shape(l);
    const float *weights = (const float *)(const void *)((const uint8_t *)l + arrays[1]);
    const float *bias = (const float *)(const void *)((const uint8_t *)l + arrays[2]);
    float *out = (float *)(void *)(buffer + l->output);
    for (uint32_t row = 0; row < s.rows; row++) {
        for (uint32_t column = 0; column < s.columns; column++) {
            const float *x = (const float *)eml_cnn_seen(l, &s, buffer + l->input, row, column, work, 4, 0), *w = weights;
            uint32_t left = s.repeat;
            for (uint32_t k = 0; k < s.n_out; k++) {
                if (!left--) {
                    left = s.repeat - 1;
                    x += s.n;
                }
                const float sum = eml_cnn_f32_dot(x, w, s.n) + bias[k];
                eml_float_store(out++, eml_cnn_f32_activate(eml_float_bits(&sum), activation));
                w += s.n;
            }
        }
    }
}

static inline void eml_cnn_f32_global_average(const eml_cnn_layer_t *l, uint8_t *buffer) {
    const uint32_t channels = l->in[3], n = (uint32_t)l->in[1] * l->in[2];
    const float *x = (const float *)(void *)(buffer + l->input);
    float *out = (float *)(void *)(buffer + l->output);
    for (uint32_t k = 0; k < channels; k++) {
        float sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            sum += x[i * channels + k];
        }
        eml_float_store(&out[k], eml_cnn_mean(eml_float_bits(&sum), n));
    }
}

static inline void eml_cnn_f32_add(const eml_cnn_layer_t *l, uint8_t *buffer) {
    const uint32_t *words = eml_cnn_words(l), activation = l->kind == EML_CNN_ADD ? (uint32_t)EML_CNN_LINEAR : words[3];
    const float *x = (const float *)(void *)(buffer + l->input), *y = (const float *)(void *)(buffer + words[0]);
    float *out = (float *)(void *)(buffer + l->output);
    for (uint32_t n = eml_cnn_count(l->in); n; n--) {
        const float sum = *x++ + *y++;
        eml_float_store(out++, eml_cnn_f32_activate(eml_float_bits(&sum), activation));
    }
}

// Of sums beyond float32 as well numbers from 0 to 1, with that of the largest 1 before they are divided.
static inline void eml_cnn_f32_softmax(const float *x, uint32_t n, float *out) {
    uint32_t largest = eml_float_bits(x);
    for (uint32_t i = 1; i < n; i++) {
        const uint32_t bits = eml_float_bits(&x[i]);
        largest = eml_float_key(bits) > eml_float_key(largest) ? bits : largest;
    }
    float top;
    eml_float_store(&top, largest);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t bits = eml_float_bits(&x[i]);
        const float below = eml_float_sub(x[i], top);
        const uint32_t e = eml_exp(eml_float_bits(&below));
        eml_float_store(&out[i], bits == largest ? EML_FLOAT_ONE : e > EML_INFINITY ? 0 : e);
    }
    eml_normalise(out, n);
}

static inline eml_err_t eml_cnn_f32_take(const eml_cnn_t *m, const eml_array_t *input, float *x) {
    if (input->type != EML_UINT8 && input->type != EML_FLOAT32) {
        return EML_ERR_TYPE;
    }
    const uint32_t n = eml_cnn_n_inputs(m);
    if (input->size != n) {
        return EML_ERR_SHAPE;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bits;
        if (input->type == EML_UINT8) { // / 255: in binary, the byte again and again
            const uint32_t digits = ((const uint8_t *)input->data)[i] * 0x01010101u;
            bits = digits ? (uint32_t)eml_round(digits, -32, 1, 24) : 0;
        } else {
            bits = eml_float_bits((const float *)input->data + i);
            if ((bits & EML_INFINITY) == EML_INFINITY) {
                return EML_ERR_RANGE;
            }
        }
        eml_float_store(&x[i], bits);
    }
    return EML_OK;
}

// memory: [eml_cnn_memory_size(m)], aligned to 4. out: [n_out] of float32.
static inline eml_err_t eml_cnn_f32_run(
    const eml_cnn_t *m, const eml_array_t *input, void *memory, void *out, char out_type, size_t n_out) {
    if (out_type != EML_FLOAT32) {
        return EML_ERR_TYPE;
    }
    if (n_out != eml_cnn_n_outputs(m)) {
        return EML_ERR_SHAPE;
    }
    uint8_t *buffer = (uint8_t *)memory, *work = buffer + eml_pad4(m->buffer);
    const eml_err_t err = eml_cnn_f32_take(m, input, (float *)memory);
    if (err != EML_OK) {
        return err;
    }
    const eml_cnn_layer_t *l = (const eml_cnn_layer_t *)(const void *)m->layers;
    for (;; l = eml_cnn_next(l)) {
        const uint32_t kind = l->kind;
        const float *x = (const float *)(void *)(buffer + l->input);
        float *y = (float *)(void *)(buffer + l->output);
        if (kind == EML_CNN_CONV || kind == EML_CNN_DENSE || kind == EML_CNN_DEPTHWISE) {
            eml_cnn_f32_sum(l, buffer, work);
        } else if (kind == EML_CNN_GLOBAL_AVERAGE) {
            eml_cnn_f32_global_average(l, buffer);
        } else if (kind == EML_CNN_SOFTMAX) {
            eml_cnn_f32_softmax(x, eml_cnn_count(l->in), y);
#ifdef EML_CNN_ALL_LAYERS
        } else if (kind >= EML_CNN_MAX_POOL && kind != EML_CNN_ADD_ACTIVATED) {
            eml_cnn_f32_more(l, buffer);
#endif
        } else if (kind == EML_CNN_RESHAPE) {
            eml_cnn_copy(l, buffer, 4);
        } else {
            eml_cnn_f32_add(l, buffer);
        }
        if (l->is_output) {
            break;
        }
    }
    for (size_t i = 0; i < n_out; i++) {
        eml_float_store((float *)out + i, eml_float_bits((const float *)(void *)(buffer + l->output) + i));
    }
    return EML_OK;
}

#endif // EML_CNN_F32_H
