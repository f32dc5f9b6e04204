// Made by emlearn: neighbors model, 3 features, 2 classes, probabilities.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_neighbors.h"

static const int32_t golden_items32[12] = {
    37449, 0, -149797, 337042, 786432, 0, 337042, 786432, 112347, -1227133513, 1227096064, 449390,
};

static const uint16_t golden_class_numbers[4] = {
    0, 1, 1, 0,
};

static const eml_neighbors_t golden = {
    3, // n_features
    2, // n_classes
    2, // n_outputs
    1, // output
    1, // metric
    96, // size
    1, // weights
    2, // k
    -18, // exponent
    0, // value_exponent
    0, // n_items16
    4, // n_items32
    4, // n_labels
    0, // n_values
    4, // n_used
    NULL, // items16
    golden_items32, // items32
    golden_class_numbers, // class_numbers
    NULL, // values
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[11];
    uint32_t klass = 0;
    const eml_err_t err = eml_neighbors_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [2] probabilities
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[11];
    return (int)eml_neighbors_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
