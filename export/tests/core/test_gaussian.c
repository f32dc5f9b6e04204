// eml_gaussian.h beside long double, and files with every byte wrong.
#include "eml_bayes.h"
#include "eml_mixture.h"

#define ATTEMPT(name) eml_mixture_##name
#include "attempt_family.h"
#include "check.h"

#define POWER(e) ldexpl(1.0L, e)
#define MAX_FEATURES 6
#define MAX_COMPONENTS 3
#define MAX_COEF (MAX_COMPONENTS * MAX_FEATURES * (MAX_FEATURES + 1) / 2)

typedef struct {
    uint32_t container[4];
    eml_head_t head;
    uint16_t n_components, n_matrices, n_rows, unused;
    uint32_t n_coef;
    int32_t base;
    uint32_t base_fraction;
    uint32_t body[2 * MAX_FEATURES + MAX_COMPONENTS * (2 * MAX_FEATURES + 2) + MAX_COEF + 4];
} file_t;

static uint32_t put_shifts(uint8_t *at, uint32_t n, int spread) {
    for (uint32_t i = 0; i < n; i++) {
        const int16_t shift = (int16_t)((int)random_below((uint32_t)(2 * spread + 1)) - spread - (spread < 400 ? 30 : 0));
        memcpy(at + 2 * i, &shift, 2);
    }
    return eml_pad4(2 * n);
}

// A random model as a file; returns its size.
static size_t random_file(file_t *f, uint32_t family, uint32_t envelope, uint32_t kind) {
    memset(f, 0, sizeof(*f));
    const uint32_t n = 1 + random_below(MAX_FEATURES), n_components = envelope ? 1 : 1 + random_below(MAX_COMPONENTS);
    f->n_components = (uint16_t)n_components;
    f->n_matrices = (uint16_t)(random_below(3) ? n_components : 1);
    f->n_rows = (uint16_t)(kind ? 1 + random_below(n) : n);
    f->n_coef = f->n_matrices * (kind ? f->n_rows * n - f->n_rows * (f->n_rows - 1u) / 2 : n);
    f->base = (int32_t)random_runs() >> random_below(32);
    f->base_fraction = (uint32_t)random_runs();
    const int spread = random_below(4) ? 12 : 400;
    uint8_t *body = (uint8_t *)f->body;
    uint32_t size = put_shifts(body, n, spread);
    for (uint32_t i = 0; i < n; i++) {
        const float centre = random_below(3) ? ldexpf((float)random_below(1 << 24) - 8388608.0f, (int)random_below(60) - 60) : 0.0f;
        memcpy(body + size + 4 * i, &centre, 4);
    }
    size += 4 * n;
    size += put_shifts(body + size, f->n_matrices * n, spread);
    for (uint32_t i = n_components * (n + 2) + f->n_coef; i > 0; i--) {
        const uint32_t word = (uint32_t)random_runs() >> (i <= f->n_coef ? 0 : random_below(32));
        memcpy(body + size, &word, 4);
        size += 4;
    }
    f->container[0] = EML_FILE_MAGIC;
    f->container[1] = EML_FILE_MAJOR | family << 16;
    f->head.n_features = (uint16_t)n;
    f->head.n_classes = (uint16_t)(envelope ? 2 : n_components);
    f->head.n_outputs = (uint16_t)(envelope ? 1 : n_components + (family == EML_FAMILY_MIXTURE));
    f->head.output = envelope ? EML_DECISION_VALUES : family == EML_FAMILY_MIXTURE ? EML_PROBABILITIES_AND_SCORE : EML_PROBABILITIES;
    f->head.kind = (uint8_t)kind;
    f->head.size = EML_GAUSSIAN_HEADER + size;
    attempt_seal((uint8_t *)f, EML_FILE_HEADER + f->head.size);
    return EML_FILE_HEADER + f->head.size;
}

static eml_gaussian_t opened(const file_t *f, size_t size, uint32_t family) {
    uint32_t table[256];
    eml_gaussian_t m;
    const eml_err_t err = family == EML_FAMILY_BAYES ? eml_bayes_open(&m, f, size, table) : eml_mixture_open(&m, f, size, table);
    CHECK(err == EML_OK, size, err, 0);
    return m;
}

