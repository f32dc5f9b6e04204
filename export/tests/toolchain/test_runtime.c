// toolchain/xtensawin/runtime beside this machine's own arithmetic: numbers at the edges, each with each, then random ones.
//
//   test_runtime [CASES]
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// By other names: the C library of this machine has these, too.
#define __divsf3      divide
#define __extendsfdf2 extend
#define __truncdfsf2  truncate_
#define __floatsidf   from_int
#define __muldi3      multiply
#include "divsf3.c"
#include "extendsfdf2.c"
#include "floatsidf.c"
#include "muldi3.c"
#include "truncdfsf2.c"

static long failures;

static uint64_t random_bits(void) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t float64_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static double float64_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static void expect(const char *what, uint64_t a, uint64_t b, uint64_t got, uint64_t wanted) {
    if (got != wanted && failures++ < 20) {
        printf("%s(%#llx, %#llx) is %#llx, not %#llx\n", what, (unsigned long long)a, (unsigned long long)b,
            (unsigned long long)got, (unsigned long long)wanted);
    }
}

static void expect_float(const char *what, uint64_t a, uint64_t b, float got, float wanted) {
    if (!(isnan(got) && isnan(wanted))) {
        expect(what, a, b, float32_bits(got), float32_bits(wanted));
    }
}

static void check_division(uint32_t a, uint32_t b) {
    expect_float("divide", a, b, divide(float32(a), float32(b)), float32(a) / float32(b));
}

static void check_extension(uint32_t a) {
    const double got = extend(float32(a)), wanted = (double)float32(a);
    if (!(isnan(got) && isnan(wanted))) {
        expect("extend", a, 0, float64_bits(got), float64_bits(wanted));
    }
}

static void check_truncation(uint64_t a) {
    expect_float("truncate", a, 0, truncate_(float64_of(a)), (float)float64_of(a));
}

static void check_integers(uint64_t a, uint64_t b) {
    expect("multiply", a, b, multiply(a, b), a * b);
    expect("from_int", (uint32_t)a, 0, float64_bits(from_int((int)(uint32_t)a)), float64_bits((double)(int)(uint32_t)a));
}

// Each with each, of either sign.
static void check_edges(void) {
    static const uint32_t floats[] = { 0, 1, 2, 3, 0x3fffff, 0x400000, 0x7fffff, 0x800000, 0x800001, 0xffffff, 0x1000000, 0x3f7fffff,
        0x3f800000, 0x3f800001, 0x40000000, 0x4effffff, 0x4f000000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff };
    static const uint64_t integers[] = { 0, 1, 2, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
        0x8000000000000000, 0xffffffffffffffff };
    const size_t n_floats = sizeof(floats) / sizeof(*floats), n_integers = sizeof(integers) / sizeof(*integers);
    for (size_t i = 0; i < 4 * n_floats * n_floats; i++) {
        check_division(floats[i / 4 / n_floats] | (uint32_t)(i & 1) << 31, floats[i / 4 % n_floats] | (uint32_t)(i & 2) << 30);
        check_extension(floats[i / 4 % n_floats] | (uint32_t)(i & 1) << 31);
        // Halfway between two float32, and beside it.
        for (int64_t beside = -1; beside <= 1; beside++) {
            const uint64_t bits = float64_bits((double)float32(floats[i / 4 % n_floats] | (uint32_t)(i & 1) << 31));
            check_truncation(bits + (uint64_t)beside);
            check_truncation(bits + 0x10000000 + (uint64_t)beside);
        }
    }
    for (size_t i = 0; i < n_integers * n_integers; i++) {
        check_integers(integers[i / n_integers], integers[i % n_integers]);
    }
}

static void check_random(long i) {
    const uint64_t r = random_bits();
    const uint32_t a = (uint32_t)r, b = (uint32_t)(r >> 32);
    check_division(a, b);
    // Quotients about 1, about the smallest normal number, and of subnormal numbers.
    const uint32_t near = (a >> 23 & 255) + b % 3 - 1, small = 0x3f000000 | (b & 0x1ffffff);
    check_division(a, (b & 0x807fffff) | (near & 255) << 23);
    check_division(a & 0x83ffffff, small);
    check_division(a & 0x80ffffff, b & 0x80ffffff);
    check_extension(a);
    check_extension(a & 0x80ffffff);
    const uint64_t wide = random_bits();
    check_truncation(wide);
    // In float32's range and below, some of them halfway between two.
    const uint64_t exponent = 1023 - 155 + (wide >> 52) % 290, fraction = wide & 0x800fffffffffffff;
    check_truncation(fraction | exponent << 52);
    check_truncation((fraction & ~0x1fffffffull) | exponent << 52 | 0x10000000);
    check_integers(r, wide);
    check_integers(r >> (i & 63), wide >> (i >> 6 & 63));
}

int main(int argc, char **argv) {
    const long cases = argc > 1 ? atol(argv[1]) : 1000000;
    check_edges();
    for (long i = 0; i < cases; i++) {
        check_random(i);
    }
    printf("%ld failures\n", failures);
    return failures != 0;
}
