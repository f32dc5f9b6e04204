// Made by emlearn: 2 trees, 3 features, 3 classes, dtype float, leaves counts.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_trees.h"

static const uint32_t golden_nodes[9] = {
    3207593984u, 1061158913u, 1080033281u, 1092878337u, 33554816u, 2197880834u, 16909057u, 2181431936u, 2214920192u,
};

static const uint16_t golden_roots[2] = {
    4, 8,
};

static const uint16_t golden_leaf_start[4] = {
    0, 2, 5, 7,
};

static const uint16_t golden_entries[7] = {
    256, 513, 256, 513, 770, 769, 258,
};

static const eml_trees_t golden = {
    3, // n_features
    3, // n_classes
    2, // n_trees
    3, // layout
    0, // dtype
    1, // leaf
    1, // feature_bits
    0, // entry
    0, // unused
    9, // n_nodes
    3, // n_leaves
    7, // n_entries
    0, // n_values
    golden_nodes, // nodes
    golden_roots, // roots
    NULL, // scale
    golden_leaf_start, // leaf_start
    golden_entries, // entries
    NULL, // values
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