static long double real_of(const eml_gaussian_number_t *n) {
    return ldexpl((long double)n->mantissa, n->exponent);
}

// |got - expected| within `relative` of the larger of expected and `size`; float32's own range apart.
static int near(float got, long double expected, long double size, long double relative) {
    const long double limit = fabsl(expected) > size ? fabsl(expected) : size;
    return isinf(got) ? fabsl(expected) > 3.4e38L : fabsl((long double)got - expected) <= limit * relative + 1e-45L;
}

static void test_numbers(void) {
    for (int round = 0; round < 200000; round++) {
        const uint64_t m = random_runs() >> random_below(64), k = random_runs() >> random_below(64);
        const int e = (int)random_below(200) - 100, g = (int)random_below(200) - 100;
        const eml_gaussian_number_t a = eml_gaussian_number(m, e), b = eml_gaussian_number(k, g);
        const long double x = ldexpl((long double)m, e), y = ldexpl((long double)k, g);
        CHECK(m ? a.mantissa >> 62 == 1 : a.exponent == EML_GAUSSIAN_LEAST, m, e, 0);
        CHECK(fabsl(real_of(&a) - x) <= ldexpl(x, -62), m, e, 0); // a 64th bit
        CHECK((x < y && !(fabsl(x - y) <= ldexpl(y, -61))) <= eml_gaussian_less(&a, &b), m, k, e);
        CHECK(eml_gaussian_less(&a, &b) + eml_gaussian_less(&b, &a) <= 1, m, k, e);
        eml_gaussian_number_t sum = a;
        eml_gaussian_add(&sum, k, g);
        CHECK(fabsl(real_of(&sum) - (x + y)) <= ldexpl(x + y, -60), m, k, e); // three roundings down, of 2^-62 each
        CHECK((sum.mantissa >> 62) == 1 || (!m && !k), m, k, sum.mantissa);
        const float difference = float_of(eml_gaussian_minus(&a, &b));
        CHECK(near(difference, x - y, (x > y ? x : y) * POWER(-36), POWER(-24) * 1.001L), m, k, e);
    }
}

static void test_fixed(void) {
    for (int round = 0; round < 200000; round++) {
        const uint32_t bits = (uint32_t)random_runs();
        const int unit = (int)random_below(320) - 200;
        const long double exact = (bits >> 23 & 0xff) < 255 ? ldexpl((long double)float_of(bits), -unit) : 0;
        const long double limit = POWER(61) - 1, rounded = roundl(exact);
        if ((bits >> 23 & 0xff) < 255) {
            const int field = bits << 1 >> 24 ? (int)(bits << 1 >> 24) : 1; // subnormal numbers are too large sooner
            const int beyond = field - unit > 187 && bits << 1;
            const int64_t expected = (int64_t)(!beyond && fabsl(rounded) <= limit ? rounded : bits >> 31 ? -limit : limit);
            CHECK(eml_gaussian_fixed(bits, unit) == expected, bits, unit, expected);
        }
    }
}

// Half the squared distance of a component for these x', and by how much what the core does may differ from it.
static long double distance(const eml_gaussian_t *m, const int64_t *x, uint32_t k, long double *error) {
    const uint32_t n = m->n_features, matrix = m->n_matrices > 1 ? k : 0;
    const int32_t *coef = m->coef + matrix * eml_gaussian_matrix_size(m);
    long double term[MAX_FEATURES], largest = 0, total = 0;
    *error = 0;
    for (uint32_t i = 0; i < n; i++) { // without the coefficient
        term[i] = ldexpl((long double)(x[i] - m->mean[k * n + i]), m->unit[i] + m->shift[matrix * n + i]);
        largest = fabsl(term[i]) > largest ? fabsl(term[i]) : largest;
    }
    for (uint32_t row = 0; row < m->n_rows; row++) {
        long double y = 0, e = 0;
        for (uint32_t i = row; i < (m->kind ? n : row + 1); i++, coef++) {
            y += *coef * term[i];
            // Half a unit, of which the largest term has 2^29 or more; or the bits below the 32 highest.
            e += fabsl((long double)*coef) * (m->kind ? largest * POWER(-30) : fabsl(term[i]) * POWER(-31));
        }
        e += (fabsl(y) + e) * POWER(-31); // of the square's root
        total += y * y / 2;
        *error += fabsl(y) * e + e * e / 2;
    }
    *error += total * POWER(-58); // sums
    return total;
}

