// Items with their classes or values, as nearest neighbours need them: from a file, or learned one by one.
//
//   eml_neighbors_open(&m, file, size, scratch)   a whole .eml file in memory, in place: checked, validated, ready
//   eml_neighbors_add(&m, file, x, label)         one item more, learned in place
//
// eml_neighbors.h predicts. With EML_NEIGHBORS_SMALL, models other than int16 items, euclidean distances and uniform votes are
// EML_ERR_UNSUPPORTED. File and arithmetic: docs/formats.md#neighbours.
#ifndef EML_NEIGHBORS_DATA_H
#define EML_NEIGHBORS_DATA_H

#include "eml_file.h"
#include "eml_math.h"

typedef enum { EML_EUCLIDEAN = 0, EML_MANHATTAN = 1, EML_CHEBYSHEV = 2 } eml_metric_t;

typedef enum {
    EML_WEIGHTS_UNIFORM = 0,
    EML_WEIGHTS_DISTANCE = 1, // 1 / distance
    EML_WEIGHTS_NEAREST = 2,  // the nearest decides; one item a class, whose outputs are its distances
} eml_weights_t;

// What a file's header says, in its layout, then where the arrays are.
typedef struct {
    uint16_t n_features;
    uint16_t n_classes; // 0: regression
    uint16_t n_outputs;
    uint8_t output; // eml_output_t
    uint8_t metric; // eml_metric_t
    uint32_t size;
    uint16_t weights;       // eml_weights_t
    uint16_t k;             // neighbours asked for
    int16_t exponent;       // items32 are in units of 2^exponent
    int16_t value_exponent; // and values in units of 2^value_exponent
    uint32_t n_items16; // room for items: one of these two is 0
    uint32_t n_items32;
    uint32_t n_labels; // as many as items: one of these two is 0
    uint32_t n_values;
    uint32_t n_used; // items that are there
    const int16_t *items16; // [n_items16][n_features]
    const int32_t *items32; // [n_items32][n_features]
    const uint16_t *class_numbers; // [n_labels]
    const int32_t *values; // [n_values]
} eml_neighbors_t;

#define EML_NEIGHBORS_HEADER 40
#define EML_NEIGHBORS_MAX_COUNT (1u << 25) // of numbers in items, which stay below: keeps sizes within 32 bits
#define EML_NEIGHBORS_MIN_EXPONENT (-156)  // at which the smallest float32 and the 7 bits below it are integers
#define EML_NEIGHBORS_MAX_EXPONENT 97      // at which the largest float32 has 31 bits
#define EML_NEIGHBORS_MAX_VALUE_EXPONENT 400
#define EML_NEIGHBORS_MAX_LABEL 65534

// One of the k nearest. Its distance is high * 2^32 + low, of euclidean ones the square; between int16 that is high alone.
typedef struct {
    uint64_t high;
    uint32_t low;
    uint32_t index;
} eml_neighbor_t;

static inline uint32_t eml_neighbors_n_outputs(const eml_neighbors_t *m) {
    return m->n_outputs;
}

// Scratch memory is what eml_neighbors_push needs for k neighbours, then x [n_features] and weights [k] for what needs them.
static inline size_t eml_neighbors_scratch_size(const eml_neighbors_t *m) {
    return (m->k + 2u) * sizeof(eml_neighbor_t)
#ifndef EML_NEIGHBORS_SMALL
        + ((size_t)m->n_features + m->k) * sizeof(int32_t)
#endif
        ;
}

static inline uint32_t eml_neighbors_room(const eml_neighbors_t *m) {
#ifdef EML_NEIGHBORS_SMALL
    return m->n_items16;
#else
    return m->n_items16 | m->n_items32;
#endif
}

