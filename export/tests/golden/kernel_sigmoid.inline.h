// Made by emlearn: kernel model, 3 features, regression, values.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_kernel.h"

static const int16_t golden_shift[4] = {
    -31, -39, -22, -28,
};

static const int32_t golden_intercept[1] = {
    1073741824,
};

static const int32_t golden_offset[3] = {
    1073741824, 1073741824, 1073741824,
};

static const int16_t golden_coef_shift[3] = {
    -30, -31, -32,
};

static const int32_t golden_coef[3] = {
    1073741824, -1073741824, 1073741824,
};

static const int32_t golden_vectors32[9] = {
    1073741824, -549755814, 1258291200, -536870912, 1099511628, 0, 214748365, 0, -1254096896,
};

static const eml_kernel_t golden = {
    3, // n_features
    0, // n_classes
    1, // n_outputs
    0, // output
    3, // kernel
    156, // size
    0, // rule
    0, // degree
    0, // left
    0, // exponent
    -30, // intercept_exponent
    -34, // gamma_exponent
    -400, // slope_exponent
    -400, // bias_exponent
    0, // slope
    0, // bias
    2147483648, // gamma
    0, // n_vectors16
    3, // n_vectors32
    3, // n_vectors
    4, // n_shifts
    0, // n_centers
    3, // n_offsets
    0, // n_sizes
    1, // n_rows
    1, // n_sums
    golden_shift, // shift
    NULL, // center
    NULL, // sizes
    golden_intercept, // intercept
    golden_offset, // offset
    golden_coef_shift, // coef_shift
    NULL, // platt_shift
    NULL, // platt
    golden_coef, // coef
    NULL, // vectors16
    golden_vectors32, // vectors32
};

// The value, or NaN if n_features is wrong. features: [3]
static inline float golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[3];
    float out;
    eml_float_store(&out, 0x7fc00000u);
    (void)eml_kernel_outputs(&golden, &x, sums, &out, 1);
    return out;
}

#endif // EML_MODEL_golden_H
