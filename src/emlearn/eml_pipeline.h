// Steps before a model of any family: what a Pipeline does to features that its model does not take as they are.
//
//   eml_pipeline_open(&m, file, size, scratch)     a whole .eml file in memory, in place: checked, validated, ready
//   eml_pipeline_apply(&m, x, scratch, out)        per sample: out, [eml_pipeline_n_columns(&m)], which that model takes
//
// m.model is that model's own file, [m.n_model] words, for the eml_FAMILY_open of family number m.family.
//
// `scratch` has eml_pipeline_scratch_size(&m) bytes, aligned to 8. Every number is the float32 nearest to the exact result of
// its step. File and arithmetic: docs/formats.md#pipeline.
#ifndef EML_PIPELINE_H
#define EML_PIPELINE_H

#include "eml_linear.h"

typedef enum {
    EML_PIPELINE_FILL = 0,   // a number, or NaN, becomes another: imputers
    EML_PIPELINE_SCALE = 1,  // column * factor + offset, rounded, limited: scalers, selection, quantisers
    EML_PIPELINE_MATRIX = 2, // PCA
    EML_PIPELINE_ENCODE = 3, // number of a category
} eml_pipeline_kind_t;

// Flags of a scale step.
#define EML_PIPELINE_LIMIT 1
#define EML_PIPELINE_ROUND 2
// Flag of a matrix that trees follow: columns are integers, of which these trees know the thresholds.
#define EML_PIPELINE_INTEGERS 1

// What a file's header says, in its layout, then where the arrays are.
typedef struct {
    uint16_t n_features;
    uint16_t n_classes; // 0: regression
    uint16_t n_outputs;
    uint8_t output; // eml_output_t
    uint8_t family; // of the model
    uint32_t size;
    uint16_t n_steps;
    uint16_t width; // the largest number of columns at any place
    uint32_t n_words;
    uint32_t n_model;
    const uint32_t *steps; // [n_words]
    const uint32_t *model; // [n_model] a whole .eml file
} eml_pipeline_t;

#define EML_PIPELINE_HEADER 24
#define EML_PIPELINE_MAX_WORDS (1u << 25) // which stay below: keeps sizes within 32 bits
#define EML_PIPELINE_MAX_OFFSET ((int64_t)1 << 60)
#define EML_PIPELINE_REFUSED 0x7f800000u // in place of a code
#define EML_PIPELINE_LARGEST 0x7f7fffffu // integer of a column, and bits of a float32

static inline uint32_t eml_pipeline_columns(const uint32_t *step) {
    return *step >> 16;
}

static inline uint32_t eml_pipeline_scale_words(const uint32_t *step) {
    return *step >> 8 & EML_PIPELINE_LIMIT ? 7 : 5;
}

static inline int64_t eml_pipeline_offset(const uint32_t *column) {
    return (int64_t)((uint64_t)column[3] << 32 | column[2]);
}

// 37 bits, in units of 2^(shift - 6): so that dividing by a float32 is nearly always rounded as a division is.
static inline int64_t eml_pipeline_factor(const uint32_t *column) {
    return (int64_t)(int32_t)column[1] * 64 + (int64_t)(column[4] >> 16);
}

static inline int eml_pipeline_shift_ok(int shift) {
    return shift >= -EML_LINEAR_MAX_SHIFT && shift <= EML_LINEAR_MAX_SHIFT;
}

// Words of a valid step that takes n columns.
static inline uint32_t eml_pipeline_step_words(const uint32_t *step, uint32_t n) {
    const uint32_t n_out = eml_pipeline_columns(step);
    const uint32_t kind = *step & 0xff;
    if (kind == EML_PIPELINE_FILL) {
        return 1 + 2 * n;
    }
    if (kind == EML_PIPELINE_SCALE) {
        return 1 + eml_pipeline_scale_words(step) * n_out;
    }
    if (kind == EML_PIPELINE_MATRIX) {
        return 1 + (n + 2) / 2 + (n + 1) * n_out;
    }
    uint32_t words = 1;
    for (uint32_t i = 0; i < n; i++) {
        words += 3 + step[words];
    }
    return words;
}

