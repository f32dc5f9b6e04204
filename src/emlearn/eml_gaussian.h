// Gaussian components: classes and probabilities of naive Bayes and of quadratic discriminant analysis, components and
// log-likelihood of mixtures, outliers by distance. eml_bayes.h and eml_mixture.h give it the names of families.
//
// The score of a component is base - penalty, with penalty = constant + |P (x - mean)|^2 / 2. Means are subtracted in 64 bits,
// of units far below a standard deviation. P is triangular, or diagonal. A sum of products is exact (96 bits), and its
// 32 highest bits are squared; penalties add up with 63 bits and a power of two, so that they neither overflow nor lose what
// separates the best components. No floating-point unit; the bits are the same on every CPU.
//
//   eml_gaussian_class(&m, x, scratch, &class)        per sample: the class, or component
//   eml_gaussian_outputs(&m, x, scratch, out, n)      per sample: what m.output says
//   eml_gaussian_decision(&m, x, scratch, out, n)     per sample: scores less the best one, and the best one
//
// `scratch` has eml_gaussian_scratch_size(&m) bytes, aligned to 8. Features that are NaN or infinite are refused, as by
// scikit-learn, with EML_ERR_RANGE. File and arithmetic: docs/formats.md#bayes-and-mixture.
#ifndef EML_GAUSSIAN_H
#define EML_GAUSSIAN_H

#include "eml_exp.h"
#include "eml_gaussian_data.h"

#define EML_GAUSSIAN_LEAST (-32768)

static inline uint32_t eml_gaussian_n_decision(const eml_gaussian_t *m) {
    return m->n_components + 1u;
}

static inline eml_gaussian_number_t eml_gaussian_number(uint64_t mantissa, int exponent) {
    eml_gaussian_number_t n = { 0, EML_GAUSSIAN_LEAST, 0 };
    if (mantissa) {
        const int shift = eml_clz64(mantissa) - 1;
        n.mantissa = shift < 0 ? mantissa >> 1 : mantissa << shift;
        n.exponent = exponent - shift;
    }
    return n;
}

static inline int eml_gaussian_less(const eml_gaussian_number_t *a, const eml_gaussian_number_t *b) {
    return a->exponent < b->exponent || (a->exponent == b->exponent && a->mantissa < b->mantissa);
}

static inline uint64_t eml_gaussian_shifted(const eml_gaussian_number_t *n, int drop) {
    return drop < 63 ? n->mantissa >> drop : 0;
}

// *a += mantissa * 2^exponent; bits below 2^-62 of the larger one are dropped.
static inline void eml_gaussian_add(eml_gaussian_number_t *a, uint64_t mantissa, int exponent) {
    eml_gaussian_number_t b = eml_gaussian_number(mantissa, exponent);
    if (a->exponent < b.exponent) {
        const eml_gaussian_number_t smaller = *a;
        *a = b;
        b = smaller;
    }
    a->mantissa += eml_gaussian_shifted(&b, a->exponent - b.exponent);
    if (a->mantissa >> 63) {
        a->mantissa >>= 1;
        a->exponent++;
    }
}

// Bits of the float32 nearest to a - b.
static inline uint32_t eml_gaussian_minus(const eml_gaussian_number_t *a, const eml_gaussian_number_t *b) {
    const uint32_t negative = (uint32_t)eml_gaussian_less(a, b);
    const eml_gaussian_number_t *larger = negative ? b : a, *smaller = negative ? a : b;
    const uint64_t mantissa = larger->mantissa - eml_gaussian_shifted(smaller, larger->exponent - smaller->exponent);
    return mantissa ? (uint32_t)eml_round(mantissa, larger->exponent, 0, 24) | negative << 31 : 0;
}

// Bits of a float32 in units of 2^unit, halves away from 0; at most 2^61 - 1.
static inline int64_t eml_gaussian_fixed(uint32_t bits, int unit) {
    const int field = (int)(bits >> 23 & 0xff);
    const uint32_t mantissa = (bits & 0x7fffff) | (field ? 0x800000u : 0);
    const int drop = unit + 150 - (field ? field : 1);
    int64_t value = mantissa;
    if (drop > 0) {
        value = drop < 25 ? (mantissa + (1u << (drop - 1))) >> drop : 0;
    } else if (drop < -37) {
        value = mantissa ? ((int64_t)1 << 61) - 1 : 0;
    } else {
        value <<= -drop;
    }
    return bits >> 31 ? -value : value;
}

