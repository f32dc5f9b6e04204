// Random ensembles, and their tables and files in every layout, as docs/formats.md has them.
#ifndef RANDOM_TREES_H
#define RANDOM_TREES_H

#include "eml_trees_file.h"

#include "check.h"

#include <math.h>

#define N_FEATURES 4 // that nodes look at
#define MAX_FEATURES 16384
#define MAX_CLASSES 4
#define MAX_NODES 1024
#define MAX_TREES 25
#define N_RECORDS 8

// An ensemble as its tests want it. A child is a jump, or -1 - leaf; equal negative children make a leaf element.
typedef struct {
    struct {
        int feature, threshold, left, right, missing;
    } node[MAX_NODES];
    int n_nodes, n_trees, n_classes, roots[MAX_TREES];
    int dtype, leaf, n_leaf_numbers;
    int n_features, feature_bits, feature_at[N_FEATURES]; // the features' places among n_features
    int exponent; // of regression
    int32_t scale[2 * N_FEATURES];
    uint32_t count[N_RECORDS][MAX_CLASSES]; // counts, or indices of values plus 1; 0: not in the record
    uint32_t values[2 * N_RECORDS];
} model_t;

// The tables of one layout.
typedef struct {
    uint32_t nodes[4 * MAX_NODES], roots[MAX_TREES], leaf_start[N_RECORDS + 1], entries[2 * N_RECORDS * MAX_CLASSES];
    int32_t scale[2 * MAX_FEATURES];
    eml_trees_t trees;
} tables_t;

// The last left code is taken, and 0: this many leaves have one.
static inline int n_codes(const model_t *m) {
    return (1 << (15 - m->feature_bits)) - 2;
}

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
    if (random_below(3) || -leaf > n_codes(m)) {
        m->node[i].left = 1;
        grow_tree(m, depth - 1);
    }
    m->node[i].right = m->n_nodes - i;
    if (m->node[i].left < 0 && random_below(3) == 0) {
        do { // the same leaf would make a leaf element
            m->node[i].right = -1 - (int)random_below((uint32_t)m->n_leaf_numbers);
        } while (m->node[i].right == m->node[i].left);
    } else {
        grow_tree(m, depth - 1);
    }
    return i;
}

// Of a proportion, from 2^-1000 to 1.
static inline double random_proportion(int odd) {
    const double mantissa = 1 + (double)(random64() >> 12) / 4503599627370496.0;
    return odd ? ldexp(mantissa, -1 - (int)random_below(random_below(2) ? 1000 : 40)) : (1 + random_below(12)) / 12.0;
}

// feature_bits: 8 to 14.
static inline void random_model(model_t *m, int dtype, int leaf, int n_trees, int feature_bits) {
    memset(m, 0, sizeof(*m));
    m->dtype = dtype;
    m->leaf = leaf;
    m->n_trees = n_trees;
    m->n_classes = leaf == EML_LEAF_VALUE ? 0 : MAX_CLASSES;
    m->n_leaf_numbers = m->n_classes + (leaf == EML_LEAF_HARD ? 0 : N_RECORDS);
    m->feature_bits = feature_bits;
    m->n_features = feature_bits == 8 && random_below(2) ? N_FEATURES : 1 << feature_bits;
    for (int i = 0; i < N_FEATURES; i++) {
        m->feature_at[i] = i * (m->n_features - 1) / (N_FEATURES - 1);
        m->scale[2 * i] = (int)random_below(5) - 1;
        m->scale[2 * i + 1] = (int)random_below(7) - 3;
    }
    const int odd = random_below(4) == 0;
    for (int i = 0; i < N_RECORDS; i++) {
        for (int c = 0; c < MAX_CLASSES; c++) { // few different numbers, so that votes tie
            m->count[i][c] = random_below(3) ? 1 + random_below(leaf == EML_LEAF_WEIGHTED ? N_RECORDS : 6) : 0;
        }
        m->count[i][random_below(MAX_CLASSES)] = 1 + random_below(5);
        const uint64_t proportion = bits_of_double(random_proportion(odd));
        m->values[2 * i] = (uint32_t)proportion;
        m->values[2 * i + 1] = (uint32_t)(proportion >> 32);
    }
    for (int i = 0; i < n_trees; i++) {
        m->roots[i] = grow_tree(m, 4);
    }
}

