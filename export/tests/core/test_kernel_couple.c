// eml_kernel_couple.h beside double, over any mixture of sure and unsure pairs.
#include "eml_kernel_couple.h"

#include "check.h"

#include <math.h>

#define MAX_CLASSES 12
#define MAX_PAIRS (MAX_CLASSES * (MAX_CLASSES - 1) / 2)

static double real_of(eml_kernel_number_t k) {
    return ldexp((double)k.mantissa, k.exponent);
}

static eml_kernel_number_t random_number(void) {
    return eml_kernel_of_int((int64_t)random_runs() >> random_below(64), -31 - (int)random_below(50));
}

static void test_arithmetic(void) {
    for (int round = 0; round < 400000; round++) {
        const eml_kernel_number_t a = random_number(), b = random_number();
        const double x = real_of(a), y = real_of(b);
        // To the nearest, 2^-31 of the result; a sum loses up to 2^-62 of the larger one before.
        const double sum = real_of(eml_kernel_plus(a, b)), rest = ldexp(fmax(fabs(x), fabs(y)), -60);
        CHECK(fabs(sum - (x + y)) <= ldexp(fabs(x + y), -31) * 1.01 + rest, a.mantissa, b.mantissa, b.exponent - a.exponent);
        CHECK(fabs(real_of(eml_kernel_times(a, b)) - x * y) <= ldexp(fabs(x * y), -31) * 1.01, a.mantissa, b.mantissa, 0);
        if (b.mantissa) {
            CHECK(fabs(real_of(eml_kernel_over(a, b)) - x / y) <= ldexp(fabs(x / y), -31) * 1.6, a.mantissa, b.mantissa, 0);
        }
        CHECK(eml_kernel_below(a, b) == (x < y), a.mantissa, b.mantissa, a.exponent);
    }
}

typedef struct {
    eml_kernel_t m;
    int32_t platt[2 * MAX_PAIRS];
    int16_t shift[2 * MAX_PAIRS];
    int64_t scratch[MAX_PAIRS + 1 + 3 * MAX_CLASSES + 1];
    double r[MAX_CLASSES][MAX_CLASSES]; // the probability of i against j
} machine_t;

static void random_machine(machine_t *c) {
    eml_kernel_t *m = &c->m;
    memset(c, 0, sizeof(*c));
    const uint32_t n = 2 + random_below(MAX_CLASSES - 1);
    m->n_features = 1;
    m->n_classes = (uint16_t)n;
    m->n_sums = n * (n - 1) / 2;
    m->rule = n == 2 ? EML_KERNEL_PLATT : EML_KERNEL_OVO_COUPLED;
    m->output = EML_PROBABILITIES;
    m->platt = c->platt;
    m->platt_shift = c->shift;
    const int sure = (int)random_below(7), unit = -80 + (int)random_below(90), slopes = (int)random_below(40);
    uint32_t pair = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = i + 1; j < n; j++, pair++) {
            // d * slope is below 2^6, or 2^0; some pairs are even.
            const int large = -57 + (sure < 6 ? sure : (int)random_below(2) * 6);
            c->scratch[pair] = random_below(9) ? (int64_t)random64() / 4096 : 0;
            c->platt[pair] = (int32_t)random64();
            c->platt[pair + m->n_sums] = random_below(9) ? (int32_t)random64() : 0;
            c->shift[pair] = (int16_t)(large - unit - 25 + slopes % 2);
            c->shift[pair + m->n_sums] = (int16_t)(-31 + (int)random_below(3));
            const double slope = ldexp(c->platt[pair], c->shift[pair]);
            const double bias = ldexp(c->platt[pair + m->n_sums], c->shift[pair + m->n_sums]);
            const double f = slope * ldexp((double)c->scratch[pair], unit) + bias;
            const double p = f >= 0 ? exp(-f) / (1 + exp(-f)) : 1 / (1 + exp(f));
            c->r[i][j] = fmin(fmax(p, 1e-7), 1 - 1e-7);
            c->r[j][i] = 1 - c->r[i][j];
        }
    }
    m->slope = c->platt[0];
    m->slope_exponent = c->shift[0];
    m->bias = c->platt[m->n_sums];
    m->bias_exponent = c->shift[m->n_sums];
    const int32_t where = unit;
    memcpy((int32_t *)(void *)(c->scratch + m->n_sums) + 2, &where, 4);
}

// The paper's second method, in double. Whether it ends by a clear margin; elsewhere one step more is as right.
static int reference(const machine_t *c, double *p) {
    const uint32_t n = c->m.n_classes;
    const double limit = 0.005 / n;
    double q[MAX_CLASSES][MAX_CLASSES], row[MAX_CLASSES];
    for (uint32_t i = 0; i < n; i++) {
        p[i] = 1.0 / n;
        q[i][i] = 0;
        for (uint32_t j = 0; j < n; j++) {
            if (i != j) {
                q[i][i] += c->r[j][i] * c->r[j][i];
                q[i][j] = -c->r[j][i] * c->r[i][j];
            }
        }
    }
    for (int step = 0; step < 100; step++) {
        double whole = 0, error = 0;
        for (uint32_t i = 0; i < n; i++) {
            row[i] = 0;
            for (uint32_t j = 0; j < n; j++) {
                row[i] += q[i][j] * p[j];
            }
            whole += p[i] * row[i];
        }
        for (uint32_t i = 0; i < n; i++) {
            error = fmax(error, fabs(row[i] - whole));
        }
        if (fabs(error - limit) < 1e-7) {
            return 0;
        }
        if (error < limit) {
            break;
        }
        for (uint32_t i = 0; i < n; i++) {
            const double d = (whole - row[i]) / q[i][i];
            p[i] += d;
            whole = (whole + d * (d * q[i][i] + 2 * row[i])) / (1 + d) / (1 + d);
            for (uint32_t j = 0; j < n; j++) {
                row[j] = (row[j] + d * q[i][j]) / (1 + d);
                p[j] /= 1 + d;
            }
        }
    }
    return 1;
}

// Errors: of float32 3e-8; of f, below 64 in 31 bits, 3e-8; of some 1,200 roundings of a number by up to 2^-32 each, another 1e-7 at
// most where they are random.
static void test_couple(void) {
    int clear = 0;
    for (int round = 0; round < 20000; round++) {
        machine_t c;
        random_machine(&c);
        double expected[MAX_CLASSES];
        float out[MAX_CLASSES];
        const int is_clear = reference(&c, expected);
        eml_kernel_couple(&c.m, c.scratch, out);
        for (uint32_t i = 0; i < c.m.n_classes; i++) {
            const double error = fabs((double)out[i] - expected[i]);
            CHECK(out[i] >= 0 && out[i] <= 1.000001f, bits_of_double((double)out[i]), i, round);
            CHECK(!is_clear || error <= 2e-7, bits_of_double(error), c.m.n_classes, round);
        }
        clear += is_clear;
    }
    CHECK(clear > 19000, clear, 0, 0);
}

int main(void) {
    test_arithmetic();
    test_couple();
    printf("%lu checks\n", checks_made);
    return 0;
}
