// eml_linear.h beside sums in 128 bits, and files with every byte wrong.
#include "eml_linear.h"

#define ATTEMPT(name) eml_linear_##name
#include "attempt_family.h"
#include "check.h"

__extension__ typedef __int128 wide_t;

#define MAX_FEATURES 9
#define MAX_ROWS 4

typedef struct {
    uint32_t container[4];
    eml_head_t head;
    uint16_t n_rows, unused;
    uint32_t body[64];
} file_t;

// A random model as a file; returns its size.
static size_t random_file(file_t *f, uint32_t n_classes, uint32_t link) {
    memset(f, 0, sizeof(*f));
    const uint32_t n = 1 + random_below(MAX_FEATURES);
    const uint32_t rows = n_classes ? (link == EML_LINEAR_SIGMOID || (n_classes == 2 && link == EML_LINEAR_IDENTITY) ? 1 : n_classes)
                                    : 1 + random_below(MAX_ROWS);
    const uint32_t n_shift = eml_pad4(2 * n + 2);
    const uint32_t size = EML_LINEAR_HEADER + n_shift + 4 * rows * (n + 1);
    f->container[0] = EML_FILE_MAGIC;
    f->container[1] = EML_FILE_MAJOR | EML_FAMILY_LINEAR << 16;
    f->head.n_features = (uint16_t)n;
    f->head.n_classes = (uint16_t)n_classes;
    f->head.n_outputs = (uint16_t)(rows + (link == EML_LINEAR_SIGMOID));
    f->head.output = (uint8_t)(link ? EML_PROBABILITIES : n_classes ? EML_DECISION_VALUES : EML_VALUES);
    f->head.kind = (uint8_t)link;
    f->head.size = size;
    f->n_rows = (uint16_t)rows;
    int16_t shift[MAX_FEATURES + 2] = { 0 };
    const int spread = random_below(3) ? 12 : 400;
    for (uint32_t i = 0; i <= n; i++) {
        shift[i] = (int16_t)((int)random_below((uint32_t)(2 * spread + 1)) - spread);
    }
    memcpy(f->body, shift, n_shift);
    for (uint32_t i = 0; i < rows * (n + 1); i++) {
        f->body[n_shift / 4 + i] = (uint32_t)random_runs();
    }
    attempt_seal((uint8_t *)f, EML_FILE_HEADER + size);
    return EML_FILE_HEADER + size;
}

static eml_linear_t opened(const file_t *f, size_t size) {
    uint32_t table[256];
    eml_linear_t m;
    CHECK(eml_linear_open(&m, f, size, table) == EML_OK, size, 0, 0);
    return m;
}

static double real_of(wide_t sum, int exponent) {
    return ldexp((double)(int64_t)(sum >> 40), exponent + 40) + ldexp((double)(int64_t)(sum & 0xffffffffff), exponent);
}

