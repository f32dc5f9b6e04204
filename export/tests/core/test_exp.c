// eml_exp.h beside float64's functions, whose own errors are far below the bounds. Prints the largest errors with any argument.
#include "eml_exp.h"

#include "check.h"

#include <math.h>

#define N 400000

static const double BOUND = 1.0 / (1 << 22);
static double worst[5];

// The result is within the relative bound; of what is below the normal numbers, within a whole unit of the last place.
static void check_near(int which, uint32_t x, uint32_t got, double expected) {
    const double value = (double)float_of(got);
    if (isnan(expected) || isinf(expected) || fabs(expected) > 3.4028235677973366e38) {
        CHECK(isnan(expected) ? isnan(value) : isinf(value) && (value > 0) == (expected > 0), x, got, 0);
        return;
    }
    const double error = fabs(value - expected);
    if (fabs(expected) >= 1.17549435e-38) {
        CHECK(error <= BOUND * fabs(expected), x, got, bits_of_double(expected));
        worst[which] = fmax(worst[which], error / fabs(expected));
    } else {
        CHECK(error <= 1.5e-45, x, got, bits_of_double(expected));
    }
}

static void check_all(uint32_t x) {
    const double value = (double)float_of(x);
    check_near(0, x, eml_exp(x), exp(value));
    check_near(1, x, eml_log(x), log(value));
    check_near(2, x, eml_sqrt(x), sqrt(value));
    check_near(3, x, eml_tanh(x), tanh(value));
    check_near(4, x, eml_sigmoid(x), 1.0 / (1.0 + exp(-value)));
    if (!isnan(value)) {
        CHECK(value < 0 || eml_sqrt(x) == bits_of_float(sqrtf(float_of(x))), x, eml_sqrt(x), 0);
        CHECK(eml_tanh(x ^ 0x80000000u) == (eml_tanh(x) ^ 0x80000000u), x, eml_tanh(x), 0);
    }
}

static void test_functions(void) {
    static const uint32_t EDGES[] = { 0, 1, 0x7fffff, 0x800000, 0x3e7fffff, 0x3e800000, 0x3f3504f3, 0x3f3504f4, 0x3f800000, 0x41800000,
        0x42b17217, 0x42b17218, 0x42cff1b4, 0x42cff1b5, 0x42fffffe, 0x43000000, 0x7f7fffff, 0x7f800000, 0x7fc00000 };
    for (size_t i = 0; i < sizeof(EDGES) / sizeof(EDGES[0]); i++) {
        for (uint32_t delta = 0; delta < 3; delta++) {
            check_all(EDGES[i] + delta);
            check_all((EDGES[i] + delta) ^ 0x80000000u);
        }
    }
    for (uint32_t i = 0; i < N; i++) {
        check_all((uint32_t)random64());
        check_all((uint32_t)random_runs());
        check_all(0x3f800000u + random_below(0x1000000) - 0x800000u); // around 1
        check_all((100u + random_below(34)) << 23 | random_below(0x800000) | random_below(2) << 31); // where exp is no 0, 1, infinity
    }
    CHECK(eml_exp(0) == 0x3f800000 && eml_exp(0x80000000u) == 0x3f800000, eml_exp(0), 0, 0);
    CHECK(eml_sigmoid(0) == 0x3f000000 && eml_sigmoid(0x80000000u) == 0x3f000000, eml_sigmoid(0), 0, 0);
    CHECK(eml_log(0x3f800000) == 0 && eml_log(0) == 0xff800000, eml_log(0x3f800000), eml_log(0), 0);
}

static void test_reciprocal(void) {
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t d = i < 1000 ? 0x80000000u + i : i < 2000 ? 0u - (i - 999) : (uint32_t)random_runs() | 0x80000000u;
        const double exact = 4611686018427387904.0 / d;
        CHECK(fabs(eml_reciprocal(d) - exact) <= 8, d, eml_reciprocal(d), 0);
    }
}

static void test_normalise(void) {
    float p[200];
    double exact[200];
    for (int round = 0; round < 2000; round++) {
        const uint32_t n = 1 + random_below(200);
        double sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            p[i] = float_of(random_below(0x3f800001));
            p[i] = i == n / 2 ? 0.5f + p[i] / 2 : p[i];
            exact[i] = (double)p[i];
            sum += exact[i];
        }
        eml_normalise(p, n);
        for (uint32_t i = 0; i < n; i++) {
            CHECK(fabs((double)p[i] - exact[i] / sum) <= BOUND * exact[i] / sum + 1.5e-45, i, n, bits_of_float(p[i]));
        }
    }
}

int main(int argc, char **argv) {
    (void)argv;
    test_functions();
    test_reciprocal();
    test_normalise();
    if (argc > 1) {
        for (int i = 0; i < 5; i++) {
            fprintf(stderr, "%s: 2^%.2f\n", &"exp\0    log\0    sqrt\0   tanh\0   sigmoid"[8 * i], log2(worst[i]));
        }
    }
    printf("%lu checks\n", checks_made);
    return 0;
}