// Words of a step that takes n columns, of which `room` are there; 0 if it is not valid.
static inline uint32_t eml_pipeline_check_step(const uint32_t *step, uint32_t n, uint32_t room) {
    const uint32_t kind = room ? *step & 0xff : 255;
    const uint32_t n_out = room ? eml_pipeline_columns(step) : 0;
    const uint32_t flags = room ? *step >> 8 & 0xff : 0;
    const uint32_t known = kind == EML_PIPELINE_SCALE ? EML_PIPELINE_LIMIT | EML_PIPELINE_ROUND
                                                      : kind == EML_PIPELINE_MATRIX ? EML_PIPELINE_INTEGERS : 0;
    const int keeps = kind == EML_PIPELINE_FILL || kind == EML_PIPELINE_ENCODE;
    if (!n_out || kind > EML_PIPELINE_ENCODE || (keeps && n_out != n) || flags > known
        || (kind == EML_PIPELINE_MATRIX && (uint64_t)(n + 1) * n_out >= EML_PIPELINE_MAX_WORDS)) {
        return 0;
    }
    if (kind == EML_PIPELINE_ENCODE) {
        uint32_t words = 1;
        for (uint32_t i = 0; i < n; i++) {
            if (words >= room || step[words] >= EML_PIPELINE_MAX_WORDS || room - words < 3 + step[words]) {
                return 0;
            }
            words += 3 + step[words];
        }
        return words;
    }
    const uint32_t words = eml_pipeline_step_words(step, n);
    if (words > room) {
        return 0;
    }
    if (kind == EML_PIPELINE_MATRIX) {
        const int16_t *shift = (const int16_t *)(const void *)(step + 1);
        for (uint32_t i = 0; i <= n; i++) {
            if (!eml_pipeline_shift_ok(shift[i])) {
                return 0;
            }
        }
    } else if (kind == EML_PIPELINE_SCALE) {
        const uint32_t *column = step + 1;
        for (uint32_t i = 0; i < n_out; i++, column += eml_pipeline_scale_words(step)) {
            const int64_t offset = eml_pipeline_offset(column);
            if ((*column & 0xffff) >= n || !eml_pipeline_shift_ok((int16_t)(*column >> 16))
                || !eml_pipeline_shift_ok((int16_t)(column[4] & 0xffff)) || column[4] >> 22 || offset > EML_PIPELINE_MAX_OFFSET
                || offset < -EML_PIPELINE_MAX_OFFSET) {
                return 0;
            }
        }
    }
    return words;
}

// What the model takes.
static inline uint32_t eml_pipeline_n_columns(const eml_pipeline_t *m) {
    const uint32_t *step = m->steps;
    uint32_t n = m->n_features;
    for (uint32_t i = 1; i < m->n_steps; i++) {
        const uint32_t words = eml_pipeline_step_words(step, n);
        n = eml_pipeline_columns(step);
        step += words;
    }
    return eml_pipeline_columns(step);
}

static inline size_t eml_pipeline_scratch_size(const eml_pipeline_t *m) {
    return (3u * m->width + 1) * sizeof(uint32_t); // two tables of columns, and those of a matrix as integers
}

static inline eml_err_t eml_pipeline_validate(const eml_pipeline_t *m) {
    uint32_t n = m->n_features;
    uint32_t at = 0;
    uint32_t width = n;
    if (!n || !m->n_steps) {
        return EML_ERR_MODEL;
    }
    for (uint32_t i = 0; i < m->n_steps; i++) {
        const uint32_t words = eml_pipeline_check_step(m->steps + at, n, m->n_words - at);
        const int integers = words && (m->steps[at] & 0xffff) == (EML_PIPELINE_MATRIX | EML_PIPELINE_INTEGERS << 8);
        if (!words || (integers && (i + 1 < m->n_steps || m->family != EML_FAMILY_TREES))) {
            return EML_ERR_MODEL;
        }
        n = eml_pipeline_columns(m->steps + at);
        width = n > width ? n : width;
        at += words;
    }
    // The model is one of that family, with these features, classes and outputs; its module checks the rest.
    const uint32_t *model = m->model;
    const uint32_t of_trees = m->n_classes ? m->n_classes | EML_PROBABILITIES << 16 : 1;
    const uint32_t outputs = m->family == EML_FAMILY_TREES ? of_trees : model[5] & 0xffffff;
    return at == m->n_words && width == m->width && m->family != EML_FAMILY_PIPELINE && model[0] == EML_FILE_MAGIC
            && (model[1] & 0xff00ff) == (EML_FILE_MAJOR | (uint32_t)m->family << 16) && model[2] == 4 * m->n_model
            && model[4] == (n | (uint32_t)m->n_classes << 16) && outputs == (m->n_outputs | (uint32_t)m->output << 16)
        ? EML_OK
        : EML_ERR_MODEL;
}

