// Made by emlearn: 3 features, fill, scale, then linear model, 3 features, 3 classes, probabilities.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
// class 0: "sitting"
// class 1: "back\\slash\n"
// class 2: 7
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_linear.h"
#include "eml_pipeline.h"

static const int16_t golden_model_shift[4] = {
    -31, -39, -22, -29,
};

static const int32_t golden_model_coef[9] = {
    1073741824, -549755814, 1258291200, -536870912, 1099511628, 0, 214748365, 0, -1254096896,
};

static const int32_t golden_model_intercept[3] = {
    536870912, -1342177280, 67108864,
};

static const eml_linear_t golden_model = {
    3, // n_features
    3, // n_classes
    3, // n_outputs
    1, // output
    2, // link
    72, // size
    3, // n_rows
    0, // unused
    golden_model_shift, // shift
    golden_model_coef, // coef
    golden_model_intercept, // intercept
};

static const uint32_t golden_steps[29] = {
    196608u, 2143289344u, 1073741824u, 3212836864u, 1056964608u, 0u, 1101004800u, 197377u, 4293001218u, 1610612736u,
    3435973888u, 214748364u, 65473u, 3212836864u, 1091567616u, 4293328896u, 2952790016u, 0u, 234881024u, 65479u,
    3212836864u, 1091567616u, 4292345857u, 1099511627u, 0u, 157286400u, 3342285u, 3212836864u, 1091567616u,
};

static const eml_pipeline_t golden = {
    3, // n_features
    3, // n_classes
    3, // n_outputs
    1, // output
    2, // family
    228, // size
    2, // n_steps
    3, // width
    29, // n_words
    22, // n_model
    golden_steps, // steps
    NULL, // model: golden_model, not a file
};

// What the model takes of raw features. out: [3]
static inline eml_err_t golden_apply(const eml_array_t *features, float *out) {
    uint64_t scratch[5];
    return eml_pipeline_apply(&golden, features, scratch, out);
}

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    float columns[3];
    const eml_err_t failed = golden_apply(&x, columns);
    if (failed != EML_OK) {
        return (int32_t)failed;
    }
    const eml_array_t y = { columns, 3, EML_FLOAT32 };
    uint64_t sums[8];
    uint32_t klass = 0;
    const eml_err_t err = eml_linear_class(&golden_model, &y, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] probabilities
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    float columns[3];
    const eml_err_t failed = golden_apply(&x, columns);
    if (failed != EML_OK) {
        return (int)failed;
    }
    const eml_array_t y = { columns, 3, EML_FLOAT32 };
    uint64_t sums[8];
    return (int)eml_linear_outputs(&golden_model, &y, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
