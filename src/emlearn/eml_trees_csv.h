// Tree ensembles from CSV text, ours or emlearn's, as docs/formats.md describes it. The text may arrive in pieces of any size.
//
//   eml_trees_csv_init(&p, grow)
//   eml_trees_csv_feed(&p, text, size)   as often as there is text
//   eml_trees_csv_end(&p)                then p.trees is validated and ready; after an error p.line tells where
//
// Golden rows are predicted as they pass: p.golden and p.agreeing count them.
#ifndef EML_TREES_CSV_H
#define EML_TREES_CSV_H

#include "eml_trees_rows.h"

static inline void eml_trees_csv_init(eml_trees_csv_t *p, eml_grow_t grow) {
    memset(p, 0, sizeof(*p));
    p->grow = grow;
    p->line = 1;
    p->row = EML_ROW_NONE;
    eml_build_init(&p->build, grow);
}

// A cell of emlearn's `l` rows is the class, a float, or, in brackets, the count of each class.
static inline eml_err_t eml_csv_emlearn_leaf(eml_trees_csv_t *p, int64_t value) {
    eml_trees_build_t *b = &p->build;
    const uint8_t kind = p->in_record ? EML_LEAF_COUNTS : b->n_classes ? EML_LEAF_HARD : EML_LEAF_VALUE;
    if (b->leaves.size && b->leaf != kind && p->column == 1) {
        return EML_ERR_FORMAT;
    }
    b->leaf = kind;
    if (kind == EML_LEAF_VALUE) {
        uint32_t bits = 0;
        const eml_err_t err = eml_csv_number_float(&p->number, &bits);
        return err != EML_OK ? err : eml_build_leaf(b, bits);
    }
    if (kind == EML_LEAF_HARD) {
        return value < 0 || value >= b->n_classes ? EML_ERR_RANGE : eml_build_leaf(b, (uint32_t)value);
    }
    if (value < 0 || value > 65535 || p->column > b->n_classes) {
        return EML_ERR_RANGE;
    }
    eml_err_t err = p->column == 1 ? eml_build_leaf(b, b->entries.size / 2) : EML_OK;
    if (err == EML_OK && value) {
        err = eml_build_entry(b, p->column - 1, (uint32_t)value);
    }
    return err;
}

// The number just read is a cell of the current row.
static inline eml_err_t eml_csv_cell(eml_trees_csv_t *p) {
    const eml_row_kind_t *kind = eml_row_kind(p->row);
    p->column++;
    int64_t value = 0;
    eml_err_t err;
    if (!p->ours && p->row == EML_ROW_N && p->column == 2) {
        int32_t whole = 0;
        err = eml_csv_number_floor(&p->number, &whole);
        value = whole;
    } else if (!p->ours && p->row == EML_ROW_L && !p->build.n_classes) {
        err = EML_OK; // a float
    } else {
        err = eml_csv_number_int(&p->number, &value);
    }
    if (err == EML_OK) {
        if (!p->ours && p->row == EML_ROW_L) {
            err = eml_csv_emlearn_leaf(p, value);
        } else if (p->row == EML_ROW_P) {
            err = eml_csv_entry(p, value);
        } else if (p->row == EML_ROW_T) {
            err = eml_csv_feature(p, value);
        } else if (p->row == EML_ROW_U) {
            err = eml_csv_output(p, value);
        } else if (p->column <= kind->max_cells) {
            p->cells[p->column - 1] = value;
        } else {
            err = EML_ERR_FORMAT; // a cell too many
        }
    }
    memset(&p->number, 0, sizeof(p->number));
    return err;
}

static inline int eml_csv_is(const eml_trees_csv_t *p, uint32_t row) {
    uint32_t i = 0;
    while (i < sizeof(p->name) && eml_row_kind(row)->name[i] == p->name[i]) {
        i++;
    }
    return i == sizeof(p->name);
}