// Adds half the square of (high * 2^32 + low) * 2^exponent, of its 32 highest bits.
static inline void eml_gaussian_add_square(eml_gaussian_number_t *sum, int64_t high, uint32_t low, int exponent) {
    if (high < 0) {
        low = 0u - low;
        high = -high - (low != 0);
    }
    if (high) {
        const int shift = eml_clz64((uint64_t)high);
        const uint64_t rest = (uint64_t)high << 32 | low;
        low = (uint32_t)(shift < 32 ? (uint64_t)high >> (32 - shift) : rest >> (64 - shift));
        exponent += 64 - shift;
    }
    eml_gaussian_add(sum, (uint64_t)low * low, 2 * exponent - 1);
}

static inline uint64_t eml_gaussian_magnitude(int64_t value) {
    return value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
}

static inline int eml_gaussian_length(int64_t value) {
    return value ? 64 - eml_clz64(eml_gaussian_magnitude(value)) : EML_GAUSSIAN_LEAST;
}

// Features to x', [n_features].
static inline eml_err_t eml_gaussian_features(const eml_gaussian_t *m, const eml_array_t *features, int64_t *x) {
    const eml_err_t err = eml_check_features(features, m->n_features);
    if (err != EML_OK) {
        return err;
    }
    for (uint32_t i = 0; i < m->n_features; i++) {
        const uint32_t bits = eml_feature_bits(features, i);
        if ((bits >> 23 & 0xff) == 255) {
            return EML_ERR_RANGE;
        }
        x[i] = eml_gaussian_fixed(bits, m->unit[i]) - eml_gaussian_fixed(m->centre[i], m->unit[i]);
    }
    return EML_OK;
}

// x - mean to 31 bits, in d: [n], in one unit for all terms, which is returned: a power of two, the largest term's.
static inline int eml_gaussian_differences(const eml_gaussian_t *m, const int64_t *x, const int32_t *mean, const int16_t *shift, int32_t *d) {
    int top = 2 * EML_GAUSSIAN_LEAST;
    for (uint32_t i = 0; i < m->n_features; i++) {
        const int level = eml_gaussian_length(x[i] - mean[i]) + m->unit[i] + shift[i];
        top = level > top ? level : top;
    }
    for (uint32_t i = 0; i < m->n_features; i++) {
        const int64_t value = x[i] - mean[i];
        const int drop = top - 30 - m->unit[i] - shift[i];
        uint64_t magnitude = eml_gaussian_magnitude(value);
        if (drop > 0) {
            magnitude = drop < 63 ? (magnitude + ((uint64_t)1 << (drop - 1))) >> drop : 0;
        } else if (magnitude) { // else it may be any
            magnitude <<= -drop;
        }
        d[i] = value < 0 ? -(int32_t)magnitude : (int32_t)magnitude;
    }
    return top - 30;
}

static inline eml_gaussian_number_t eml_gaussian_penalty(const eml_gaussian_t *m, const int64_t *x, int32_t *d, uint32_t component) {
    const uint32_t n = m->n_features;
    const uint32_t matrix = m->n_matrices > 1 ? component : 0;
    const int32_t *mean = m->mean + (size_t)component * n;
    const int16_t *shift = m->shift + (size_t)matrix * n;
    const int32_t *coef = m->coef + (size_t)matrix * eml_gaussian_matrix_size(m);
    eml_gaussian_number_t sum = eml_gaussian_number((uint64_t)m->constant[component] << 32 | m->fraction[component], -32);
    if (m->kind == EML_GAUSSIAN_DIAGONAL) { // each with bits of its own: those of another may be as large as they like
        for (uint32_t i = 0; i < n; i++) {
            uint64_t value = eml_gaussian_magnitude(x[i] - mean[i]);
            int exponent = m->unit[i] + shift[i];
            if (value >> 32) {
                const int drop = 32 - eml_clz64(value);
                value >>= drop;
                exponent += drop;
            }
            const int64_t product = coef[i] * (int64_t)value;
            eml_gaussian_add_square(&sum, product >> 32, (uint32_t)product, exponent);
        }
        return sum;
    }
    const int exponent = eml_gaussian_differences(m, x, mean, shift, d);
    for (uint32_t row = 0; row < m->n_rows; row++) {
        int64_t high = 0;
        uint64_t low = 0;
        for (uint32_t i = row; i < n; i++) {
            const int64_t product = (int64_t)*coef++ * d[i];
            high += product >> 32;
            low += (uint32_t)product;
        }
        eml_gaussian_add_square(&sum, high + (int64_t)(low >> 32), (uint32_t)low, exponent);
    }
    return sum;
}

