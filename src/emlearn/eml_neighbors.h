// Nearest neighbours: classes, probabilities and regression; nearest centroids.
//
// Distances are exact integers, of euclidean ones the squares, so that they order alike on every CPU. Items of floats are
// integers of 31 bits in units of one power of two; a sample is brought to these units, or, if it is too large for them, the
// items to its own. Of items at the same distance the first is nearer.
//
//   eml_neighbors_open(&m, file, size, scratch)        a whole .eml file in memory, in place
//   eml_neighbors_class(&m, x, scratch, &class)        per sample: the class
//   eml_neighbors_outputs(&m, x, scratch, out, n)      per sample: probabilities, distances or the value
//
// `scratch` has eml_neighbors_scratch_size(&m) bytes, aligned to 8; afterwards it begins with the neighbours, nearest first.
// Samples are int16 for items of int16, else finite numbers of any type. File and arithmetic: docs/formats.md#neighbours.
#ifndef EML_NEIGHBORS_H
#define EML_NEIGHBORS_H

#include "eml_neighbors_data.h"
#ifndef EML_NEIGHBORS_SMALL
#include "eml_exp.h"
#endif

static inline uint32_t eml_neighbors_count(const eml_neighbors_t *m) {
    return m->k < m->n_used ? m->k : m->n_used;
}

// No neighbours yet: places for k, at a distance that none has. Returns the last of them.
static inline eml_neighbor_t *eml_neighbors_begin(const eml_neighbors_t *m, eml_neighbor_t *found) {
    eml_neighbor_t *const end = found + m->k;
    do {
        found->high = ~(uint64_t)0;
#ifndef EML_NEIGHBORS_SMALL
        found->low = 0;
#endif
    } while (++found < end);
    return end - 1;
}

// The square of the distance of two int16 arrays, [n]. 65,535 squares of 32 bits cannot overflow; a second loop with sums of 32
// bits, for small numbers, would take more code than it saves instructions.
#if defined(__thumb__) && !defined(__thumb2__)
// With few registers: called, not inlined, one index for both arrays, and halves of squares instead of carries.
static __attribute__((noinline, unused)) uint64_t eml_neighbors_square(const int16_t *x, const int16_t *item, uint32_t n) {
    uint32_t low = 0, high = 0;
    int32_t at = 2 * (int32_t)n - 2; // in bytes
    do {
        const int32_t a = *(const int16_t *)(const void *)((const uint8_t *)x + at);
        const int32_t b = *(const int16_t *)(const void *)((const uint8_t *)item + at);
        const uint32_t square = (uint32_t)(a - b) * (uint32_t)(a - b);
        low += square & 0xffff;
        high += square >> 16;
        at -= 2;
    } while (at >= 0);
    return ((uint64_t)high << 16) + low;
}
#elif defined(__thumb2__)
// Which multiplies and adds 64 bits in one instruction.
static inline uint64_t eml_neighbors_square(const int16_t *x, const int16_t *item, uint32_t n) {
    int64_t sum = 0;
    const int16_t *const end = x + n;
    do {
        const int32_t difference = *x++ - *item++;
        sum += (int64_t)difference * difference;
    } while (x < end);
    return (uint64_t)sum;
}
#else
static inline uint64_t eml_neighbors_square(const int16_t *x, const int16_t *item, uint32_t n) {
    uint32_t low = 0, high = 0;
    const int16_t *const end = x + n;
    do {
        const int32_t difference = *x++ - *item++;
        const uint32_t square = (uint32_t)difference * (uint32_t)difference;
        low += square;
        high += low < square;
    } while (x < end);
    return (uint64_t)high << 32 | low;
}
#endif

// The nearest of int16 items, of which there are some, by euclidean distance, whose squares are `high`: in units of 2^-32.
// x: [n_features]
static inline void eml_neighbors_find16(const eml_neighbors_t *m, const int16_t *x, eml_neighbor_t *found) {
    const int16_t *item = m->items16;
    eml_neighbor_t *const last = eml_neighbors_begin(m, found);
    uint32_t index = 0;
    do {
        const uint64_t distance = eml_neighbors_square(x, item, m->n_features);
        item += m->n_features;
        if (distance < last->high) {
            eml_neighbor_t *at = last;
            for (; at > found && at[-1].high > distance; at--) {
                at->high = at[-1].high;
                at->index = at[-1].index;
            }
            at->high = distance;
            at->index = index;
        }
    } while (++index < m->n_used);
}

