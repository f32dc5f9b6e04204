// Probabilities of classes from the decision values of their pairs, as libsvm has them: Platt's logistic function for each pair, and
// the second of the methods in Wu, Lin, Weng, "Probability Estimates for Multi-class Classification by Pairwise Coupling", 2004.
//
// That is an iteration, which ends when errors are below 0.005 / n_classes: what it ends with hangs on in which step that is. Numbers
// here have 31 bits at any size, about what decision values have, so that it is libsvm's step but for rows within 1e-8 of the limit.
//
//   eml_kernel_couple(m, scratch, out)   after eml_kernel_sums and a unit behind x, see below
#ifndef EML_KERNEL_COUPLE_H
#define EML_KERNEL_COUPLE_H

#include "eml_kernel_math.h"

static inline eml_kernel_number_t eml_kernel_plus(eml_kernel_number_t a, eml_kernel_number_t b) {
    if (a.mantissa == 0 || (b.mantissa && b.exponent > a.exponent)) {
        const eml_kernel_number_t larger = b;
        b = a;
        a = larger;
    }
    const int shift = b.mantissa ? a.exponent - b.exponent : 63;
    const int64_t addend = b.mantissa * ((int64_t)1 << 31) >> (shift > 63 ? 63 : shift);
    return eml_kernel_of_int(a.mantissa * ((int64_t)1 << 31) + addend, a.exponent - 31);
}

static inline eml_kernel_number_t eml_kernel_negative(eml_kernel_number_t a) {
    a.mantissa = -a.mantissa;
    return a;
}

static inline eml_kernel_number_t eml_kernel_times(eml_kernel_number_t a, eml_kernel_number_t b) {
    return eml_kernel_product(a.mantissa, b.mantissa, a.exponent + b.exponent);
}

// a / b, b not 0.
static inline eml_kernel_number_t eml_kernel_over(eml_kernel_number_t a, eml_kernel_number_t b) {
    const uint32_t d = (uint32_t)(b.mantissa < 0 ? -b.mantissa : b.mantissa);
    uint32_t n = (uint32_t)(a.mantissa < 0 ? -a.mantissa : a.mantissa);
    uint64_t q = 0; // 33 or 34 bits
    for (int bit = 0; bit < 34; bit++) {
        q <<= 1;
        if (n >= d) {
            n -= d;
            q++;
        }
        n <<= 1;
    }
    return eml_kernel_number(q, (a.mantissa ^ b.mantissa) < 0, a.exponent - b.exponent - 33);
}

static inline int eml_kernel_below(eml_kernel_number_t a, eml_kernel_number_t b) {
    return eml_kernel_plus(a, eml_kernel_negative(b)).mantissa < 0;
}

static inline int64_t eml_kernel_signed_q32(eml_kernel_number_t k) {
    const int64_t q = (int64_t)eml_kernel_q32((uint32_t)(k.mantissa < 0 ? -k.mantissa : k.mantissa), k.exponent);
    return k.mantissa < 0 ? -q : q;
}

// The less likely class of a pair has 1 / (1 + exp(|f|)), at least 1e-7. f in units of 2^-32.
static inline eml_kernel_number_t eml_kernel_unlikely(int64_t f) {
    const eml_kernel_number_t one = { 1 << 30, -30 }, least = { 1801439851, -54 };
    const uint64_t magnitude = (uint64_t)(f < 0 ? -f : f), most = (uint64_t)17 << 32; // beyond, it is below the least
    const eml_kernel_number_t e = eml_kernel_exp2((magnitude < most ? magnitude : most) * 193635251 >> 27); // 1 / log(2)
    const eml_kernel_number_t p = eml_kernel_over(e, eml_kernel_plus(one, e));
    return eml_kernel_below(p, least) ? least : p;
}

// The matrix Q: on its diagonal sums of squares, of a pair minus the product of its probabilities.
static inline eml_kernel_number_t eml_kernel_q(const eml_kernel_t *m, const int64_t *pairs, const eml_kernel_number_t *diagonal, uint32_t t, uint32_t j) {
    if (t == j) {
        return diagonal[t];
    }
    const int64_t word = pairs[t < j ? eml_kernel_pair(m, t, j) : eml_kernel_pair(m, j, t)];
    const eml_kernel_number_t q = { (int32_t)(word >> 32), (int32_t)word };
    return q;
}