// Of the numbers in the header: all but the size of the arrays. exponents: both of them, as they lie there.
static inline eml_err_t eml_neighbors_check(const eml_neighbors_t *m, uint32_t exponents) {
    const uint32_t classes = m->n_classes;
    const uint32_t n_items = eml_neighbors_room(m);
#ifdef EML_NEIGHBORS_SMALL
    if (m->metric | m->weights | exponents | m->n_items32 | m->n_values | (m->output ^ EML_PROBABILITIES)) {
        return EML_ERR_UNSUPPORTED;
    }
    const int fits = m->n_labels == n_items && m->n_outputs == classes && classes;
#else
    (void)exponents;
    const int nearest = m->weights == EML_WEIGHTS_NEAREST;
    const uint32_t output = nearest ? EML_DECISION_VALUES : classes ? EML_PROBABILITIES : EML_VALUES;
    const int fits = !(m->n_items16 && m->n_items32) && m->metric <= EML_CHEBYSHEV && m->weights <= EML_WEIGHTS_NEAREST
        && m->output == output && m->n_outputs == (classes ? classes : 1) && m->n_labels == (classes ? n_items : 0)
        && m->n_values == (classes ? 0 : n_items) && m->exponent >= EML_NEIGHBORS_MIN_EXPONENT
        && m->exponent <= EML_NEIGHBORS_MAX_EXPONENT && m->value_exponent >= -EML_NEIGHBORS_MAX_VALUE_EXPONENT
        && m->value_exponent <= EML_NEIGHBORS_MAX_VALUE_EXPONENT
        && (!nearest || (m->k == n_items && m->n_used == n_items && classes == n_items));
#endif
    return fits && m->n_features && m->k && m->n_used <= n_items ? EML_OK : EML_ERR_MODEL;
}

// Whether class numbers are some: all else has been checked.
static inline eml_err_t eml_neighbors_validate(const eml_neighbors_t *m) {
    for (uint32_t i = 0; i < m->n_used && m->n_classes; i++) {
        if (m->class_numbers[i] >= m->n_classes || (m->weights == EML_WEIGHTS_NEAREST && m->class_numbers[i] != i)) {
            return EML_ERR_MODEL;
        }
    }
    return EML_OK;
}

// file: [size], aligned to 4 bytes, outlives *m. scratch: [256].
static inline eml_err_t eml_neighbors_open(eml_neighbors_t *m, const void *file, size_t size, uint32_t *scratch) {
    const uint32_t *words = (const uint32_t *)file;
    eml_err_t err = eml_file_check(words, size, EML_FAMILY_NEIGHBORS, scratch);
    if (err != EML_OK) {
        return err;
    }
    const uint32_t body = words[2] - EML_FILE_HEADER;
    if (body < EML_NEIGHBORS_HEADER) {
        return EML_ERR_FORMAT;
    }
    memcpy(m, words + EML_FILE_HEADER / 4, EML_NEIGHBORS_HEADER);
    err = eml_neighbors_check(m, words[EML_FILE_HEADER / 4 + 4]);
    if (err != EML_OK) {
        return err;
    }
    const uint32_t n = m->n_features;
    const uint32_t n_items = eml_neighbors_room(m);
    // Where it does not fit into 32 bits, its upper half is too large as well.
    const uint32_t count = n_items * n;
    const uint32_t too_large = (n_items >> 16) * n >> 9 | count / EML_NEIGHBORS_MAX_COUNT;
    uint32_t at = eml_pad4(2 * count);
    m->items16 = (const int16_t *)(const void *)(words + (EML_FILE_HEADER + EML_NEIGHBORS_HEADER) / 4);
#ifndef EML_NEIGHBORS_SMALL
    m->items32 = (const int32_t *)(const void *)m->items16;
    at = m->n_items32 ? 4 * count : at;
    m->values = (const int32_t *)(const void *)((const uint8_t *)m->items16 + at);
#endif
    m->class_numbers = (const uint16_t *)(const void *)((const uint8_t *)m->items16 + at);
    at += EML_NEIGHBORS_HEADER + (m->n_classes ? eml_pad4(2 * n_items) : 4 * n_items);
    if (too_large || m->size != at || at > body) {
        return EML_ERR_FORMAT;
    }
    return eml_neighbors_validate(m);
}

