// What each row of our CSV means; eml_trees_csv.h reads the text. See docs/formats.md.
#ifndef EML_TREES_ROWS_H
#define EML_TREES_ROWS_H

#include "eml_trees_image.h"

// Rows in the order in which files have them.
typedef enum {
    EML_ROW_EML, EML_ROW_F, EML_ROW_C, EML_ROW_LB, EML_ROW_S, EML_ROW_V, EML_ROW_P, EML_ROW_L, EML_ROW_R, EML_ROW_N,
    EML_ROW_LABEL, EML_ROW_T, EML_ROW_U, EML_ROW_CERT, EML_ROW_END, EML_ROW_NONE
} eml_row_t;

#define EML_ROW_MAX_CELLS 11
#define EML_CSV_MAGIC 0x2c6c6d65u // "eml,"

typedef struct eml_trees_csv {
    eml_trees_t trees; // its tables lie in `file`
    uint8_t *file;     // the model as an .eml file
    uint32_t size;     // of the file, once it is complete
    uint32_t line;
    // What replays a golden row, or NULL: sample, of which words or halves are used, then the class and the outputs' bits.
    // Returns whether the model agrees, or an eml_err_t. `file` and `trees` are complete, but for the TEST trailer.
    int (*replay)(struct eml_trees_csv *p, const void *sample, const uint32_t *expected);
    void *context;      // for `replay`
    uint16_t tested[2]; // rows of which the model agrees, golden rows
    uint8_t *labels;    // as the LABL trailer holds them, or NULL
    uint32_t labels_size;
    uint32_t *golden;  // [n_features + 1 + n_outputs]: the row at hand
    uint32_t *scratch; // [256]

    eml_grow_t grow;
    uint32_t rows;
    uint32_t name; // letters of the row's name, or bytes of its text
    uint32_t cells[EML_ROW_MAX_CELLS];
    uint32_t column;             // cells completed in this row
    uint32_t number;             // of the cell at hand
    uint32_t cursor;             // entries of `p` rows
    uint32_t done[EML_ROW_NONE]; // rows of each kind
    uint8_t row, last_row;
    uint8_t negative, n_digits;
    uint8_t escaped, valid;
    uint8_t in_number, is_signed; // inside a row of numbers
} eml_trees_csv_t;

#define EML_CSV_TEST 12 // bytes of the TEST trailer

// How many rows of a kind the file has, by its first row.
static inline uint32_t eml_csv_expected(const eml_trees_csv_t *p, uint32_t row) {
    const eml_trees_t *t = &p->trees;
    switch (row) {
        case EML_ROW_S: return t->dtype == EML_TREES_SCALED ? t->n_features : 0;
        case EML_ROW_V:
            return eml_trees_is_sum(t)        ? eml_trees_sum_words(t) + 2 * eml_trees_n_bases(t)
                : t->leaf == EML_LEAF_VALUE    ? t->n_leaves
                : t->leaf == EML_LEAF_WEIGHTED ? t->n_values
                                               : 0;
        case EML_ROW_P: return eml_trees_has_records(t) ? t->n_leaves : 0;
        case EML_ROW_L: return t->n_classes && !eml_trees_is_sum(t) ? t->n_classes + t->n_leaves : 0;
        case EML_ROW_R: return t->n_trees;
        case EML_ROW_N: return t->n_nodes;
        case EML_ROW_LABEL: return t->n_classes;
        case EML_ROW_T: return p->done[EML_ROW_U] < 0xffff ? p->done[EML_ROW_U] + 1 : 0xffff; // each has its u row
        case EML_ROW_U: return p->done[EML_ROW_T];
        default: return 1;
    }
}

static inline eml_err_t eml_csv_header(eml_trees_csv_t *p) {
    const uint32_t *c = p->cells;
    eml_trees_t *t = &p->trees;
    t->layout = (uint8_t)c[1];
    t->dtype = (uint8_t)c[2];
    t->leaf = (uint8_t)c[3];
    t->feature_bits = (uint8_t)c[4];
    t->entry = (uint8_t)c[5];
    t->n_trees = (uint16_t)c[6];
    t->n_nodes = c[7];
    t->n_leaves = c[8];
    t->n_entries = c[9];
    t->n_values = c[10];
    for (int i = 1; i < 11; i++) {
        if (c[i] > (i == 1 ? (uint32_t)EML_TREES_WIDE : i < 6 ? 14u : i == 6 ? 65535u : EML_TREES_MAX_COUNT - 1)) {
            return EML_ERR_RANGE;
        }
    }
    if (t->entry > 1 && t->leaf != EML_LEAF_SUM) { // of a byte in an .eml; text has what they stand for
        if (t->leaf != EML_LEAF_UINT8 || t->entry > EML_TREES_LEVEL_BITS) {
            return EML_ERR_RANGE;
        }
        t->entry = 0;
    }
    return c[0] == EML_FILE_MAJOR ? EML_OK : EML_ERR_UNSUPPORTED;
}

