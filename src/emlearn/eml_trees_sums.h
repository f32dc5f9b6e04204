// What the sums of boosted trees and isolation forests mean: a class, probabilities, or a value. See docs/formats.md.
//
// Sums are int64_t in units of 2^exponent, and exact; eml_trees.h makes them. Sources: Friedman 2001, Greedy Function
// Approximation; Liu, Ting, Zhou 2008, Isolation Forest.
#ifndef EML_TREES_SUMS_H
#define EML_TREES_SUMS_H

#include "eml_exp.h"
#include "eml_trees_data.h"

// Sums that trees add to in turn.
static inline uint32_t eml_trees_n_sums(const eml_trees_t *t) {
    return eml_trees_link(t) == EML_LINK_MEDIAN ? t->n_trees : eml_trees_link(t) == EML_LINK_SOFTMAX ? t->n_classes : 1;
}

// Two words as an int64_t.
static inline uint64_t eml_trees_wide_value(const uint32_t *words) {
    return words[0] | (uint64_t)words[1] << 32;
}

// Where a sum begins, or the weight of a tree; of a single one for two classes, base 1 is that, and above base 0 it means the second class.
static inline uint64_t eml_trees_base(const eml_trees_t *t, uint32_t output) {
    return eml_trees_wide_value(t->values + eml_trees_sum_words(t) + 2 * output);
}

static inline uint64_t eml_trees_addend(const eml_trees_t *t, uint32_t leaf) {
    return t->entry & EML_SUM_INT64 ? eml_trees_wide_value(t->values + 2 * leaf) : (uint64_t)(int64_t)(int32_t)t->values[leaf];
}

// Bits of the float32 nearest to a sum. All sums are within 62 bits, and so is the difference of any two.
static inline uint32_t eml_trees_sum_bits(const eml_trees_t *t, uint64_t sum) {
    const uint32_t sign = (uint32_t)(sum >> 32) & 0x80000000u;
    const int exponent = (int)t->n_values - EML_TREES_EXPONENT + (eml_trees_link(t) == EML_LINK_HALF_SIGMOID);
    const uint64_t magnitude = sign ? 0 - sum : sum;
    return magnitude ? (uint32_t)eml_round(magnitude, exponent, 0, 24) | sign : 0;
}

// The smallest value that trees with half of the weight do not exceed. values: [n_trees]
static inline uint64_t eml_trees_median(const eml_trees_t *t, const uint64_t *values) {
    int64_t low = (int64_t)values[0];
    int64_t high = low;
    uint64_t total = 0;
    for (uint32_t i = 0; i < t->n_trees; i++) {
        const int64_t value = (int64_t)values[i];
        low = value < low ? value : low;
        high = value > high ? value : high;
        total += eml_trees_base(t, i);
    }
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        uint64_t weight = 0;
        for (uint32_t i = 0; i < t->n_trees; i++) {
            weight += (int64_t)values[i] <= middle ? eml_trees_base(t, i) : 0;
        }
        if (2 * weight >= total) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return (uint64_t)low;
}

// 1 - p for a float32 p from 0 to 1, as bits.
static inline uint32_t eml_trees_complement(uint32_t bits) {
    const int shift = (int)(bits >> 23) - 118;
    const uint64_t mantissa = (bits & 0x7fffff) | 0x800000;
    const uint64_t p = shift >= 0 ? mantissa << shift : shift > -24 ? mantissa >> -shift : 0; // in units of 2^-32
    return p >> 32 ? 0 : (uint32_t)eml_round(((uint64_t)1 << 32) - p, -32, 0, 24);
}

static inline uint32_t eml_trees_sums_class(const eml_trees_t *t, const uint64_t *sums) {
    const uint32_t n = eml_trees_n_sums(t);
    if (n == 1) {
        return (int64_t)sums[0] > (int64_t)eml_trees_base(t, 0);
    }
    uint32_t best = 0; // the first of equals
    for (uint32_t c = 1; c < n; c++) {
        best = (int64_t)sums[c] > (int64_t)sums[best] ? c : best;
    }
    return best;
}

// out: [n_outputs] probabilities, or the value.
static inline void eml_trees_sums_outputs(const eml_trees_t *t, const uint64_t *sums, float *out) {
    const eml_link_t link = eml_trees_link(t);
    const uint32_t bits = eml_trees_sum_bits(t, link == EML_LINK_MEDIAN ? eml_trees_median(t, sums) : sums[0]);
    if (link == EML_LINK_SOFTMAX) {
        const uint64_t largest = sums[eml_trees_sums_class(t, sums)];
        for (uint32_t c = 0; c < t->n_classes; c++) {
            eml_float_store(&out[c], eml_exp(eml_trees_sum_bits(t, sums[c] - largest)));
        }
        eml_normalise(out, t->n_classes);
    } else if (link <= EML_LINK_EXP || link == EML_LINK_MEDIAN) {
        eml_float_store(&out[0], link == EML_LINK_EXP ? eml_exp(bits) : bits);
    } else if (link == EML_LINK_ISOLATION) {
        eml_float_store(&out[0], eml_exp(bits | 0x80000000u)); // path lengths are not negative
        eml_float_store(&out[1], eml_trees_complement(eml_float_bits(&out[0])));
    } else {
        eml_float_store(&out[0], eml_sigmoid(bits ^ 0x80000000u));
        eml_float_store(&out[1], eml_sigmoid(bits));
    }
}

#endif // EML_TREES_SUMS_H
