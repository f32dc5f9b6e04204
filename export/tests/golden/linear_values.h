// Made by emlearn: linear model, 3 features, regression, values.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_linear.h"

static const int16_t golden_shift[4] = {
    -31, -39, -22, -29,
};

static const int32_t golden_coef[6] = {
    1073741824, -549755814, 1258291200, -536870912, 1099511628, 0,
};

static const int32_t golden_intercept[2] = {
    536870912, -1342177280,
};

static const eml_linear_t golden = {
    3, // n_features
    0, // n_classes
    2, // n_outputs
    0, // output
    0, // link
    56, // size
    2, // n_rows
    0, // unused
    golden_shift, // shift
    golden_coef, // coef
    golden_intercept, // intercept
};

// EML_OK or another eml_err_t. features: [3]; out: [2] values
static inline int golden_predict(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[6];
    return (int)eml_linear_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
