// Made by emlearn: linear model, 3 features, 3 classes, probabilities.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
// class 0: "sitting"
// class 1: "back\\slash, line\nbreak\r"
// class 2: 7
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_linear.h"

static const int16_t golden_shift[4] = {
    -31, -39, -22, -29,
};

static const int32_t golden_coef[9] = {
    1073741824, -549755814, 1258291200, -536870912, 1099511628, 0, 214748365, 0, -1254096896,
};

static const int32_t golden_intercept[3] = {
    536870912, -1342177280, 67108864,
};

static const eml_linear_t golden = {
    3, // n_features
    3, // n_classes
    3, // n_outputs
    1, // output
    2, // link
    72, // size
    3, // n_rows
    0, // unused
    golden_shift, // shift
    golden_coef, // coef
    golden_intercept, // intercept
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[8];
    uint32_t klass = 0;
    const eml_err_t err = eml_linear_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] probabilities
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[8];
    return (int)eml_linear_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