// Of each pair what eml_kernel_q takes, in place of its decision value.
static inline void eml_kernel_pairs(const eml_kernel_t *m, int64_t *pairs, int unit, eml_kernel_number_t *diagonal) {
    const eml_kernel_number_t zero = { 0, 0 }, one = { 1 << 30, -30 };
    for (uint32_t t = 0; t < m->n_classes; t++) {
        diagonal[t] = zero;
    }
    uint32_t pair = 0;
    for (uint32_t i = 0; i < m->n_classes; i++) {
        for (uint32_t j = i + 1; j < m->n_classes; j++, pair++) {
            const int several = m->rule != EML_KERNEL_PLATT;
            const uint32_t bias_at = pair + m->n_sums;
            const eml_kernel_number_t d = eml_kernel_of_int(pairs[pair], unit);
            const eml_kernel_number_t slope = several ? eml_kernel_of_int(m->platt[pair], m->platt_shift[pair])
                                                      : eml_kernel_of_int(m->slope, m->slope_exponent);
            const eml_kernel_number_t bias = several ? eml_kernel_of_int(m->platt[bias_at], m->platt_shift[bias_at])
                                                     : eml_kernel_of_int(m->bias, m->bias_exponent);
            const int64_t f = eml_kernel_signed_q32(eml_kernel_times(d, slope)) + eml_kernel_signed_q32(bias);
            const eml_kernel_number_t small = eml_kernel_unlikely(f), large = eml_kernel_plus(one, eml_kernel_negative(small));
            const uint32_t likely = f < 0 ? i : j, other = f < 0 ? j : i;
            diagonal[likely] = eml_kernel_plus(diagonal[likely], eml_kernel_times(small, small));
            diagonal[other] = eml_kernel_plus(diagonal[other], eml_kernel_times(large, large));
            const eml_kernel_number_t q = eml_kernel_times(small, large);
            pairs[pair] = (int64_t)-q.mantissa * ((int64_t)1 << 32) + (uint32_t)q.exponent;
        }
    }
}

// out: [n_classes]. scratch: of eml_kernel_sums, and behind x the exponent of the sums' unit.
static inline void eml_kernel_couple(const eml_kernel_t *m, void *scratch, float *out) {
    const uint32_t n = m->n_classes;
    int64_t *pairs = (int64_t *)scratch;
    const int32_t *unit = (const int32_t *)(void *)(pairs + m->n_sums) + m->n_features + 1;
    eml_kernel_number_t *diagonal = (eml_kernel_number_t *)(void *)(unit + 1), *product = diagonal + n, *p = product + n;
    const eml_kernel_number_t one = { 1 << 30, -30 }, limit = { 1374389535, -38 }; // 0.005
    const eml_kernel_number_t classes = eml_kernel_of_int(n, 0), least = eml_kernel_over(limit, classes);
    eml_kernel_pairs(m, pairs, *unit, diagonal);
    for (uint32_t t = 0; t < n; t++) {
        p[t] = eml_kernel_over(one, classes);
    }
    for (uint32_t step = 0; step < 100 || step < n; step++) {
        eml_kernel_number_t sum = { 0, 0 }; // p Q p
        for (uint32_t t = 0; t < n; t++) {
            eml_kernel_number_t row = { 0, 0 };
            for (uint32_t j = 0; j < n; j++) {
                row = eml_kernel_plus(row, eml_kernel_times(eml_kernel_q(m, pairs, diagonal, t, j), p[j]));
            }
            product[t] = row;
            sum = eml_kernel_plus(sum, eml_kernel_times(p[t], row));
        }
        int good = 1;
        for (uint32_t t = 0; t < n; t++) {
            eml_kernel_number_t error = eml_kernel_plus(product[t], eml_kernel_negative(sum));
            error.mantissa = error.mantissa < 0 ? -error.mantissa : error.mantissa;
            good &= eml_kernel_below(error, least);
        }
        if (good) {
            break;
        }
        for (uint32_t t = 0; t < n; t++) {
            const eml_kernel_number_t d = eml_kernel_over(eml_kernel_plus(sum, eml_kernel_negative(product[t])), diagonal[t]);
            const eml_kernel_number_t factor = eml_kernel_over(one, eml_kernel_plus(one, d));
            eml_kernel_number_t twice = product[t];
            twice.exponent++;
            twice = eml_kernel_times(d, eml_kernel_plus(eml_kernel_times(d, diagonal[t]), twice));
            sum = eml_kernel_times(eml_kernel_times(eml_kernel_plus(sum, twice), factor), factor);
            p[t] = eml_kernel_plus(p[t], d);
            for (uint32_t j = 0; j < n; j++) {
                const eml_kernel_number_t change = eml_kernel_times(d, eml_kernel_q(m, pairs, diagonal, t, j));
                product[j] = eml_kernel_times(eml_kernel_plus(product[j], change), factor);
                p[j] = eml_kernel_times(p[j], factor);
            }
        }
    }
    for (uint32_t t = 0; t < n; t++) {
        eml_float_store(&out[t], eml_kernel_float(p[t].mantissa, p[t].exponent));
    }
}

#endif // EML_KERNEL_COUPLE_H
