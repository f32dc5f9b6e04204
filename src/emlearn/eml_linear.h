// Linear models: classes, probabilities and regression from one matrix of coefficients. Also whatever folds into one: scalers,
// PCA, discriminant analysis.
//
// Sums are exact. A coefficient is an integer of 31 bits with a power of two for its feature; features are brought to one
// power of two for the sample, in 31 bits, so that the largest term decides it; products of 62 bits add up in 96. So nothing is
// lost where large terms cancel, ties are ties, and no floating-point unit is needed.
//
//   eml_linear_open(&m, file, size, scratch)        a whole .eml file in memory, in place: checked, validated, ready
//   eml_linear_class(&m, x, scratch, &class)        per sample: the class
//   eml_linear_outputs(&m, x, scratch, out, n)      per sample: probabilities, decision values or values of regression
//   eml_linear_decision(&m, x, scratch, out, n)     per sample: decision values
//
// `scratch` has eml_linear_scratch_size(&m) bytes, aligned to 8. Features that are NaN or infinite are refused, as by
// scikit-learn, with EML_ERR_RANGE. File and arithmetic: docs/formats.md#linear.
#ifndef EML_LINEAR_H
#define EML_LINEAR_H

#include "eml_exp.h"
#include "eml_file.h"

typedef enum {
    EML_LINEAR_IDENTITY = 0, // outputs are the decision values, or values of regression
    EML_LINEAR_SIGMOID = 1,  // one decision value, two probabilities
    EML_LINEAR_SOFTMAX = 2,
    EML_LINEAR_OVR = 3, // one logistic function a class, divided by their sum
} eml_linear_link_t;

// What a file's header says, in its layout, then where the arrays are.
typedef struct {
    uint16_t n_features;
    uint16_t n_classes; // 0: regression
    uint16_t n_outputs;
    uint8_t output; // eml_output_t
    uint8_t link;   // eml_linear_link_t
    uint32_t size;
    uint16_t n_rows; // of coef: 1 for two classes, else one a class; or one a value of regression
    uint16_t unused;
    const int16_t *shift;     // [n_features + 1] the coefficients of feature i are in units of 2^shift[i]; last, the intercepts
    const int32_t *coef;      // [n_rows][n_features]
    const int32_t *intercept; // [n_rows]
} eml_linear_t;

#define EML_LINEAR_HEADER 16
#define EML_LINEAR_MAX_COUNT (1u << 25) // of coefficients, which stay below: keeps sizes within 32 bits
#define EML_LINEAR_MAX_SHIFT 400

// high * 2^32 + low, in units that the sample decides.
typedef struct {
    int64_t high;
    uint32_t low;
} eml_linear_sum_t;

static inline uint32_t eml_linear_n_outputs(const eml_linear_t *m) {
    return m->n_outputs;
}

static inline uint32_t eml_linear_n_decision(const eml_linear_t *m) {
    return m->n_rows;
}

static inline size_t eml_linear_scratch_size(const eml_linear_t *m) {
    return m->n_rows * sizeof(eml_linear_sum_t) + (m->n_features + 1u) * sizeof(int32_t);
}

static inline eml_err_t eml_linear_validate(const eml_linear_t *m) {
    const int link = m->link;
    const uint32_t output = link != EML_LINEAR_IDENTITY ? EML_PROBABILITIES : m->n_classes ? EML_DECISION_VALUES : EML_VALUES;
    const uint32_t n_rows = m->n_rows;
    const int classes_ok = m->n_classes == 0 || (m->n_classes >= 2 && (n_rows == m->n_classes || (n_rows == 1 && m->n_classes == 2)));
    const int link_ok = link == EML_LINEAR_IDENTITY ? 1 : link == EML_LINEAR_SIGMOID ? n_rows == 1 && m->n_classes == 2 : n_rows == m->n_classes;
    if (!m->n_features || !n_rows || link > EML_LINEAR_OVR || m->output != output || !classes_ok || !link_ok
        || m->n_outputs != n_rows + (link == EML_LINEAR_SIGMOID)) {
        return EML_ERR_MODEL;
    }
    for (uint32_t i = 0; i <= m->n_features; i++) {
        if (m->shift[i] < -EML_LINEAR_MAX_SHIFT || m->shift[i] > EML_LINEAR_MAX_SHIFT) {
            return EML_ERR_MODEL;
        }
    }
    return EML_OK;
}

