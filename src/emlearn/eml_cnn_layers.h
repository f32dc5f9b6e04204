// Layers that TinyMaix has not, of int8: pooling and the logistic function. eml_cnn.h includes it if EML_CNN_ALL_LAYERS is defined.
#ifndef EML_CNN_LAYERS_H
#define EML_CNN_LAYERS_H

#include "eml_cnn_window.h"

// The largest of a window, or the average.
static inline void eml_cnn_pool(const eml_cnn_layer_t *l, uint8_t *buffer) {
    const uint32_t channels = l->in[3];
    int8_t *out = (int8_t *)buffer + l->output;
    for (uint32_t row = 0; row < l->out[1]; row++) {
        const eml_cnn_range_t y = eml_cnn_range(l, 1, row);
        for (uint32_t column = 0; column < l->out[2]; column++) {
            const eml_cnn_range_t x = eml_cnn_range(l, 0, column);
            const int8_t *corner = (const int8_t *)buffer + l->input + (y.first * l->in[2] + x.first) * channels;
            for (uint32_t k = 0; k < channels; k++) {
                int32_t largest = -128;
                uint32_t sum = 0; // of bytes from 0 on
                for (uint32_t ky = 0; ky < y.n; ky++) {
                    const int8_t *at = corner + ky * l->in[2] * channels + k;
                    for (uint32_t kx = 0; kx < x.n; kx++) {
                        largest = *at > largest ? *at : largest;
                        sum += (uint32_t)(*at + 128);
                        at += channels;
                    }
                }
                const uint32_t n = y.n * x.n;
                *out++ = (int8_t)(l->kind == EML_CNN_MAX_POOL ? largest : (int32_t)eml_divide(2 * sum + n, 2 * n) - 128);
            }
        }
    }
}

static inline void eml_cnn_logistic(const eml_cnn_layer_t *l, const int8_t *x, float *out) {
    for (uint32_t i = 0, n = eml_cnn_count(l->in); i < n; i++) {
        eml_float_store(&out[i], eml_sigmoid(eml_cnn_real(l->in_scale, x[i] - l->in_zero)));
    }
}

static inline void eml_cnn_more(const eml_cnn_layer_t *l, uint8_t *buffer, float *out) {
    if (l->kind == EML_CNN_LOGISTIC) {
        eml_cnn_logistic(l, (const int8_t *)buffer + l->input, out);
    } else {
        eml_cnn_pool(l, buffer);
    }
}

#endif // EML_CNN_LAYERS_H