static void check_row(const eml_linear_t *m, const float *features) {
    int32_t x[MAX_FEATURES + 1];
    int exponent;
    const eml_array_t array = { features, m->n_features, EML_FLOAT32 };
    CHECK(eml_linear_scale(m, &array, x, &exponent) == EML_OK, 0, 0, 0);
    for (uint32_t i = 0; i <= m->n_features; i++) { // within half a unit
        const double value = i < m->n_features ? (double)features[i] : 1.0;
        CHECK(fabs(ldexp((double)x[i], exponent) - ldexp(value, m->shift[i])) <= ldexp(0.5, exponent), i, x[i], exponent);
        CHECK(x[i] < 1 << 30 && x[i] > -(1 << 30), x[i], 0, 0);
    }
    wide_t sums[MAX_ROWS];
    uint32_t best = 0;
    for (uint32_t k = 0; k < m->n_rows; k++) {
        wide_t sum = (wide_t)m->intercept[k] * x[m->n_features];
        for (uint32_t i = 0; i < m->n_features; i++) {
            sum += (wide_t)m->coef[k * m->n_features + i] * x[i];
        }
        sums[k] = sum;
        best = sum > sums[best] ? k : best;
        const eml_linear_sum_t got = eml_linear_row(m, x, k);
        CHECK(got.high == (int64_t)(sum >> 32) && got.low == (uint32_t)sum, k, got.high, got.low);
        const double expected = real_of(sum, exponent);
        const double value = (double)float_of(eml_linear_float(&got, NULL, exponent));
        CHECK(isinf(value) || fabs(value - expected) <= 1e-45 + fabs(expected) / (1 << 24), k, exponent, got.high);
        const eml_linear_sum_t first = eml_linear_row(m, x, 0);
        const double difference = (double)float_of(eml_linear_float(&got, &first, exponent));
        const double exact = real_of(sum - sums[0], exponent);
        CHECK(isinf(difference) || fabs(difference - exact) <= 1e-45 + fabs(exact) / (1 << 24), k, exponent, got.high);
    }
    double scratch[MAX_ROWS * 2 + MAX_FEATURES];
    uint32_t klass = 99;
    CHECK(eml_linear_class(m, &array, scratch, &klass) == EML_OK, 0, 0, 0);
    CHECK(klass == (m->n_rows > 1 ? best : sums[0] > 0), klass, best, m->n_rows);
    float out[MAX_ROWS + 1];
    CHECK(eml_linear_outputs(m, &array, scratch, out, m->n_outputs) == EML_OK, 0, 0, 0);
    CHECK(eml_linear_outputs(m, &array, scratch, out, m->n_outputs + 1u) == EML_ERR_SHAPE, 0, 0, 0);
    double total = 0;
    for (uint32_t k = 0; k < m->n_outputs; k++) {
        total += (double)out[k];
    }
    CHECK(m->output != EML_PROBABILITIES || fabs(total - 1) < 1e-6, bits_of_double(total), m->link, 0);
}

static void test_rows(void) {
    for (int round = 0; round < 4000; round++) {
        file_t f;
        const uint32_t link = random_below(4);
        const uint32_t chosen = random_below(3);
        const uint32_t n_classes = link == EML_LINEAR_IDENTITY ? (chosen ? chosen + 1 : 0) : link == EML_LINEAR_SIGMOID ? 2 : 2 + chosen;
        const size_t size = random_file(&f, n_classes, link);
        const eml_linear_t m = opened(&f, size);
        for (int row = 0; row < 10; row++) {
            float x[MAX_FEATURES];
            for (uint32_t i = 0; i < m.n_features; i++) {
                x[i] = ldexpf((float)random_below(1 << 24) - 8388608.0f, (int)random_below(60) - 40);
                x[i] = random_below(5) ? x[i] : 0.0f;
            }
            check_row(&m, x);
        }
    }
}

static void test_features(void) {
    file_t f;
    const eml_linear_t m = opened(&f, random_file(&f, 3, EML_LINEAR_SOFTMAX));
    double scratch[MAX_ROWS * 2 + MAX_FEATURES];
    uint32_t klass;
    for (uint32_t bad = 0x7f800000; bad < 0x7fc00001; bad += 0x200000) {
        float x[MAX_FEATURES] = { 0 };
        x[m.n_features - 1] = float_of(bad);
        const eml_array_t array = { x, m.n_features, EML_FLOAT32 };
        CHECK(eml_linear_class(&m, &array, scratch, &klass) == EML_ERR_RANGE, bad, 0, 0);
    }
    const float x[MAX_FEATURES + 1] = { 0 };
    const eml_array_t more = { x, m.n_features + 1u, EML_FLOAT32 }, other = { x, m.n_features, 'd' };
    CHECK(eml_linear_class(&m, &more, scratch, &klass) == EML_ERR_SHAPE, 0, 0, 0);
    CHECK(eml_linear_class(&m, &other, scratch, &klass) == EML_ERR_TYPE, 0, 0, 0);
}

static void test_damage(void) {
    unsigned opens = 0;
    for (uint32_t link = 0; link < 4; link++) {
        file_t f;
        const size_t size = random_file(&f, link == EML_LINEAR_SIGMOID ? 2 : 3, link);
        opens += attempt_damage(&f, size);
    }
    CHECK(opens > 100, opens, 0, 0);
}

int main(void) {
    test_rows();
    test_features();
    test_damage();
    printf("%lu checks\n", checks_made);
    return 0;
}
