// eml_kernel.h beside long double, and files with every byte wrong.
#include "eml_kernel.h"

#define ATTEMPT(name) eml_kernel_##name
#include "attempt_family.h"
#include "check.h"

#define MAX_FEATURES 7
#define MAX_VECTORS 12
#define MAX_CLASSES 4
#define MAX_SUMS 6
#define SCRATCH (MAX_SUMS + MAX_FEATURES + 3 * MAX_CLASSES)

typedef struct {
    uint32_t container[4];
    eml_kernel_t head; // its first EML_KERNEL_HEADER bytes; the arrays come over the rest
    uint32_t body[420];
} file_t;

static long double real_of(eml_kernel_number_t k) {
    return ldexpl((long double)k.mantissa, k.exponent);
}

static void test_numbers(void) {
    for (int round = 0; round < 400000; round++) {
        // 2^-t: below 2^-29.5, of which half is the mantissa's last bit.
        const uint64_t t = random_runs() >> (24 + random_below(40));
        const long double exact = exp2l(-ldexpl((long double)t, -32));
        const eml_kernel_number_t k = eml_kernel_exp2(t);
        if (t >> 32 < 16000) {
            CHECK(fabsl(real_of(k) - exact) <= exact * ldexpl(1.5L, -30), t, k.mantissa, k.exponent);
            CHECK(k.mantissa >= 1 << 30, t, k.mantissa, 0);
        }
        // tanh
        const int32_t mantissa = (int32_t)(0x40000000u | (uint32_t)random_below(0x40000000));
        const eml_kernel_number_t z = { random_below(2) ? mantissa : -mantissa, -30 - (int)random_below(40) + 5 };
        const long double tanh_z = tanhl(real_of(z));
        CHECK(fabsl(real_of(eml_kernel_tanh(z)) - tanh_z) <= fabsl(tanh_z) * ldexpl(1, -28), z.mantissa, z.exponent, 0);
        // Products and sums keep 31 bits, to the nearest.
        const int64_t high = (int64_t)random_runs() >> (1 + random_below(62));
        const uint32_t low = (uint32_t)random_runs();
        const long double sum = ldexpl((long double)high, 32) + (long double)low;
        const eml_kernel_number_t s = eml_kernel_of_sum(high, low, 0);
        CHECK(fabsl(real_of(s) - sum) <= fabsl(sum) * ldexpl(1.01L, -31), high, low, s.mantissa);
        const uint32_t d = 1u + random_below(0xfffffffe), n = random_below(d);
        CHECK(eml_kernel_divide(n, d) == (uint32_t)(((uint64_t)n << 31) / d), n, d, 0);
        const uint32_t third = eml_kernel_third(s.mantissa < 0 ? z : s);
        const long double a = fabsl(real_of(s.mantissa < 0 ? z : s));
        CHECK(s.mantissa < 0 || fabsl(ldexpl((long double)third, -32) - a / (3 * a + 3)) <= ldexpl(1, -28), high, low, third);
    }
}

