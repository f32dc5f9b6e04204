// Support vector machines: classes, decision values, probabilities of two classes, regression, and outliers.
//
// Everything is integers. A decision value is a sum of coefficients times kernels, numbers of 31 bits with a power of two each;
// products of 62 bits add up in 64, in units that follow the largest of them. Of a linear, polynomial or sigmoid kernel, the scalar
// products are exact sums as those of eml_linear.h. Of rbf, distances are exact sums of squares of 32 bits; vectors and samples are
// taken from a centre, so that large features which vary little lose nothing.
//
//   eml_kernel_open(&m, file, size, scratch)        a whole .eml file in memory, in place: checked, validated, ready
//   eml_kernel_class(&m, x, scratch, &class)        per sample: the class
//   eml_kernel_outputs(&m, x, scratch, out, n)      per sample: decision values, probabilities or the value
//   eml_kernel_decision(&m, x, scratch, out, n)     per sample: decision values
//
// `scratch` has eml_kernel_scratch_size(&m) bytes, aligned to 8. Features that are NaN or infinite are refused with
// EML_ERR_RANGE. File and arithmetic: docs/formats.md#kernel; export/tests/core/test_kernel.c holds the error bounds.
#ifndef EML_KERNEL_H
#define EML_KERNEL_H

#include "eml_kernel_couple.h"
#include "eml_linear.h"

// A sample, and its decision values so far.
typedef struct {
    int64_t *sums; // [n_sums] in units of 2^unit
    int32_t *x;    // [n_features + 1]
    int unit;
    int exponent; // of x, and of rbf's vectors after `drop`
    int drop;     // bits that rbf's vectors lose, where the sample is too far for their units
} eml_kernel_sample_t;

// A feature less its centre, in units of 2^exponent, each rounded towards 0. Both are below 2^(exponent + 61).
static inline int64_t eml_kernel_difference(const eml_kernel_t *m, const eml_array_t *features, uint32_t i, int exponent) {
    uint32_t bits = eml_float_bits(&m->center[i]);
    int64_t difference = 0;
    for (int k = 0; k < 2; k++) {
        const int field = (int)(bits >> 23 & 0xff);
        const int shift = exponent + 187 - (field ? field : 1);
        const int64_t v = (int64_t)((uint64_t)((bits & 0x7fffff) | (field ? 0x800000u : 0)) << 37 >> (shift > 63 ? 63 : shift));
        difference = (bits >> 31 ? -v : v) - difference;
        bits = eml_feature_bits(features, i);
    }
    return difference;
}

// Features less the centre, for rbf, in the units of the vectors or larger ones, in which they fit into 31 bits.
static inline eml_err_t eml_kernel_center(const eml_kernel_t *m, const eml_array_t *features, eml_kernel_sample_t *s) {
    const uint32_t n = m->n_features;
    int unit = m->exponent;
    for (uint32_t i = 0; i < 2 * n; i++) {
        const uint32_t bits = i < n ? eml_feature_bits(features, i) : eml_float_bits(&m->center[i - n]);
        const int field = (int)(bits >> 23 & 0xff);
        if (field == 255) {
            return EML_ERR_RANGE;
        }
        unit = field - 186 > unit ? field - 186 : unit;
    }
    int extra = 0;
    for (uint32_t i = 0; i < n;) {
        const int64_t d = eml_kernel_difference(m, features, i, unit) >> extra;
        s->x[i] = (int32_t)d;
        i++;
        if (s->x[i - 1] != d) { // again, with larger units
            extra++;
            i = 0;
        }
    }
    s->exponent = unit + extra;
    s->drop = s->exponent - m->exponent;
    s->drop = s->drop > 31 ? 31 : s->drop;
    return EML_OK;
}

// exp(-gamma * |x - vector|^2).
static inline eml_kernel_number_t eml_kernel_rbf(const eml_kernel_t *m, const eml_kernel_sample_t *s, uint32_t index) {
    const uint32_t n = m->n_features;
    const int32_t *x = s->x;
    const int narrow = m->n_vectors16 != 0;
    const int16_t *v16 = m->vectors16 + (size_t)(narrow ? index : 0) * n;
    const int32_t *v32 = m->vectors32 + (size_t)(narrow ? 0 : index) * n;
    uint64_t sum = 0;
    uint32_t over = 0; // in units of 2^64
    for (uint32_t i = 0; i < n; i++) {
        int32_t v = narrow ? (int32_t)((uint32_t)(int32_t)v16[i] << m->left) : v32[i];
        v >>= s->drop;
        const uint32_t difference = x[i] > v ? (uint32_t)x[i] - (uint32_t)v : (uint32_t)v - (uint32_t)x[i];
        const uint64_t square = (uint64_t)difference * difference;
        sum += square;
        over += sum < square;
    }
    int exponent = 2 * s->exponent + 64 + m->gamma_exponent;
    for (; over; over >>= 1) {
        sum = sum >> 1 | (uint64_t)over << 63;
        exponent++;
    }
    const int shift = eml_clz64(sum | 1);
    return eml_kernel_exp2(eml_kernel_q32(eml_multiply_high((uint32_t)(sum << shift >> 32), m->gamma), exponent - shift));
}

