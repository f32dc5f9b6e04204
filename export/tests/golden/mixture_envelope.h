// Made by emlearn: mixture model, 3 features, 2 classes, decision values.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
// class 0: -1
// class 1: 1
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_mixture.h"

static const int16_t golden_unit[3] = {
    -35, -33, -35,
};

static const uint32_t golden_centre[3] = {
    1069547520u, 1101004800u, 3225419776u,
};

static const int16_t golden_shift[3] = {
    -29, -32, -30,
};

static const int32_t golden_mean[3] = {
    0, 0, 0,
};

static const uint32_t golden_constant[1] = {
    0u,
};

static const uint32_t golden_fraction[1] = {
    0u,
};

static const int32_t golden_coef[6] = {
    1073741824, 536870912, 134217728, 1073741824, 134217728, 1610612736,
};

static const eml_mixture_t golden = {
    3, // n_features
    2, // n_classes
    1, // n_outputs
    2, // output
    1, // kind
    104, // size
    1, // n_components
    1, // n_matrices
    3, // n_rows
    0, // unused
    6, // n_coef
    -2, // base
    2147483648, // base_fraction
    golden_unit, // unit
    golden_centre, // centre
    golden_shift, // shift
    golden_mean, // mean
    golden_constant, // constant
    golden_fraction, // fraction
    golden_coef, // coef
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[7];
    uint32_t klass = 0;
    const eml_err_t err = eml_mixture_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [1] decision values
static inline int golden_decision_function(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[7];
    return (int)eml_mixture_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
