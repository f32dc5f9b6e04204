// Made by emlearn: net 3-4-3, 3 classes, float.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_net.h"

static const uint16_t golden_sizes[2] = {
    4, 3,
};

static const uint8_t golden_activations[2] = {
    1, 5,
};

static const int16_t golden_shift[9] = {
    -33, -42, -24, -29, -34, -35, -34, -38, -29,
};

static const int32_t golden_bias[7] = {
    536870912, -1342177280, 67108864, 0, 536870912, -1342177280, 67108864,
};

static const int32_t golden_weights32[24] = {
    536870912, -549755814, 629145600, -268435456, 1099511628, 0, 107374182, 0, -627048448, 1073741824, -1099511628,
    1258291200, 1073741824, -1073741824, 268435456, 34359738, 0, 1610612736, -1610612736, 17179869, 536870912,
    1073741824, 107374182, -1717986918,
};

static const eml_net_t golden = {
    3, // n_features
    3, // n_classes
    3, // n_outputs
    1, // output
    0, // kind
    192, // size
    2, // n_layers
    4, // width
    9, // n_columns
    7, // n_rows
    0, // n_scales
    24, // n_int32
    0, // n_int16
    0, // n_int8
    golden_sizes, // sizes
    golden_activations, // activations
    golden_shift, // shift
    NULL, // scale
    golden_bias, // bias
    golden_weights32, // weights32
    NULL, // weights16
    NULL, // weights8
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[5];
    uint32_t klass = 0;
    const eml_err_t err = eml_net_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] probabilities
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[5];
    return (int)eml_net_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