// The rows so far say how large the tables are: get the memory.
static inline eml_err_t eml_csv_allocate(eml_trees_csv_t *p) {
    p->file = eml_image_allocate(&p->trees, p->grow, &p->size);
    return p->file ? EML_OK : EML_ERR_FULL;
}

// An `n` row as element i.
static inline eml_err_t eml_csv_node(eml_trees_csv_t *p, uint32_t i) {
    const eml_trees_t *t = &p->trees;
    const uint32_t feature = p->cells[0];
    const uint32_t left = eml_image_ref(p->cells[2]);
    const uint32_t right = eml_image_ref(p->cells[3]);
    const uint32_t missing_left = p->column > 4;
    const int is_leaf = left == right && left >> 31;
    const uint32_t threshold = is_leaf ? 0 : p->cells[1] - (t->dtype != EML_TREES_FLOAT);
    const uint32_t head = is_leaf ? 0 : feature | missing_left << (t->layout == EML_TREES_WIDE ? 30 : 15);
    if (feature >= t->n_features || (missing_left && p->cells[4] != 1)
        || (t->dtype != EML_TREES_FLOAT && threshold + 32768 > 65535)) {
        return EML_ERR_RANGE;
    }
    return eml_image_node(t, p->file + EML_IMAGE_BODY, i, head, threshold, left, right);
}

// All tables are there: validate, once, and append the labels and room for the TEST trailer.
static inline eml_err_t eml_csv_complete(eml_trees_csv_t *p) {
    if (p->valid) {
        return EML_OK;
    }
    for (uint32_t row = EML_ROW_EML; row <= EML_ROW_LABEL; row++) {
        if (p->done[row] != eml_csv_expected(p, row) && (row != EML_ROW_LABEL || p->done[row])) {
            return EML_ERR_FORMAT;
        }
    }
    const eml_err_t err = eml_trees_validate(&p->trees);
    if (err != EML_OK) {
        return err;
    }
    const uint32_t labels = p->labels ? 8 + eml_pad4(p->labels_size) : 0;
    uint8_t *file = (uint8_t *)p->grow(p->file, p->size + labels + EML_CSV_TEST);
    if (file == NULL) {
        return EML_ERR_FULL;
    }
    p->file = file;
    p->scratch = (uint32_t *)p->grow(NULL, 256 * sizeof(uint32_t));
    if (p->scratch == NULL) {
        return EML_ERR_FULL;
    }
    eml_trees_attach(&p->trees, file + EML_IMAGE_BODY);
    memset(file + p->size, 0, labels + EML_CSV_TEST);
    if (p->labels) {
        memcpy(eml_image_trailer(file + p->size, EML_TRAILER_LABELS, p->labels_size), p->labels, p->labels_size);
    }
    p->size += labels;
    p->valid = 1;
    eml_trees_seal(p->file, &p->trees, p->size, p->scratch);
    return EML_OK;
}

// First golden row: complete the model, and get what its prediction needs.
static inline eml_err_t eml_csv_golden(eml_trees_csv_t *p) {
    const eml_err_t err = eml_csv_complete(p);
    if (err != EML_OK || p->golden) {
        return err;
    }
    p->golden = (uint32_t *)p->grow(NULL, (p->trees.n_features + 1 + eml_trees_n_outputs(&p->trees)) * sizeof(uint32_t));
    return p->golden ? EML_OK : EML_ERR_FULL;
}

static inline eml_err_t eml_csv_replay(eml_trees_csv_t *p) {
    const int agrees = p->replay ? p->replay(p, p->golden, p->golden + p->trees.n_features) : 0;
    p->tested[0] = (uint16_t)(p->tested[0] + (agrees > 0));
    p->tested[1]++;
    return agrees < 0 ? (eml_err_t)agrees : EML_OK;
}

// The last row: how the golden rows did becomes the TEST trailer.
static inline eml_err_t eml_csv_finish(eml_trees_csv_t *p) {
    const eml_err_t err = p->done[EML_ROW_T] == p->done[EML_ROW_U] ? eml_csv_complete(p) : EML_ERR_FORMAT;
    if (err == EML_OK && p->golden) {
        memcpy(eml_image_trailer(p->file + p->size, EML_TRAILER_TEST, 4), p->tested, 4);
        p->size += EML_CSV_TEST;
        eml_trees_seal(p->file, &p->trees, p->size, p->scratch);
    }
    return err;
}

