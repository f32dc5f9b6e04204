// Made by emlearn: net 3-4-1, 2 classes, int8.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_net.h"

static const uint16_t golden_sizes[2] = {
    4, 1,
};

static const uint8_t golden_activations[2] = {
    2, 2,
};

static const int16_t golden_shift[9] = {
    -25, -34, -16, -29, -26, -27, -28, -35, -30,
};

static const uint16_t golden_scale[5] = {
    19352, 33819, 19287, 38703, 33819,
};

static const int32_t golden_bias[5] = {
    536870912, -1342177280, 67108864, 0, 1073741824,
};

static const int8_t golden_weights8[16] = {
    108, -111, 127, -31, 127, 0, 22, 0, -127, 108, -111, 127, 124, -124, 124, 127,
};

static const eml_net_t golden = {
    3, // n_features
    2, // n_classes
    2, // n_outputs
    1, // output
    2, // kind
    116, // size
    2, // n_layers
    4, // width
    9, // n_columns
    5, // n_rows
    5, // n_scales
    0, // n_int32
    0, // n_int16
    16, // n_int8
    golden_sizes, // sizes
    golden_activations, // activations
    golden_shift, // shift
    golden_scale, // scale
    golden_bias, // bias
    NULL, // weights32
    NULL, // weights16
    golden_weights8, // weights8
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[5];
    uint32_t klass = 0;
    const eml_err_t err = eml_net_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [2] probabilities
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[5];
    return (int)eml_net_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
