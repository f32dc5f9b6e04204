// Made by emlearn: 3 features, matrix, then 2 trees, 3 features, 3 classes, dtype float, leaves counts.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_trees.h"
#include "eml_pipeline.h"

static const uint32_t golden_model_nodes[10] = {
    294912u, 4286878689u, 2147746050u, 3486578688u, 131585u, 2091611393u, 2147648512u, 4291578689u, 2147843840u, 0u,
};

static const uint16_t golden_model_roots[2] = {
    0, 4,
};

static const uint16_t golden_model_leaf_start[4] = {
    0, 2, 4, 7,
};

static const uint16_t golden_model_entries[7] = {
    769, 258, 256, 513, 256, 513, 770,
};

static const eml_trees_t golden_model = {
    3, // n_features
    3, // n_classes
    2, // n_trees
    1, // layout
    0, // dtype
    1, // leaf
    8, // feature_bits
    0, // entry
    0, // unused
    5, // n_nodes
    3, // n_leaves
    7, // n_entries
    0, // n_values
    golden_model_nodes, // nodes
    golden_model_roots, // roots
    NULL, // scale
    golden_model_leaf_start, // leaf_start
    golden_model_entries, // entries
    NULL, // values
    NULL, // leaf_of
};

static const uint32_t golden_steps[15] = {
    196866u, 4293722106u, 4294639622u, 33554432u, 3195455668u, 4915200u, 4278967296u, 2097152000u, 0u, 2133333333u,
    0u, 2737675629u, 16777216u, 4246967296u, 1333333333u,
};

static const eml_pipeline_t golden = {
    3, // n_features
    3, // n_classes
    3, // n_outputs
    1, // output
    1, // family
    196, // size
    1, // n_steps
    3, // width
    15, // n_words
    28, // n_model
    golden_steps, // steps
    NULL, // model: golden_model, not a file
};

// What the model takes of raw features. out: [3]
static inline eml_err_t golden_apply(const eml_array_t *features, float *out) {
    uint64_t scratch[5];
    return eml_pipeline_apply(&golden, features, scratch, out);
}

// Class number, or a negative eml_err_t. features: [3]
static inline int32_t golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    float columns[3];
    const eml_err_t failed = golden_apply(&x, columns);
    if (failed != EML_OK) {
        return (int32_t)failed;
    }
    const eml_array_t y = { columns, 3, EML_FLOAT32 };
    uint64_t sums[3];
    uint32_t klass = 0;
    const eml_err_t err = eml_trees_class(&golden_model, &y, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// EML_OK or another eml_err_t. features: [3]; out: [3] probabilities
static inline int golden_predict_proba(const float *features, int32_t n_features, float *out, int n_out) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    float columns[3];
    const eml_err_t failed = golden_apply(&x, columns);
    if (failed != EML_OK) {
        return (int)failed;
    }
    const eml_array_t y = { columns, 3, EML_FLOAT32 };
    uint64_t sums[3];
    return (int)eml_trees_outputs(&golden_model, &y, sums, out, (size_t)n_out);
}

#endif // EML_MODEL_golden_H