// The name of a row is complete.
static inline eml_err_t eml_csv_name(eml_trees_csv_t *p) {
    uint32_t row = 0;
    while (row < EML_ROW_NONE && !eml_csv_is(p, row)) {
        row++;
    }
    if (row == EML_ROW_NONE || (p->rows > 0 && !p->ours && !eml_row_kind(row)->emlearn)) {
        return EML_ERR_FORMAT; // unknown
    }
    const int pair = row == EML_ROW_T && p->last_row == EML_ROW_U; // t, u, t, u, ...
    if ((row < p->last_row && !pair) || (row == EML_ROW_EML && p->rows > 0) || (row > EML_ROW_C && !p->done[EML_ROW_C])
        || (row == EML_ROW_C && !p->done[EML_ROW_F]) || (p->ours && p->done[row] >= eml_csv_expected(p, row))
        || (!p->ours && row <= EML_ROW_LB && p->done[row])) {
        return EML_ERR_FORMAT; // out of order, or one too many
    }
    p->row = p->last_row = (uint8_t)row;
    p->column = 0;
    p->text = row == EML_ROW_LABEL || row == EML_ROW_CERT;
    p->in_record = 0;
    if (row != EML_ROW_T) {
        return EML_OK;
    }
    eml_err_t err = eml_csv_complete(p);
    if (err == EML_OK && p->sample == NULL) {
        p->sample = (uint32_t *)p->grow(NULL, p->trees.n_features * sizeof(uint32_t));
        p->sums = (uint64_t *)p->grow(NULL, eml_trees_n_outputs(&p->trees) * (sizeof(uint64_t) + sizeof(float)));
        err = p->sample && p->sums ? EML_OK : EML_ERR_FULL;
    }
    return err;
}

// A row is complete.
static inline eml_err_t eml_csv_row(eml_trees_csv_t *p) {
    const eml_row_kind_t *kind = eml_row_kind(p->row);
    const int64_t *c = p->cells;
    const uint32_t i = p->done[p->row]++;
    eml_trees_build_t *b = &p->build;
    p->rows++;
    if (p->column < kind->min_cells) {
        return EML_ERR_FORMAT;
    }
    switch (p->row) {
        case EML_ROW_EML:
            return eml_csv_header(p);
        case EML_ROW_F:
            p->trees.n_features = b->n_features = (uint16_t)c[0];
            return c[0] < 1 || c[0] > 65535 ? EML_ERR_RANGE : EML_OK;
        case EML_ROW_C:
            p->trees.n_classes = b->n_classes = (uint16_t)c[0];
            return c[0] < 0 || c[0] > 65535 ? EML_ERR_RANGE : p->ours ? eml_csv_allocate(p) : EML_OK;
        case EML_ROW_S:
            return eml_csv_scale(p, i);
        case EML_ROW_V:
            return eml_csv_value(p, i);
        case EML_ROW_P:
            return p->column & 1 ? EML_ERR_FORMAT : eml_csv_put(p, p->trees.leaf_start, i + 1, p->n_entries);
        case EML_ROW_L:
            return p->ours ? (c[0] < 0 || c[0] >= p->trees.n_classes ? EML_ERR_RANGE : EML_OK)
                : p->in_record && p->column != b->n_classes ? EML_ERR_FORMAT
                                                            : EML_OK;
        case EML_ROW_R:
            return p->ours ? eml_csv_put(p, p->trees.roots, i, c[0])
                : c[0] < -0x7fff || c[0] > 0x7fffff ? EML_ERR_RANGE
                                                    : eml_build_root(b, (int32_t)c[0]);
        case EML_ROW_N:
            if (c[2] < -0x7fffffff || c[2] > 0x7fffffff || c[3] < -0x7fffffff || c[3] > 0x7fffffff) {
                return EML_ERR_RANGE;
            }
            return p->ours ? eml_csv_node(p, i)
                : c[0] < 0 || c[0] > 65535 ? EML_ERR_RANGE
                                           : eml_build_node(b, (uint16_t)c[0], (int32_t)c[1], (int32_t)c[2], (int32_t)c[3]);
        case EML_ROW_LABEL:
            p->labels.size += p->column < 2 ? 0 : 2u + ((uint8_t *)p->labels.words)[p->labels.size + 1];
            return p->column < 2 || p->escaped ? EML_ERR_FORMAT : EML_OK;
        case EML_ROW_T:
            return p->column == p->trees.n_features ? EML_OK : EML_ERR_FORMAT;
        case EML_ROW_U:
            p->golden++;
            p->agreeing = (uint16_t)(p->agreeing + p->agrees);
            return p->column == eml_trees_n_outputs(&p->trees) + 1 ? EML_OK : EML_ERR_FORMAT;
        case EML_ROW_END:
            return c[0] == p->rows - 1 ? eml_csv_complete(p) : EML_ERR_FORMAT;
        default:
            return EML_OK;
    }
}

