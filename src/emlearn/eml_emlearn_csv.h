// Tree ensembles from the CSV files of the emlearn package, repaired: x <= floor(threshold) goes left. See docs/formats.md.
//
//   eml_emlearn_init(&p, grow)
//   eml_emlearn_feed(&p, text, size)   as often as there is text
//   eml_emlearn_end(&p)                then p.build is to be finished; after an error p.line tells where
#ifndef EML_EMLEARN_CSV_H
#define EML_EMLEARN_CSV_H

#include "eml_decimal.h"
#include "eml_trees_build.h"

typedef struct {
    eml_trees_build_t build;
    uint32_t line;
    eml_decimal_t number; // the cell at hand
    int32_t cells[4];
    uint32_t column; // cells completed in this row
    uint8_t row;     // first letter of its name, 0 before it; lb is 'b'
    uint8_t named;   // the name is complete
    uint8_t bracket; // inside [ ]
    uint8_t record;  // the row had brackets
    uint8_t seen_f, seen_c;
} eml_emlearn_csv_t;

static inline void eml_emlearn_init(eml_emlearn_csv_t *p, eml_grow_t grow) {
    memset(p, 0, sizeof(*p));
    p->line = 1;
    eml_build_init(&p->build, grow);
}

// A cell of an `l` row: the class, a float, or, in brackets, the count of a class.
static inline eml_err_t eml_emlearn_leaf(eml_emlearn_csv_t *p) {
    eml_trees_build_t *b = &p->build;
    const uint8_t kind = p->record ? EML_LEAF_COUNTS : b->n_classes ? EML_LEAF_HARD : EML_LEAF_VALUE;
    int32_t value = 0;
    uint32_t bits = 0;
    eml_err_t err = kind == EML_LEAF_VALUE ? eml_decimal_float(&p->number, &bits) : eml_decimal_int(&p->number, &value);
    if (err != EML_OK || (b->leaves.size && b->leaf != kind && p->column == 1)) {
        return err != EML_OK ? err : EML_ERR_FORMAT;
    }
    b->leaf = kind;
    if (kind == EML_LEAF_VALUE) {
        return eml_build_leaf(b, bits);
    }
    if (value < 0 || value > 65535 || (kind == EML_LEAF_HARD ? value >= b->n_classes : p->column > b->n_classes)) {
        return EML_ERR_RANGE;
    }
    if (kind == EML_LEAF_HARD) {
        return eml_build_leaf(b, (uint32_t)value);
    }
    err = p->column == 1 ? eml_build_leaf(b, b->entries.size / 2) : EML_OK;
    return err == EML_OK && value ? eml_build_entry(b, p->column - 1, (uint32_t)value) : err;
}

static inline eml_err_t eml_emlearn_cell(eml_emlearn_csv_t *p) {
    p->column++;
    eml_err_t err;
    if (p->row == 'l') {
        err = p->record || p->column == 1 ? eml_emlearn_leaf(p) : EML_ERR_FORMAT;
    } else if (p->column > 4) {
        err = EML_ERR_FORMAT;
    } else {
        int32_t *cell = &p->cells[p->column - 1];
        err = p->row == 'n' && p->column == 2 ? eml_decimal_floor(&p->number, cell) : eml_decimal_int(&p->number, cell);
    }
    memset(&p->number, 0, sizeof(p->number));
    return err;
}

