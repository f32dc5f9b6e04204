// Made by emlearn: kernel model, 3 features, 3 classes, decision values.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
// class 0: "no"
// class 1: "back\\slash\n"
// class 2: 7
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_kernel.h"

static const int16_t golden_shift[4] = {
    -31, -39, -22, -28,
};

static const int32_t golden_intercept[3] = {
    536870912, -1342177280, 67108864,
};

static const int32_t golden_offset[3] = {
    1073741824, 1073741824, 1073741824,
};

static const int16_t golden_coef_shift[3] = {
    -30, -30, -30,
};

static const int32_t golden_vectors32[9] = {
    1073741824, -549755814, 1258291200, -536870912, 1099511628, 0, 214748365, 0, -1254096896,
};

static const eml_kernel_t golden = {
    3, // n_features
    3, // n_classes
    3, // n_outputs
    2, // output
    0, // kernel
    152, // size
    4, // rule
    0, // degree
    0, // left
    0, // exponent
    -29, // intercept_exponent
    0, // gamma_exponent
    -400, // slope_exponent
    -400, // bias_exponent
    0, // slope
    0, // bias
    0, // gamma
    0, // n_vectors16
    3, // n_vectors32
    3, // n_vectors
    4, // n_shifts
    0, // n_centers
    3, // n_offsets
    0, // n_sizes
    0, // n_rows
    3, // n_sums
    golden_shift, // shift
    NULL, // center
    NULL, // sizes
    golden_intercept, // intercept
    golden_offset, // offset
    golden_coef_shift, // coef_shift
    NULL, // platt_shift
    NULL, // platt
    NULL, // coef
    NULL, // vectors16
    golden_vectors32, // vectors32
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[5];
    uint32_t klass = 0;
    const eml_err_t err = eml_kernel_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] decision values
static inline int golden_decision_function(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[5];
    return (int)eml_kernel_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
