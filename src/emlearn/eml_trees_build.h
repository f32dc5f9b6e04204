// Tree ensembles put together piece by piece, as emlearn's builder and emlearn's CSV files do it: int16 features, any order.
//
//   eml_build_init(&b, grow)                          then, in any order,
//   eml_build_leaf / _entry / _root / _node(&b, ...)
//   eml_build_finish(&b, &t, &size)                   then, with that much memory,
//   eml_build_write(&b, &t, file, size, scratch)      an .eml file, which is not checked yet: eml_trees_open does that
#ifndef EML_TREES_BUILD_H
#define EML_TREES_BUILD_H

#include "eml_trees_image.h"

typedef struct {
    uint32_t *words;
    uint32_t size;     // words in use
    uint32_t capacity; // words there is room for
} eml_build_table_t;

typedef struct {
    eml_grow_t grow;
    eml_build_table_t nodes;   // 4 words: feature, threshold, left, right; a child is EML_TREES_LEAF | leaf, or a jump
    eml_build_table_t roots;   // node, or EML_TREES_LEAF | leaf
    eml_build_table_t leaves;  // class, bits of a float32, or the record's first entry
    eml_build_table_t entries; // 2 words: class, count
    uint16_t n_features;
    uint16_t n_classes;
    uint8_t leaf; // eml_leaf_t: hard, counts or value
} eml_trees_build_t;

#define EML_BUILD_MAX_WORDS (4u * 65535)

static inline eml_err_t eml_build_push(eml_grow_t grow, eml_build_table_t *table, uint32_t word) {
    if (table->size == EML_BUILD_MAX_WORDS) {
        return EML_ERR_RANGE;
    }
    if (table->size == table->capacity) {
        const uint32_t capacity = table->capacity + table->capacity / 2 + 8;
        void *memory = grow(table->words, capacity * sizeof(uint32_t));
        if (memory == NULL) {
            return EML_ERR_FULL;
        }
        table->words = (uint32_t *)memory;
        table->capacity = capacity;
    }
    table->words[table->size++] = word;
    return EML_OK;
}

static inline void eml_build_init(eml_trees_build_t *b, eml_grow_t grow) {
    memset(b, 0, sizeof(*b));
    b->grow = grow;
}

static inline eml_err_t eml_build_leaf(eml_trees_build_t *b, uint32_t value) {
    return eml_build_push(b->grow, &b->leaves, value);
}

static inline eml_err_t eml_build_entry(eml_trees_build_t *b, uint32_t klass, uint32_t count) {
    const eml_err_t err = eml_build_push(b->grow, &b->entries, klass);
    return err != EML_OK ? err : eml_build_push(b->grow, &b->entries, count);
}

// root: a node, or < 0 for leaf -root - 1.
static inline eml_err_t eml_build_root(eml_trees_build_t *b, int32_t root) {
    return eml_build_push(b->grow, &b->roots, eml_image_ref((uint32_t)root));
}

static inline eml_err_t eml_build_push_node(eml_trees_build_t *b, uint32_t head, uint32_t threshold, uint32_t left, uint32_t right) {
    const uint32_t words[4] = { head, threshold, left, right };
    eml_err_t err = EML_OK;
    for (int i = 0; i < 4 && err == EML_OK; i++) {
        err = eml_build_push(b->grow, &b->nodes, words[i]);
    }
    return err;
}

// x <= threshold goes left; a child is a jump in nodes, or < 0 for leaf -child - 1. References are checked when the model is opened.
static inline eml_err_t eml_build_node(eml_trees_build_t *b, uint16_t feature, int32_t threshold, int32_t left, int32_t right) {
    if (left == 0 || right == 0) {
        return EML_ERR_RANGE; // a node that refers to itself
    }
    if (threshold < -32768 || threshold > 32767) { // no int16 feature gets past it: decided here
        left = right = threshold < 0 ? right : left;
        threshold = 0;
    }
    return eml_build_push_node(b, feature, (uint32_t)threshold, eml_image_ref((uint32_t)left), eml_image_ref((uint32_t)right));
}

// Check a reference from node i; with `change`, turn a leaf of the builder into a leaf number of the model.
static inline eml_err_t eml_build_number(const eml_trees_build_t *b, uint32_t i, uint32_t *ref, int change) {
    const uint32_t leaf = *ref ^ EML_TREES_LEAF;
    if (*ref & EML_TREES_LEAF ? leaf >= b->leaves.size : *ref >= b->nodes.size / 4 - i) {
        return EML_ERR_MODEL;
    }
    if (change && *ref & EML_TREES_LEAF) {
        const uint32_t number = b->leaf == EML_LEAF_HARD ? b->leaves.words[leaf] : b->leaf == EML_LEAF_COUNTS ? b->n_classes + leaf : leaf;
        *ref = EML_TREES_LEAF | (number & ~EML_TREES_LEAF);
    }
    return EML_OK;
}

static inline int eml_build_fits(const eml_trees_build_t *b, const eml_trees_t *t) {
    eml_half_t packed[3];
    int fits = t->feature_bits <= 14 && t->n_nodes <= 65535 && t->n_entries <= 65535;
    for (uint32_t i = 0; i < b->nodes.size && fits; i += 4) {
        const uint32_t *node = b->nodes.words + i;
        fits = !(node[0] >> t->feature_bits) && eml_image_pack(t, packed, node[0], node[1], node[2], node[3]) == EML_OK;
    }
    return fits;
}

