// Tree ensembles put together piece by piece, as emlearn's builder and emlearn's CSV files do it: int16 features, any order.
//
//   eml_build_init(&b, grow)                         then, in any order,
//   eml_build_leaf / _entry / _root / _node(&b, ...)
//   eml_build_finish(&b, &t)                         then eml_trees_validate(&t)
//
// Memory comes from the caller's `grow`, which resizes as realloc does; the finished model's tables are the builder's.
#ifndef EML_TREES_BUILD_H
#define EML_TREES_BUILD_H

#include "eml_trees_file.h"

// Returns NULL when there is no memory (or does not return at all); the old block then still stands.
typedef void *(*eml_grow_t)(void *memory, size_t size);

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

static inline eml_err_t eml_build_reserve(eml_grow_t grow, eml_build_table_t *table, uint32_t words) {
    if (words > table->capacity) {
        void *memory = grow(table->words, words * sizeof(uint32_t));
        if (memory == NULL) {
            return EML_ERR_FULL;
        }
        table->words = (uint32_t *)memory;
        table->capacity = words;
    }
    return EML_OK;
}

static inline eml_err_t eml_build_push(eml_grow_t grow, eml_build_table_t *table, uint32_t word) {
    eml_err_t err = table->size < EML_BUILD_MAX_WORDS ? EML_OK : EML_ERR_RANGE;
    if (err == EML_OK && table->size == table->capacity) {
        err = eml_build_reserve(grow, table, table->capacity + table->capacity / 2 + 8);
    }
    if (err == EML_OK) {
        table->words[table->size++] = word;
    }
    return err;
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

// emlearn's way to refer: >= 0 is a jump in nodes (for roots a node), < 0 is leaf -child - 1.
static inline uint32_t eml_build_ref(int32_t child) {
    return child < 0 ? EML_TREES_LEAF | (uint32_t)(-(child + 1)) : (uint32_t)child;
}

static inline eml_err_t eml_build_root(eml_trees_build_t *b, int32_t root) {
    return eml_build_push(b->grow, &b->roots, eml_build_ref(root));
}

// x <= threshold goes left. feature is checked when the model is complete.
static inline eml_err_t eml_build_node(eml_trees_build_t *b, uint16_t feature, int32_t threshold, int32_t left, int32_t right) {
    if (left == 0 || right == 0) {
        return EML_ERR_RANGE; // a node that refers to itself
    }
    if (threshold < -32768 || threshold > 32767) { // no int16 feature gets past it: decided here
        left = right = threshold < 0 ? right : left;
        threshold = 0;
    }
    const uint32_t words[4] = { feature, (uint32_t)threshold, eml_build_ref(left), eml_build_ref(right) };
    eml_err_t err = EML_OK;
    for (int i = 0; i < 4 && err == EML_OK; i++) {
        err = eml_build_push(b->grow, &b->nodes, words[i]);
    }
    return err;
}

// A leaf of the builder as a leaf number of the model.
static inline eml_err_t eml_build_number(const eml_trees_build_t *b, uint32_t *ref) {
    if (*ref & EML_TREES_LEAF) {
        const uint32_t leaf = *ref ^ EML_TREES_LEAF;
        if (leaf >= b->leaves.size) {
            return EML_ERR_MODEL;
        }
        const uint32_t number = b->leaf == EML_LEAF_HARD ? b->leaves.words[leaf] : b->leaf == EML_LEAF_COUNTS ? b->n_classes + leaf : leaf;
        *ref = EML_TREES_LEAF | (number & ~EML_TREES_LEAF);
    }
    return EML_OK;
}

// packed16 words of one wide element; tells whether it fits.
static inline int eml_build_pack(const uint32_t *wide, uint32_t feature_bits, uint16_t *packed) {
    const uint32_t right = wide[3] & ~EML_TREES_LEAF;
    const uint32_t code = wide[2] & EML_TREES_LEAF ? (wide[2] ^ EML_TREES_LEAF) + 1 : 0;
    const int is_leaf = wide[0] >> 31 != 0;
    packed[0] = (uint16_t)(is_leaf ? 0x8000u : code << feature_bits | wide[0]);
    packed[1] = (uint16_t)(right | (wide[3] & EML_TREES_LEAF ? 0x8000 : 0));
    packed[2] = (uint16_t)wide[1];
    return right <= 0x7fff && (is_leaf || ((code || wide[2] == 1) && code <= 0x3fffu >> feature_bits && !(wide[0] >> feature_bits)));
}

static inline void eml_build_narrow(uint32_t *words, uint32_t size) {
    uint16_t *narrow = (uint16_t *)(void *)words;
    for (uint32_t i = 0; i < size; i++) {
        const uint16_t word = (uint16_t)words[i];
        memcpy(&narrow[i], &word, sizeof(word)); // the tables change their type in place
    }
}

// Re-pack the wide tables in place where every number fits.
static inline void eml_build_compact(eml_trees_build_t *b, eml_trees_t *t) {
    uint32_t feature_bits = 0;
    while (t->n_features > 1u << feature_bits) {
        feature_bits++;
    }
    uint16_t packed[3];
    int fits = feature_bits <= 14 && t->n_nodes <= 65535 && t->n_entries <= 65535;
    for (uint32_t i = 0; i < t->n_nodes && fits; i++) {
        fits = eml_build_pack(b->nodes.words + 4 * (size_t)i, feature_bits, packed);
    }
    if (!fits) {
        return;
    }
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        eml_build_pack(b->nodes.words + 4 * (size_t)i, feature_bits, packed);
        memcpy((uint8_t *)b->nodes.words + 6 * (size_t)i, packed, 6);
    }
    eml_build_narrow(b->roots.words, b->roots.size);
    eml_build_narrow(b->entries.words, b->entries.size);
    if (b->leaf == EML_LEAF_COUNTS) {
        eml_build_narrow(b->leaves.words, b->leaves.size);
    }
    t->layout = EML_TREES_PACKED16;
    t->feature_bits = (uint8_t)feature_bits;
    void *smaller = b->grow(b->nodes.words, eml_pad4(t->n_nodes * 6));
    b->nodes.words = smaller ? (uint32_t *)smaller : b->nodes.words;
}