// file: [size], aligned to 4 bytes, outlives *m. scratch: [256].
static inline eml_err_t eml_linear_open(eml_linear_t *m, const void *file, size_t size, uint32_t *scratch) {
    const eml_err_t err = eml_file_open(m, EML_LINEAR_HEADER, file, size, EML_FAMILY_LINEAR, scratch);
    if (err != EML_OK) {
        return err;
    }
    const uint32_t n_shift = eml_pad4(2 * (m->n_features + 1u));
    const uint64_t n_coef = (uint64_t)m->n_rows * m->n_features;
    if (n_coef >= EML_LINEAR_MAX_COUNT || m->size != EML_LINEAR_HEADER + n_shift + 4 * (uint32_t)n_coef + 4u * m->n_rows) {
        return EML_ERR_FORMAT;
    }
    const uint8_t *body = (const uint8_t *)file + EML_FILE_HEADER + EML_LINEAR_HEADER;
    m->shift = (const int16_t *)(const void *)body;
    m->coef = (const int32_t *)(const void *)(body + n_shift);
    m->intercept = m->coef + n_coef;
    return eml_linear_validate(m);
}

// Features to x, [n_features + 1], in units of 2^(*exponent - shift): those of the largest, which gets 30 bits. Last, the 1 that
// intercepts are for.
static inline eml_err_t eml_linear_scale(const eml_linear_t *m, const eml_array_t *features, int32_t *x, int *exponent) {
    const uint32_t n = m->n_features;
    const eml_err_t err = eml_check_features(features, n);
    if (err != EML_OK) {
        return err;
    }
    int top = 127 + m->shift[n];
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t bits = eml_feature_bits(features, i);
        const int field = (int)(bits >> 23 & 0xff);
        if (field == 255) {
            return EML_ERR_RANGE;
        }
        const int level = (field ? field : 1) + m->shift[i];
        if (bits << 1 && level > top) {
            top = level;
        }
        x[i] = (int32_t)bits;
    }
    x[n] = 0x3f800000;
    for (uint32_t i = 0; i <= n; i++) {
        const uint32_t bits = (uint32_t)x[i];
        const int field = (int)(bits >> 23 & 0xff);
        uint32_t mantissa = ((bits & 0x7fffff) | (field ? 0x800000u : 0)) << 6;
        const int drop = top - (field ? field : 1) - m->shift[i]; // below 0 only for a feature that is 0
        if (drop > 0) {
            mantissa = drop < 32 ? (mantissa + (1u << (drop - 1))) >> drop : 0;
        }
        x[i] = bits >> 31 ? -(int32_t)mantissa : (int32_t)mantissa;
    }
    *exponent = top - 156;
    return EML_OK;
}

// Row k for x, which eml_linear_scale has made.
static inline eml_linear_sum_t eml_linear_row(const eml_linear_t *m, const int32_t *x, uint32_t k) {
    const uint32_t n = m->n_features;
    const int32_t *coef = m->coef + (size_t)k * n;
    int64_t product = (int64_t)m->intercept[k] * x[n];
    int64_t high = 0;
    uint64_t low = 0;
    for (uint32_t i = 0;; i++) {
        high += product >> 32;
        low += (uint32_t)product;
        if (i == n) {
            break;
        }
        product = (int64_t)coef[i] * x[i];
    }
    const eml_linear_sum_t sum = { high + (int64_t)(low >> 32), (uint32_t)low };
    return sum;
}

static inline int eml_linear_less(const eml_linear_sum_t *a, const eml_linear_sum_t *b) {
    return a->high < b->high || (a->high == b->high && a->low < b->low);
}

// Bits of the float32 nearest to (a - b) * 2^exponent; b may be NULL.
static inline uint32_t eml_linear_float(const eml_linear_sum_t *a, const eml_linear_sum_t *b, int exponent) {
    eml_linear_sum_t s = *a;
    if (b) {
        s.high -= b->high + (s.low < b->low);
        s.low -= b->low;
    }
    const uint32_t negative = s.high < 0;
    if (negative) {
        s.low = 0u - s.low;
        s.high = -s.high - (s.low != 0);
    }
    uint64_t mantissa = s.low;
    int sticky = 0;
    if (s.high) {
        int shift = eml_clz64((uint64_t)s.high);
        shift = shift > 32 ? 32 : shift;
        mantissa = (uint64_t)s.high << shift | (uint64_t)s.low << shift >> 32;
        sticky = (uint32_t)((uint64_t)s.low << shift) != 0;
        exponent += 32 - shift;
    }
    return mantissa ? (uint32_t)eml_round(mantissa, exponent, sticky, 24) | negative << 31 : 0;
}

