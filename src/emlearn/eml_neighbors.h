// Nearest neighbours: classes, probabilities and regression; nearest centroids.
//
// Distances are exact integers, of euclidean ones the squares, so that they order alike on every CPU. Items of floats are
// integers of 31 bits in units of one power of two; a sample is brought to these units, or, if it is too large for them, the
// items to its own.
//
//   eml_neighbors_open(&m, file, size, scratch)        a whole .eml file in memory, in place
//   eml_neighbors_class(&m, x, scratch, &class)        per sample: the class
//   eml_neighbors_outputs(&m, x, scratch, out, n)      per sample: probabilities, distances or the value
//
// `scratch` has eml_neighbors_scratch_size(&m) bytes, aligned to 8. Afterwards it is eml_neighbor_t[k + 2], of which [1..k] are
// the neighbours, nearest first, and [0].index is the exponent of their distances' unit.
// Samples are int16 for items of int16, else finite numbers of any type. File and arithmetic: docs/formats.md#neighbours.
#ifndef EML_NEIGHBORS_H
#define EML_NEIGHBORS_H

#include "eml_exp.h"
#include "eml_neighbors_search.h"

static inline uint64_t eml_neighbors_isqrt(uint64_t rest) {
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 62; bit; bit >>= 2) { // digit by digit
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}

// A distance, not 0, with the relative error 2^-31; in the units that it was computed in.
static inline eml_number_t eml_neighbors_distance(const eml_neighbors_t *m, const eml_neighbor_t *item) {
    uint64_t mantissa = item->low;
    int exponent = 0;
    if (item->high) {
        int shift = eml_clz64(item->high);
        shift = shift > 32 ? 32 : shift;
        mantissa = item->high << shift | (uint64_t)item->low << shift >> 32;
        exponent = 32 - shift;
    }
    const int shift = eml_clz64(mantissa);
    mantissa <<= shift;
    exponent -= shift;
    eml_number_t d;
    if (m->metric == EML_EUCLIDEAN) {
        const int odd = exponent & 1;
        d.mantissa = (uint32_t)eml_neighbors_isqrt(mantissa >> odd);
        d.exponent = (exponent + odd) / 2;
    } else {
        d.mantissa = (uint32_t)(mantissa >> 32);
        d.exponent = exponent + 32;
    }
    return d;
}

// found: [1..k], nearest first; of equal distances, in the order of their indices.
static inline void eml_neighbors_sort(eml_neighbor_t *found, uint32_t k) {
    for (uint32_t i = 2; i <= k; i++) {
        const eml_neighbor_t d = found[i];
        uint32_t at = i;
        for (; at > 1; at--) {
            const eml_neighbor_t *before = &found[at - 1];
            if (!eml_neighbors_farther(before, &d) && (eml_neighbors_farther(&d, before) || before->index < d.index)) {
                break;
            }
            found[at] = *before;
        }
        found[at] = d;
    }
}

// The distance of |x - items|, both of 32 bits, whatever the metric. x: [n_features]
static inline eml_neighbor_t eml_neighbors_measure(const eml_neighbors_t *m, const int32_t *x, uint32_t index, int shift) {
    const uint32_t n = m->n_features;
    eml_neighbor_t d = { 0, 0, index };
    uint64_t low = 0;
    for (uint32_t i = 0; i < n; i++) {
        const size_t at = (size_t)index * n + i;
        const int32_t item = m->n_items16 ? m->items16[at] : m->items32[at] >> shift;
        const uint32_t difference = x[i] > item ? (uint32_t)x[i] - (uint32_t)item : (uint32_t)item - (uint32_t)x[i];
        if (m->metric == EML_EUCLIDEAN) {
            const uint64_t square = (uint64_t)difference * difference;
            d.high += square >> 32;
            low += (uint32_t)square;
        } else {
            low = m->metric == EML_MANHATTAN ? low + difference : difference > low ? difference : low;
        }
    }
    d.high += low >> 32;
    d.low = (uint32_t)low;
    return d;
}

// All that is needed of a sample: neighbours and, in units of 2^exponent behind them, x.
static inline eml_err_t eml_neighbors_find(const eml_neighbors_t *m, const eml_array_t *features, eml_neighbor_t *found) {
    const uint32_t n = m->n_features;
    const uint32_t k = eml_neighbors_count(m);
    int32_t *x = (int32_t *)(void *)(found + m->k + 2);
    const int by_squares = m->n_items16 && m->metric == EML_EUCLIDEAN;
    int exponent = by_squares ? -16 : m->n_items16 ? 0 : m->exponent;
    if (!m->n_used) {
        return EML_ERR_MODEL;
    }
    if (m->n_items16 && features->type != EML_INT16) {
        return EML_ERR_TYPE;
    }
    eml_err_t err = eml_check_features(features, n);
    if (err == EML_OK) {
        err = m->n_items16 ? EML_OK : eml_neighbors_unit(features, n, &exponent);
    }
    if (err != EML_OK) {
        return err;
    }
    if (by_squares) {
        eml_neighbors_find16(m, (const int16_t *)features->data, found, k);
    } else {
        for (uint32_t i = 0; i < n; i++) {
            x[i] = m->n_items16 ? ((const int16_t *)features->data)[i] : eml_neighbors_fixed(eml_feature_bits(features, i), exponent);
        }
        int shift = exponent - m->exponent;
        shift = shift < 31 ? shift : 31;
        eml_neighbors_begin(found, k);
        for (uint32_t index = 0; index < m->n_used; index++) {
            const eml_neighbor_t d = eml_neighbors_measure(m, x, index, shift);
            eml_neighbors_push(found, k, &d);
        }
    }
    eml_neighbors_sort(found, k);
    found->index = (uint32_t)exponent;
    return EML_OK;
}

