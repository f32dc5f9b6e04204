// The file of a model that takes windows of samples: its tables, without the blocks that make columns of a window.
//
//   eml_features_open_data(&m, file, size, scratch)   a whole .eml file in memory, in place; the words of its blocks are not checked
//
// eml_features.h checks those as well. A native module does it block by block, with what it needs for this file only.
#ifndef EML_FEATURES_DATA_H
#define EML_FEATURES_DATA_H

#include "eml_file.h"

// The first word of a block says which it is.
typedef enum {
    EML_FEATURES_STATISTICS = 0, // eml_statistics.h
    EML_FEATURES_SPECTRUM = 1,   // eml_spectrum.h
    EML_FEATURES_MEL = 2,        // eml_mel.h, eml_mel_q15.h
} eml_features_kind_t;

#define EML_FEATURES_Q15 (1u << 8) // in the first word of a mel block: in integers

// What a file's header says, in its layout, then where the arrays are.
typedef struct {
    uint16_t n_features; // values of a window, all channels together
    uint16_t n_classes;  // 0: regression, or no model
    uint16_t n_outputs;
    uint8_t output; // eml_output_t
    uint8_t family; // of the model; 0: the columns are the outputs
    uint32_t size;
    uint8_t n_blocks;
    uint8_t type; // of the windows it was trained with: EML_FLOAT32 or EML_INT16
    uint16_t n_columns;
    uint32_t n_words;
    uint32_t n_model;
    const uint32_t *blocks; // [n_words]
    const uint32_t *model;  // [n_model] a whole .eml file
} eml_features_t;

#define EML_FEATURES_HEADER 24

// Whether the model is one of that family, with these columns, classes and outputs; its module checks the rest.
static inline int eml_features_model_fits(const eml_features_t *m) {
    const uint32_t *model = m->model;
    const uint32_t of_model = m->n_outputs | (uint32_t)m->output << 16;
    if (!m->family) {
        return !m->n_model && !m->n_classes && of_model == m->n_columns;
    }
    if (m->n_model < 7 || m->family == EML_FAMILY_FEATURES) {
        return 0;
    }
    const uint32_t of_trees = m->n_classes ? m->n_classes | EML_PROBABILITIES << 16 : 1;
    return model[0] == EML_FILE_MAGIC && (model[1] & 0xff00ff) == (EML_FILE_MAJOR | (uint32_t)m->family << 16)
        && model[2] == 4 * m->n_model && model[4] == (m->n_columns | (uint32_t)m->n_classes << 16)
        && (m->family == EML_FAMILY_TREES ? of_trees : model[5] & 0xffffff) == of_model;
}

// file: [size], aligned to 4 bytes, outlives *m. scratch: [256].
static inline eml_err_t eml_features_open_data(eml_features_t *m, const void *file, size_t size, uint32_t *scratch) {
    const eml_err_t err = eml_file_open(m, EML_FEATURES_HEADER, file, size, EML_FAMILY_FEATURES, scratch);
    if (err != EML_OK) {
        return err;
    }
    const uint32_t body = (m->size - EML_FEATURES_HEADER) / 4;
    if (m->n_model > body || m->n_words != body - m->n_model) {
        return EML_ERR_FORMAT;
    }
    m->blocks = (const uint32_t *)file + (EML_FILE_HEADER + EML_FEATURES_HEADER) / 4;
    m->model = m->blocks + m->n_words;
    return m->n_features && m->n_blocks && m->n_columns && (m->type == EML_FLOAT32 || m->type == EML_INT16)
            && eml_features_model_fits(m)
        ? EML_OK
        : EML_ERR_MODEL;
}

// Whether samples are of a type that the model takes: int16, and float32 if it was trained with that.
static inline int eml_features_takes(const eml_features_t *m, const eml_array_t *x) {
    return x->type == EML_INT16 || (x->type == EML_FLOAT32 && m->type == EML_FLOAT32);
}

static inline eml_err_t eml_features_check_window(const eml_features_t *m, const eml_array_t *x) {
    return !eml_features_takes(m, x) ? EML_ERR_TYPE : x->size != m->n_features ? EML_ERR_SHAPE : EML_OK;
}

#endif // EML_FEATURES_DATA_H
