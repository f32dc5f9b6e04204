// Tree ensembles from our CSV text, as docs/formats.md describes it. The text may arrive in pieces of any size.
//
//   eml_trees_csv_init(&p, grow)
//   eml_trees_csv_feed(&p, text, size)   as often as there is text
//   eml_trees_csv_end(&p)                then p.file, p.size is the model as an .eml file; after an error p.line tells where
//
// Golden rows are not kept: p.replay is called for each as it passes, and the TEST trailer tells how they did. Whatever
// `grow` returned for file, labels, golden and scratch is the caller's to free.
#ifndef EML_TREES_CSV_H
#define EML_TREES_CSV_H

#include "eml_trees_rows.h"

// Up to five lower-case letters as a number.
#define EML_ROW_NAME(a, b, c, d, e) (((a) & 31u) << 20 | ((b) & 31u) << 15 | ((c) & 31u) << 10 | ((d) & 31u) << 5 | ((e) & 31u))

static inline void eml_trees_csv_init(eml_trees_csv_t *p, eml_grow_t grow) {
    memset(p, 0, sizeof(*p));
    p->grow = grow;
    p->line = 1;
    p->row = EML_ROW_NONE;
}

// The name of a row is complete: is it its turn?
static inline eml_err_t eml_csv_name(eml_trees_csv_t *p) {
    static const uint32_t names[EML_ROW_NONE] = { EML_ROW_NAME(0, 0, 'e', 'm', 'l'), EML_ROW_NAME(0, 0, 0, 0, 'f'),
        EML_ROW_NAME(0, 0, 0, 0, 'c'), EML_ROW_NAME(0, 0, 0, 'l', 'b'), EML_ROW_NAME(0, 0, 0, 0, 's'), EML_ROW_NAME(0, 0, 0, 0, 'v'),
        EML_ROW_NAME(0, 0, 0, 0, 'p'), EML_ROW_NAME(0, 0, 0, 0, 'l'), EML_ROW_NAME(0, 0, 0, 0, 'r'), EML_ROW_NAME(0, 0, 0, 0, 'n'),
        EML_ROW_NAME('l', 'a', 'b', 'e', 'l'), EML_ROW_NAME(0, 0, 0, 0, 't'), EML_ROW_NAME(0, 0, 0, 0, 'u'),
        EML_ROW_NAME(0, 'c', 'e', 'r', 't'), EML_ROW_NAME(0, 0, 'e', 'n', 'd') };
    uint32_t row = p->last_row == EML_ROW_U ? (uint32_t)EML_ROW_T : p->last_row; // rows come in order; t, u, t, u, ...
    while (row < EML_ROW_NONE && names[row] != p->name) {
        row++;
    }
    const int needs = row <= EML_ROW_C ? row == p->rows : p->done[EML_ROW_C] != 0; // eml, f, c come first
    if (row == EML_ROW_NONE || !needs || p->done[row] >= eml_csv_expected(p, row)) {
        return EML_ERR_FORMAT;
    }
    p->row = p->last_row = (uint8_t)row;
    p->in_number = row != EML_ROW_LABEL && row != EML_ROW_CERT;
    p->is_signed = row == EML_ROW_S || row == EML_ROW_N || (row == EML_ROW_V && p->trees.leaf >= EML_LEAF_VALUE)
        || (row == EML_ROW_T && p->trees.dtype == EML_TREES_INT16);
    p->name = p->column = p->number = p->negative = p->n_digits = 0;
    return row == EML_ROW_T ? eml_csv_golden(p) : EML_OK;
}

// A character of a label, stored as the LABL trailer has it: kind, length, text.
static inline eml_err_t eml_csv_label(eml_trees_csv_t *p, uint8_t c) {
    const uint32_t at = p->name++;
    if (at == 0) {
        uint8_t *labels = (uint8_t *)p->grow(p->labels, p->labels_size + 2 + 255);
        if (labels == NULL) {
            return EML_ERR_FULL;
        }
        p->labels = labels;
    }
    uint8_t *label = p->labels + p->labels_size;
    if (at == 0) {
        label[0] = c;
        label[1] = 0;
        return c == 'i' || c == 's' ? EML_OK : EML_ERR_FORMAT;
    }
    if (at == 1) {
        return c == ',' ? EML_OK : EML_ERR_FORMAT;
    }
    if (c == '\\' && !p->escaped) {
        p->escaped = 1;
        return EML_OK;
    }
    if (p->escaped) {
        c = c == 'n' ? '\n' : c == 'r' ? '\r' : c;
        p->escaped = 0;
    }
    if (label[1] == 255 || (label[0] == 'i' && (c < '0' || c > '9') && (c != '-' || label[1]))) {
        return EML_ERR_RANGE;
    }
    label[2 + label[1]++] = c;
    return EML_OK;
}

static inline eml_err_t eml_csv_end_line(eml_trees_csv_t *p) {
    eml_err_t err = EML_OK;
    if (p->row == EML_ROW_NONE) {
        err = p->name ? eml_csv_name(p) : EML_OK; // a row without cells; or an empty line
    } else if (p->row != EML_ROW_LABEL && p->row != EML_ROW_CERT) {
        err = eml_csv_cell(p);
    }
    if (err == EML_OK && p->row != EML_ROW_NONE) {
        err = eml_csv_row(p);
        p->row = EML_ROW_NONE;
        p->name = p->in_number = 0;
    }
    p->line += err == EML_OK;
    return err;
}

static inline eml_err_t eml_csv_char(eml_trees_csv_t *p, uint8_t c) {
    if (c == '\n') {
        return eml_csv_end_line(p);
    }
    if (c == '\r' || p->row == EML_ROW_CERT) {
        return EML_OK;
    }
    if (p->row == EML_ROW_LABEL) {
        return eml_csv_label(p, c);
    }
    if (c == ',') {
        return p->row == EML_ROW_NONE ? eml_csv_name(p) : eml_csv_cell(p);
    }
    if (p->row == EML_ROW_NONE) {
        p->name = p->name << 5 | (c & 31);
        return c < 'a' || c > 'z' || p->name >> 25 || p->done[EML_ROW_END] ? EML_ERR_FORMAT : EML_OK;
    }
    if (c == '-' && p->n_digits == 0 && !p->negative) {
        p->negative = 1;
        return EML_OK;
    }
    const uint32_t digit = c - (uint32_t)'0';
    if (digit > 9 || p->number > 429496729 || (p->number == 429496729 && digit > 5)) {
        return EML_ERR_RANGE;
    }
    p->number = p->number * 10 + digit;
    p->n_digits = 1;
    return EML_OK;
}

static inline eml_err_t eml_trees_csv_feed(eml_trees_csv_t *p, const char *text, size_t size) {
    eml_err_t err = EML_OK;
    for (size_t i = 0; i < size && err == EML_OK; i++) {
        const uint32_t digit = (uint8_t)text[i] - (uint32_t)'0';
        if (digit <= 9 && p->in_number && p->number < 429496729) {
            p->number = p->number * 10 + digit; // most characters are digits of small numbers
            p->n_digits = 1;
        } else if (text[i] == ',' && p->in_number) {
            err = eml_csv_cell(p);
        } else {
            err = eml_csv_char(p, (uint8_t)text[i]);
        }
    }
    return err;
}

static inline eml_err_t eml_trees_csv_end(eml_trees_csv_t *p) {
    const eml_err_t err = eml_csv_end_line(p); // the last line may lack its end
    return err == EML_OK && !p->done[EML_ROW_END] ? EML_ERR_FORMAT : err;
}

#endif // EML_TREES_CSV_H