// file: [size], aligned to 4 bytes, outlives *m. scratch: [256].
static inline eml_err_t eml_pipeline_open(eml_pipeline_t *m, const void *file, size_t size, uint32_t *scratch) {
    const eml_err_t err = eml_file_open(m, EML_PIPELINE_HEADER, file, size, EML_FAMILY_PIPELINE, scratch);
    if (err != EML_OK) {
        return err;
    }
    const uint32_t body = (m->size - EML_PIPELINE_HEADER) / 4;
    if (m->n_words >= EML_PIPELINE_MAX_WORDS || m->n_model < 7 || m->n_model > body || m->n_words != body - m->n_model) {
        return EML_ERR_FORMAT;
    }
    m->steps = (const uint32_t *)file + (EML_FILE_HEADER + EML_PIPELINE_HEADER) / 4;
    m->model = m->steps + m->n_words;
    return eml_pipeline_validate(m);
}

// Its top bit becomes that of 2^61, unless it is 0.
static inline int64_t eml_pipeline_normalise(int64_t value, int *exponent) {
    const uint64_t magnitude = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
    if (!magnitude) {
        *exponent = -2000;
        return 0;
    }
    const int shift = eml_clz64(magnitude) - 2;
    *exponent -= shift;
    return value < 0 ? -(int64_t)(magnitude << shift) : (int64_t)(magnitude << shift);
}

// A column of a scale step, for the bits of a float32.
static inline uint32_t eml_pipeline_scaled(const uint32_t *column, uint32_t flags, uint32_t bits) {
    const int field = (int)(bits >> 23 & 0xff);
    if (field == 255) {
        bits = bits & 0x7fffff ? 0x7fc00000 : bits ^ (column[1] & 0x80000000u);
    } else {
        const int64_t mantissa = (bits & 0x7fffff) | (field ? 0x800000 : 0);
        int exponent = (field ? field : 1) - 156 + (int16_t)(column[0] >> 16);
        int other = (int16_t)(column[4] & 0xffff);
        int64_t sum = eml_pipeline_normalise((bits >> 31 ? -mantissa : mantissa) * eml_pipeline_factor(column), &exponent);
        int64_t addend = eml_pipeline_normalise(eml_pipeline_offset(column), &other);
        if (exponent < other) {
            const int64_t swap = sum;
            const int drop = exponent;
            sum = addend;
            addend = swap;
            exponent = other;
            other = drop;
        }
        // What falls off below is positive, and less than 1: the sum is rounded down. The last bit of both is 0, so that
        // nothing falls off where they cancel.
        int drop = exponent - other;
        drop = drop > 63 ? 63 : drop;
        int sticky = (addend & (int64_t)(((uint64_t)1 << drop) - 1)) != 0;
        sum += addend >> drop;
        const uint32_t sign = sum < 0 ? 0x80000000u : 0;
        uint64_t magnitude = sign ? (uint64_t)-sum - (uint64_t)sticky : (uint64_t)sum;
        if (flags & EML_PIPELINE_ROUND && exponent < 0) {
            const uint64_t half = (uint64_t)1 << 63;
            const uint64_t rest = exponent < -63 ? 0 : magnitude << (64 + exponent);
            magnitude = exponent < -63 ? 0 : magnitude >> -exponent;
            magnitude += rest > half || (rest == half && (sticky || (magnitude & 1)));
            exponent = sticky = 0;
        }
        bits = magnitude ? (uint32_t)eml_round(magnitude, exponent, sticky, 24) | sign : 0;
    }
    if (flags & EML_PIPELINE_LIMIT && (bits & 0x7fffffff) <= 0x7f800000) {
        const int32_t key = eml_float_key(bits);
        bits = key < eml_float_key(column[5]) ? column[5] : key > eml_float_key(column[6]) ? column[6] : bits;
    }
    return bits;
}

