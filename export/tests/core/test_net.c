// eml_net.h beside a network computed in 128-bit integers and float64, and files with every byte wrong.
#include "eml_net.h"

#define ATTEMPT(name) eml_net_##name
#include "attempt_family.h"
#include "check.h"

__extension__ typedef __int128 wide_t;

#define MAX_LAYERS 3
#define MAX_WIDTH 9

typedef struct {
    uint32_t container[4];
    eml_head_t head;
    uint16_t n_layers, width;
    uint32_t n_columns, n_rows, n_scales, n_weights[3];
    uint8_t body[4 * MAX_LAYERS * MAX_WIDTH * (MAX_WIDTH + 4)];
} file_t;

static size_t put(file_t *f, size_t at, const void *data, size_t size) {
    memcpy(f->body + at, data, size);
    return at + eml_pad4((uint32_t)size);
}

// A random network as a file; returns its size. n_classes 2 takes a sigmoid or softmax of two.
static size_t random_file(file_t *f, uint32_t n_classes, uint32_t kind) {
    memset(f, 0, sizeof(*f));
    uint16_t sizes[MAX_LAYERS];
    uint8_t activations[MAX_LAYERS];
    f->n_layers = (uint16_t)(1 + random_below(MAX_LAYERS));
    uint32_t n_in = 1 + random_below(MAX_WIDTH), n_weights = 0;
    f->head.n_features = f->width = (uint16_t)n_in;
    for (uint32_t i = 0; i < f->n_layers; i++) {
        const int last = i + 1 == f->n_layers;
        const int binary = last && n_classes == 2 && random_below(2);
        const uint32_t n_out = last && n_classes ? (binary ? 1 : n_classes) : 1 + random_below(MAX_WIDTH);
        sizes[i] = (uint16_t)n_out;
        const uint32_t any = random_below(EML_NET_SOFTMAX);
        activations[i] = (uint8_t)(!last || !n_classes ? any : binary ? (uint32_t)EML_NET_SIGMOID : (uint32_t)EML_NET_SOFTMAX);
        f->width = f->width < n_out ? (uint16_t)n_out : f->width;
        f->n_columns += n_in + 1;
        f->n_rows += n_out;
        n_weights += n_in * n_out;
        n_in = n_out;
    }
    f->n_weights[kind] = n_weights;
    f->n_scales = kind ? f->n_rows : 0;
    f->head.n_classes = (uint16_t)n_classes;
    f->head.n_outputs = (uint16_t)(n_classes ? n_classes : n_in);
    f->head.output = n_classes ? EML_PROBABILITIES : EML_VALUES;
    f->head.kind = (uint8_t)kind;
    size_t at = put(f, 0, sizes, 2u * f->n_layers);
    at = put(f, at, activations, f->n_layers);
    int16_t numbers[MAX_LAYERS * (MAX_WIDTH + 1)];
    // Those of the weights are such that sums are often near 1.
    const int unit = kind == EML_NET_INT32 ? -31 : kind == EML_NET_INT16 ? -31 : -23;
    const int spread = random_below(4) ? 3 : 40;
    for (uint32_t i = 0; i < f->n_columns; i++) {
        numbers[i] = (int16_t)(unit + (int)random_below((uint32_t)(2 * spread + 1)) - spread);
    }
    at = put(f, at, numbers, 2u * f->n_columns);
    for (uint32_t i = 0; i < f->n_scales; i++) {
        numbers[i] = (int16_t)random_below(65536);
    }
    at = put(f, at, numbers, 2u * f->n_scales);
    for (uint32_t i = 0; i < f->n_rows; i++) {
        const int32_t bias = (int32_t)random_runs() >> random_below(12);
        at = put(f, at, &bias, 4);
    }
    for (uint32_t i = 0; i < n_weights; i++) {
        const int32_t weight = (int32_t)random_runs();
        const int32_t symmetric = weight == INT32_MIN ? INT32_MAX : weight; // as writers have it
        memcpy(f->body + at + (i << (2 - kind)), (const uint8_t *)&symmetric, (size_t)4 >> kind);
    }
    at += eml_pad4(n_weights << (2 - kind));
    f->container[0] = EML_FILE_MAGIC;
    f->container[1] = EML_FILE_MAJOR | EML_FAMILY_NET << 16;
    f->head.size = EML_NET_HEADER + (uint32_t)at;
    attempt_seal((uint8_t *)f, EML_FILE_HEADER + f->head.size);
    return EML_FILE_HEADER + f->head.size;
}

static eml_net_t opened(const file_t *f, size_t size) {
    uint32_t table[256];
    eml_net_t m;
    CHECK(eml_net_open(&m, f, size, table) == EML_OK, size, 0, 0);
    return m;
}

