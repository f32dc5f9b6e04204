// Made by emlearn: kernel model, 3 features, 2 classes, probabilities.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
// class 0: "no"
// class 1: "yes"
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_kernel.h"

static const float golden_center[3] = {
    0.7142857313156128, 1.5, -0.0714285746216774,
};

static const int32_t golden_intercept[1] = {
    1073741824,
};

static const int16_t golden_coef_shift[3] = {
    -30, -31, -32,
};

static const int32_t golden_coef[3] = {
    1073741824, -1073741824, 1073741824,
};

static const int32_t golden_vectors32[9] = {
    -613566775, -1610612736, -536870909, 613566738, 1610612736, 76695848, 613566738, 1610612736, 536870915,
};

static const eml_kernel_t golden = {
    3, // n_features
    2, // n_classes
    2, // n_outputs
    1, // output
    1, // kernel
    148, // size
    3, // rule
    0, // degree
    0, // left
    -30, // exponent
    -30, // intercept_exponent
    -34, // gamma_exponent
    -30, // slope_exponent
    -32, // bias_exponent
    -1610612736, // slope
    1073741824, // bias
    3098164009, // gamma
    0, // n_vectors16
    3, // n_vectors32
    3, // n_vectors
    0, // n_shifts
    3, // n_centers
    0, // n_offsets
    0, // n_sizes
    1, // n_rows
    1, // n_sums
    NULL, // shift
    golden_center, // center
    NULL, // sizes
    golden_intercept, // intercept
    NULL, // offset
    golden_coef_shift, // coef_shift
    NULL, // platt_shift
    NULL, // platt
    golden_coef, // coef
    NULL, // vectors16
    golden_vectors32, // vectors32
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[10];
    uint32_t klass = 0;
    const eml_err_t err = eml_kernel_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [2] probabilities
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[10];
    return (int)eml_kernel_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
