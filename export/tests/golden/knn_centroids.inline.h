// Made by emlearn: neighbors model, 3 features, 3 classes, decision values.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_neighbors.h"

static const int32_t golden_items32[9] = {
    67108864, 0, -268435456, 603979776, 1409286144, 0, 603979776, 1409286144, 201326592,
};

static const uint16_t golden_class_numbers[3] = {
    0, 1, 2,
};

static const eml_neighbors_t golden = {
    3, // n_features
    3, // n_classes
    3, // n_outputs
    2, // output
    0, // metric
    84, // size
    2, // weights
    3, // k
    -26, // exponent
    0, // value_exponent
    0, // n_items16
    3, // n_items32
    3, // n_labels
    0, // n_values
    3, // n_used
    NULL, // items16
    golden_items32, // items32
    golden_class_numbers, // class_numbers
    NULL, // values
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[13];
    uint32_t klass = 0;
    const eml_err_t err = eml_neighbors_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] decision values
static inline int golden_decision_function(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[13];
    return (int)eml_neighbors_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