// A random model as a file; returns its size. Its numbers are near 1, so that long double resolves what they make.
static size_t random_file(file_t *f, uint32_t kernel, uint32_t rule, int narrow) {
    memset(f, 0, sizeof(*f));
    const uint32_t n = 1 + random_below(MAX_FEATURES);
    const uint32_t classes = rule == EML_KERNEL_VALUE ? 0 : rule < EML_KERNEL_OVO ? 2 : 3 + random_below(MAX_CLASSES - 2);
    const int votes = rule >= EML_KERNEL_OVO, rbf = kernel == EML_KERNEL_RBF, linear = kernel == EML_KERNEL_LINEAR;
    const uint32_t sums = votes ? classes * (classes - 1) / 2 : 1;
    const uint32_t vectors = linear ? sums : 1 + random_below(MAX_VECTORS);
    eml_kernel_t *h = &f->head;
    h->n_features = (uint16_t)n;
    h->n_classes = (uint16_t)classes;
    const int coupled = rule == EML_KERNEL_PLATT || rule >= EML_KERNEL_OVO_COUPLED;
    h->n_outputs = (uint16_t)(rule <= EML_KERNEL_OUTLIER ? 1 : rule == EML_KERNEL_OVO ? sums : classes);
    h->output = rule == EML_KERNEL_VALUE ? EML_VALUES : coupled ? EML_PROBABILITIES : EML_DECISION_VALUES;
    h->kernel = (uint8_t)kernel;
    h->rule = (uint16_t)rule;
    h->degree = (uint16_t)random_below(5);
    h->left = narrow ? 15 : 0;
    h->exponent = -28;
    h->intercept_exponent = -30;
    h->gamma_exponent = -33;
    h->slope_exponent = h->bias_exponent = -29;
    h->slope = (int32_t)random64() >> 1;
    h->bias = (int32_t)random64() >> 3;
    h->gamma = 0x80000000u | (uint32_t)random64();
    h->n_vectors16 = narrow ? vectors : 0;
    h->n_vectors32 = narrow ? 0 : vectors;
    h->n_vectors = vectors;
    h->n_shifts = rbf ? 0 : n + 1;
    h->n_centers = rbf ? n : 0;
    h->n_offsets = rbf ? 0 : vectors;
    h->n_sizes = votes && !linear ? classes : 0;
    h->n_rows = linear ? 0 : votes ? classes - 1 : 1;
    h->n_sums = sums;
    uint8_t *at = (uint8_t *)&f->head + EML_KERNEL_HEADER;
    int16_t shift[MAX_FEATURES + 1 + MAX_VECTORS];
    for (uint32_t i = 0; i < sizeof(shift) / 2; i++) {
        shift[i] = (int16_t)-(29 + (int)random_below(3));
    }
    memcpy(at, shift, 2 * h->n_shifts);
    at += eml_pad4(2 * h->n_shifts);
    for (uint32_t i = 0; i < h->n_centers; i++, at += 4) {
        const float center = ldexpf((float)random_below(1000), -10 + (int)random_below(18));
        memcpy(at, &center, 4);
    }
    for (uint32_t i = 0, rest = vectors; i < h->n_sizes; i++, at += 4) {
        const uint32_t size = i + 1 == classes ? rest : random_below(rest + 1);
        memcpy(at, &size, 4);
        rest -= size;
    }
    const uint32_t words = sums + h->n_offsets;
    for (uint32_t i = 0; i < words; i++, at += 4) {
        const int32_t word = (int32_t)random64();
        memcpy(at, &word, 4);
    }
    memcpy(at, shift + MAX_FEATURES + 1, 2 * vectors);
    memset(at + 2 * vectors, 0, vectors & 1 ? 2 : 0);
    at += eml_pad4(2 * vectors);
    const uint32_t n_platt = rule >= EML_KERNEL_OVO_COUPLED ? 2 * sums : 0;
    memcpy(at, shift + 1, 2 * n_platt); // an even number
    at += 2 * n_platt;
    const uint32_t bytes = 4 * (h->n_rows * vectors + n_platt) + (narrow ? eml_pad4(2 * vectors * n) : 4 * vectors * n);
    for (uint32_t i = 0; i < bytes; i += 4, at += 4) {
        const int32_t word = (int32_t)random64() >> (narrow ? 0 : 1);
        memcpy(at, &word, 4);
    }
    h->size = (uint32_t)(at - (uint8_t *)&f->head);
    f->container[0] = EML_FILE_MAGIC;
    f->container[1] = EML_FILE_MAJOR | EML_FAMILY_KERNEL << 16;
    attempt_seal((uint8_t *)f, EML_FILE_HEADER + h->size);
    return EML_FILE_HEADER + h->size;
}