static inline eml_err_t eml_emlearn_row(eml_emlearn_csv_t *p) {
    eml_trees_build_t *b = &p->build;
    const int32_t *c = p->cells;
    const uint32_t column = p->column;
    const int in_order = p->row == 'f' ? !p->seen_f : p->row == 'c' ? p->seen_f && !p->seen_c : p->seen_c;
    if (!in_order) {
        return EML_ERR_FORMAT;
    }
    switch (p->row) {
        case 'f':
            p->seen_f = 1;
            b->n_features = (uint16_t)c[0];
            return column != 1 ? EML_ERR_FORMAT : c[0] < 1 || c[0] > 65535 ? EML_ERR_RANGE : EML_OK;
        case 'c':
            p->seen_c = 1;
            b->n_classes = (uint16_t)c[0];
            b->leaf = c[0] ? EML_LEAF_HARD : EML_LEAF_VALUE;
            return column != 1 ? EML_ERR_FORMAT : c[0] < 0 || c[0] > 65535 ? EML_ERR_RANGE : EML_OK;
        case 'b': // the bits of a leaf: the rows show what they are
            return column != 1 ? EML_ERR_FORMAT : EML_OK;
        case 'l':
            return column != (p->record ? b->n_classes : 1) ? EML_ERR_FORMAT : EML_OK;
        case 'r':
            return column != 1 ? EML_ERR_FORMAT : eml_build_root(b, c[0]);
        default: // n
            return column != 4 ? EML_ERR_FORMAT
                : c[0] < 0 || c[0] > 65535 ? EML_ERR_RANGE
                                           : eml_build_node(b, (uint16_t)c[0], c[1], c[2], c[3]);
    }
}

static inline eml_err_t eml_emlearn_end_line(eml_emlearn_csv_t *p) {
    eml_err_t err = p->row && !p->named ? EML_ERR_FORMAT : EML_OK;
    if (p->named) {
        if (p->number.n_chars || !p->record) {
            err = eml_emlearn_cell(p); // an empty cell is no number, and refused
        }
        err = err == EML_OK ? eml_emlearn_row(p) : err;
    }
    p->row = p->named = p->record = 0;
    p->column = 0;
    p->line += err == EML_OK;
    return err;
}

static inline eml_err_t eml_emlearn_name(eml_emlearn_csv_t *p, char c) {
    if (c == ',') {
        p->named = p->row != 0;
    } else if (c == 'b' && p->row == 'l') {
        p->row = 'b';
    } else if (p->row == 0 && (c == 'f' || c == 'c' || c == 'l' || c == 'r' || c == 'n')) {
        p->row = (uint8_t)c;
        return EML_OK;
    } else {
        return EML_ERR_FORMAT; // unknown
    }
    return p->row ? EML_OK : EML_ERR_FORMAT;
}

static inline eml_err_t eml_emlearn_char(eml_emlearn_csv_t *p, char c) {
    if (c == '\r') {
        return EML_OK;
    }
    if (c == '\n' && !p->bracket) {
        return eml_emlearn_end_line(p);
    }
    if (!p->named) {
        return eml_emlearn_name(p, c);
    }
    if (p->row == 'l' && (c == '[' || c == ']' || c == ' ' || c == '\n')) { // as NumPy prints a row, over several lines
        const int bad = c == '[' ? p->record || p->column || p->number.n_chars : c == ']' && !p->bracket;
        const eml_err_t err = p->number.n_chars && !bad ? eml_emlearn_cell(p) : EML_OK;
        p->bracket = c == '[' || (p->bracket && c != ']');
        p->record |= p->bracket;
        p->line += c == '\n';
        return bad ? EML_ERR_FORMAT : err;
    }
    if (c == ',') {
        return eml_emlearn_cell(p);
    }
    eml_decimal_add(&p->number, c);
    return EML_OK;
}

static inline eml_err_t eml_emlearn_feed(eml_emlearn_csv_t *p, const char *text, size_t size) {
    eml_err_t err = EML_OK;
    for (size_t i = 0; i < size && err == EML_OK; i++) {
        err = eml_emlearn_char(p, text[i]);
    }
    return err;
}

static inline eml_err_t eml_emlearn_end(eml_emlearn_csv_t *p) {
    const eml_err_t err = p->bracket ? EML_ERR_FORMAT : eml_emlearn_end_line(p); // the last line may lack its end
    return err == EML_OK && !p->build.roots.size ? EML_ERR_FORMAT : err;
}

#endif // EML_EMLEARN_CSV_H