// The number just read is cell i of the row.
static inline eml_err_t eml_csv_cell(eml_trees_csv_t *p) {
    const eml_trees_t *t = &p->trees;
    const uint32_t value = p->negative ? 0u - p->number : p->number;
    const uint32_t i = p->column++;
    if (p->n_digits == 0) {
        return EML_ERR_FORMAT;
    }
    if (p->number > (p->is_signed ? 0x7fffffffu + p->negative : p->negative ? 0 : 0xffffffffu)) {
        return EML_ERR_RANGE;
    }
    p->number = p->negative = p->n_digits = 0;
    switch (p->row) {
        case EML_ROW_P: { // class, value, class, value, ...
            const uint32_t entry = p->cursor;
            const uint32_t is_value = i & 1;
            if (entry >= t->n_entries) {
                return EML_ERR_FORMAT;
            }
            p->cursor += is_value;
            if (t->entry) {
                return eml_image_put(t->entries, eml_trees_index_size(t), 2 * entry + is_value, value);
            }
            ((uint8_t *)t->entries)[2 * entry + is_value] = (uint8_t)value;
            return value > 255 ? EML_ERR_RANGE : EML_OK;
        }
        case EML_ROW_T:
            if (i >= t->n_features) {
                return EML_ERR_FORMAT;
            }
            if (t->dtype == EML_TREES_INT16) {
                ((int16_t *)(void *)p->golden)[i] = (int16_t)value;
                return value + 32768 > 65535 ? EML_ERR_RANGE : EML_OK;
            }
            p->golden[i] = value;
            return EML_OK;
        case EML_ROW_U:
            if (i > eml_trees_n_outputs(t)) {
                return EML_ERR_FORMAT;
            }
            p->golden[t->n_features + i] = value;
            return EML_OK;
        default:
            if (i >= EML_ROW_MAX_CELLS) {
                return EML_ERR_FORMAT;
            }
            p->cells[i] = value;
            return EML_OK;
    }
}

// A label is complete. An integer ends in a digit.
static inline eml_err_t eml_csv_label_end(eml_trees_csv_t *p) {
    const uint8_t *label = p->labels + p->labels_size;
    p->labels_size += 2u + label[1];
    return label[0] == 'i' && (label[1] == 0 || label[1 + label[1]] == '-') ? EML_ERR_RANGE : EML_OK;
}

// A row is complete: store it.
static inline eml_err_t eml_csv_row(eml_trees_csv_t *p) {
    eml_trees_t *t = &p->trees;
    const uint32_t *c = p->cells;
    const uint32_t i = p->done[p->row]++;
    uint32_t expected = 1; // cells
    eml_err_t err = EML_OK;
    p->rows++;
    switch (p->row) {
        case EML_ROW_EML:
            expected = EML_ROW_MAX_CELLS;
            err = eml_csv_header(p);
            break;
        case EML_ROW_F:
            t->n_features = (uint16_t)c[0];
            err = c[0] > 65535 ? EML_ERR_RANGE : EML_OK;
            break;
        case EML_ROW_C:
            t->n_classes = (uint16_t)c[0];
            err = c[0] > 65535 ? EML_ERR_RANGE : eml_csv_allocate(p);
            break;
        case EML_ROW_S:
            expected = 2;
            eml_image_put(t->scale, 4, 2 * i, c[0]);
            eml_image_put(t->scale, 4, 2 * i + 1, c[1]);
            break;
        case EML_ROW_V:
            expected = t->leaf >= EML_LEAF_VALUE ? 1 : 2;
            eml_image_put(t->values, 4, expected * i, c[0]);
            eml_image_put(t->values, 4, expected * i + expected - 1, c[expected - 1]);
            break;
        case EML_ROW_P:
            expected = p->column & ~1u;
            err = eml_image_put(t->leaf_start, eml_trees_index_size(t), i + 1, p->cursor);
            break;
        case EML_ROW_L:
            err = c[0] >= t->n_classes ? EML_ERR_RANGE : EML_OK;
            break;
        case EML_ROW_R:
            err = eml_image_put(t->roots, eml_trees_index_size(t), i, c[0]);
            break;
        case EML_ROW_N:
            expected = p->column == 5 ? 5 : 4;
            err = p->column < 4 ? EML_ERR_FORMAT : eml_csv_node(p, i);
            break;
        case EML_ROW_LABEL:
            expected = p->column;
            err = p->name < 2 || p->escaped ? EML_ERR_FORMAT : eml_csv_label_end(p);
            break;
        case EML_ROW_T:
            expected = t->n_features;
            break;
        case EML_ROW_U:
            expected = eml_trees_n_outputs(t) + 1;
            err = p->column == expected ? eml_csv_replay(p) : EML_ERR_FORMAT;
            break;
        case EML_ROW_END:
            err = c[0] == p->rows - 1 ? eml_csv_finish(p) : EML_ERR_FORMAT;
            break;
        default:
            expected = p->column;
            break;
    }
    return p->column != expected ? EML_ERR_FORMAT : err;
}

#endif // EML_TREES_ROWS_H