// The kernel in long double, and what the sum of its terms' sizes is.
static long double kernel_of(const eml_kernel_t *m, uint32_t i, const float *x, long double *gain) {
    long double sum = 0, size = 0;
    const long double gamma = ldexpl((long double)m->gamma, m->gamma_exponent);
    for (uint32_t f = 0; f < m->n_features; f++) {
        const size_t at = (size_t)i * m->n_features + f;
        const long double v = m->n_vectors16 ? ldexpl((long double)m->vectors16[at], m->left) : (long double)m->vectors32[at];
        if (m->kernel == EML_KERNEL_RBF) {
            const long double d = (long double)x[f] - (long double)m->center[f] - ldexpl(v, m->exponent);
            sum += d * d;
            size += 2 * fabsl(d);
        } else {
            sum += (long double)x[f] * ldexpl(v, m->shift[f]);
            size += fabsl((long double)x[f]) + 1;
        }
    }
    *gain = 1;
    if (m->kernel == EML_KERNEL_RBF) {
        *gain = gamma * size + 1;
        return exp2l(-gamma * sum);
    }
    sum += ldexpl((long double)m->offset[i], m->shift[m->n_features]);
    size += 4;
    *gain = size + 1;
    if (m->kernel == EML_KERNEL_SIGMOID) {
        *gain = 2 * size * gamma + 1;
        return tanhl(sum * gamma);
    }
    if (m->kernel == EML_KERNEL_POLY) {
        *gain = powl(size + 1, m->degree) * 16;
        return powl(sum, m->degree);
    }
    return sum;
}

static void check_row(const eml_kernel_t *m, const float *x) {
    long double sums[MAX_SUMS], sizes[MAX_SUMS];
    for (uint32_t i = 0; i < m->n_sums; i++) {
        sums[i] = ldexpl((long double)m->intercept[i], m->intercept_exponent);
        sizes[i] = 2;
    }
    uint32_t klass = 0, in_class = 0;
    for (uint32_t i = 0; i < m->n_vectors; i++, in_class++) {
        while (m->n_sizes && in_class == m->sizes[klass]) {
            klass++;
            in_class = 0;
        }
        long double gain;
        const long double k = kernel_of(m, i, x, &gain);
        for (uint32_t a = 0, pair = 0; a < (m->n_sizes ? m->n_classes : 1u); a++) {
            for (uint32_t b = a + 1; b < (m->n_sizes ? m->n_classes : 2u); b++, pair++) {
                const uint32_t to = m->kernel == EML_KERNEL_LINEAR ? i : pair;
                if (m->n_sizes && klass != a && klass != b) {
                    continue;
                }
                const uint32_t row = !m->n_sizes ? 0 : klass == a ? b - 1 : a;
                const int32_t coef = m->kernel == EML_KERNEL_LINEAR ? 1 << 30 : m->coef[row * m->n_vectors + i];
                const long double c = ldexpl((long double)coef, m->coef_shift[i]);
                sums[to] += c * k;
                sizes[to] += fabsl(c) * gain;
            }
        }
    }
    int64_t scratch[SCRATCH];
    eml_kernel_sample_t s;
    const eml_array_t array = { x, m->n_features, EML_FLOAT32 };
    CHECK(eml_kernel_sums(m, &array, scratch, &s) == EML_OK, 0, 0, 0);
    int near = 0;
    for (uint32_t i = 0; i < m->n_sums; i++) {
        // x, vectors, scalar products and kernels have 30 bits or more each.
        const long double error = fabsl(ldexpl((long double)s.sums[i], s.unit) - sums[i]);
        CHECK(error <= ldexpl(sizes[i], -27), i, m->kernel, bits_of_double((double)(error / sizes[i])));
        near |= fabsl(sums[i]) < ldexpl(sizes[i], -26);
    }
    float out[MAX_SUMS];
    uint32_t got = 99;
    CHECK(eml_kernel_class(m, &array, scratch, &got) == EML_OK, 0, 0, 0);
    CHECK(eml_kernel_outputs(m, &array, scratch, out, m->n_outputs) == EML_OK, 0, 0, 0);
    CHECK(eml_kernel_outputs(m, &array, scratch, out, m->n_outputs + 1u) == EML_ERR_SHAPE, 0, 0, 0);
    if (m->output == EML_PROBABILITIES) { // how right, test_kernel_couple.c says
        float sum = 0;
        for (uint32_t i = 0; i < m->n_outputs; i++) {
            CHECK(out[i] >= 0, i, m->rule, bits_of_float(out[i]));
            sum += out[i];
        }
        CHECK(sum > 0.999999f && sum < 1.000001f, m->rule, bits_of_float(sum), 0);
    }
    const uint32_t n_decision = eml_kernel_n_decision(m), rule = m->rule < 7 ? m->rule : m->rule - 3u;
    CHECK(n_decision <= MAX_SUMS && eml_kernel_decision(m, &array, scratch, out, n_decision) == EML_OK, n_decision, rule, 0);
    CHECK(eml_kernel_decision(m, &array, scratch, out, n_decision + 1) == EML_ERR_SHAPE, 0, 0, 0);
    if (near) {
        return;
    }
    uint32_t best = 0;
    long double top = -1;
    if (rule < EML_KERNEL_OVO) {
        best = sums[0] > 0;
    } else {
        for (uint32_t c = 0; c < m->n_classes; c++) {
            long double votes = 0, confidence = 0;
            for (uint32_t a = 0, pair = 0; a < m->n_classes; a++) {
                for (uint32_t b = a + 1; b < m->n_classes; b++, pair++) {
                    votes += (c == a && sums[pair] > 0) || (c == b && sums[pair] < 0);
                    confidence += c == a ? sums[pair] : c == b ? -sums[pair] : 0;
                }
            }
            const long double score = votes + confidence / (3 * (fabsl(confidence) + 1));
            if (rule >= EML_KERNEL_OVR) {
                CHECK(fabsl((long double)out[c] - score) < 1e-5L, c, m->kernel, bits_of_double((double)score));
            }
            const long double by = rule == EML_KERNEL_BREAK_TIES ? score : votes;
            best = by > top ? c : best;
            top = by > top ? by : top;
        }
    }
    CHECK(got == best || rule == EML_KERNEL_BREAK_TIES, got, best, rule);
}