// ---- Its tables

static inline void put16(void *array, size_t i, uint32_t value) {
    const uint16_t half = (uint16_t)value;
    memcpy((uint8_t *)array + 2 * i, &half, 2); // the arrays are of words
}

static inline uint32_t get16(const void *array, size_t i) {
    return eml_get16((const uint8_t *)array + 2 * i);
}

static inline void put(const eml_trees_t *t, uint32_t *array, uint32_t i, uint32_t value) {
    if (t->layout == EML_TREES_WIDE) {
        array[i] = value;
    } else {
        put16(array, i, value);
    }
}

static inline eml_trees_layout_t packed_layout(int dtype) {
    return dtype == EML_TREES_FLOAT ? EML_TREES_PACKED32 : EML_TREES_PACKED16;
}

static inline void encode_node(const model_t *m, tables_t *tables, uint32_t i) {
    const int left = m->node[i].left, right = m->node[i].right;
    const uint32_t layout = tables->trees.layout, bits = (uint32_t)m->feature_bits;
    const uint32_t is_leaf = left == right && left < 0, threshold = (uint32_t)m->node[i].threshold;
    const uint32_t missing = (uint32_t)m->node[i].missing;
    const uint32_t feature = is_leaf ? 0 : (uint32_t)m->feature_at[m->node[i].feature];
    if (layout == EML_TREES_WIDE) {
        tables->nodes[4 * i] = missing << 30 | feature;
        tables->nodes[4 * i + 1] = threshold;
        tables->nodes[4 * i + 2] = left < 0 ? 0x80000000u | (uint32_t)(-1 - left) : (uint32_t)left;
        tables->nodes[4 * i + 3] = right < 0 ? 0x80000000u | (uint32_t)(-1 - right) : (uint32_t)right;
        return;
    }
    const int words = layout == EML_TREES_PACKED16 ? 3 : 2;
    const uint32_t code = is_leaf ? (1u << (15 - bits)) - 1 : left < 0 ? (uint32_t)-left : 0;
    const size_t at = (layout == EML_TREES_PACKED16 ? 3 : 4) * (size_t)i;
    put16(tables->nodes, at, missing << 15 | code << bits | feature);
    put16(tables->nodes, at + 1, right < 0 ? 0x8000u | (uint32_t)(-1 - right) : (uint32_t)(right * words));
    put16(tables->nodes, at + 2, threshold);
    if (layout == EML_TREES_PACKED32) {
        put16(tables->nodes, at + 3, threshold >> 16);
    }
}

// What a level of so many bits stands for, in 255ths.
static inline uint32_t value_of(uint32_t level, int bits) {
    const double root = (level + 1.0) / (1 << bits);
    return (uint32_t)(255 * root * root + 0.5);
}

static inline uint32_t level_of(uint32_t value, int bits) {
    uint32_t level = 0;
    while (value_of(level, bits) != value) {
        level++;
    }
    return level;
}

// Make the proportions of uint8 leaves some that have a level.
static inline void to_levels(model_t *m, int bits) {
    for (uint32_t i = 0; i < N_RECORDS * MAX_CLASSES; i++) {
        uint32_t *const value = &m->count[i / MAX_CLASSES][i % MAX_CLASSES];
        *value = *value ? value_of(random_below(1u << bits), bits) : 0;
    }
}