// The scalar product of x, scaled by eml_linear_scale, and a vector, plus the vector's offset.
static inline eml_kernel_number_t eml_kernel_dot(const eml_kernel_t *m, const eml_kernel_sample_t *s, uint32_t index) {
    const uint32_t n = m->n_features;
    const int32_t *x = s->x;
    int64_t high = 0;
    uint64_t low = 0;
    if (m->n_vectors16) {
        const int16_t *v = m->vectors16 + (size_t)index * n;
        int64_t sum = 0; // of 46 bits each
        for (uint32_t i = 0; i < n; i++) {
            sum += (int64_t)v[i] * x[i];
        }
        high = sum >> (32 - m->left);
        low = (uint32_t)((uint64_t)sum << m->left);
    } else {
        const int32_t *v = m->vectors32 + (size_t)index * n;
        for (uint32_t i = 0; i < n; i++) {
            const int64_t product = (int64_t)v[i] * x[i];
            high += product >> 32;
            low += (uint32_t)product;
        }
    }
    const int64_t product = (int64_t)m->offset[index] * x[n];
    high += product >> 32;
    low += (uint32_t)product;
    return eml_kernel_of_sum(high + (int64_t)(low >> 32), (uint32_t)low, s->exponent);
}

static inline eml_kernel_number_t eml_kernel_value(const eml_kernel_t *m, const eml_kernel_sample_t *s, uint32_t index) {
    if (EML_KERNEL_IS_RBF(m)) {
        return eml_kernel_rbf(m, s, index);
    }
    const eml_kernel_number_t z = eml_kernel_dot(m, s, index);
    if (m->kernel == EML_KERNEL_SIGMOID) {
        return eml_kernel_tanh(eml_kernel_product(z.mantissa, (int32_t)(m->gamma >> 1), z.exponent + m->gamma_exponent + 1));
    }
    eml_kernel_number_t power = z;
    if (m->kernel == EML_KERNEL_POLY) {
        power.mantissa = 1 << 30;
        power.exponent = -30;
        for (uint32_t i = 0; i < m->degree; i++) {
            power = eml_kernel_product(power.mantissa, z.mantissa, power.exponent + z.exponent);
        }
    }
    return power;
}

// Bits that n_vectors + 1 terms need: a product loses as many of its 62.
static inline int eml_kernel_room(const eml_kernel_t *m) {
    return 32 - eml_clz32(m->n_vectors + 1);
}

// Units of at least 2^unit.
static inline void eml_kernel_raise(const eml_kernel_t *m, eml_kernel_sample_t *s, int unit) {
    if (unit > s->unit) {
        const int shift = unit - s->unit > 63 ? 63 : unit - s->unit;
        for (uint32_t i = 0; i < m->n_sums; i++) {
            s->sums[i] >>= shift;
        }
        s->unit = unit;
    }
}

// Sum `pair` plus coef * mantissa * 2^(s->unit - shift).
static inline void eml_kernel_add(eml_kernel_sample_t *s, uint32_t pair, int32_t coef, int32_t mantissa, int shift) {
    s->sums[pair] += (int64_t)coef * mantissa >> (shift > 63 ? 63 : shift);
}

// All decision values, in s->sums.
static inline eml_err_t eml_kernel_sums(const eml_kernel_t *m, const eml_array_t *features, void *scratch, eml_kernel_sample_t *s) {
    s->sums = (int64_t *)scratch;
    s->x = (int32_t *)(void *)(s->sums + m->n_sums);
    s->drop = 0;
    eml_err_t err = eml_check_features(features, m->n_features);
    if (err == EML_OK && EML_KERNEL_IS_RBF(m)) {
        err = eml_kernel_center(m, features, s);
    } else if (err == EML_OK) {
        eml_linear_t scale;
        scale.n_features = m->n_features;
        scale.shift = m->shift;
        err = eml_linear_scale(&scale, features, s->x, &s->exponent);
    }
    if (err != EML_OK) {
        return err;
    }
    const int room = eml_kernel_room(m);
    s->unit = -100000; // until something is not 0
    for (uint32_t i = 0; i < m->n_sums; i++) {
        s->sums[i] = (int64_t)m->intercept[i] * (1 << 30) >> room;
        s->unit = m->intercept[i] ? m->intercept_exponent - 30 + room : s->unit;
    }
    const uint32_t classes = m->n_sizes;
    uint32_t klass = 0, first = 0;
    for (uint32_t index = 0; index < m->n_vectors; index++) {
        const eml_kernel_number_t k = eml_kernel_value(m, s, index);
        const int linear = !EML_KERNEL_IS_RBF(m) && m->kernel == EML_KERNEL_LINEAR;
        const int unit = k.exponent + m->coef_shift[index];
        for (; classes && index - first == m->sizes[klass]; klass++) { // some may have none
            first = index;
        }
        if (k.mantissa == 0) {
            continue;
        }
        eml_kernel_raise(m, s, unit + room);
        const int shift = s->unit - unit;
        if (!classes) {
            eml_kernel_add(s, linear ? index : 0, linear ? 1 << 30 : m->coef[index], k.mantissa, shift);
        }
        for (uint32_t row = 0; row + 1 < classes; row++) { // one for each other class
            const uint32_t pair = row < klass ? eml_kernel_pair(m, row, klass) : eml_kernel_pair(m, klass, row + 1);
            eml_kernel_add(s, pair, m->coef[(size_t)row * m->n_vectors + index], k.mantissa, shift);
        }
    }
    return EML_OK;
}