static inline eml_err_t eml_csv_end_line(eml_trees_csv_t *p) {
    eml_err_t err = EML_OK;
    if (p->name_size) { // not an empty line
        err = p->row == EML_ROW_NONE ? eml_csv_name(p) : EML_OK;
        if (err == EML_OK && !p->text && p->row != EML_ROW_NONE && (p->number.n_chars || !p->in_record)) {
            err = eml_csv_cell(p); // an empty cell is no number, and refused
        }
        err = err == EML_OK ? eml_csv_row(p) : err;
        memset(p->name, 0, sizeof(p->name));
        p->name_size = 0;
        p->row = EML_ROW_NONE;
        p->text = 0;
    }
    p->line += err == EML_OK;
    return err;
}

static inline eml_err_t eml_csv_char(eml_trees_csv_t *p, char c) {
    if (c == '\n' && !p->bracket) {
        return eml_csv_end_line(p);
    }
    if (c == '\r') {
        return EML_OK;
    }
    if (p->text) {
        return p->row == EML_ROW_LABEL ? eml_csv_label(p, c) : EML_OK;
    }
    if (p->row == EML_ROW_NONE) {
        if (c == ',') {
            return eml_csv_name(p);
        }
        if (p->name_size == sizeof(p->name) - 1 || p->done[EML_ROW_END]) {
            return EML_ERR_FORMAT;
        }
        p->name[p->name_size++] = (uint8_t)c;
        return EML_OK;
    }
    const int emlearn_leaf = !p->ours && p->row == EML_ROW_L;
    if (emlearn_leaf && (c == '[' || c == ']' || c == ' ' || c == '\n')) { // NumPy's way to print a row, over several lines
        const eml_err_t err = p->number.n_chars ? eml_csv_cell(p) : EML_OK;
        const int bad = (c == '[' && (p->in_record || p->column)) || (c == ']' && !p->bracket);
        p->bracket = c == '[' || (p->bracket && c != ']');
        p->in_record |= p->bracket;
        p->line += c == '\n';
        return bad ? EML_ERR_FORMAT : err;
    }
    if (c == ',') {
        return eml_csv_cell(p);
    }
    eml_csv_number_add(&p->number, c);
    return EML_OK;
}

static inline eml_err_t eml_trees_csv_feed(eml_trees_csv_t *p, const char *text, size_t size) {
    eml_err_t err = EML_OK;
    for (size_t i = 0; i < size && err == EML_OK; i++) {
        err = eml_csv_char(p, text[i]);
    }
    return err;
}

static inline eml_err_t eml_trees_csv_end(eml_trees_csv_t *p) {
    eml_err_t err = p->bracket ? EML_ERR_FORMAT : eml_csv_end_line(p); // the last line may lack its end
    if (err == EML_OK && p->ours && !p->done[EML_ROW_END]) {
        err = EML_ERR_FORMAT;
    }
    return err == EML_OK ? eml_csv_complete(p) : err;
}

#endif // EML_TREES_CSV_H
