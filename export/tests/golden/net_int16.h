// Made by emlearn: net 3-4-2, regression, int16.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_net.h"

static const uint16_t golden_sizes[2] = {
    4, 2,
};

static const uint8_t golden_activations[2] = {
    3, 4,
};

static const int16_t golden_shift[9] = {
    -33, -42, -24, -29, -34, -35, -34, -43, -29,
};

static const uint16_t golden_scale[6] = {
    19201, 33556, 19137, 38402, 33556, 49154,
};

static const int32_t golden_bias[6] = {
    536870912, -1342177280, 67108864, 0, 536870912, -1342177280,
};

static const int16_t golden_weights16[20] = {
    27961, -28632, 32766, -8000, 32766, 0, 5611, 0, -32766, 27961, -28632, 32766, 31999, -31999, 8000, 32766, 0,
    32767, -32767, 11184,
};

static const eml_net_t golden = {
    3, // n_features
    0, // n_classes
    2, // n_outputs
    0, // output
    1, // kind
    144, // size
    2, // n_layers
    4, // width
    9, // n_columns
    6, // n_rows
    6, // n_scales
    0, // n_int32
    20, // n_int16
    0, // n_int8
    golden_sizes, // sizes
    golden_activations, // activations
    golden_shift, // shift
    golden_scale, // scale
    golden_bias, // bias
    NULL, // weights32
    golden_weights16, // weights16
    NULL, // weights8
};

// EML_OK or another eml_err_t. features: [3]; out: [2] values
static inline int golden_predict(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[5];
    return (int)eml_net_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