static double apply(uint32_t activation, double x) {
    return activation == EML_NET_RELU      ? (x > 0 ? x : 0)
        : activation == EML_NET_SIGMOID ? 1 / (1 + exp(-x))
        : activation == EML_NET_TANH    ? tanh(x)
        : activation == EML_NET_EXP     ? exp(x)
                                        : x;
}

// The sum is a float32 first, whose rounding exp and the logistic function make larger; theirs is 2^-22.
static int close_to(double value, double expected, double sum) {
    return fabs(value - expected) <= 1e-44 + ldexp(fabs(expected), -22) * (1 + fmin(fabs(sum), 128) / 4);
}

static int32_t weight_of(const eml_net_t *m, uint32_t i) {
    return m->kind == EML_NET_INT32 ? m->weights32[i] : m->kind == EML_NET_INT16 ? m->weights16[i] : m->weights8[i];
}

// Inputs x of a layer to sums, exact, of the integers that the core takes, which are checked. Returns the sums' exponent.
static int check_layer(const eml_net_t *m, uint32_t n_in, uint32_t n_out, const int16_t *shift, uint32_t row, uint32_t weight,
    const float *x, wide_t *sums) {
    int32_t scaled[MAX_WIDTH + 1];
    memcpy(scaled, x, n_in * sizeof(float));
    const int bits = eml_net_bits(m->kind, n_in);
    const int exponent = eml_net_scale(shift, n_in, bits, scaled);
    eml_net_layer_t l = { scaled, NULL, n_in, n_out, row, weight, exponent };
    for (uint32_t i = 0; i <= n_in; i++) { // within half a unit
        const double value = i == n_in ? 1.0 : isinf(x[i]) ? ldexp(x[i] < 0 ? -1 : 1, 128) : (double)x[i];
        CHECK(fabs(ldexp((double)scaled[i], exponent) - ldexp(value, shift[i])) <= ldexp(0.5, exponent), i, scaled[i], exponent);
        CHECK(scaled[i] <= 1 << bits && scaled[i] >= -(1 << bits), scaled[i], bits, 0);
    }
    for (uint32_t k = 0; k < n_out; k++) {
        wide_t sum = 0;
        for (uint32_t i = 0; i < n_in; i++) {
            sum += (wide_t)weight_of(m, weight + k * n_in + i) * scaled[i];
        }
        sum = sum * (m->kind ? m->scale[row + k] : 1) + (wide_t)m->bias[row + k] * scaled[n_in];
        CHECK(eml_net_sum(m, &l, k) == (int64_t)sum && sum == (int64_t)sum, k, n_in, m->kind);
        sums[k] = sum;
    }
    return exponent;
}

static void check_row(const eml_net_t *m, const float *features) {
    float x[MAX_WIDTH], out[MAX_WIDTH];
    wide_t sums[MAX_WIDTH];
    int32_t scratch[2 * MAX_WIDTH + 2];
    uint32_t n_in = m->n_features, row = 0, weight = 0, klass = 99, n_out = 0;
    int exponent = 0;
    const int16_t *shift = m->shift;
    const eml_array_t array = { features, n_in, EML_FLOAT32 };
    memcpy(x, features, n_in * sizeof(float));
    for (uint32_t layer = 0; layer < m->n_layers; layer++) {
        n_out = m->sizes[layer];
        exponent = check_layer(m, n_in, n_out, shift, row, weight, x, sums);
        for (uint32_t k = 0; k < n_out && layer + 1u < m->n_layers; k++) {
            const double sum = ldexp((double)(int64_t)sums[k], exponent), expected = apply(m->activations[layer], sum);
            const float value = float_of(eml_net_activate(m->activations[layer], eml_net_float((int64_t)sums[k], exponent)));
            CHECK(isinf(value) || close_to((double)value, expected, sum), layer, k, exponent);
            x[k] = value;
        }
        shift += n_in + 1;
        row += n_out;
        weight += n_in * n_out;
        n_in = n_out;
    }
    CHECK(eml_net_class(m, &array, scratch, &klass) == EML_OK, 0, 0, 0);
    CHECK(eml_net_outputs(m, &array, scratch, out, m->n_outputs) == EML_OK, 0, 0, 0);
    CHECK(eml_net_outputs(m, &array, scratch, out, m->n_outputs + 1u) == EML_ERR_SHAPE, 0, 0, 0);
    double expected[MAX_WIDTH], total = 0;
    uint32_t best = 0;
    for (uint32_t k = 0; k < n_out; k++) {
        best = sums[k] > sums[best] ? k : best;
    }
    for (uint32_t k = 0; k < n_out; k++) {
        const wide_t sum = m->n_classes > 1 && n_out > 1 ? sums[k] - sums[best] : sums[k];
        const double value = ldexp((double)(sum >> 20), exponent + 20) + ldexp((double)(sum & 0xfffff), exponent);
        const uint32_t activation = m->activations[m->n_layers - 1u];
        expected[k] = apply(activation == EML_NET_SOFTMAX ? (uint32_t)EML_NET_EXP : activation, value);
        total += expected[k];
    }
    if (m->n_classes) {
        CHECK(klass == (n_out > 1 ? best : sums[0] > 0), klass, best, n_out);
        for (uint32_t k = 0; k < m->n_classes; k++) {
            const double p = n_out > 1 ? expected[k] / total : k ? expected[0] : 1 - expected[0];
            CHECK(fabs((double)out[k] - p) <= 1e-6, k, n_out, exponent);
        }
        return;
    }
    for (uint32_t k = 0; k < n_out; k++) {
        const double sum = ldexp((double)(int64_t)sums[k], exponent);
        CHECK(isinf(out[k]) || close_to((double)out[k], expected[k], sum), k, n_out, exponent);
    }
}