static void check_row(const eml_gaussian_t *m, const float *features) {
    uint64_t scratch[(MAX_COMPONENTS * 16 + MAX_FEATURES * 12) / 8 + 1];
    int64_t x[MAX_FEATURES];
    int32_t d[MAX_FEATURES];
    const eml_array_t array = { features, m->n_features, EML_FLOAT32 };
    CHECK(eml_gaussian_scratch_size(m) <= sizeof(scratch), 0, 0, 0);
    CHECK(eml_gaussian_features(m, &array, x) == EML_OK, 0, 0, 0);
    eml_gaussian_number_t penalties[MAX_COMPONENTS];
    uint32_t best = 0;
    for (uint32_t k = 0; k < m->n_components; k++) {
        long double error;
        const long double constant = (long double)m->constant[k] + (long double)m->fraction[k] * POWER(-32);
        const long double expected = constant + distance(m, x, k, &error);
        penalties[k] = eml_gaussian_penalty(m, x, d, k);
        CHECK(fabsl(real_of(&penalties[k]) - expected) <= error + expected * POWER(-58), k, m->kind, m->n_features);
        best = eml_gaussian_less(&penalties[k], &penalties[best]) ? k : best;
    }
    float out[MAX_COMPONENTS + 1], decision[MAX_COMPONENTS + 1];
    uint32_t klass;
    CHECK(eml_gaussian_class(m, &array, scratch, &klass) == EML_OK, 0, 0, 0);
    CHECK(eml_gaussian_outputs(m, &array, scratch, out, m->n_outputs) == EML_OK, 0, 0, 0);
    CHECK(eml_gaussian_outputs(m, &array, scratch, out, m->n_outputs + 1u) == EML_ERR_SHAPE, 0, 0, 0);
    CHECK(eml_gaussian_decision(m, &array, scratch, decision, m->n_components + 1u) == EML_OK, 0, 0, 0);
    CHECK(eml_gaussian_decision(m, &array, scratch, decision, m->n_components) == EML_ERR_SHAPE, 0, 0, 0);
    const long double base = (long double)m->base + (long double)m->base_fraction * POWER(-32);
    const long double penalty = real_of(&penalties[best]);
    const long double size = (fabsl(base) > penalty ? fabsl(base) : penalty) * POWER(-35); // what sums may drop
    CHECK(near(decision[m->n_components], base - penalty, size, POWER(-23)), 0, 0, 0);
    if (m->output == EML_DECISION_VALUES) {
        CHECK(bits_of_float(out[0]) == bits_of_float(decision[1]), 0, 0, 0);
        CHECK(klass == (out[0] >= 0), klass, 0, 0);
        return;
    }
    CHECK(klass == best, klass, best, 0);
    long double total = 0, sum = 0;
    for (uint32_t k = 0; k < m->n_components; k++) {
        const long double ratio = penalty - real_of(&penalties[k]);
        CHECK(near(decision[k], ratio, real_of(&penalties[k]) * POWER(-35), POWER(-23)), k, 0, 0);
        total += expl(ratio);
        sum += (long double)out[k];
    }
    for (uint32_t k = 0; k < m->n_components; k++) {
        const long double ratio = penalty - real_of(&penalties[k]);
        // exp's and the quotient's relative errors below 2^-22, and the argument's, of which it has 2^-24 up to 128
        const long double p = expl(ratio) / total;
        CHECK(fabsl((long double)out[k] - p) <= p * (POWER(-20) + fabsl(ratio) * POWER(-23)) + 1e-37L, k, 0, 0);
    }
    CHECK(fabsl(sum - 1) < 1e-6L, 0, 0, 0);
    if (m->output == EML_PROBABILITIES_AND_SCORE) {
        // log's relative error below 2^-22, and that of its argument, which is absolute here
        const long double score = base - penalty + logl(total);
        CHECK(near(out[m->n_components], score, size + 2, POWER(-22)), m->n_components, 0, 0);
    }
}