// A column of an encode step; REFUSED if it has no code.
static inline uint32_t eml_pipeline_code(const uint32_t *column, uint32_t bits) {
    if ((bits & 0x7fffffff) > 0x7f800000) {
        return column[2];
    }
    const int32_t key = eml_float_key(bits << 1 ? bits : 0);
    uint32_t low = 0;
    uint32_t high = *column;
    while (low < high) {
        const uint32_t middle = (low + high) >> 1;
        const int32_t known = eml_float_key(column[3 + middle]);
        if (known == key) {
            return eml_float_from_int((int32_t)middle);
        }
        if (known < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return column[1];
}

// The integer nearest to a sum * 2^exponent, limited: its sign and magnitude as bits of a float32, which have its order.
static inline uint32_t eml_pipeline_integer(const eml_linear_sum_t *sum, int exponent) {
    const uint32_t sign = sum->high < 0 ? 0x80000000u : 0;
    uint64_t high = (uint64_t)sum->high;
    uint32_t low = sum->low;
    if (sign) {
        low = 0u - low;
        high = 0u - high - (low != 0);
    }
    if (!(high | low)) {
        return 0;
    }
    const int shift = high ? eml_clz64(high) : 64 + eml_clz32(low);
    const uint64_t top = shift < 32 ? high << shift | (uint64_t)low << shift >> 32 : (high << 32 | low) << (shift - 32);
    const int drop = shift - 33 - exponent; // top has 64 bits: twice the number is top * 2^-drop
    if (drop < 32) {
        return EML_PIPELINE_LARGEST | sign;
    }
    const uint32_t twice = drop > 63 ? 0 : (uint32_t)(top >> drop);
    const uint32_t magnitude = (twice >> 1) + (twice & 1);
    return magnitude ? (magnitude < EML_PIPELINE_LARGEST ? magnitude : EML_PIPELINE_LARGEST) | sign : 0;
}

// x: n columns; integers: [n + 1]; to: [columns of the step].
static inline eml_err_t eml_pipeline_matrix(const uint32_t *step, const eml_array_t *x, int32_t *integers, float *to) {
    const uint32_t n = (uint32_t)x->size;
    const uint32_t n_out = eml_pipeline_columns(step);
    eml_linear_t rows;
    rows.n_features = (uint16_t)n;
    rows.shift = (const int16_t *)(const void *)(step + 1);
    rows.coef = (const int32_t *)(const void *)(step + 1 + (n + 2) / 2);
    rows.intercept = rows.coef + (size_t)n * n_out;
    int exponent = 0;
    const eml_err_t err = eml_linear_scale(&rows, x, integers, &exponent);
    for (uint32_t i = 0; err == EML_OK && i < n_out; i++) {
        const eml_linear_sum_t sum = eml_linear_row(&rows, integers, i);
        const int whole = *step >> 8 & EML_PIPELINE_INTEGERS;
        eml_float_store(&to[i], whole ? eml_pipeline_integer(&sum, exponent) : eml_linear_float(&sum, NULL, exponent));
    }
    return err;
}

// The same for the other kinds, which take one column for each.
static inline eml_err_t eml_pipeline_each(const uint32_t *step, const eml_array_t *x, float *to) {
    const uint32_t n_out = eml_pipeline_columns(step);
    const uint32_t kind = *step & 0xff;
    const uint32_t *column = step + 1;
    for (uint32_t i = 0; i < n_out; i++) {
        uint32_t bits = eml_feature_bits(x, kind == EML_PIPELINE_SCALE ? *column & 0xffff : i);
        if (kind == EML_PIPELINE_SCALE) {
            bits = eml_pipeline_scaled(column, *step >> 8, bits);
            column += eml_pipeline_scale_words(step);
        } else if (kind == EML_PIPELINE_FILL) {
            const int missing = (*column & 0x7fffffff) > 0x7f800000 ? (bits & 0x7fffffff) > 0x7f800000
                                                                    : bits == *column || !((bits | *column) << 1);
            bits = missing ? column[1] : bits;
            column += 2;
        } else {
            bits = eml_pipeline_code(column, bits);
            column += 3 + *column;
            if (bits == EML_PIPELINE_REFUSED) {
                return EML_ERR_RANGE;
            }
        }
        eml_float_store(&to[i], bits);
    }
    return EML_OK;
}

static inline eml_err_t eml_pipeline_apply(const eml_pipeline_t *m, const eml_array_t *features, void *scratch, float *out) {
    float *table = (float *)scratch;
    int32_t *integers = (int32_t *)(void *)(table + 2u * m->width);
    const uint32_t *step = m->steps;
    eml_array_t x = *features;
    eml_err_t err = eml_check_features(features, m->n_features);
    for (uint32_t i = 1; err == EML_OK; i++) {
        float *to = i == m->n_steps ? out : table + (i & 1) * (size_t)m->width;
        err = (*step & 0xff) == EML_PIPELINE_MATRIX ? eml_pipeline_matrix(step, &x, integers, to) : eml_pipeline_each(step, &x, to);
        if (i == m->n_steps) {
            break;
        }
        const uint32_t words = eml_pipeline_step_words(step, (uint32_t)x.size);
        x.data = to;
        x.size = eml_pipeline_columns(step);
        x.type = EML_FLOAT32;
        step += words;
    }
    return err;
}

#endif // EML_PIPELINE_H
