// From a window of raw samples to what a model of any family takes: statistics, spectra and mel bands, one after the other.
//
//   eml_features_open(&m, file, size, scratch)   a whole .eml file in memory, in place: checked, validated, ready
//   eml_features_init(&m, memory)                makes the tables of its blocks
//   eml_features_apply(&m, memory, x, out)       per window: out, [m.n_columns], which that model takes
//
// m.model is that model's own file, [m.n_model] words, for the eml_FAMILY_open of family number m.family; with family 0 there is none.
//
// `memory` has eml_features_memory_size(&m) bytes, aligned to 8, and is kept from window to window. File: docs/formats.md#features.
#ifndef EML_FEATURES_H
#define EML_FEATURES_H

#include "eml_features_data.h"
#include "eml_mel.h"
#include "eml_mel_q15.h"
#include "eml_spectrum.h"
#include "eml_statistics.h"

// Words of a block, of which `room` are there; 0 if it is not valid.
static inline uint32_t eml_features_check_block(const uint32_t *words, uint32_t room, uint32_t n_values) {
    const uint32_t kind = room ? *words & 0xff : 255;
    return kind == EML_FEATURES_STATISTICS ? eml_statistics_check(words, room, n_values)
        : kind == EML_FEATURES_SPECTRUM    ? eml_spectrum_check(words, room, n_values)
        : kind != EML_FEATURES_MEL         ? 0
        : (*words & EML_FEATURES_Q15)            ? eml_mel_q15_check(words, room, n_values)
                                           : eml_mel_check(words, room, n_values);
}

// Columns of a valid block.
static inline uint32_t eml_features_block_columns(const uint32_t *words, uint32_t n_values) {
    const uint32_t kind = *words & 0xff;
    return kind == EML_FEATURES_STATISTICS ? eml_statistics_columns(words, n_values)
        : kind == EML_FEATURES_SPECTRUM    ? eml_spectrum_columns(words, n_values)
                                           : eml_mel_columns(words, n_values);
}

static inline size_t eml_features_block_size(const uint32_t *words, uint32_t n_values) {
    const uint32_t kind = *words & 0xff;
    const size_t size = kind == EML_FEATURES_STATISTICS ? eml_statistics_size(words, n_values)
            : kind == EML_FEATURES_SPECTRUM    ? eml_spectrum_size(words, n_values)
            : (*words & EML_FEATURES_Q15)            ? eml_mel_q15_size(words, n_values)
                                               : eml_mel_size(words, n_values);
    return (size + 7) & ~(size_t)7;
}

static inline void eml_features_block_init(void *memory, const uint32_t *words, uint32_t n_values) {
    const uint32_t kind = *words & 0xff;
    if (kind == EML_FEATURES_STATISTICS) {
        eml_statistics_init(memory, words, n_values);
    } else if (kind == EML_FEATURES_SPECTRUM) {
        eml_spectrum_init(memory, words, n_values);
    } else if ((*words & EML_FEATURES_Q15)) {
        eml_mel_q15_init(memory, words, n_values);
    } else {
        eml_mel_init(memory, words, n_values);
    }
}

static inline eml_err_t eml_features_block_run(const uint32_t *words, void *memory, const eml_array_t *x, float *out) {
    const uint32_t kind = *words & 0xff;
    return kind == EML_FEATURES_STATISTICS ? eml_statistics_run(words, memory, x, out)
        : kind == EML_FEATURES_SPECTRUM    ? eml_spectrum_run(words, memory, x, out)
        : (*words & EML_FEATURES_Q15)            ? eml_mel_q15_run(words, memory, x, out)
                                           : eml_mel_run(words, memory, x, out);
}

static inline eml_err_t eml_features_validate(const eml_features_t *m) {
    uint32_t at = 0;
    uint32_t columns = 0;
    for (uint32_t i = 0; i < m->n_blocks; i++) {
        const uint32_t words = eml_features_check_block(m->blocks + at, m->n_words - at, m->n_features);
        const uint32_t own = words ? eml_features_block_columns(m->blocks + at, m->n_features) : 0;
        if (!own || own > m->n_columns - columns) {
            return EML_ERR_MODEL;
        }
        columns += own;
        at += words;
    }
    return at == m->n_words && columns == m->n_columns ? EML_OK : EML_ERR_MODEL;
}

// file: [size], aligned to 4 bytes, outlives *m. scratch: [256].
static inline eml_err_t eml_features_open(eml_features_t *m, const void *file, size_t size, uint32_t *scratch) {
    const eml_err_t err = eml_features_open_data(m, file, size, scratch);
    return err == EML_OK ? eml_features_validate(m) : err;
}

// Memory begins with where each block's words begin, padded to 8 bytes; then that of each block.
static inline size_t eml_features_table_size(const eml_features_t *m) {
    return (m->n_blocks * sizeof(uint32_t) + 7) & ~(size_t)7;
}

// The words of the block behind this one.
static inline const uint32_t *eml_features_next(const eml_features_t *m, const uint32_t *block) {
    return block + eml_features_check_block(block, (uint32_t)(m->blocks + m->n_words - block), m->n_features);
}

static inline size_t eml_features_memory_size(const eml_features_t *m) {
    size_t size = eml_features_table_size(m);
    const uint32_t *block = m->blocks;
    for (uint32_t i = 0; i < m->n_blocks; i++, block = eml_features_next(m, block)) {
        size += eml_features_block_size(block, m->n_features);
    }
    return size;
}

static inline void eml_features_init(const eml_features_t *m, void *memory) {
    uint8_t *at = (uint8_t *)memory + eml_features_table_size(m);
    const uint32_t *block = m->blocks;
    for (uint32_t i = 0; i < m->n_blocks; i++, block = eml_features_next(m, block)) {
        ((uint32_t *)memory)[i] = (uint32_t)(block - m->blocks);
        eml_features_block_init(at, block, m->n_features);
        at += eml_features_block_size(block, m->n_features);
    }
}

static inline eml_err_t eml_features_apply(const eml_features_t *m, void *memory, const eml_array_t *x, float *out) {
    uint8_t *at = (uint8_t *)memory + eml_features_table_size(m);
    eml_err_t err = eml_features_check_window(m, x);
    for (uint32_t i = 0; err == EML_OK && i < m->n_blocks; i++) {
        const uint32_t *block = m->blocks + ((const uint32_t *)memory)[i];
        err = eml_features_block_run(block, at, x, out);
        at += eml_features_block_size(block, m->n_features);
        out += eml_features_block_columns(block, m->n_features);
    }
    return err;
}

#endif // EML_FEATURES_H
