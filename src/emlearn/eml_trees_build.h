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

// All n words or, for want of memory, none.
static inline eml_err_t eml_build_push(eml_grow_t grow, eml_build_table_t *table, const uint32_t *words, uint32_t n) {
    if (table->size > EML_BUILD_MAX_WORDS - n) {
        return EML_ERR_RANGE;
    }
    if (table->size + n > table->capacity) {
        const uint32_t capacity = table->capacity + table->capacity / 2 + 8;
        void *memory = grow(table->words, capacity * sizeof(uint32_t));
        if (memory == NULL) {
            return EML_ERR_FULL;
        }
        table->words = (uint32_t *)memory;
        table->capacity = capacity;
    }
    memcpy(table->words + table->size, words, n * sizeof(uint32_t));
    table->size += n;
    return EML_OK;
}

static inline void eml_build_init(eml_trees_build_t *b, eml_grow_t grow) {
    memset(b, 0, sizeof(*b));
    b->grow = grow;
}

static inline eml_err_t eml_build_leaf(eml_trees_build_t *b, uint32_t value) {
    return eml_build_push(b->grow, &b->leaves, &value, 1);
}

static inline eml_err_t eml_build_entry(eml_trees_build_t *b, uint32_t klass, uint32_t count) {
    const uint32_t words[2] = { klass, count };
    return eml_build_push(b->grow, &b->entries, words, 2);
}

// root: a node, or < 0 for leaf -root - 1.
static inline eml_err_t eml_build_root(eml_trees_build_t *b, int32_t root) {
    const uint32_t ref = eml_image_ref((uint32_t)root);
    return eml_build_push(b->grow, &b->roots, &ref, 1);
}

static inline eml_err_t eml_build_push_node(eml_trees_build_t *b, uint32_t head, uint32_t threshold, uint32_t left, uint32_t right) {
    const uint32_t words[4] = { head, threshold, left, right };
    return eml_build_push(b->grow, &b->nodes, words, 4);
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

static inline int eml_build_ref_ok(const eml_trees_build_t *b, uint32_t i, uint32_t ref) {
    return ref & EML_TREES_LEAF ? (ref ^ EML_TREES_LEAF) < b->leaves.size : ref < b->nodes.size / 4 - i;
}

// A reference as the model has it: what the builder calls a leaf is a class, a record, or a value.
static inline uint32_t eml_build_number(const eml_trees_build_t *b, uint32_t ref) {
    const uint32_t leaf = ref ^ EML_TREES_LEAF;
    if (!(ref & EML_TREES_LEAF) || b->leaf == EML_LEAF_VALUE) {
        return ref;
    }
    return EML_TREES_LEAF | (b->leaf == EML_LEAF_HARD ? b->leaves.words[leaf] : b->n_classes + leaf);
}

// Writes node i of the model as the layout has it, or tells that it does not fit.
static inline eml_err_t eml_build_write_node(const eml_trees_build_t *b, const eml_trees_t *t, uint8_t *nodes, uint32_t to, uint32_t i) {
    const uint32_t *node = b->nodes.words + 4 * (size_t)i;
    return eml_image_node(t, nodes, to, node[0], node[1], eml_build_number(b, node[2]), eml_build_number(b, node[3]));
}

static inline int eml_build_fits(const eml_trees_build_t *b, const eml_trees_t *t) {
    eml_half_t packed[3];
    int fits = t->feature_bits <= 14 && t->n_nodes <= 65535 && t->n_entries <= 65535;
    for (uint32_t i = 0; i < t->n_nodes && fits; i++) {
        fits = !(b->nodes.words[4 * i] >> t->feature_bits) && eml_build_write_node(b, t, (uint8_t *)packed, 0, i) == EML_OK;
    }
    return fits;
}

// Regression: the exponent of the smallest unit in which all of these float32 fit int32_t, plus EML_TREES_EXPONENT.
static inline uint32_t eml_build_exponent(const eml_build_table_t *leaves) {
    uint32_t largest = 1;
    uint32_t ones = 0;
    for (uint32_t i = 0; i < leaves->size; i++) {
        const uint32_t field = leaves->words[i] >> 23 & 0xff;
        largest = field > largest ? field : largest;
        ones |= leaves->words[i] << 1;
    }
    return ones ? EML_TREES_EXPONENT + largest - 157 : EML_TREES_EXPONENT;
}

// A float32 in that unit, ties to even.
static inline uint32_t eml_build_fixed(uint32_t bits, uint32_t exponent) {
    const uint32_t field = bits >> 23 & 0xff;
    const uint32_t mantissa = ((bits & 0x7fffff) | (field ? 0x800000u : 0)) << 7;
    const uint32_t drop = exponent + 157 - EML_TREES_EXPONENT - (field ? field : 1);
    uint32_t kept = drop > 31 ? 0 : mantissa >> drop;
    const uint32_t rest = drop == 0 || drop > 31 ? 0 : mantissa << (32 - drop);
    kept += rest > 0x80000000u || (rest == 0x80000000u && (kept & 1));
    return bits >> 31 ? 0u - kept : kept;
}

// Complete the tables and describe the model in *t. *size: bytes of its file. After an error, what was missing may be added.
static inline eml_err_t eml_build_finish(eml_trees_build_t *b, eml_trees_t *t, uint32_t *size) {
    int ok = b->roots.size && b->roots.size <= 65535;
    for (uint32_t i = 0; i < b->nodes.size && ok; i += 4) {
        ok = eml_build_ref_ok(b, i / 4, b->nodes.words[i + 2]) && eml_build_ref_ok(b, i / 4, b->nodes.words[i + 3]);
    }
    for (uint32_t i = 0; i < b->roots.size && ok; i++) {
        ok = eml_build_ref_ok(b, 0, b->roots.words[i]);
    }
    eml_err_t err = ok ? EML_OK : EML_ERR_MODEL;
    for (uint32_t i = 0; i < b->roots.size && err == EML_OK; i++) {
        const uint32_t root = b->roots.words[i];
        if (root & EML_TREES_LEAF) { // a tree that is one leaf gets an element
            err = eml_build_push_node(b, 0, 0, root, root);
            b->roots.words[i] = err == EML_OK ? b->nodes.size / 4 - 1 : root;
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
    t->n_values = b->leaf == EML_LEAF_VALUE ? eml_build_exponent(&b->leaves) : 0;
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
        eml_build_write_node(b, t, p, i, i);
    }
    p = eml_build_write_table(t, p + eml_pad4(t->n_nodes * eml_trees_node_size(t)), &b->roots);
    if (b->leaf == EML_LEAF_COUNTS) {
        eml_build_write_table(t, p, &b->leaves); // where each record starts
        eml_image_put(p, eml_trees_index_size(t), t->n_leaves, t->n_entries);
        eml_build_write_table(t, p + eml_pad4((t->n_leaves + 1) * eml_trees_index_size(t)), &b->entries);
    } else if (b->leaf == EML_LEAF_VALUE) {
        for (uint32_t i = 0; i < b->leaves.size; i++) {
            eml_image_put(p, 4, i, eml_build_fixed(b->leaves.words[i], t->n_values));
        }
    }
    eml_trees_seal(file, t, size, scratch);
}

#endif // EML_TREES_BUILD_H