static eml_kernel_t opened(const file_t *f, size_t size) {
    uint32_t table[256];
    eml_kernel_t m;
    CHECK(eml_kernel_open(&m, f, size, table) == EML_OK, size, f->head.kernel, f->head.rule);
    return m;
}

static void test_rows(void) {
    for (int round = 0; round < 6000; round++) {
        file_t f;
        const int narrow = (int)random_below(2);
        const eml_kernel_t m = opened(&f, random_file(&f, random_below(4), random_below(10), narrow));
        for (int row = 0; row < 4; row++) {
            float x[MAX_FEATURES];
            for (uint32_t i = 0; i < m.n_features; i++) {
                x[i] = ldexpf((float)random_below(1 << 24) - 8388608.0f, -23);
                x[i] += m.kernel == EML_KERNEL_RBF ? m.center[i] : 0;
                x[i] = random_below(5) ? x[i] : 0.0f;
            }
            check_row(&m, x);
        }
    }
}

static void test_features(void) {
    for (uint32_t kernel = 0; kernel < 4; kernel++) {
        file_t f;
        const eml_kernel_t m = opened(&f, random_file(&f, kernel, EML_KERNEL_OVR, 0));
        int64_t scratch[SCRATCH];
        uint32_t klass;
        for (uint32_t bad = 0x7f800000; bad < 0x7fc00001; bad += 0x200000) {
            float x[MAX_FEATURES] = { 0 };
            x[m.n_features - 1] = float_of(bad);
            const eml_array_t array = { x, m.n_features, EML_FLOAT32 };
            CHECK(eml_kernel_class(&m, &array, scratch, &klass) == EML_ERR_RANGE, bad, 0, 0);
        }
        const float x[MAX_FEATURES + 1] = { 0 };
        const eml_array_t more = { x, m.n_features + 1u, EML_FLOAT32 }, other = { x, m.n_features, 'd' };
        CHECK(eml_kernel_class(&m, &more, scratch, &klass) == EML_ERR_SHAPE, 0, 0, 0);
        CHECK(eml_kernel_class(&m, &other, scratch, &klass) == EML_ERR_TYPE, 0, 0, 0);
    }
}

static void test_damage(void) {
    unsigned opens = 0;
    for (uint32_t rule = 0; rule < 10; rule++) {
        file_t f;
        const size_t size = random_file(&f, rule % 4, rule, rule & 1);
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
    }
    CHECK(opens > 100, opens, 0, 0);
}

int main(void) {
    test_numbers();
    test_rows();
    test_features();
    test_damage();
    printf("%lu checks\n", checks_made);
    return 0;
}