// Votes of a class, and the sum of its decision values, in units of 2^(unit + bits). A d of 0 is for the first class of a
// pair if `zero`, as in scikit-learn, else for the second, as in libsvm.
static inline uint32_t eml_kernel_score(const eml_kernel_t *m, const int64_t *sums, uint32_t klass, int zero, int bits, int64_t *confidence) {
    uint32_t votes = 0;
    *confidence = 0;
    for (uint32_t other = 0; other < m->n_classes; other++) {
        if (other != klass) {
            const int first = klass < other;
            const int64_t d = sums[first ? eml_kernel_pair(m, klass, other) : eml_kernel_pair(m, other, klass)];
            const int64_t own = first ? d : -d;
            *confidence += own >> bits;
            votes += own > 0 || (d == 0 && first == zero);
        }
    }
    return votes;
}

// With out, decision values, or probabilities if these are asked for; else the class. Native modules leave the probabilities to
// emlkernel_proba, which finds in scratch memory what eml_kernel_couple takes.
static inline eml_err_t eml_kernel_predict(
    const eml_kernel_t *m, const eml_array_t *features, void *scratch, float *out, int probabilities, uint32_t *klass) {
    eml_kernel_sample_t s;
    const eml_err_t err = eml_kernel_sums(m, features, scratch, &s);
    if (err != EML_OK) {
        return err;
    }
    if (probabilities) {
        s.x[m->n_features + 1u] = s.unit;
#ifndef EML_KERNEL_IN_PARTS
        eml_kernel_couple(m, scratch, out);
#endif
        return EML_OK;
    }
    const int64_t d = s.sums[0];
    const uint32_t rule = eml_kernel_vote(m);
    if (rule < EML_KERNEL_OVO) {
        *klass = d > 0 || (d == 0 && rule != EML_KERNEL_OUTLIER);
    }
    if (out && rule < EML_KERNEL_OVR) {
        for (uint32_t i = 0; i < m->n_sums; i++) {
            eml_float_store(&out[i], eml_kernel_float(s.sums[i], s.unit));
        }
        return EML_OK;
    }
    if (rule < EML_KERNEL_OVO) {
        return EML_OK;
    }
    const int ties = rule == EML_KERNEL_BREAK_TIES;
    const int bits = 32 - eml_clz32(m->n_classes);
    uint32_t most = 0;
    int64_t best = 0, confidence;
    for (uint32_t k = 0; k < m->n_classes; k++) {
        const uint32_t votes = eml_kernel_score(m, s.sums, k, ties || out, bits, &confidence);
        if (k == 0 || votes > most || (ties && votes == most && confidence > best)) {
            *klass = k;
            most = votes;
            best = confidence;
        }
        if (out) {
            const int64_t third = eml_kernel_third(eml_kernel_of_int(confidence < 0 ? -confidence : confidence, s.unit + bits));
            eml_float_store(&out[k], eml_kernel_float(((int64_t)votes << 32) + (confidence < 0 ? -third : third), -32));
        }
    }
    return EML_OK;
}

static inline eml_err_t eml_kernel_class(const eml_kernel_t *m, const eml_array_t *features, void *scratch, uint32_t *klass) {
    return eml_kernel_predict(m, features, scratch, NULL, 0, klass);
}

static inline eml_err_t eml_kernel_outputs(
    const eml_kernel_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    uint32_t klass;
    const int probabilities = m->output == EML_PROBABILITIES;
    return n_out == m->n_outputs ? eml_kernel_predict(m, features, scratch, out, probabilities, &klass) : EML_ERR_SHAPE;
}

// out: [eml_kernel_n_decision(m)]
static inline eml_err_t eml_kernel_decision(
    const eml_kernel_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    uint32_t klass;
    return n_out == eml_kernel_n_decision(m) ? eml_kernel_predict(m, features, scratch, out, 0, &klass) : EML_ERR_SHAPE;
}

#endif // EML_KERNEL_H
