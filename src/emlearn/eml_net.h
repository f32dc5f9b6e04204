// Dense feed-forward networks: classes, probabilities and regression from layers of weights, with the usual activations.
//
// No floating-point unit, and none imitated: a layer multiplies integers. Weights have one power of two for each input, and
// the inputs of a layer are brought to one power of two for the sample, so that the largest term decides it, with as many bits
// as the sum leaves room for: 25 for 64 inputs. Between layers there are float32. The bits are the same on every CPU.
//
//   eml_net_open(&m, file, size, scratch)      a whole .eml file in memory, in place: checked, validated, ready
//   eml_net_class(&m, x, scratch, &class)      per sample: the class
//   eml_net_outputs(&m, x, scratch, out, n)    per sample: probabilities, or values of regression
//
// `scratch` has eml_net_scratch_size(&m) bytes, aligned to 4: the inputs and the outputs of a layer. Features that are NaN or
// infinite are refused with EML_ERR_RANGE. File and arithmetic: docs/formats.md#net.
#ifndef EML_NET_H
#define EML_NET_H

#include "eml_exp.h"
#include "eml_net_data.h"

// Bits of an input that leave room for a sum of n products: int64 for weights of 32 and 16 bits, int32 for those of 8.
static inline int eml_net_bits(uint32_t kind, uint32_t n) {
    const int length = 32 - eml_clz32(n);
    const int bits = kind == EML_NET_INT32 ? 32 - length : kind == EML_NET_INT16 ? 15 : 24 - length;
    return bits < 30 ? bits : 30;
}

// Bits of float32 to integers of so many bits, in place, in units of 2^(exponent - shift): those of the largest. x: [n + 1], the
// last of which becomes the 1 that biases are for. Infinity, to which a layer may overflow, counts as 2^128. Returns the exponent.
static inline int eml_net_scale(const int16_t *shift, uint32_t n, int bits, int32_t *x) {
    x[n] = 0x3f800000;
    int top = 127 + shift[n];
    for (uint32_t i = 0; i < n; i++) {
        const int field = (int)((uint32_t)x[i] >> 23 & 0xff);
        const int level = (field ? field : 1) + shift[i];
        if ((uint32_t)x[i] << 1 && level > top) {
            top = level;
        }
    }
    for (uint32_t i = 0; i <= n; i++) {
        const uint32_t number = (uint32_t)x[i];
        const int field = (int)(number >> 23 & 0xff);
        uint32_t mantissa = ((number & 0x7fffff) | (field ? 0x800000u : 0)) << 6;
        const int drop = 30 - bits + top - (field ? field : 1) - shift[i]; // below 0 only for an input that is 0
        if (drop > 0) {
            mantissa = drop < 32 ? (mantissa + (1u << (drop - 1))) >> drop : 0;
        }
        x[i] = number >> 31 ? -(int32_t)mantissa : (int32_t)mantissa;
    }
    return top - 126 - bits;
}

// Where prediction is: a layer, its inputs ready, and where its numbers begin.
typedef struct {
    int32_t *x; // [n_in + 1]
    int32_t *y; // [n_out], for the layer's outputs
    uint32_t n_in;
    uint32_t n_out;
    uint32_t row;
    uint32_t weight;
    int exponent; // of the sums' unit
} eml_net_layer_t;

// Of 16 and 16 bits: 32 hold it, but a long multiply that also adds takes one instruction for both.
#if defined(__arm__) && !defined(__ARM_ARCH_6M__)
typedef int64_t eml_net_product_t;
#else
typedef int32_t eml_net_product_t;
#endif

// Output k of a layer before its activation, in units of 2^exponent. No sum overflows that validated files and scaled inputs
// can make; only weights of -2^31, which no writer makes, can wrap.
static inline int64_t eml_net_sum(const eml_net_t *m, const eml_net_layer_t *l, uint32_t k) {
    const uint32_t n = l->n_in;
    const size_t first = l->weight + (size_t)k * n;
    const int32_t *x = l->x;
    const int64_t bias = (int64_t)m->bias[l->row + k] * x[n];
    if (m->kind == EML_NET_INT32) {
        const int32_t *w = m->weights32 + first;
        uint64_t sum = (uint64_t)bias;
        for (uint32_t i = 0; i < n; i++) {
            sum += (uint64_t)((int64_t)w[i] * x[i]);
        }
        return (int64_t)sum;
    }
    int64_t sum = 0;
    if (m->kind == EML_NET_INT16) {
        const int16_t *w = m->weights16 + first;
        for (uint32_t i = 0; i < n; i++) {
            sum += (eml_net_product_t)w[i] * x[i];
        }
    } else {
        const int8_t *w = m->weights8 + first;
        int32_t narrow = 0;
        for (uint32_t i = 0; i < n; i++) {
            narrow += w[i] * x[i];
        }
        sum = narrow;
    }
    return sum * m->scale[l->row + k] + bias;
}