#ifndef EML_NEIGHBORS_SMALL

// A finite float32 below 2^(exponent + 31), rounded to units of 2^exponent.
static inline int32_t eml_neighbors_fixed(uint32_t bits, int exponent) {
    const int field = (int)(bits >> 23 & 0xff);
    const int shift = (field ? field : 1) - 150 - exponent;
    uint32_t mantissa = (bits & 0x7fffff) | (field ? 0x800000u : 0);
    if (shift < 0) {
        mantissa = shift > -32 ? (mantissa + (1u << (-shift - 1))) >> -shift : 0;
    } else {
        mantissa <<= shift;
    }
    return bits >> 31 ? -(int32_t)mantissa : (int32_t)mantissa;
}

// Exponent of the unit in which floats fit into 31 bits: at least `exponent`. n features, finite; else EML_ERR_RANGE.
static inline eml_err_t eml_neighbors_unit(const eml_array_t *x, size_t n, int *exponent) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = eml_feature_bits(x, i);
        const int field = (int)(bits >> 23 & 0xff);
        if (field == 255) {
            return EML_ERR_RANGE;
        }
        if (field - 157 > *exponent) {
            *exponent = field - 157;
        }
    }
    return EML_OK;
}

// In place; a larger unit makes room for larger items.
static inline eml_err_t eml_neighbors_add32(eml_neighbors_t *m, const eml_array_t *x) {
    const uint32_t n = m->n_features;
    int32_t *items = (int32_t *)m->items32;
    int32_t *item = items + m->n_used * n;
    int exponent = m->exponent;
    eml_err_t err = eml_check_features(x, n);
    if (err == EML_OK) {
        err = eml_neighbors_unit(x, n, &exponent);
    }
    if (err != EML_OK) {
        return err;
    }
    const int shift = exponent - m->exponent;
    for (int32_t *old = items; shift && old < item; old++) {
        *old >>= shift < 31 ? shift : 31;
    }
    m->exponent = (int16_t)exponent;
    for (uint32_t i = 0; i < n; i++) {
        item[i] = eml_neighbors_fixed(eml_feature_bits(x, i), exponent);
    }
    return EML_OK;
}

#endif // EML_NEIGHBORS_SMALL

static inline eml_err_t eml_neighbors_add16(eml_neighbors_t *m, const eml_array_t *x) {
    const uint32_t n = m->n_features;
    if (x->type != EML_INT16) {
        return EML_ERR_TYPE;
    }
    if (x->size != n) {
        return EML_ERR_SHAPE;
    }
    memcpy((int16_t *)m->items16 + m->n_used * n, x->data, n * sizeof(int16_t));
    return EML_OK;
}

// Learn an item of a class, 0..65534. file: that was opened, and is writable: the item goes there, and so do the numbers of its
// header. EML_ERR_FULL if there is no room, which a regression never has.
static inline eml_err_t eml_neighbors_add(eml_neighbors_t *m, void *file, const eml_array_t *x, uint32_t label) {
    if (label > EML_NEIGHBORS_MAX_LABEL) {
        return EML_ERR_RANGE;
    }
    if (m->n_used >= (m->n_labels & eml_neighbors_room(m))) { // they are the same number, or one of them is 0
        return EML_ERR_FULL;
    }
#ifdef EML_NEIGHBORS_SMALL
    const eml_err_t err = eml_neighbors_add16(m, x);
#else
    const eml_err_t err = m->n_items16 ? eml_neighbors_add16(m, x) : eml_neighbors_add32(m, x);
#endif
    if (err != EML_OK) {
        return err;
    }
    ((uint16_t *)m->class_numbers)[m->n_used++] = (uint16_t)label;
    if (label >= m->n_classes) {
        m->n_classes = m->n_outputs = (uint16_t)(label + 1);
    }
    memcpy((uint8_t *)file + EML_FILE_HEADER, m, EML_NEIGHBORS_HEADER);
    return EML_OK;
}

#endif // EML_NEIGHBORS_DATA_H