// All rows. Returns the number of the largest, the first of equals; of a single row, whether it is above 0.
static inline uint32_t eml_linear_rows(const eml_linear_t *m, const int32_t *x, eml_linear_sum_t *sums) {
    uint32_t best = 0;
    for (uint32_t k = 0; k < m->n_rows; k++) {
        sums[k] = eml_linear_row(m, x, k);
        if (eml_linear_less(&sums[best], &sums[k])) {
            best = k;
        }
    }
    return m->n_rows > 1 ? best : sums->high > 0 || (sums->high == 0 && sums->low);
}

static inline eml_err_t eml_linear_class(const eml_linear_t *m, const eml_array_t *features, void *scratch, uint32_t *klass) {
    eml_linear_sum_t *sums = (eml_linear_sum_t *)scratch;
    int32_t *x = (int32_t *)(void *)(sums + m->n_rows);
    int exponent;
    const eml_err_t err = eml_linear_scale(m, features, x, &exponent);
    if (err == EML_OK) {
        *klass = eml_linear_rows(m, x, sums);
    }
    return err;
}

#define EML_LINEAR_VANISHED 0xc4317218u // -709.78: exp of the opposite is beyond float64

// 1 / (1 + exp(-d)) of each row, over their sum. Where all decision values are far below 0, all are taken times exp(-d) of
// the largest d: nothing vanishes, but where scikit-learn has only zeros, which it takes for equal.
static inline void eml_linear_ovr(const eml_linear_t *m, const eml_linear_sum_t *sums, uint32_t best, int exponent, float *out) {
    const int below = sums[best].high < 0;
    const int vanished = below && eml_linear_float(&sums[best], NULL, exponent) > EML_LINEAR_VANISHED;
    for (uint32_t k = 0; k < m->n_rows; k++) {
        const uint32_t d = eml_linear_float(&sums[k], NULL, exponent);
        uint32_t p = eml_sigmoid(below ? d ^ 0x80000000u : d);
        if (below) {
            const uint32_t e = eml_exp(eml_linear_float(&sums[k], &sums[best], exponent));
            const uint64_t product = (uint64_t)((p & 0x7fffff) | 0x800000) * ((e & 0x7fffff) | 0x800000);
            p = e >> 23 ? (uint32_t)eml_round(product, (int)(p >> 23) + (int)(e >> 23) - 300, 0, 24) : 0;
        }
        eml_float_store(&out[k], vanished ? EML_FLOAT_ONE : p);
    }
    eml_normalise(out, m->n_rows);
}

static inline eml_err_t eml_linear_predict(
    const eml_linear_t *m, const eml_array_t *features, void *scratch, float *out, uint32_t link) {
    eml_linear_sum_t *sums = (eml_linear_sum_t *)scratch;
    int32_t *x = (int32_t *)(void *)(sums + m->n_rows);
    int exponent;
    const eml_err_t err = eml_linear_scale(m, features, x, &exponent);
    if (err != EML_OK) {
        return err;
    }
    const uint32_t best = eml_linear_rows(m, x, sums);
    if (link == EML_LINEAR_OVR) {
        eml_linear_ovr(m, sums, best, exponent, out);
        return EML_OK;
    }
    for (uint32_t k = 0; k < m->n_rows; k++) {
        const uint32_t d = eml_linear_float(&sums[k], link == EML_LINEAR_SOFTMAX ? &sums[best] : NULL, exponent);
        if (link == EML_LINEAR_SIGMOID) {
            eml_float_store(&out[1], eml_sigmoid(d));
            eml_float_store(&out[0], eml_sigmoid(d ^ 0x80000000u));
        } else {
            eml_float_store(&out[k], link == EML_LINEAR_SOFTMAX ? eml_exp(d) : d);
        }
    }
    if (link == EML_LINEAR_SOFTMAX) {
        eml_normalise(out, m->n_rows);
    }
    return EML_OK;
}

static inline eml_err_t eml_linear_outputs(
    const eml_linear_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    return n_out == m->n_outputs ? eml_linear_predict(m, features, scratch, out, m->link) : EML_ERR_SHAPE;
}

// out: [n_rows]
static inline eml_err_t eml_linear_decision(
    const eml_linear_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    return n_out == m->n_rows ? eml_linear_predict(m, features, scratch, out, EML_LINEAR_IDENTITY) : EML_ERR_SHAPE;
}

#endif // EML_LINEAR_H
