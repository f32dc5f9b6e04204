// Made by emlearn: 2 trees, 3 features, regression, dtype int16 scaled, leaves sum.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_trees.h"

static const uint16_t golden_nodes[15] = {
    32768, 6, 43008, 258, 32771, 0, 769, 3, 0, 33280, 32773, 22528, 32512, 32772, 0,
};

static const uint16_t golden_roots[2] = {
    0, 4,
};

static const int32_t golden_scale[6] = {
    13, 34816, 24, 343932928, 27, -436207616,
};

static const uint32_t golden_values[8] = {
    4286914232u, 5369u, 16106127u, 536871u, 53687091u, 1342177280u, 134217728u, 0u,
};

static const eml_trees_t golden = {
    3, // n_features
    0, // n_classes
    2, // n_trees
    0, // layout
    2, // dtype
    5, // leaf
    8, // feature_bits
    1, // entry
    0, // unused
    5, // n_nodes
    6, // n_leaves
    0, // n_entries
    227, // n_values
    golden_nodes, // nodes
    golden_roots, // roots
    golden_scale, // scale
    NULL, // leaf_start
    NULL, // entries
    golden_values, // values
    NULL, // leaf_of
};

// The value, or NaN if n_features is wrong. features: [3]
static inline float golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[1];
    float out;
    eml_float_store(&out, 0x7fc00000u);
    (void)eml_trees_outputs(&golden, &x, sums, &out, 1);
    return out;
}

#endif // EML_MODEL_golden_H
