// Layers that TinyMaix has not, of float32. eml_cnn_f32.h includes it if EML_CNN_ALL_LAYERS is defined.
#ifndef EML_CNN_F32_LAYERS_H
#define EML_CNN_F32_LAYERS_H

#include "eml_cnn_window.h"

// The largest of a window, of zeros that with no sign; or the average.
static inline void eml_cnn_f32_pool(const eml_cnn_layer_t *l, uint8_t *buffer) {
    const uint32_t channels = l->in[3];
    float *out = (float *)(void *)(buffer + l->output);
    for (uint32_t row = 0; row < l->out[1]; row++) {
        const eml_cnn_range_t y = eml_cnn_range(l, 1, row);
        for (uint32_t column = 0; column < l->out[2]; column++) {
            const eml_cnn_range_t x = eml_cnn_range(l, 0, column);
            const float *corner = (const float *)(void *)(buffer + l->input) + (y.first * l->in[2] + x.first) * channels;
            for (uint32_t k = 0; k < channels; k++) {
                uint32_t largest = eml_float_bits(corner + k);
                float sum = 0;
                for (uint32_t ky = 0; ky < y.n; ky++) {
                    const float *at = corner + ky * l->in[2] * channels + k;
                    for (uint32_t kx = 0; kx < x.n; kx++) {
                        const uint32_t bits = eml_float_bits(at);
                        largest = eml_float_key(bits) > eml_float_key(largest) ? bits : largest;
                        sum += *at;
                        at += channels;
                    }
                }
                const uint32_t n = y.n * x.n;
                eml_float_store(out++, l->kind == EML_CNN_MAX_POOL ? largest : eml_cnn_mean(eml_float_bits(&sum), n));
            }
        }
    }
}

static inline void eml_cnn_f32_more(const eml_cnn_layer_t *l, uint8_t *buffer) {
    if (l->kind == EML_CNN_LOGISTIC) {
        const float *x = (const float *)(void *)(buffer + l->input);
        float *out = (float *)(void *)(buffer + l->output);
        for (uint32_t i = 0, n = eml_cnn_count(l->in); i < n; i++) {
            eml_float_store(&out[i], eml_sigmoid(eml_float_bits(&x[i])));
        }
    } else {
        eml_cnn_f32_pool(l, buffer);
    }
}

#endif // EML_CNN_F32_LAYERS_H
