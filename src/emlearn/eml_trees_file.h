// Tree ensembles from .eml files, in place: nothing is copied or changed.
//
//   eml_trees_open(&t, data, size, &end)     a whole file in memory, aligned to 4 bytes: checked, validated, ready
// or, for a file that is read piece by piece:
//   eml_trees_header(&t, bytes, &body_size)  the EML_TREES_HEADER bytes after the container's header
//   eml_trees_attach(&t, body)               the body_size bytes after those; then eml_trees_validate(&t)
#ifndef EML_TREES_FILE_H
#define EML_TREES_FILE_H

#include "eml_file.h"
#include "eml_trees.h"

#define EML_TREES_HEADER 28
#define EML_TREES_MAX_COUNT (1u << 25) // of nodes, leaves, entries, values: keeps sizes within 32 bits

// Bytes of each array, in file order; 0 where the model has none.
typedef struct {
    uint32_t nodes, roots, scale, leaf_start, entries, values;
} eml_trees_sizes_t;

static inline eml_trees_sizes_t eml_trees_sizes(const eml_trees_t *t) {
    const uint32_t records = (uint32_t)eml_trees_has_records(t);
    const uint32_t value_size = t->leaf == EML_LEAF_VALUE ? 4 : 8;
    eml_trees_sizes_t s;
    s.nodes = eml_pad4(t->n_nodes * eml_trees_node_size(t));
    s.roots = eml_pad4(t->n_trees * eml_trees_index_size(t));
    s.scale = t->dtype == EML_TREES_SCALED ? t->n_features * 8u : 0;
    s.leaf_start = records * eml_pad4((t->n_leaves + 1) * eml_trees_index_size(t));
    s.entries = eml_pad4(t->n_entries * eml_trees_entry_size(t));
    s.values = (t->leaf == EML_LEAF_VALUE ? t->n_leaves : t->n_values) * value_size;
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
    t->exponent = eml_trees_exponent(t);
}

// header: [EML_TREES_HEADER]. Fills in the numbers; the tables are still missing.
static inline eml_err_t eml_trees_header(eml_trees_t *t, const uint8_t *header, uint32_t *body_size) {
    memset(t, 0, sizeof(*t));
    t->n_features = eml_get16(header);
    t->n_classes = eml_get16(header + 2);
    t->n_trees = eml_get16(header + 4);
    t->layout = header[6];
    t->dtype = header[7];
    t->leaf = header[8];
    t->feature_bits = header[9];
    t->entry = header[10];
    t->n_nodes = eml_get32(header + 12);
    t->n_leaves = eml_get32(header + 16);
    t->n_entries = eml_get32(header + 20);
    t->n_values = eml_get32(header + 24);
    if (t->n_nodes > EML_TREES_MAX_COUNT || t->n_leaves > EML_TREES_MAX_COUNT || t->n_entries > EML_TREES_MAX_COUNT
        || t->n_values > EML_TREES_MAX_COUNT) {
        return EML_ERR_MODEL;
    }
    *body_size = eml_trees_body_size(t);
    return EML_OK;
}

// data: [size], aligned to 4 bytes, outlives *t. *end: offset of the first trailer. *file_size: that of the file.
static inline eml_err_t eml_trees_open(eml_trees_t *t, const uint8_t *data, size_t size, uint32_t *end, uint32_t *file_size) {
    const uint32_t start = EML_FILE_HEADER + EML_TREES_HEADER;
    eml_err_t err = eml_file_check(data, size, EML_FAMILY_TREES);
    if (err != EML_OK) {
        return err;
    }
    *file_size = eml_get32(data + 8);
    uint32_t body_size;
    err = *file_size < start ? EML_ERR_FORMAT : eml_trees_header(t, data + EML_FILE_HEADER, &body_size);
    if (err != EML_OK) {
        return err;
    }
    *end = start + body_size;
    if (body_size > *file_size - start || !eml_file_trailers_ok(data, *file_size, *end)) {
        return EML_ERR_FORMAT;
    }
    eml_trees_attach(t, data + start);
    return eml_trees_validate(t);
}

#endif // EML_TREES_FILE_H
