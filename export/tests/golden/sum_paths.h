// Made by emlearn: 2 trees, 3 features, 2 classes, dtype float, leaves sum.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
// class 0: -1
// class 1: 1
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_trees.h"

static const uint32_t golden_nodes[10] = {
    294912u, 1061158913u, 2147680770u, 3207593984u, 131841u, 1092878337u, 2147844352u, 1080033281u, 2147778304u, 0u,
};

static const uint16_t golden_roots[2] = {
    0, 4,
};

static const uint32_t golden_values[10] = {
    5369u, 8053064u, 16106127u, 536871u, 53687091u, 1342177280u, 53687091u, 0u, 0u, 0u,
};

static const eml_trees_t golden = {
    3, // n_features
    2, // n_classes
    2, // n_trees
    1, // layout
    0, // dtype
    5, // leaf
    8, // feature_bits
    4, // entry
    0, // unused
    5, // n_nodes
    6, // n_leaves
    0, // n_entries
    227, // n_values
    golden_nodes, // nodes
    golden_roots, // roots
    NULL, // scale
    NULL, // leaf_start
    NULL, // entries
    golden_values, // values
    NULL, // leaf_of
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[2];
    uint32_t klass = 0;
    const eml_err_t err = eml_trees_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [2] probabilities
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[2];
    return (int)eml_trees_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
