// Made by emlearn: 2 trees, 3 features, 3 classes, dtype int16, leaves hard.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
// class 0: "sitting"
// class 1: "back\\slash, line\nbreak\r"
// class 2: 7
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_trees.h"

static inline int32_t golden_value(const int16_t *x, uint32_t feature) {
    return x[feature];
}

static uint32_t golden_tree_0(const int16_t *x) {
    if (golden_value(x, 0) <= 1) {
        if (golden_value(x, 2) <= -4) {
            return 0;
        }
        return 1;
    }
    if (golden_value(x, 1) <= 20) {
        return 1;
    }
    if (golden_value(x, 0) <= 7) {
        return 1;
    }
    return 2;
}

static uint32_t golden_tree_1(const int16_t *x) {
    (void)x;
    return 2;
}

static uint32_t golden_leaf_of(uint32_t tree, const void *features) {
    static uint32_t (*const trees[2])(const int16_t *) = {
        golden_tree_0, golden_tree_1,
    };
    return trees[tree]((const int16_t *)features);
}

static const eml_trees_t golden = {
    3, // n_features
    3, // n_classes
    2, // n_trees
    3, // layout
    1, // dtype
    0, // leaf
    1, // feature_bits
    0, // entry
    0, // unused
    0, // n_nodes
    0, // n_leaves
    0, // n_entries
    0, // n_values
    NULL, // nodes
    NULL, // roots
    NULL, // scale
    NULL, // leaf_start
    NULL, // entries
    NULL, // values
    golden_leaf_of, // leaf_of
};

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const int16_t *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_INT16 };
    uint64_t sums[3];
    uint32_t klass = 0;
    const eml_err_t err = eml_trees_class(&golden, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] probabilities
static inline int golden_predict_proba(const int16_t *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_INT16 };
    uint64_t sums[3];
    return (int)eml_trees_outputs(&golden, &x, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