static inline void encode(const model_t *m, tables_t *tables, eml_trees_layout_t layout, int entry) {
    eml_trees_t *t = &tables->trees;
    memset(tables, 0, sizeof(*tables));
    t->layout = (uint8_t)layout;
    t->dtype = (uint8_t)m->dtype;
    t->leaf = (uint8_t)m->leaf;
    t->entry = (uint8_t)entry;
    t->feature_bits = (uint8_t)(layout == EML_TREES_WIDE ? 0 : m->feature_bits);
    t->n_features = (uint16_t)m->n_features;
    t->n_classes = (uint16_t)m->n_classes;
    t->n_trees = (uint16_t)m->n_trees;
    t->n_nodes = (uint32_t)m->n_nodes;
    t->n_leaves = (uint32_t)(m->n_leaf_numbers - m->n_classes);
    t->n_values = m->leaf == EML_LEAF_WEIGHTED ? N_RECORDS : m->leaf == EML_LEAF_VALUE ? (uint32_t)(m->exponent + 256) : 0;
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        encode_node(m, tables, i);
    }
    for (uint32_t i = 0; i < t->n_trees; i++) {
        put(t, tables->roots, i, (uint32_t)m->roots[i]);
    }
    for (int i = 0; i < 2 * N_FEATURES; i++) {
        tables->scale[2 * m->feature_at[i / 2] + (i & 1)] = m->scale[i];
    }
    for (uint32_t i = 0; i < N_RECORDS && m->leaf >= EML_LEAF_COUNTS && m->leaf <= EML_LEAF_UINT8; i++) {
        for (uint32_t c = 0; c < MAX_CLASSES; c++) {
            const uint32_t value = m->count[i][c] - (m->leaf == EML_LEAF_WEIGHTED);
            if (m->count[i][c] && entry > 1) {
                ((uint8_t *)tables->entries)[t->n_entries++] = (uint8_t)(level_of(value, entry) | c << entry);
            } else if (m->count[i][c] && entry) {
                put(t, tables->entries, 2 * t->n_entries, c);
                put(t, tables->entries, 2 * t->n_entries++ + 1, value);
            } else if (m->count[i][c]) {
                put16(tables->entries, t->n_entries++, c | value << 8);
            }
        }
        put(t, tables->leaf_start, i + 1, t->n_entries);
    }
    t->nodes = tables->nodes;
    t->roots = tables->roots;
    t->scale = tables->scale;
    t->leaf_start = tables->leaf_start;
    t->entries = tables->entries;
    t->values = m->values;
}

// The tables as a file, in a block of its size.
static inline uint8_t *file_of(const tables_t *tables, uint32_t *size) {
    static const uint32_t NODE_SIZES[] = { 6, 8, 16 };
    static uint32_t scratch[256];
    const eml_trees_t *t = &tables->trees;
    const uint32_t index = t->layout == EML_TREES_WIDE ? 4 : 2;
    const int records = t->leaf >= EML_LEAF_COUNTS && t->leaf <= EML_LEAF_UINT8;
    const uint32_t sizes[] = { t->n_nodes * NODE_SIZES[t->layout], t->n_trees * index, t->dtype == EML_TREES_SCALED ? t->n_features * 8u : 0,
        records ? (t->n_leaves + 1) * index : 0, records ? t->n_entries * (t->entry > 1 ? 1 : t->entry ? 2 * index : 2) : 0,
        t->leaf == EML_LEAF_WEIGHTED ? t->n_values * 8 : t->leaf == EML_LEAF_VALUE ? t->n_leaves * 4 : 0 };
    const void *const arrays[] = { t->nodes, t->roots, t->scale, t->leaf_start, t->entries, t->values };
    *size = 44;
    for (int i = 0; i < 6; i++) {
        *size += eml_pad4(sizes[i]);
    }
    uint8_t *file = (uint8_t *)calloc(1, *size);
    uint8_t *to = file + 44;
    for (int i = 0; i < 6; i++) {
        memcpy(to, arrays[i], sizes[i]);
        to += eml_pad4(sizes[i]);
    }
    eml_trees_seal(file, t, *size, scratch);
    return file;
}

#endif // RANDOM_TREES_H
