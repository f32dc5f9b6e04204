// Made by emlearn: kernel model, 3 features, 3 classes, probabilities.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_kernel.h"

static const float golden_center[3] = {
    0.0, 0.0, 0.0,
};

static const uint32_t golden_sizes[3] = {
    2u, 1u, 1u,
};

static const int32_t golden_intercept[3] = {
    536870912, -1342177280, 67108864,
};

static const int16_t golden_coef_shift[4] = {
    -30, -29, -30, -29,
};

static const int16_t golden_platt_shift[6] = {
    -31, -40, -22, -33, -40, -400,
};

static const int32_t golden_platt[6] = {
    -1073741824, 1099511628, -1258291200, -1073741824, 1099511628, 0,
};

static const int32_t golden_coef[8] = {
    1073741824, -268435456, 268435456, -402653184, 536870912, 1073741824, -1073741824, -1610612736,
};

static const int16_t golden_vectors16[12] = {
    1, 0, -4, 9, 21, 0, 9, 21, 3, -32768, 32767, 12,
};

static const eml_kernel_t golden = {
    3, // n_features
    3, // n_classes
    3, // n_outputs
    1, // output
    1, // kernel
    212, // size
    8, // rule
    0, // degree
    15, // left
    -15, // exponent
    -29, // intercept_exponent
    -34, // gamma_exponent
    -400, // slope_exponent
    -400, // bias_exponent
    0, // slope
    0, // bias
    3098164009, // gamma
    4, // n_vectors16
    0, // n_vectors32
    4, // n_vectors
    0, // n_shifts
    3, // n_centers
    0, // n_offsets
    3, // n_sizes
    2, // n_rows
    3, // n_sums
    NULL, // shift
    golden_center, // center
    golden_sizes, // sizes
    golden_intercept, // intercept
    NULL, // offset
    golden_coef_shift, // coef_shift
    golden_platt_shift, // platt_shift
    golden_platt, // platt
    golden_coef, // coef
    golden_vectors16, // vectors16
    NULL, // vectors32
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[15];
    uint32_t klass = 0;
    const eml_err_t err = eml_kernel_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] probabilities
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[15];
    return (int)eml_kernel_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
