// What each row of a CSV model means; eml_trees_csv.h reads the text. See docs/formats.md.
#ifndef EML_TREES_ROWS_H
#define EML_TREES_ROWS_H

#include "eml_csv.h"
#include "eml_trees_build.h"

typedef enum {
    EML_ROW_EML, EML_ROW_F, EML_ROW_C, EML_ROW_LB, EML_ROW_S, EML_ROW_V, EML_ROW_P, EML_ROW_L, EML_ROW_R, EML_ROW_N,
    EML_ROW_LABEL, EML_ROW_T, EML_ROW_U, EML_ROW_CERT, EML_ROW_END, EML_ROW_NONE
} eml_row_t;

typedef struct {
    uint8_t name[6];
    uint8_t min_cells;
    uint8_t max_cells; // 0: any number, taken cell by cell
    uint8_t emlearn;   // whether emlearn's files have it
} eml_row_kind_t;

#define EML_CSV_MAX_CELLS 12

typedef struct {
    eml_trees_t trees;
    eml_trees_build_t build;  // emlearn's files only
    eml_build_table_t labels; // as the LABL trailer holds them; size in bytes
    uint32_t line;
    uint16_t golden, agreeing; // golden rows, and those that the model reproduces

    eml_grow_t grow;
    uint8_t *body;     // tables of `trees`
    uint32_t *sample;  // golden row: [n_features]
    uint64_t *sums;    // [n_outputs], then the outputs: [n_outputs] float
    int64_t cells[EML_CSV_MAX_CELLS];
    eml_csv_number_t number;
    uint32_t rows;
    uint32_t column; // cells completed in this row; 0: the name
    uint32_t done[EML_ROW_NONE]; // rows of each kind
    uint32_t n_entries, n_labels;
    uint8_t row, last_row;
    uint8_t name[6], name_size;
    uint8_t ours, text, escaped, bracket, in_record, agrees, valid;
} eml_trees_csv_t;

// Name, least and most cells of each row, in the order in which files have them.
static inline const eml_row_kind_t *eml_row_kind(uint32_t row) {
    static const eml_row_kind_t kinds[EML_ROW_NONE] = {
        { "eml", 11, 11, 0 }, { "f", 1, 1, 1 }, { "c", 1, 1, 1 },       { "lb", 1, 1, 1 }, { "s", 2, 2, 0 },
        { "v", 1, 2, 0 },     { "p", 2, 0, 0 }, { "l", 1, 1, 1 },       { "r", 1, 1, 1 },  { "n", 4, 5, 1 },
        { "label", 0, 0, 0 }, { "t", 1, 0, 0 }, { "u", 2, 0, 0 },       { "cert", 0, 0, 0 }, { "end", 1, 1, 0 },
    };
    return &kinds[row];
}

// How many rows of a kind a file of ours has.
static inline uint32_t eml_csv_expected(const eml_trees_csv_t *p, uint32_t row) {
    const eml_trees_t *t = &p->trees;
    switch (row) {
        case EML_ROW_S: return t->dtype == EML_TREES_SCALED ? t->n_features : 0;
        case EML_ROW_V: return t->leaf == EML_LEAF_VALUE ? t->n_leaves : t->n_values;
        case EML_ROW_P: return eml_trees_has_records(t) ? t->n_leaves : 0;
        case EML_ROW_L: return t->n_classes ? t->n_classes + t->n_leaves : 0;
        case EML_ROW_R: return t->n_trees;
        case EML_ROW_N: return t->n_nodes;
        case EML_ROW_LABEL: return t->n_classes;
        case EML_ROW_T: return 0xffff;
        case EML_ROW_U: return p->done[EML_ROW_T];
        default: return 1;
    }
}

static inline eml_err_t eml_csv_put(eml_trees_csv_t *p, const void *table, uint32_t i, int64_t value) {
    const int wide = p->trees.layout == EML_TREES_WIDE;
    if (value < 0 || value > (wide ? 0xffffffff : 0xffff)) {
        return EML_ERR_RANGE;
    }
    if (wide) { // the tables are ours, in `body`
        ((uint32_t *)table)[i] = (uint32_t)value;
    } else {
        ((uint16_t *)table)[i] = (uint16_t)value;
    }
    return EML_OK;
}

// The rows eml, f and c say how large everything is: get the memory.
static inline eml_err_t eml_csv_allocate(eml_trees_csv_t *p) {
    const uint32_t size = eml_trees_body_size(&p->trees);
    p->body = (uint8_t *)p->grow(NULL, size + 4);
    if (p->body == NULL) {
        return EML_ERR_FULL;
    }
    memset(p->body, 0, size);
    eml_trees_attach(&p->trees, p->body);
    return EML_OK;
}

