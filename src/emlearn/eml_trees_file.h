// Tree ensembles from .eml files, in place: nothing is copied or changed.
//
//   eml_trees_open(&t, file, size, scratch)   a whole file in memory: checked, validated, ready
#ifndef EML_TREES_FILE_H
#define EML_TREES_FILE_H

#include "eml_file.h"
#include "eml_trees.h"
#include "eml_trees_validate.h"

#define EML_TREES_HEADER 28

// Bytes of each array, in file order; 0 where the model has none.
typedef struct {
    uint32_t nodes, roots, scale, leaf_start, entries, values;
} eml_trees_sizes_t;

static inline eml_trees_sizes_t eml_trees_sizes(const eml_trees_t *t) {
    const uint32_t records = (uint32_t)eml_trees_has_records(t);
    const eml_leaf_t leaf = eml_trees_leaf_kind(t);
    eml_trees_sizes_t s;
    s.nodes = eml_pad4(t->n_nodes * eml_trees_node_size(t));
    s.roots = eml_pad4(t->n_trees * eml_trees_index_size(t));
    s.scale = eml_trees_is_scaled(t) ? t->n_features * 8u : 0;
    s.leaf_start = records * eml_pad4((t->n_leaves + 1) * eml_trees_index_size(t));
    s.entries = records * eml_pad4(t->n_entries * eml_trees_entry_size(t));
    s.values = leaf == EML_LEAF_VALUE ? t->n_leaves * 4 : leaf == EML_LEAF_WEIGHTED ? t->n_values * 8 : 0;
    if (eml_trees_is_sum(t)) {
        s.values = eml_trees_sum_words(t) * 4 + eml_trees_n_bases(t) * 8;
    }
    return s;
}

static inline uint32_t eml_trees_body_size(const eml_trees_t *t) {
    const eml_trees_sizes_t s = eml_trees_sizes(t);
    return s.nodes + s.roots + s.scale + s.leaf_start + s.entries + s.values;
}

// Point the tables into body: [eml_trees_body_size(t)], aligned to 4 bytes.
static inline void eml_trees_attach(eml_trees_t *t, const void *body) {
    const eml_trees_sizes_t s = eml_trees_sizes(t);
    const uint8_t *p = (const uint8_t *)body;
    t->nodes = p;
    t->roots = p += s.nodes;
    t->scale = (const int32_t *)(const void *)(p += s.roots);
    t->leaf_start = p += s.scale;
    t->entries = p += s.leaf_start;
    t->values = (const uint32_t *)(const void *)(p + s.entries);
    t->leaf_of = NULL;
}

// header: [EML_TREES_HEADER]. Fills in the numbers; the tables are still missing.
static inline eml_err_t eml_trees_header(eml_trees_t *t, const void *header) {
    memcpy(t, header, EML_TREES_HEADER); // the struct begins like the file
    const uint32_t largest = t->n_nodes | t->n_leaves | t->n_entries | t->n_values;
    return largest < EML_TREES_MAX_COUNT ? EML_OK : EML_ERR_MODEL;
}

// file: [size], aligned to 4 bytes, outlives *t. scratch: [256].
static inline eml_err_t eml_trees_open(eml_trees_t *t, const void *file, size_t size, uint32_t *scratch) {
    t->layout = 0; // who takes over an unsupported file is asked even if it ends at the container
    t->leaf = EML_LEAF_HARD;
    const uint32_t start = EML_FILE_HEADER + EML_TREES_HEADER;
    const uint32_t *words = (const uint32_t *)file;
    eml_err_t err = eml_file_check(words, size, EML_FAMILY_TREES, scratch);
    if (err != EML_OK) {
        return err;
    }
    if (words[2] < start || eml_trees_header(t, words + EML_FILE_HEADER / 4) != EML_OK) {
        return EML_ERR_FORMAT;
    }
    if (!eml_trees_is_ours(t)) {
        return EML_ERR_UNSUPPORTED;
    }
    if (eml_trees_body_size(t) > words[2] - start) {
        return EML_ERR_FORMAT;
    }
    eml_trees_attach(t, words + start / 4);
    return eml_trees_validate(t);
}

// Write the headers of a file whose tables and trailers are there. file: [size], aligned to 4 bytes; scratch: [256].
static inline void eml_trees_seal(void *file, const eml_trees_t *t, uint32_t size, uint32_t *scratch) {
    uint32_t *words = (uint32_t *)file;
    words[0] = EML_FILE_MAGIC;
    words[1] = EML_FILE_MAJOR | EML_FAMILY_TREES << 16;
    words[2] = size;
    memcpy(words + EML_FILE_HEADER / 4, t, EML_TREES_HEADER);
    words[EML_FILE_CRC / 4] = eml_file_crc(words, size, scratch);
}

#endif // EML_TREES_FILE_H
