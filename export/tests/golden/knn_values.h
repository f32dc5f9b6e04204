// Made by emlearn: neighbors model, 3 features, regression, values.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_neighbors.h"

static const int32_t golden_items32[12] = {
    37449, 0, -149797, 337042, 786432, 0, 337042, 786432, 112347, -1227133513, 1227096064, 449390,
};

static const int32_t golden_values[4] = {
    67108864, -805306368, 268435, 1879048192,
};

static const eml_neighbors_t golden = {
    3, // n_features
    0, // n_classes
    1, // n_outputs
    0, // output
    2, // metric
    104, // size
    1, // weights
    2, // k
    -18, // exponent
    -28, // value_exponent
    0, // n_items16
    4, // n_items32
    0, // n_labels
    4, // n_values
    4, // n_used
    NULL, // items16
    golden_items32, // items32
    NULL, // class_numbers
    golden_values, // values
};

// The value, or NaN if n_features is wrong. features: [3]
static inline float golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[11];
    float out;
    eml_float_store(&out, 0x7fc00000u);
    (void)eml_neighbors_outputs(&golden, &x, sums, &out, 1);
    return out;
}

#endif // EML_MODEL_golden_H
