// Made by emlearn: 2 trees, 3 features, 3 classes, dtype float, leaves weighted.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_trees.h"

static const uint32_t golden_nodes[10] = {
    294912u, 1061158913u, 2147746050u, 3207593984u, 131585u, 1092878337u, 2147648512u, 1080033281u, 2147843840u, 0u,
};

static const uint16_t golden_roots[2] = {
    0, 4,
};

static const uint16_t golden_leaf_start[4] = {
    0, 2, 4, 7,
};

static const uint16_t golden_entries[7] = {
    513, 1026, 256, 1281, 0, 257, 770,
};

static const uint32_t golden_values[12] = {
    2576980378u, 1070176665u, 858993459u, 1070805811u, 1648904463u, 1070873875u, 0u, 1071644672u, 1323031416u,
    1072030070u, 1717986918u, 1072064102u,
};

static const eml_trees_t golden = {
    3, // n_features
    3, // n_classes
    2, // n_trees
    1, // layout
    0, // dtype
    2, // leaf
    8, // feature_bits
    0, // entry
    0, // unused
    5, // n_nodes
    3, // n_leaves
    7, // n_entries
    6, // n_values
    golden_nodes, // nodes
    golden_roots, // roots
    NULL, // scale
    golden_leaf_start, // leaf_start
    golden_entries, // entries
    golden_values, // values
    NULL, // leaf_of
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[3];
    uint32_t klass = 0;
    const eml_err_t err = eml_trees_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] probabilities
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[3];
    return (int)eml_trees_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
