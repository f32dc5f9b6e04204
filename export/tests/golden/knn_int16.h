// Made by emlearn: neighbors model, 3 features, 3 classes, probabilities.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
// class 0: "a"
// class 1: "b\\\n"
// class 2: -7
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_neighbors.h"

static const int16_t golden_items16[12] = {
    1, 0, -4, 9, 21, 0, 9, 21, 3, -32768, 32767, 12,
};

static const uint16_t golden_class_numbers[4] = {
    0, 2, 1, 0,
};

static const eml_neighbors_t golden = {
    3, // n_features
    3, // n_classes
    3, // n_outputs
    1, // output
    0, // metric
    72, // size
    0, // weights
    2, // k
    0, // exponent
    0, // value_exponent
    4, // n_items16
    0, // n_items32
    4, // n_labels
    0, // n_values
    4, // n_used
    golden_items16, // items16
    NULL, // items32
    golden_class_numbers, // class_numbers
    NULL, // values
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const int16_t *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_INT16 };
    uint64_t sums[11];
    uint32_t klass = 0;
    const eml_err_t err = eml_neighbors_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] probabilities
static inline int golden_predict_proba(const int16_t *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_INT16 };
    uint64_t sums[11];
    return (int)eml_neighbors_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