// Complete the tables and describe them in *t. The builder can't be added to afterwards.
static inline eml_err_t eml_build_finish(eml_trees_build_t *b, eml_trees_t *t) {
    eml_err_t err = b->leaf == EML_LEAF_COUNTS ? EML_OK : b->entries.size ? EML_ERR_MODEL : EML_OK;
    for (uint32_t i = 0; i < b->nodes.size && err == EML_OK; i += 4) {
        err = eml_build_number(b, &b->nodes.words[i + 2]);
        err = err == EML_OK ? eml_build_number(b, &b->nodes.words[i + 3]) : err;
    }
    for (uint32_t i = 0; i < b->roots.size && err == EML_OK; i++) {
        uint32_t root = b->roots.words[i];
        err = eml_build_number(b, &root);
        if (root & EML_TREES_LEAF && err == EML_OK) { // a tree that is one leaf gets an element
            const uint32_t words[4] = { EML_TREES_LEAF, 0, 0, root };
            b->roots.words[i] = b->nodes.size / 4;
            for (int k = 0; k < 4 && err == EML_OK; k++) {
                err = eml_build_push(b->grow, &b->nodes, words[k]);
            }
        }
    }
    const uint32_t n_leaves = b->leaf == EML_LEAF_HARD ? 0 : b->leaves.size;
    if (err == EML_OK && b->leaf == EML_LEAF_COUNTS) {
        err = eml_build_leaf(b, b->entries.size / 2); // where the last record ends
    }
    if (err != EML_OK || b->roots.size > 65535) {
        return err != EML_OK ? err : EML_ERR_RANGE;
    }
    memset(t, 0, sizeof(*t));
    t->layout = EML_TREES_WIDE;
    t->dtype = EML_TREES_INT16;
    t->leaf = b->leaf;
    t->entry = b->leaf == EML_LEAF_COUNTS;
    t->n_features = b->n_features;
    t->n_classes = b->n_classes;
    t->n_trees = (uint16_t)b->roots.size;
    t->n_nodes = b->nodes.size / 4;
    t->n_leaves = n_leaves;
    t->n_entries = b->entries.size / 2;
    eml_build_compact(b, t);
    t->nodes = b->nodes.words;
    t->roots = b->roots.words;
    t->leaf_start = b->leaves.words;
    t->entries = b->entries.words;
    t->values = b->leaves.words;
    t->exponent = eml_trees_exponent(t);
    return EML_OK;
}

#endif // EML_TREES_BUILD_H