// Regression: float32 bits to units of 2^exponent, the smallest in which all of them fit int32_t, ties to even.
static inline void eml_build_fix(const eml_build_table_t *leaves, eml_trees_t *t) {
    uint32_t largest = 1;
    for (uint32_t i = 0; i < leaves->size; i++) {
        const uint32_t field = leaves->words[i] >> 23 & 0xff;
        largest = field > largest ? field : largest;
    }
    int zero = 1;
    for (uint32_t i = 0; i < leaves->size; i++) {
        const uint32_t bits = leaves->words[i];
        const uint32_t field = bits >> 23 & 0xff;
        const uint32_t mantissa = ((bits & 0x7fffff) | (field ? 0x800000u : 0)) << 7;
        const uint32_t drop = largest - (field ? field : 1);
        uint32_t kept = drop > 31 ? 0 : mantissa >> drop;
        const uint32_t rest = drop == 0 || drop > 31 ? 0 : mantissa << (32 - drop);
        kept += rest > 0x80000000u || (rest == 0x80000000u && (kept & 1));
        zero &= kept == 0;
        leaves->words[i] = bits >> 31 ? 0u - kept : kept;
    }
    t->n_values = zero ? EML_TREES_EXPONENT : EML_TREES_EXPONENT + largest - 157;
}

// Complete the tables and describe the model in *t. *size: bytes of its file. Nothing can be added afterwards, but for
// what was missing if it was refused.
static inline eml_err_t eml_build_finish(eml_trees_build_t *b, eml_trees_t *t, uint32_t *size) {
    eml_err_t err = b->roots.size && b->roots.size <= 65535 ? EML_OK : EML_ERR_MODEL;
    for (int change = 0; change < 2; change++) { // once all of it is known to be right
        for (uint32_t i = 0; i < b->nodes.size && err == EML_OK; i += 4) {
            err = eml_build_number(b, i / 4, &b->nodes.words[i + 2], change);
            err = err == EML_OK ? eml_build_number(b, i / 4, &b->nodes.words[i + 3], change) : err;
        }
        for (uint32_t i = 0; i < b->roots.size && err == EML_OK; i++) {
            err = eml_build_number(b, 0, &b->roots.words[i], change);
        }
    }
    for (uint32_t i = 0; i < b->roots.size && err == EML_OK; i++) {
        const uint32_t root = b->roots.words[i];
        if (root & EML_TREES_LEAF) { // a tree that is one leaf gets an element
            b->roots.words[i] = b->nodes.size / 4;
            err = eml_build_push_node(b, 0, 0, root, root);
        }
    }
    if (err != EML_OK) {
        return err;
    }
    memset(t, 0, sizeof(*t));
    t->dtype = EML_TREES_INT16;
    t->leaf = b->leaf;
    t->entry = b->leaf == EML_LEAF_COUNTS;
    t->n_features = b->n_features;
    t->n_classes = b->n_classes;
    t->n_trees = (uint16_t)b->roots.size;
    t->n_nodes = b->nodes.size / 4;
    t->n_leaves = b->leaf == EML_LEAF_HARD ? 0 : b->leaves.size;
    t->n_entries = b->entries.size / 2;
    for (t->feature_bits = 8; (t->n_features - 1u) >> t->feature_bits; t->feature_bits++) {
    }
    t->layout = eml_build_fits(b, t) ? EML_TREES_PACKED16 : EML_TREES_WIDE; // packed16 is 0 and what fits asks about
    t->feature_bits = t->layout == EML_TREES_WIDE ? 0 : t->feature_bits;
    if (b->leaf == EML_LEAF_VALUE) {
        eml_build_fix(&b->leaves, t);
    }
    *size = EML_FILE_HEADER + EML_TREES_HEADER + eml_trees_body_size(t);
    return EML_OK;
}

// Words of a table as indices.
static inline uint8_t *eml_build_write_table(const eml_trees_t *t, uint8_t *p, const eml_build_table_t *table) {
    const uint32_t size = eml_trees_index_size(t);
    for (uint32_t i = 0; i < table->size; i++) {
        eml_image_put(p, size, i, table->words[i]);
    }
    return p + eml_pad4(table->size * size);
}

// The finished model as an .eml file. file: [size] bytes of 0, aligned to 4 bytes; scratch: [256].
static inline void eml_build_write(const eml_trees_build_t *b, const eml_trees_t *t, uint8_t *file, uint32_t size, uint32_t *scratch) {
    uint8_t *p = file + EML_FILE_HEADER + EML_TREES_HEADER;
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const uint32_t *node = b->nodes.words + 4 * (size_t)i;
        eml_image_node(t, p, i, node[0], node[1], node[2], node[3]);
    }
    p = eml_build_write_table(t, p + eml_pad4(t->n_nodes * eml_trees_node_size(t)), &b->roots);
    if (b->leaf == EML_LEAF_COUNTS) {
        eml_build_write_table(t, p, &b->leaves); // where each record starts
        eml_image_put(p, eml_trees_index_size(t), t->n_leaves, t->n_entries);
        eml_build_write_table(t, p + eml_pad4((t->n_leaves + 1) * eml_trees_index_size(t)), &b->entries);
    } else if (b->leaf == EML_LEAF_VALUE) {
        memcpy(p, b->leaves.words, b->leaves.size * sizeof(uint32_t));
    }
    eml_trees_seal(file, t, size, scratch);
}

#endif // EML_TREES_BUILD_H
