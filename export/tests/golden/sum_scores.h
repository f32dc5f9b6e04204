// Made by emlearn: 2 trees, 3 features, 2 classes, dtype int16, leaves sum.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_trees.h"

static const uint16_t golden_nodes[15] = {
    0, 6, 1, 258, 32771, 65532, 769, 3, 20, 512, 32773, 7, 32512, 32772, 0,
};

static const uint16_t golden_roots[2] = {
    0, 4,
};

static const uint32_t golden_values[10] = {
    4282384384u, 8389u, 25165824u, 838861u, 83886080u, 2097152000u, 4194304u, 0u, 2281701376u, 4294967295u,
};

static const eml_trees_t golden = {
    3, // n_features
    2, // n_classes
    2, // n_trees
    0, // layout
    1, // dtype
    5, // leaf
    8, // feature_bits
    5, // entry
    0, // unused
    5, // n_nodes
    6, // n_leaves
    0, // n_entries
    233, // n_values
    golden_nodes, // nodes
    golden_roots, // roots
    NULL, // scale
    NULL, // leaf_start
    NULL, // entries
    golden_values, // values
    NULL, // leaf_of
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const int16_t *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_INT16 };
    uint64_t sums[2];
    uint32_t klass = 0;
    const eml_err_t err = eml_trees_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [2] probabilities
static inline int golden_predict_proba(const int16_t *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_INT16 };
    uint64_t sums[2];
    return (int)eml_trees_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
