// eml_math.h beside the float and double arithmetic of this machine, which is IEEE 754's.
#include "eml_math.h"

#include "check.h"

#include <math.h>

#define N 1000000

static const uint32_t FLOAT_EDGES[] = { 0, 1, 2, 0x7fffff, 0x800000, 0x800001, 0x3f800000, 0x4b7fffff, 0x4b800000, 0x7f7fffff, 0x7f800000,
    0x7f800001, 0x7fc00000, 0x7fffffff };
#define N_EDGES (sizeof(FLOAT_EDGES) / sizeof(FLOAT_EDGES[0]))

static uint32_t random_float_bits(void) {
    if (random_below(4) == 0) {
        return FLOAT_EDGES[random_below(N_EDGES)] ^ random_below(2) << 31;
    }
    return (uint32_t)random_runs();
}

static void check_keys(uint32_t a, uint32_t b) {
    const float x = float_of(a), y = float_of(b);
    const int32_t key_x = eml_float_key(a), key_y = eml_float_key(b);
    if (isnan(x)) {
        CHECK(key_x > 0x7f000001, a, key_x, 0); // the key of infinity, by docs/formats.md
    } else if (!isnan(y) && x != y) {
        CHECK((x < y) == (key_x < key_y), a, b, 0);
    } else if (!isnan(y)) {
        CHECK((a == b) == (key_x == key_y), a, b, 0); // the zeros
    }
}

static void test_float_key(void) {
    for (size_t i = 0; i < 2 * N_EDGES; i++) {
        for (size_t k = 0; k < 2 * N_EDGES; k++) {
            check_keys(FLOAT_EDGES[i / 2] | (uint32_t)(i & 1) << 31, FLOAT_EDGES[k / 2] | (uint32_t)(k & 1) << 31);
        }
    }
    for (int i = 0; i < N; i++) {
        const uint32_t bits = random_float_bits();
        check_keys(bits, random_float_bits());
        check_keys(bits, bits + 1);
    }
    CHECK(eml_float_key(0x7f800000) == 0x7f000001, 0, 0, 0);
    CHECK(eml_float_key(0xff800000) == INT32_MIN, 0, 0, 0);
    CHECK(eml_float_key(0x80000000) < eml_float_key(0), 0, 0, 0); // thresholds are never -0.0, so that x <= 0.0 holds for it
}

static void check_from_int(int32_t i) {
    CHECK(eml_float_from_int(i) == bits_of_float((float)i), i, eml_float_from_int(i), 0);
}

static void test_float_from_int(void) {
    for (int bit = 0; bit < 32; bit++) {
        for (int32_t delta = -300; delta <= 300; delta++) {
            check_from_int((int32_t)(((uint32_t)1 << bit) + (uint32_t)delta));
        }
    }
    for (int i = 0; i < N; i++) {
        check_from_int((int32_t)random_runs());
    }
}

__extension__ typedef unsigned __int128 uint128_t;

// n / d * 2^exponent cut to 47..53 bits, the last one telling of a remainder: rounding that to 24 bits is right.
static double ratio_to_odd(uint64_t n, uint32_t d, int exponent) {
    const uint128_t wide = (uint128_t)n << 63;
    uint128_t quotient = wide / d;
    int sticky = wide % d != 0;
    while (quotient >> 53) {
        sticky |= (int)(quotient & 1);
        quotient >>= 1;
        exponent++;
    }
    return ldexp((double)((uint64_t)quotient | (uint64_t)sticky), exponent - 63);
}

