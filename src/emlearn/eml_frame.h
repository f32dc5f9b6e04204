// What blocks of float32 features share: samples in, one frame's spectrum, decibels.
//
//   eml_frame_check(x, limit)                 whether samples are of a type that there is, and below a power of two
//   eml_frame_sample(x, i)                    one of them as float32
//   eml_frame_hann(table, n, i)               Hann window (periodic) from the table of eml_fft_init
//   eml_frame_power(re, im, k)                of bin k
//   eml_frame_decibels(bits)                  10 log10(max(x, 1e-10))
//
// Only + - * in a fixed order, as eml_fft.h.
#ifndef EML_FRAME_H
#define EML_FRAME_H

#include "eml_fft.h"
#include "eml_number.h"

// limit: the bits of a float32, which NaN and infinity exceed.
static inline eml_err_t eml_frame_check(const eml_array_t *x, uint32_t limit) {
    if (x->type != EML_FLOAT32) {
        return x->type == EML_INT16 ? EML_OK : EML_ERR_TYPE;
    }
    for (size_t i = 0; i < x->size; i++) {
        if ((eml_number_load((const float *)x->data + i) & 0x7fffffff) > limit) {
            return EML_ERR_RANGE;
        }
    }
    return EML_OK;
}

static inline float eml_frame_sample(const eml_array_t *x, size_t i) {
    if (x->type == EML_FLOAT32) {
        return ((const float *)x->data)[i];
    }
    const int16_t sample = ((const int16_t *)x->data)[i];
#if defined(__SOFTFP__) || defined(__riscv_float_abi_soft)
    float result;
    eml_number_store(&result, eml_float_from_int(sample));
    return result;
#else
    return (float)sample;
#endif
}

// x times the window: (1 - cos(2 pi i / n)) / 2.
static inline float eml_frame_hann(const float *table, size_t n, size_t i, float x) {
    return x * eml_float_sub(0.5f, 0.5f * table[(i + n / 4) & (n - 1)]);
}

static inline float eml_frame_power(const float *re, const float *im, size_t k) {
    return re[k] * re[k] + im[k] * im[k];
}

// Of the float32 with these bits, not negative.
static inline float eml_frame_decibels(uint32_t bits) {
    if (bits <= 0x2edbe6ff) { // 1e-10
        return -100;
    }
    float result;
    eml_number_store(&result, eml_log(bits));
    return result * 4.342944819f;
}

#endif // EML_FRAME_H