// A sum of weights, below 2^47 or, of 1 each, 2^16, times 2^16, less a class number: of equal sums the first class has the largest.
#ifdef EML_NEIGHBORS_SMALL
typedef uint32_t eml_votes_t;
#else
typedef int64_t eml_votes_t;
#endif

// The class with most of the weight, of equals the first. w: [count], or NULL for all alike. There is an item.
static inline uint32_t eml_neighbors_vote(const eml_neighbors_t *m, const eml_neighbor_t *found, const uint32_t *w) {
    const uint16_t *const class_numbers = m->class_numbers;
    const eml_neighbor_t *const first = found;
    const eml_neighbor_t *const end = found + eml_neighbors_count(m);
    eml_votes_t best = 0;
    do {
        // The first neighbour of a class counts all of them, and so not less than those after it.
        const uint32_t label = class_numbers[found->index];
        eml_votes_t votes = 0 - (eml_votes_t)label;
        const eml_neighbor_t *at = found;
        do {
            if (class_numbers[at->index] == label) {
                votes += (eml_votes_t)(w ? w[at - first] : 1) << 16;
            }
        } while (++at < end);
        if (votes > best) {
            best = votes;
        }
    } while (++found < end);
    return (uint16_t)(0 - best);
}

#ifndef EML_NEIGHBORS_SMALL

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

// In place of the last of found, [k], which is farther.
static inline void eml_neighbors_insert(eml_neighbor_t *found, uint32_t k, const eml_neighbor_t *d) {
    eml_neighbor_t *at = found + k - 1;
    for (; at > found && (at[-1].high > d->high || (at[-1].high == d->high && at[-1].low > d->low)); at--) {
        at[0] = at[-1];
    }
    *at = *d;
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
    int32_t *x = (int32_t *)(void *)(found + m->k + 1);
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
    memcpy(&found[m->k], &exponent, sizeof(exponent));
    if (by_squares) {
        eml_neighbors_find16(m, (const int16_t *)features->data, found);
        return EML_OK;
    }
    for (uint32_t i = 0; i < n; i++) {
        x[i] = m->n_items16 ? ((const int16_t *)features->data)[i] : eml_neighbors_fixed(eml_feature_bits(features, i), exponent);
    }
    int shift = exponent - m->exponent;
    shift = shift < 31 ? shift : 31;
    eml_neighbors_begin(m, found);
    for (uint32_t index = 0; index < m->n_used; index++) {
        const eml_neighbor_t d = eml_neighbors_measure(m, x, index, shift);
        const eml_neighbor_t *last = &found[m->k - 1];
        if (d.high < last->high || (d.high == last->high && d.low < last->low)) {
            eml_neighbors_insert(found, m->k, &d);
        }
    }
    return EML_OK;
}

// Weights of the neighbours, behind x in scratch: 1 each, or 1 / distance in units of about 2^-31 of the largest. Neighbours at
// no distance take all.
static inline uint32_t *eml_neighbors_weights(const eml_neighbors_t *m, eml_neighbor_t *found) {
    uint32_t *w = (uint32_t *)(void *)(found + m->k + 1) + m->n_features;
    const uint32_t count = eml_neighbors_count(m);
    int first = 0;
    const int any_zero = !found->high && !found->low;
    for (uint32_t i = 0; i < count; i++) {
        w[i] = m->weights == EML_WEIGHTS_UNIFORM || (!found[i].high && !found[i].low);
        if (m->weights == EML_WEIGHTS_DISTANCE && !any_zero) {
            const eml_number_t d = eml_neighbors_distance(m, &found[i]);
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
        *klass = m->weights == EML_WEIGHTS_NEAREST ? m->class_numbers[found->index] : eml_neighbors_vote(m, found, eml_neighbors_weights(m, found));
    }
    return err;
}

static inline uint32_t eml_neighbors_value(const eml_neighbors_t *m, eml_neighbor_t *found) {
    const uint32_t *w = eml_neighbors_weights(m, found);
    const int is_mean = *w == 1;
    int64_t sum = 0;
    uint64_t total = 0;
    for (uint32_t i = 0; i < eml_neighbors_count(m); i++) {
        const int64_t product = (int64_t)m->values[found[i].index] * w[i];
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
        int unit;
        memcpy(&unit, &found[m->k], sizeof(unit));
        for (uint32_t i = 0; i < m->k; i++) {
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
            sum += m->class_numbers[found[i].index] == klass ? w[i] : 0;
        }
        eml_float_store(&out[klass], eml_neighbors_ratio(sum, total, 0));
    }
    return EML_OK;
}

#endif // EML_NEIGHBORS_SMALL
#endif // EML_NEIGHBORS_H