static void test_float_from_ratio(void) {
    for (int i = 0; i < N; i++) {
        const uint64_t n = random_runs() >> (1 + random_below(63)); // below 2^63
        const uint16_t d = (uint16_t)(random_below(2) ? 1 + random_below(65535) : 1 + random_below(20));
        const int exponent = i & 1 ? (int)random_below(460) - 260 : -32;
        const uint32_t got = eml_float_from_ratio(n, d, exponent);
        CHECK(got == bits_of_float((float)ratio_to_odd(n, d, exponent)), n, d, exponent);
    }
    for (uint32_t n = 0; n < 200; n++) { // around the smallest subnormal and its half
        for (uint16_t d = 1; d < 60; d++) {
            for (int exponent = -156; exponent < -148; exponent++) {
                CHECK(eml_float_from_ratio(n, d, exponent) == bits_of_float((float)ratio_to_odd(n, d, exponent)), n, d, exponent);
            }
        }
    }
}

// A non-negative normal double, or sometimes 0, with an exponent field from `low` on.
static uint64_t random_double_bits(uint32_t low, uint32_t span) {
    const uint64_t mantissa = random_runs() & (((uint64_t)1 << 52) - 1);
    return random_below(50) ? (uint64_t)(low + random_below(span)) << 52 | mantissa : 0;
}

static void test_double_add(void) {
    for (int i = 0; i < N; i++) {
        const uint32_t low = i & 1 ? 1 : 1 + random_below(1900);
        const uint32_t span = i & 1 ? 2045 : 60; // nothing overflows
        const uint64_t a = random_double_bits(low, span), b = random_double_bits(low, span);
        CHECK(eml_double_add(a, b) == bits_of_double(double_of(a) + double_of(b)), a, b, eml_double_add(a, b));
    }
}

static void test_double_from_ratio(void) {
    for (int i = 0; i < N; i++) {
        const uint64_t n = (random_runs() >> 11 >> random_below(53)) | 1;
        const uint16_t d = (uint16_t)(random_below(2) ? 1 + random_below(65535) : 1 + random_below(20));
        const int exponent = i & 1 ? (int)random_below(1900) - 1000 : 0;
        const double expected = ldexp((double)n / d, exponent);
        CHECK(eml_double_from_ratio(n, d, exponent) == bits_of_double(expected), n, d, exponent);
    }
    for (uint32_t d = 1; d < 65536; d += 17) { // proportions
        for (uint32_t n = 1; n <= d; n += 1 + d / 60) {
            CHECK(eml_double_from_ratio(n, (uint16_t)d, 0) == bits_of_double((double)n / d), n, d, 0);
        }
    }
}

// Both ways of dividing, whichever this machine has: all that eml_ratio and the proportions ask for, and its limits.
static void test_divide(void) {
    for (int i = 0; i < N; i++) {
        const uint32_t d = (uint32_t)(random_runs() >> random_below(64)) | !random_below(4);
        const uint64_t end = (uint64_t)d << 17; // n < 2^17 d
        if (d) {
            const uint64_t largest = end > 0xffffffff ? 0xffffffff : end - 1;
            const uint32_t n = random_below(4) ? (uint32_t)(random_runs() % (largest + 1)) : (uint32_t)largest - random_below(2);
            CHECK(eml_divide(n, d) == n / d, n, d, 0);
            CHECK(eml_divide_by_shifts(n, d) == n / d, n, d, eml_divide_by_shifts(n, d));
        }
    }
    for (uint32_t d = 1; d < 65536; d += d < 300 ? 1 : 97) {
        for (uint32_t value = 0; value <= d; value += 1 + d / 50) {
            CHECK(eml_divide_by_shifts(value << 16, d) == (value << 16) / d, value, d, 0);
        }
    }
}

int main(void) {
    for (int bit = 0; bit < 64; bit++) {
        CHECK(eml_clz64((uint64_t)1 << bit) == 63 - bit, bit, 0, 0);
        CHECK(eml_clz64(~(uint64_t)0 >> bit) == bit, bit, 0, 0);
    }
    test_divide();
    test_float_key();
    test_float_from_int();
    test_float_from_ratio();
    test_double_add();
    test_double_from_ratio();
    printf("%lu checks\n", checks_made);
    return 0;
}