static void test_rows(void) {
    for (int round = 0; round < 6000; round++) {
        file_t f;
        const uint32_t n_classes = random_below(5);
        const eml_net_t m = opened(&f, random_file(&f, n_classes == 1 ? 0 : n_classes, random_below(3)));
        for (int row = 0; row < 5; row++) {
            float x[MAX_WIDTH];
            for (uint32_t i = 0; i < m.n_features; i++) {
                x[i] = ldexpf((float)random_below(1 << 24) - 8388608.0f, (int)random_below(row ? 8 : 60) - (row ? 26 : 40));
                x[i] = random_below(5) ? x[i] : 0.0f;
            }
            check_row(&m, x);
        }
    }
}

// Sums of as many of the largest products as there are.
static void test_extremes(void) {
    static int32_t x[65536], weights32[65535];
    static int16_t weights16[65535];
    static int8_t weights8[65535];
    const int32_t bias = INT32_MAX;
    const uint16_t scale = 65535;
    for (uint32_t kind = 0; kind < 3; kind++) {
        for (uint32_t n = 1; n <= 65535; n = 2 * n + (n % 3 == 1)) {
            const int bits = eml_net_bits(kind, n);
            wide_t sum = 0;
            for (uint32_t i = 0; i <= n; i++) {
                x[i] = 1 << bits;
                if (i < n) {
                    weights32[i] = INT32_MAX;
                    weights16[i] = INT16_MIN;
                    weights8[i] = INT8_MIN;
                    sum += (wide_t)(kind == 0 ? INT32_MAX : kind == 1 ? INT16_MIN : INT8_MIN) * x[i];
                }
            }
            sum = sum * (kind ? scale : 1) + (wide_t)bias * x[n];
            eml_net_t m;
            memset(&m, 0, sizeof(m));
            m.kind = (uint8_t)kind;
            m.bias = &bias;
            m.scale = &scale;
            m.weights32 = weights32;
            m.weights16 = weights16;
            m.weights8 = weights8;
            const eml_net_layer_t l = { x, NULL, n, 1, 0, 0, 0 };
            CHECK(eml_net_sum(&m, &l, 0) == (int64_t)sum && sum == (int64_t)sum, kind, n, bits);
        }
    }
}

static void test_features(void) {
    file_t f;
    const eml_net_t m = opened(&f, random_file(&f, 3, EML_NET_INT32));
    int32_t scratch[2 * MAX_WIDTH + 2];
    uint32_t klass;
    for (uint32_t bad = 0x7f800000; bad < 0x7fc00001; bad += 0x200000) {
        float x[MAX_WIDTH] = { 0 };
        x[m.n_features - 1] = float_of(bad);
        const eml_array_t array = { x, m.n_features, EML_FLOAT32 };
        CHECK(eml_net_class(&m, &array, scratch, &klass) == EML_ERR_RANGE, bad, 0, 0);
    }
    const float x[MAX_WIDTH + 1] = { 0 };
    const eml_array_t more = { x, m.n_features + 1u, EML_FLOAT32 }, other = { x, m.n_features, 'd' };
    CHECK(eml_net_class(&m, &more, scratch, &klass) == EML_ERR_SHAPE, 0, 0, 0);
    CHECK(eml_net_class(&m, &other, scratch, &klass) == EML_ERR_TYPE, 0, 0, 0);
}

static void test_damage(void) {
    unsigned opens = 0;
    for (uint32_t round = 0; round < 9; round++) {
        file_t f;
        const size_t size = random_file(&f, round / 3 ? round / 3 + 1 : 0, round % 3);
        opens += attempt_damage(&f, size);
    }
    CHECK(opens > 100, opens, 0, 0);
}

int main(void) {
    test_rows();
    test_extremes();
    test_features();
    test_damage();
    printf("%lu checks\n", checks_made);
    return 0;
}