// base - penalty, less the float32 `log`.
static inline uint32_t eml_gaussian_score(const eml_gaussian_t *m, const eml_gaussian_number_t *penalty, uint32_t log) {
    eml_gaussian_number_t parts[2] = { { 0, EML_GAUSSIAN_LEAST, 0 }, *penalty }; // what counts for it, and against
    const uint64_t base = (uint64_t)(uint32_t)m->base << 32 | m->base_fraction;
    eml_gaussian_add(&parts[m->base < 0], m->base < 0 ? 0u - base : base, -32);
    const uint32_t field = log >> 23 & 0xff;
    if (field) {
        eml_gaussian_add(&parts[!(log >> 31)], (log & 0x7fffff) | 0x800000, (int)field - 150);
    }
    return eml_gaussian_minus(&parts[0], &parts[1]);
}

// All penalties, at the beginning of scratch, and the component of the smallest, the first of equals.
static inline eml_err_t eml_gaussian_penalties(const eml_gaussian_t *m, const eml_array_t *features, void *scratch, uint32_t *best) {
    eml_gaussian_number_t *penalties = (eml_gaussian_number_t *)scratch;
    int64_t *x = (int64_t *)(void *)(penalties + m->n_components);
    const eml_err_t err = eml_gaussian_features(m, features, x);
    if (err == EML_OK) {
        *best = 0;
        for (uint32_t k = 0; k < m->n_components; k++) {
            penalties[k] = eml_gaussian_penalty(m, x, (int32_t *)(void *)(x + m->n_features), k);
            *best = eml_gaussian_less(&penalties[k], &penalties[*best]) ? k : *best;
        }
    }
    return err;
}

static inline eml_err_t eml_gaussian_class(const eml_gaussian_t *m, const eml_array_t *features, void *scratch, uint32_t *klass) {
    const eml_err_t err = eml_gaussian_penalties(m, features, scratch, klass);
    if (err == EML_OK && m->output == EML_DECISION_VALUES) {
        *klass = !(eml_gaussian_score(m, (const eml_gaussian_number_t *)scratch, 0) >> 31);
    }
    return err;
}

static inline eml_err_t eml_gaussian_outputs(const eml_gaussian_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    const eml_gaussian_number_t *penalties = (const eml_gaussian_number_t *)scratch;
    const uint32_t n = m->n_components;
    uint32_t best;
    const eml_err_t err = n_out == m->n_outputs ? eml_gaussian_penalties(m, features, scratch, &best) : EML_ERR_SHAPE;
    if (err != EML_OK) {
        return err;
    }
    uint32_t log = 0;
    if (m->output != EML_DECISION_VALUES) {
        for (uint32_t k = 0; k < n; k++) {
            eml_float_store(&out[k], eml_exp(eml_gaussian_minus(&penalties[best], &penalties[k])));
        }
        eml_normalise(out, n);
        if (m->output == EML_PROBABILITIES) {
            return EML_OK;
        }
        // The likelihood of all is that of the best by its part of them.
        log = eml_log(eml_float_bits(&out[best]));
        out += n;
    }
    eml_float_store(out, eml_gaussian_score(m, &penalties[best], log));
    return EML_OK;
}

// out: [n_components + 1]
static inline eml_err_t eml_gaussian_decision(const eml_gaussian_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    const eml_gaussian_number_t *penalties = (const eml_gaussian_number_t *)scratch;
    uint32_t best;
    const eml_err_t err = n_out == eml_gaussian_n_decision(m) ? eml_gaussian_penalties(m, features, scratch, &best) : EML_ERR_SHAPE;
    if (err == EML_OK) {
        for (uint32_t k = 0; k < m->n_components; k++) {
            eml_float_store(&out[k], eml_gaussian_minus(&penalties[best], &penalties[k]));
        }
        eml_float_store(&out[m->n_components], eml_gaussian_score(m, &penalties[best], 0));
    }
    return err;
}

#endif // EML_GAUSSIAN_H