// Weights of the neighbours, behind x in scratch: 1 each, or 1 / distance in units of about 2^-31 of the largest. Neighbours at
// no distance take all.
static inline uint32_t *eml_neighbors_weights(const eml_neighbors_t *m, eml_neighbor_t *found) {
    uint32_t *w = (uint32_t *)(void *)(found + m->k + 2) + m->n_features;
    const uint32_t count = eml_neighbors_count(m);
    const eml_neighbor_t *at = found + 1;
    int first = 0;
    const int any_zero = !at->high && !at->low;
    for (uint32_t i = 0; i < count; i++, at++) {
        w[i] = m->weights == EML_WEIGHTS_UNIFORM || (!at->high && !at->low);
        if (m->weights == EML_WEIGHTS_DISTANCE && !any_zero) {
            const eml_number_t d = eml_neighbors_distance(m, at);
            first = i ? first : d.exponent;
            const int drop = d.exponent - first;
            w[i] = drop < 32 ? eml_reciprocal(d.mantissa) >> drop : 0;
        }
    }
    return w;
}

// Bits of the float32 nearest to n / d * 2^exponent; for d from 2^16 on, to a relative error of 2^-29 before that.
static inline uint32_t eml_neighbors_ratio(uint64_t n, uint64_t d, int exponent) {
    if (d <= 0xffff) {
        return eml_float_from_ratio(n, (uint16_t)d, exponent);
    }
    if (n == d) { // all of it
        return (uint32_t)eml_round(1, exponent, 0, 24);
    }
    if (n == 0) {
        return 0;
    }
    const int n_shift = eml_clz64(n);
    const int d_shift = eml_clz64(d);
    const uint64_t product = (n << n_shift >> 32) * eml_reciprocal((uint32_t)(d << d_shift >> 32));
    return (uint32_t)eml_round(product, exponent - n_shift + d_shift - 62, 0, 24);
}

static inline eml_err_t eml_neighbors_class(const eml_neighbors_t *m, const eml_array_t *features, void *scratch, uint32_t *klass) {
    eml_neighbor_t *found = (eml_neighbor_t *)scratch;
    const eml_err_t err = eml_neighbors_find(m, features, found);
    if (err == EML_OK) {
        *klass = m->weights == EML_WEIGHTS_NEAREST ? m->class_numbers[found[1].index] : eml_neighbors_vote(m->class_numbers, found, eml_neighbors_count(m), eml_neighbors_weights(m, found));
    }
    return err;
}

static inline uint32_t eml_neighbors_value(const eml_neighbors_t *m, eml_neighbor_t *found) {
    const uint32_t *w = eml_neighbors_weights(m, found);
    const int is_mean = *w == 1;
    int64_t sum = 0;
    uint64_t total = 0;
    for (uint32_t i = 0; i < eml_neighbors_count(m); i++) {
        const int64_t product = (int64_t)m->values[found[i + 1].index] * w[i];
        sum += is_mean ? product : product >> 16; // so that 65,535 of them fit
        total += w[i];
    }
    const uint64_t magnitude = sum < 0 ? 0u - (uint64_t)sum : (uint64_t)sum;
    const uint32_t bits = eml_neighbors_ratio(magnitude, total, m->value_exponent + (is_mean ? 0 : 16));
    return sum < 0 ? bits | 0x80000000u : bits;
}

static inline eml_err_t eml_neighbors_outputs(
    const eml_neighbors_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    eml_neighbor_t *found = (eml_neighbor_t *)scratch;
    if (n_out != m->n_outputs) {
        return EML_ERR_SHAPE;
    }
    const eml_err_t err = eml_neighbors_find(m, features, found);
    if (err != EML_OK) {
        return err;
    }
    if (m->n_classes == 0) {
        eml_float_store(out, eml_neighbors_value(m, found));
        return EML_OK;
    }
    if (m->weights == EML_WEIGHTS_NEAREST) {
        const int unit = (int)found->index;
        for (uint32_t i = 1; i <= m->k; i++) {
            uint32_t bits = 0;
            if (found[i].high || found[i].low) {
                const eml_number_t d = eml_neighbors_distance(m, &found[i]);
                bits = (uint32_t)eml_round(d.mantissa, d.exponent + unit, 0, 24) | 0x80000000u;
            }
            eml_float_store(&out[m->class_numbers[found[i].index]], bits);
        }
        return EML_OK;
    }
    const uint32_t *w = eml_neighbors_weights(m, found);
    const uint32_t count = eml_neighbors_count(m);
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += w[i];
    }
    for (uint32_t klass = 0; klass < m->n_classes; klass++) {
        uint64_t sum = 0;
        for (uint32_t i = 0; i < count; i++) {
            sum += m->class_numbers[found[i + 1].index] == klass ? w[i] : 0;
        }
        eml_float_store(&out[klass], eml_neighbors_ratio(sum, total, 0));
    }
    return EML_OK;
}

#endif // EML_NEIGHBORS_H