// Bits of the float32 nearest to a sum.
static inline uint32_t eml_net_float(int64_t sum, int exponent) {
    const uint64_t magnitude = sum < 0 ? 0u - (uint64_t)sum : (uint64_t)sum;
    return sum ? (uint32_t)eml_round(magnitude, exponent, 0, 24) | (sum < 0 ? 0x80000000u : 0) : 0;
}

static inline uint32_t eml_net_activate(uint32_t activation, uint32_t x) {
    return activation == EML_NET_RELU      ? x >> 31 ? 0 : x
        : activation == EML_NET_SIGMOID ? eml_sigmoid(x)
        : activation == EML_NET_TANH    ? eml_tanh(x)
        : activation == EML_NET_EXP     ? eml_exp(x)
                                        : x;
}

// All layers but the last, and the inputs of that one.
static inline eml_err_t eml_net_hidden(const eml_net_t *m, const eml_array_t *features, void *scratch, eml_net_layer_t *l) {
    const eml_err_t err = eml_check_features(features, m->n_features);
    if (err != EML_OK) {
        return err;
    }
    l->x = (int32_t *)scratch;
    l->y = l->x + m->width + 1;
    l->n_in = m->n_features;
    l->row = l->weight = 0;
    for (uint32_t i = 0; i < l->n_in; i++) {
        const uint32_t bits = eml_feature_bits(features, i);
        if ((bits >> 23 & 0xff) == 255) {
            return EML_ERR_RANGE;
        }
        l->x[i] = (int32_t)bits;
    }
    const int16_t *shift = m->shift;
    for (uint32_t layer = 0;; layer++) {
        l->n_out = m->sizes[layer];
        l->exponent = eml_net_scale(shift, l->n_in, eml_net_bits(m->kind, l->n_in), l->x);
        if (layer + 1u == m->n_layers) {
            return EML_OK;
        }
        for (uint32_t k = 0; k < l->n_out; k++) {
            l->y[k] = (int32_t)eml_net_activate(m->activations[layer], eml_net_float(eml_net_sum(m, l, k), l->exponent));
        }
        int32_t *const outputs = l->y;
        l->y = l->x;
        l->x = outputs;
        shift += l->n_in + 1;
        l->row += l->n_out;
        l->weight += l->n_in * l->n_out;
        l->n_in = l->n_out;
    }
}

static inline eml_err_t eml_net_class(const eml_net_t *m, const eml_array_t *features, void *scratch, uint32_t *klass) {
    eml_net_layer_t l;
    const eml_err_t err = eml_net_hidden(m, features, scratch, &l);
    if (err != EML_OK) {
        return err;
    }
    int64_t best = 0; // of two classes with one output: whether it is above 0
    *klass = 0;
    for (uint32_t k = 0; k < l.n_out; k++) {
        const int64_t sum = eml_net_sum(m, &l, k);
        if (sum > best || (k == 0 && l.n_out > 1)) {
            best = sum;
            *klass = l.n_out > 1 ? k : 1;
        }
    }
    return EML_OK;
}

static inline eml_err_t eml_net_outputs(
    const eml_net_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    if (n_out != m->n_outputs) {
        return EML_ERR_SHAPE;
    }
    eml_net_layer_t l;
    const eml_err_t err = eml_net_hidden(m, features, scratch, &l);
    if (err != EML_OK) {
        return err;
    }
    const uint32_t activation = m->activations[m->n_layers - 1u];
    int64_t best = INT64_MIN;
    for (uint32_t k = 0; k < l.n_out; k++) {
        const int64_t sum = eml_net_sum(m, &l, k);
        if (activation == EML_NET_SOFTMAX) { // all sums are needed: halves in two places
            l.y[k] = (int32_t)(sum >> 32);
            eml_float_store(&out[k], (uint32_t)sum);
            best = sum > best ? sum : best;
            continue;
        }
        const uint32_t x = eml_net_float(sum, l.exponent);
        eml_float_store(&out[k], eml_net_activate(activation, x));
        if (m->n_classes) {
            eml_float_store(&out[1], eml_sigmoid(x));
            eml_float_store(&out[0], eml_sigmoid(x ^ 0x80000000u));
        }
    }
    if (activation == EML_NET_SOFTMAX) {
        for (uint32_t k = 0; k < l.n_out; k++) {
            const uint64_t below = (uint64_t)best - ((uint64_t)(uint32_t)l.y[k] << 32 | eml_float_bits(&out[k]));
            const uint32_t x = below ? (uint32_t)eml_round(below, l.exponent, 0, 24) | 0x80000000u : 0;
            eml_float_store(&out[k], eml_exp(x));
        }
        eml_normalise(out, l.n_out);
    }
    return EML_OK;
}

#endif // EML_NET_H
