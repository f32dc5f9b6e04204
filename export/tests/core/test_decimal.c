// eml_decimal.h beside strtof and exact integers.
#include "eml_decimal.h"

#include "check.h"

#include <math.h>

__extension__ typedef __int128 int128_t;

static eml_decimal_t parse(const char *text) {
    eml_decimal_t number;
    memset(&number, 0, sizeof(number));
    for (; *text; text++) {
        eml_decimal_add(&number, *text);
    }
    return number;
}

static void check_float(const char *text) {
    const eml_decimal_t number = parse(text);
    uint32_t bits = 1;
    const float expected = strtof(text, NULL); // correctly rounded in glibc
    const eml_err_t err = eml_decimal_float(&number, &bits);
    if (isinf(expected) || fabsf(expected) > 3.4028234e38f) { // the largest float: within a unit of it may be infinity
        CHECK(err != EML_OK || bits_of_float(fabsf(expected)) - (bits & 0x7fffffff) <= 1, bits, err, 0);
        return;
    }
    // The header promises one unit of the last place.
    const uint32_t magnitude = bits & 0x7fffffff, right = bits_of_float(expected) & 0x7fffffff;
    CHECK(err == EML_OK && (magnitude > right ? magnitude - right : right - magnitude) <= 1, bits, bits_of_float(expected), err);
    CHECK(magnitude == 0 || bits >> 31 == (text[0] == '-'), bits, 0, 0);
}

static void test_float(void) {
    static const char *const EDGES[] = { "0", "-0", "0.0", "1", "-1.5", "1e38", "3.4028235e38", "3.4028234e+38", "1e39", "-1e39", "1e-45", "7e-46",
        "1.17549435e-38", "1e-99", "1e-101", "1e99", "0e999", "0.1", "16777217", "33554433.0000001", "123456789012345678901234567890",
        "5.", "0.000000000000000000000000000000000000000000001401298464324817" };
    for (size_t i = 0; i < sizeof(EDGES) / sizeof(EDGES[0]); i++) {
        check_float(EDGES[i]);
    }
    for (int i = 0; i < 100000; i++) {
        char text[64];
        const double x = ldexp((double)(int64_t)(random64() >> 11) - 4e15, (int)random_below(200) - 180);
        snprintf(text, sizeof(text), random_below(2) ? "%.*e" : "%.*g", (int)random_below(20), x);
        check_float(text);
    }
    for (int i = 0; i < 100000; i++) { // what float32 values print as must read as themselves, give or take a unit
        char text[64];
        const float x = float_of((uint32_t)random64());
        if (isfinite(x)) {
            snprintf(text, sizeof(text), "%.9g", (double)x);
            check_float(text);
        }
    }
}

// digits / 10^places, rounded down, and limited to 10^9 either way, where the header's limit is.
static int64_t floor_of(int64_t digits, int places) {
    int128_t scale = 1;
    for (int i = 0; i < places; i++) {
        scale *= 10;
    }
    int128_t whole = digits / scale;
    whole -= digits % scale < 0;
    return (int64_t)whole;
}

static void test_floor(void) {
    for (int i = 0; i < 300000; i++) {
        char text[64];
        const int places = (int)random_below(19);
        const int64_t digits = (int64_t)(random64() >> (1 + random_below(62))) * (random_below(2) ? 1 : -1);
        const int exponent = random_below(2) ? (int)random_below(30) - 15 : 0;
        // The same number, its point moved by `exponent` places with an exponent that moves it back.
        snprintf(text, sizeof(text), "%lld%se%d", (long long)digits, random_below(2) ? "." : ".000", exponent - places);
        const int shown = places - exponent;
        int32_t got = 0;
        const eml_decimal_t number = parse(text);
        CHECK(eml_decimal_floor(&number, &got) == EML_OK, digits, shown, 0);
        if (shown >= 0 && shown < 38) {
            const int64_t expected = floor_of(digits, shown);
            if (expected >= -999999999 && expected <= 999999999) {
                CHECK(got == expected, digits, shown, got);
            } else {
                CHECK(expected > 0 ? got >= 999999999 : got <= -999999999, digits, shown, got);
            }
        }
    }
    static const struct {
        const char *text;
        int32_t floor;
    } EXACT[] = { { "2.9999999999999999999999", 2 }, { "-2.0000000000000000000000001", -3 }, { "-0.0", 0 }, { "-0.5", -1 }, { "-2", -2 },
        { "1e-300", 0 }, { "-1e-300", -1 }, { "-2.0", -2 }, { "32767.5", 32767 }, { "1.5e1", 15 }, { "-1.55E1", -16 }, { "0e5", 0 } };
    for (size_t i = 0; i < sizeof(EXACT) / sizeof(EXACT[0]); i++) {
        const eml_decimal_t number = parse(EXACT[i].text);
        int32_t got = 77;
        CHECK(eml_decimal_floor(&number, &got) == EML_OK && got == EXACT[i].floor, i, got, 0);
    }
}

static void test_int(void) {
    for (int i = 0; i < 100000; i++) {
        char text[32];
        const int64_t value = (int64_t)(random64() >> (20 + random_below(44))) * (random_below(2) ? 1 : -1);
        snprintf(text, sizeof(text), "%lld", (long long)value);
        const eml_decimal_t number = parse(text);
        int32_t got = 0;
        const int fits = value >= -0x7fffffff && value <= 0x7fffffff;
        CHECK((eml_decimal_int(&number, &got) == EML_OK) == fits, value, got, 0);
        CHECK(!fits || got == value, value, got, 0);
    }
}

static void test_refused(void) {
    static const char *const BAD[] = { "", "-", "+", ".", "e5", "1e", "1e+", "1e-", "1e+-5", "--1", "1-", "1.2.3", "1e5.5", "-.", ".5", "1 ", " 1", "0x10",
        "nan", "inf", "1,", "1_0", "1e5e5" };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        const eml_decimal_t number = parse(BAD[i]);
        int32_t whole = 0;
        uint32_t bits = 0;
        CHECK(eml_decimal_int(&number, &whole) != EML_OK, i, 1, 0);
        CHECK(eml_decimal_floor(&number, &whole) != EML_OK, i, 2, 0);
        CHECK(eml_decimal_float(&number, &bits) != EML_OK, i, 3, 0);
    }
    static char long_text[2000];
    memset(long_text, '9', sizeof(long_text) - 1);
    const eml_decimal_t number = parse(long_text);
    int32_t whole = 0;
    CHECK(eml_decimal_floor(&number, &whole) != EML_OK, 0, 0, 0);
}

int main(void) {
    for (int i = 0; i < 100000; i++) {
        uint32_t remainder = 0;
        const uint64_t x = random_runs();
        CHECK(eml_decimal_div10(x, &remainder) == x / 10 && remainder == x % 10, x, remainder, 0);
    }
    test_int();
    test_floor();
    test_float();
    test_refused();
    printf("%lu checks\n", checks_made);
    return 0;
}
