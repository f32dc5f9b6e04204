// Random ensembles, and their tables in every layout.
#ifndef RANDOM_TREES_H
#define RANDOM_TREES_H

#include "eml_trees.h"

#include "check.h"

#define N_FEATURES 4
#define MAX_CLASSES 4
#define MAX_NODES 512
#define MAX_TREES 25
#define N_RECORDS 8

// An ensemble as its tests want it. A child is a jump, or -1 - leaf; equal negative children make a leaf element.
typedef struct {
    struct {
        int feature, threshold, left, right, missing;
    } node[MAX_NODES];
    int n_nodes, n_trees, n_classes, roots[MAX_TREES];
    int dtype, leaf, n_leaf_numbers;
    int32_t scale[2 * N_FEATURES];
    uint32_t count[N_RECORDS][MAX_CLASSES]; // counts, or indices of values plus 1; 0: not in the record
    uint32_t values[2 * N_RECORDS];
} model_t;

// The tables of one layout.
typedef struct {
    uint32_t nodes[4 * MAX_NODES], roots[MAX_TREES], leaf_start[N_RECORDS + 1], entries[2 * N_RECORDS * MAX_CLASSES];
    eml_trees_t trees;
} tables_t;

static inline int grow_tree(model_t *m, int depth) {
    const int i = m->n_nodes++;
    CHECK(i < MAX_NODES, i, 0, 0);
    const int leaf = -1 - (int)random_below((uint32_t)m->n_leaf_numbers);
    m->node[i].feature = m->node[i].threshold = m->node[i].missing = 0;
    m->node[i].left = m->node[i].right = leaf;
    if (depth == 0 || random_below(8) == 0) {
        return i;
    }
    const float quarter = (float)((int)random_below(17) - 8) / 4;
    m->node[i].feature = (int)random_below(N_FEATURES);
    m->node[i].threshold = m->dtype == EML_TREES_FLOAT ? eml_float_key(bits_of_float(quarter)) : (int)random_below(17) - 8;
    m->node[i].missing = m->dtype != EML_TREES_INT16 && random_below(3) == 0;
    if (random_below(3)) {
        m->node[i].left = 1;
        grow_tree(m, depth - 1);
    }
    m->node[i].right = m->n_nodes - i;
    grow_tree(m, depth - 1);
    return i;
}

static inline void random_model(model_t *m, int dtype, int leaf, int n_trees) {
    memset(m, 0, sizeof(*m));
    m->dtype = dtype;
    m->leaf = leaf;
    m->n_trees = n_trees;
    m->n_classes = leaf == EML_LEAF_VALUE ? 0 : MAX_CLASSES;
    m->n_leaf_numbers = m->n_classes + (leaf == EML_LEAF_HARD ? 0 : N_RECORDS);
    for (int i = 0; i < N_RECORDS; i++) {
        for (int c = 0; c < MAX_CLASSES; c++) { // few different numbers, so that votes tie
            m->count[i][c] = random_below(3) ? 1 + random_below(leaf == EML_LEAF_WEIGHTED ? N_RECORDS : 6) : 0;
        }
        m->count[i][random_below(MAX_CLASSES)] = 1 + random_below(5);
        const uint64_t proportion = bits_of_double((1 + random_below(12)) / 12.0);
        m->values[2 * i] = (uint32_t)proportion;
        m->values[2 * i + 1] = (uint32_t)(proportion >> 32);
    }
    for (int i = 0; i < N_FEATURES; i++) {
        m->scale[2 * i] = (int)random_below(5) - 1;
        m->scale[2 * i + 1] = (int)random_below(7) - 3;
    }
    for (int i = 0; i < n_trees; i++) {
        m->roots[i] = grow_tree(m, 4);
    }
}

static inline uint32_t reference(int child, uint32_t leaf_bit) {
    return child < 0 ? leaf_bit | (uint32_t)(-1 - child) : (uint32_t)child;
}

static inline void put(const eml_trees_t *t, uint32_t *array, uint32_t i, uint32_t value) {
    if (t->layout == EML_TREES_WIDE) {
        array[i] = value;
    } else {
        ((uint16_t *)(void *)array)[i] = (uint16_t)value;
    }
}

// As docs/formats.md says.
static inline void encode(const model_t *m, tables_t *tables, eml_trees_layout_t layout, int entry) {
    eml_trees_t *t = &tables->trees;
    memset(tables, 0, sizeof(*tables));
    t->layout = (uint8_t)layout;
    t->dtype = (uint8_t)m->dtype;
    t->leaf = (uint8_t)m->leaf;
    t->entry = (uint8_t)entry;
    t->feature_bits = layout == EML_TREES_WIDE ? 0 : 2;
    t->n_features = N_FEATURES;
    t->n_classes = (uint16_t)m->n_classes;
    t->n_trees = (uint16_t)m->n_trees;
    t->n_nodes = (uint32_t)m->n_nodes;
    t->n_leaves = (uint32_t)(m->n_leaf_numbers - m->n_classes);
    t->n_values = m->leaf == EML_LEAF_WEIGHTED ? N_RECORDS : 0;
    uint16_t *packed = (uint16_t *)(void *)tables->nodes;
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const int left = m->node[i].left, right = m->node[i].right;
        const uint32_t is_leaf = left == right && left < 0;
        const uint32_t feature = (uint32_t)m->node[i].feature, threshold = (uint32_t)m->node[i].threshold;
        const uint32_t missing = (uint32_t)m->node[i].missing, code = left < 0 && !is_leaf ? (uint32_t)-left : 0;
        if (layout == EML_TREES_WIDE) {
            tables->nodes[4 * i] = is_leaf << 31 | missing << 30 | feature;
            tables->nodes[4 * i + 1] = threshold;
            tables->nodes[4 * i + 2] = is_leaf ? 0 : reference(left, 0x80000000u);
            tables->nodes[4 * i + 3] = reference(right, 0x80000000u);
            continue;
        }
        *packed++ = (uint16_t)(is_leaf << 15 | missing << 14 | code << 2 | feature);
        *packed++ = (uint16_t)reference(right, 0x8000u);
        *packed++ = (uint16_t)threshold;
        if (layout == EML_TREES_PACKED32) {
            *packed++ = (uint16_t)(threshold >> 16);
        }
    }
    for (uint32_t i = 0; i < t->n_trees; i++) {
        put(t, tables->roots, i, (uint32_t)m->roots[i]);
    }
    for (uint32_t i = 0; i < N_RECORDS && m->leaf >= EML_LEAF_COUNTS && m->leaf <= EML_LEAF_UINT8; i++) {
        for (uint32_t c = 0; c < MAX_CLASSES; c++) {
            const uint32_t value = m->count[i][c] - (m->leaf == EML_LEAF_WEIGHTED);
            if (m->count[i][c] && entry) {
                put(t, tables->entries, 2 * t->n_entries, c);
                put(t, tables->entries, 2 * t->n_entries++ + 1, value);
            } else if (m->count[i][c]) {
                ((uint16_t *)(void *)tables->entries)[t->n_entries++] = (uint16_t)(c | value << 8);
            }
        }
        put(t, tables->leaf_start, i + 1, t->n_entries);
    }
    t->nodes = tables->nodes;
    t->roots = tables->roots;
    t->scale = m->scale;
    t->leaf_start = tables->leaf_start;
    t->entries = tables->entries;
    t->values = m->values;
    t->exponent = eml_trees_exponent(t);
}

// ---- What the model means

#endif // RANDOM_TREES_H