static void test_rows(void) {
    for (int round = 0; round < 6000; round++) {
        file_t f;
        const uint32_t chosen = random_below(3), family = chosen ? EML_FAMILY_MIXTURE : EML_FAMILY_BAYES;
        const size_t size = random_file(&f, family, chosen == 2, random_below(2));
        const eml_gaussian_t m = opened(&f, size, family);
        for (int row = 0; row < 6; row++) {
            float x[MAX_FEATURES];
            for (uint32_t i = 0; i < m.n_features; i++) {
                x[i] = ldexpf((float)random_below(1 << 24) - 8388608.0f, (int)random_below(60) - 60);
                x[i] = random_below(5) ? x[i] : float_of(m.centre[i]);
            }
            check_row(&m, x);
        }
    }
}

static void test_features(void) {
    file_t f;
    const eml_gaussian_t m = opened(&f, random_file(&f, EML_FAMILY_MIXTURE, 0, 1), EML_FAMILY_MIXTURE);
    uint64_t scratch[(MAX_COMPONENTS * 16 + MAX_FEATURES * 12) / 8 + 1];
    uint32_t klass;
    for (uint32_t bad = 0x7f800000; bad < 0x7fc00001; bad += 0x200000) {
        float x[MAX_FEATURES] = { 0 };
        x[m.n_features - 1] = float_of(bad);
        const eml_array_t array = { x, m.n_features, EML_FLOAT32 };
        CHECK(eml_gaussian_class(&m, &array, scratch, &klass) == EML_ERR_RANGE, bad, 0, 0);
    }
    const float x[MAX_FEATURES + 1] = { 0 };
    const eml_array_t more = { x, m.n_features + 1u, EML_FLOAT32 }, other = { x, m.n_features, 'd' };
    CHECK(eml_gaussian_class(&m, &more, scratch, &klass) == EML_ERR_SHAPE, 0, 0, 0);
    CHECK(eml_gaussian_class(&m, &other, scratch, &klass) == EML_ERR_TYPE, 0, 0, 0);
}

static void test_damage(void) {
    unsigned opens = 0;
    for (uint32_t round = 0; round < 8; round++) {
        file_t f;
        const size_t size = random_file(&f, EML_FAMILY_MIXTURE, round & 1, round >> 1 & 1);
        for (size_t cut = 0; cut < size; cut++) {
            CHECK(!attempt((const uint8_t *)&f, cut), cut, size, 0);
        }
        for (size_t i = 0; i < size; i++) {
            for (int flip = 1; flip < 256; flip = flip * 2 + 1) {
                file_t damaged = f;
                ((uint8_t *)&damaged)[i] ^= (uint8_t)flip;
                CHECK(i == 5 || i == 7 || !attempt((const uint8_t *)&damaged, size), i, flip, 0);
                attempt_seal((uint8_t *)&damaged, size);
                opens += (unsigned)attempt((const uint8_t *)&damaged, size);
            }
        }
        // A family's outputs are its own.
        uint32_t table[256];
        eml_bayes_t m;
        f.container[1] ^= (EML_FAMILY_BAYES ^ EML_FAMILY_MIXTURE) << 16;
        attempt_seal((uint8_t *)&f, size);
        CHECK(eml_bayes_open(&m, &f, size, table) == EML_ERR_MODEL, size, 0, 0);
    }
    CHECK(opens > 100, opens, 0, 0);
}

int main(void) {
    test_numbers();
    test_fixed();
    test_rows();
    test_features();
    test_damage();
    printf("%lu checks\n", checks_made);
    return 0;
}