static inline eml_err_t eml_csv_header(eml_trees_csv_t *p) {
    uint8_t header[EML_TREES_HEADER] = { 0 };
    const int64_t *c = p->cells;
    if (c[0] != EML_FILE_MAJOR) {
        return EML_ERR_UNSUPPORTED;
    }
    for (int i = 1; i < 6; i++) { // layout, dtype, leaf, feature_bits, entry
        header[5 + i] = (uint8_t)c[i];
        if (c[i] < 0 || c[i] > 255) {
            return EML_ERR_RANGE;
        }
    }
    header[4] = (uint8_t)c[6];
    header[5] = (uint8_t)(c[6] >> 8);
    for (int i = 0; i < 16; i++) { // n_nodes, n_leaves, n_entries, n_values
        header[12 + i] = (uint8_t)((uint64_t)c[7 + i / 4] >> 8 * (i % 4));
    }
    uint32_t size;
    p->ours = 1;
    const int ok = c[6] >= 0 && c[6] <= 65535 && c[7] >= 0 && c[8] >= 0 && c[9] >= 0 && c[10] >= 0;
    return ok ? eml_trees_header(&p->trees, header, &size) : EML_ERR_RANGE;
}

static inline eml_err_t eml_csv_scale(eml_trees_csv_t *p, uint32_t i) {
    int32_t *scale = (int32_t *)p->trees.scale + 2 * (size_t)i;
    scale[0] = (int32_t)p->cells[0];
    scale[1] = (int32_t)p->cells[1];
    return p->cells[0] != scale[0] || p->cells[1] != scale[1] ? EML_ERR_RANGE : EML_OK;
}

static inline eml_err_t eml_csv_value(eml_trees_csv_t *p, uint32_t i) {
    const uint32_t words = p->trees.leaf == EML_LEAF_VALUE ? 1 : 2;
    uint32_t *value = (uint32_t *)p->trees.values + words * (size_t)i;
    for (uint32_t k = 0; k < words; k++) {
        if (p->cells[k] < 0) {
            return EML_ERR_RANGE;
        }
        value[k] = (uint32_t)p->cells[k];
    }
    return p->column == words ? EML_OK : EML_ERR_FORMAT;
}

// A cell of a `p` row: class, value, class, value, ...
static inline eml_err_t eml_csv_entry(eml_trees_csv_t *p, int64_t value) {
    const eml_trees_t *t = &p->trees;
    const uint32_t i = p->n_entries;
    if (i >= t->n_entries || p->done[EML_ROW_P] >= eml_csv_expected(p, EML_ROW_P)) {
        return EML_ERR_FORMAT;
    }
    const uint32_t is_value = (p->column & 1) == 0; // cells count from 1
    p->n_entries += is_value;
    if (t->entry) {
        return eml_csv_put(p, t->entries, 2 * i + is_value, value);
    }
    uint16_t *entry = (uint16_t *)t->entries + i;
    *entry = (uint16_t)(is_value ? *entry | value << 8 : value);
    return value < 0 || value > 255 ? EML_ERR_RANGE : EML_OK;
}

// A cell of a `t` row: features as they are for int16 models, else bits of float32.
static inline eml_err_t eml_csv_feature(eml_trees_csv_t *p, int64_t value) {
    const eml_trees_t *t = &p->trees;
    const uint32_t i = p->column - 1;
    if (i >= t->n_features) {
        return EML_ERR_FORMAT;
    }
    if (t->dtype == EML_TREES_INT16) {
        ((int16_t *)(void *)p->sample)[i] = (int16_t)value;
        return value < -32768 || value > 32767 ? EML_ERR_RANGE : EML_OK;
    }
    p->sample[i] = (uint32_t)value;
    return value < 0 ? EML_ERR_RANGE : EML_OK;
}

// A cell of a `u` row: the class, then the bits of the outputs for the sample of the last `t` row.
static inline eml_err_t eml_csv_output(eml_trees_csv_t *p, int64_t value) {
    const eml_trees_t *t = &p->trees;
    const uint32_t n_out = eml_trees_n_outputs(t);
    float *outputs = (float *)(void *)(p->sums + n_out);
    if (p->column > n_out + 1) {
        return EML_ERR_FORMAT;
    }
    if (p->column > 1) {
        p->agrees &= value == eml_float_bits(&outputs[p->column - 2]);
        return EML_OK;
    }
    const eml_array_t x = { p->sample, t->n_features, t->dtype == EML_TREES_INT16 ? EML_INT16 : EML_FLOAT32 };
    uint32_t klass = 0;
    eml_err_t err = eml_trees_outputs(t, &x, p->sums, outputs, n_out);
    err = err == EML_OK && t->n_classes ? eml_trees_class(t, &x, p->sums, &klass) : err;
    p->agrees = value == klass;
    return err;
}

