// Made by emlearn: mixture model, 3 features, 2 classes, probabilities and score.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_mixture.h"

static const int16_t golden_unit[3] = {
    -31, -27, -29,
};

static const uint32_t golden_centre[3] = {
    1061158912u, 1092616192u, 0u,
};

static const int16_t golden_shift[3] = {
    -29, -32, -33,
};

static const int32_t golden_mean[6] = {
    1610612736, 1342177280, -1610612736, -1610612736, -1342177280, 1610612736,
};

static const uint32_t golden_constant[2] = {
    3u, 0u,
};

static const uint32_t golden_fraction[2] = {
    3221225472u, 0u,
};

static const int32_t golden_coef[5] = {
    1073741824, 536870912, 1073741824, 1073741824, 1073741824,
};

static const eml_mixture_t golden = {
    3, // n_features
    2, // n_classes
    3, // n_outputs
    3, // output
    1, // kind
    120, // size
    2, // n_components
    1, // n_matrices
    2, // n_rows
    0, // unused
    5, // n_coef
    2, // base
    1073741824, // base_fraction
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
    uint64_t sums[9];
    uint32_t klass = 0;
    const eml_err_t err = eml_mixture_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] probabilities and score
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[9];
    return (int)eml_mixture_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
