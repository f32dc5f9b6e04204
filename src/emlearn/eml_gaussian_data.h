// The tables of Gaussian components, from an .eml file, and the check that makes them safe. See eml_gaussian.h.
#ifndef EML_GAUSSIAN_DATA_H
#define EML_GAUSSIAN_DATA_H

#include "eml_file.h"

typedef enum {
    EML_GAUSSIAN_DIAGONAL = 0,   // row j has a coefficient for feature j only
    EML_GAUSSIAN_TRIANGULAR = 1, // row j has one for each feature from j on
} eml_gaussian_kind_t;

// What a file's header says, in its layout, then where the arrays are. x' is x - centre, in units of 2^unit.
typedef struct {
    uint16_t n_features;
    uint16_t n_classes; // those of an envelope: outliers, inliers; else one a component
    uint16_t n_outputs;
    uint8_t output; // eml_output_t
    uint8_t kind;   // eml_gaussian_kind_t
    uint32_t size;
    uint16_t n_components;
    uint16_t n_matrices; // one a component, or 1 for all
    uint16_t n_rows;     // of a matrix
    uint16_t unused;
    uint32_t n_coef;         // in all matrices
    int32_t base;            // the score of a component is base - its constant - half its squared distance;
    uint32_t base_fraction;  // of an envelope it is what the distance is compared with. In units of 2^-32
    const int16_t *unit;     // [n_features]
    const uint32_t *centre;  // [n_features] bits of float32
    const int16_t *shift;    // [n_matrices][n_features] the coefficients of a feature are in units of 2^shift
    const int32_t *mean;     // [n_components][n_features] what is subtracted from x'
    const uint32_t *constant;
    const uint32_t *fraction; // [n_components] of constant, in units of 2^-32
    const int32_t *coef;      // [n_matrices], rows of them
} eml_gaussian_t;

#define EML_GAUSSIAN_HEADER 32
#define EML_GAUSSIAN_MAX_COUNT (1u << 25) // of an array's elements, which stay below: keeps sizes within 32 bits
#define EML_GAUSSIAN_MAX_SHIFT 400

// mantissa * 2^exponent, not negative: the mantissa in [2^62, 2^63), or 0 with the least exponent.
typedef struct {
    uint64_t mantissa;
    int32_t exponent;
    int32_t unused;
} eml_gaussian_number_t;

static inline uint32_t eml_gaussian_n_outputs(const eml_gaussian_t *m) {
    return m->n_outputs;
}

// A number for each component, features in 64 bits, and again in 32.
static inline size_t eml_gaussian_scratch_size(const eml_gaussian_t *m) {
    return m->n_components * sizeof(eml_gaussian_number_t) + m->n_features * (sizeof(int64_t) + sizeof(int32_t));
}

// Coefficients of one matrix.
static inline uint32_t eml_gaussian_matrix_size(const eml_gaussian_t *m) {
    const uint32_t rows = m->n_rows;
    return m->kind == EML_GAUSSIAN_DIAGONAL ? rows : rows * m->n_features - rows * (rows - 1) / 2;
}

static inline int eml_gaussian_shifts_ok(const int16_t *shift, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        if (shift[i] < -EML_GAUSSIAN_MAX_SHIFT || shift[i] > EML_GAUSSIAN_MAX_SHIFT) {
            return 0;
        }
    }
    return 1;
}

static inline eml_err_t eml_gaussian_validate(const eml_gaussian_t *m, uint32_t family) {
    const uint32_t n = m->n_components;
    const int envelope = family == EML_FAMILY_MIXTURE && n == 1 && m->n_classes == 2;
    const uint32_t output = envelope ? EML_DECISION_VALUES : family == EML_FAMILY_MIXTURE ? EML_PROBABILITIES_AND_SCORE : EML_PROBABILITIES;
    const uint32_t n_outputs = envelope ? 1 : n + (family == EML_FAMILY_MIXTURE);
    const int outputs_ok = m->output == output && m->n_outputs == n_outputs && (envelope || m->n_classes == n);
    const int rows_ok = m->kind == EML_GAUSSIAN_DIAGONAL ? m->n_rows == m->n_features
                                                         : m->kind == EML_GAUSSIAN_TRIANGULAR && m->n_rows && m->n_rows <= m->n_features;
    if (!m->n_features || !n || !outputs_ok || !rows_ok || (m->n_matrices != 1 && m->n_matrices != n)
        || (uint64_t)eml_gaussian_matrix_size(m) * m->n_matrices != m->n_coef) {
        return EML_ERR_MODEL;
    }
    return eml_gaussian_shifts_ok(m->unit, m->n_features) && eml_gaussian_shifts_ok(m->shift, (uint32_t)m->n_matrices * m->n_features)
        ? EML_OK
        : EML_ERR_MODEL;
}

// file: [size], aligned to 4 bytes, outlives *m. scratch: [256].
static inline eml_err_t eml_gaussian_open(eml_gaussian_t *m, const void *file, size_t size, uint32_t family, uint32_t *scratch) {
    const eml_err_t err = eml_file_open(m, EML_GAUSSIAN_HEADER, file, size, family, scratch);
    if (err != EML_OK) {
        return err;
    }
    const uint32_t n = m->n_features, n_components = m->n_components;
    // As the arrays follow each other: how many elements, of how many bytes.
    const uint32_t counts[7] = { n, n, m->n_matrices * n, n_components * n, n_components, n_components, m->n_coef };
    const uint8_t *arrays[7];
    const uint8_t *at = (const uint8_t *)file + EML_FILE_HEADER + EML_GAUSSIAN_HEADER;
    uint32_t rest = m->size - EML_GAUSSIAN_HEADER;
    for (int i = 0; i < 7; i++) {
        const uint32_t bytes = counts[i] < EML_GAUSSIAN_MAX_COUNT ? eml_pad4(counts[i] << (i == 0 || i == 2 ? 1 : 2)) : rest + 1;
        if (bytes > rest) {
            return EML_ERR_FORMAT;
        }
        arrays[i] = at;
        at += bytes;
        rest -= bytes;
    }
    if (rest) {
        return EML_ERR_FORMAT;
    }
    m->unit = (const int16_t *)(const void *)arrays[0];
    m->centre = (const uint32_t *)(const void *)arrays[1];
    m->shift = (const int16_t *)(const void *)arrays[2];
    m->mean = (const int32_t *)(const void *)arrays[3];
    m->constant = (const uint32_t *)(const void *)arrays[4];
    m->fraction = (const uint32_t *)(const void *)arrays[5];
    m->coef = (const int32_t *)(const void *)arrays[6];
    return eml_gaussian_validate(m, family);
}

#endif // EML_GAUSSIAN_DATA_H