// A character of a label row, stored as the LABL trailer has it: kind, length, text.
static inline eml_err_t eml_csv_label(eml_trees_csv_t *p, char c) {
    uint8_t *bytes = (uint8_t *)p->labels.words;
    if (p->column == 0) {
        const eml_err_t err = eml_build_reserve(p->grow, &p->labels, p->labels.size / 4 + 68); // room for the longest label
        if (err != EML_OK || (c != 'i' && c != 's') || p->done[EML_ROW_LABEL] >= p->trees.n_classes) {
            return err != EML_OK ? err : EML_ERR_FORMAT;
        }
        bytes = (uint8_t *)p->labels.words;
        bytes[p->labels.size] = (uint8_t)c;
        bytes[p->labels.size + 1] = 0;
        p->column = 1;
        return EML_OK;
    }
    if (p->column == 1) {
        p->column = 2;
        return c == ',' ? EML_OK : EML_ERR_FORMAT;
    }
    uint8_t *label = bytes + p->labels.size;
    if (c == '\\' && !p->escaped) {
        p->escaped = 1;
        return EML_OK;
    }
    if (p->escaped) {
        c = c == 'n' ? '\n' : c == 'r' ? '\r' : c;
        p->escaped = 0;
    }
    const int digit = (c >= '0' && c <= '9') || c == '-';
    if (label[1] == 255 || (label[0] == 'i' && !digit)) {
        return EML_ERR_RANGE;
    }
    label[2 + label[1]++] = (uint8_t)c;
    return EML_OK;
}

// One `n` row as an element.
static inline eml_err_t eml_csv_node(eml_trees_csv_t *p, uint32_t i) {
    const eml_trees_t *t = &p->trees;
    const int64_t feature = p->cells[0];
    const int64_t threshold = p->cells[1] - (t->dtype != EML_TREES_FLOAT);
    const int64_t left = p->cells[2];
    const int64_t right = p->cells[3];
    const int64_t missing_left = p->column > 4 ? p->cells[4] : 0;
    const int is_leaf = left < 0 && left == right;
    const int64_t limit = t->dtype == EML_TREES_FLOAT ? 0x7fffffff : 0x7fff;
    if (feature < 0 || feature >= t->n_features || missing_left < 0 || missing_left > 1
        || (!is_leaf && (threshold < -limit - 1 || threshold > limit))) {
        return EML_ERR_RANGE;
    }
    const uint32_t left_ref = eml_build_ref((int32_t)left);
    const uint32_t right_ref = eml_build_ref((int32_t)right);
    if (t->layout == EML_TREES_WIDE) {
        uint32_t *w = (uint32_t *)(void *)p->body + 4 * (size_t)i;
        w[0] = is_leaf ? 0x80000000u : (uint32_t)missing_left << 30 | (uint32_t)feature;
        w[1] = is_leaf ? 0 : (uint32_t)threshold;
        w[2] = is_leaf ? 0 : left_ref;
        w[3] = right_ref;
        return left > 0x7fffffff || right > 0x7fffffff ? EML_ERR_RANGE : EML_OK;
    }
    const int64_t code = left < 0 && !is_leaf ? -left : 0;
    if ((left >= 0 && left != 1) || code > 0x3fff >> t->feature_bits || right > 0x7fff || right < -0x8000) {
        return EML_ERR_RANGE;
    }
    uint16_t *w = (uint16_t *)(void *)p->body + (size_t)i * (t->layout == EML_TREES_PACKED16 ? 3 : 4);
    w[0] = (uint16_t)(is_leaf ? 0x8000 : missing_left << 14 | code << t->feature_bits | feature);
    w[1] = (uint16_t)(right_ref >> 16 | right_ref);
    w[2] = (uint16_t)(is_leaf ? 0 : threshold);
    if (t->layout == EML_TREES_PACKED32) {
        w[3] = (uint16_t)(is_leaf ? 0 : (uint32_t)threshold >> 16);
    }
    return EML_OK;
}

// All tables are there: validate, once.
static inline eml_err_t eml_csv_complete(eml_trees_csv_t *p) {
    if (p->valid) {
        return EML_OK;
    }
    if (!p->ours) {
        p->build.leaf = p->done[EML_ROW_L] ? p->build.leaf : (uint8_t)EML_LEAF_HARD;
        const eml_err_t err = eml_build_finish(&p->build, &p->trees);
        if (err != EML_OK) {
            return err;
        }
    } else {
        for (uint32_t row = EML_ROW_EML; row <= EML_ROW_LABEL; row++) {
            const int optional = row == EML_ROW_LABEL && p->done[row] == 0;
            if (p->done[row] != eml_csv_expected(p, row) && !optional) {
                return EML_ERR_FORMAT;
            }
        }
        p->trees.exponent = eml_trees_exponent(&p->trees);
    }
    p->valid = 1;
    return eml_trees_validate(&p->trees);
}

#endif // EML_TREES_ROWS_H
