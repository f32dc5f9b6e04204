// eml_pipeline.h beside sums in 128 bits, and files with every byte wrong.
#include "eml_pipeline.h"

#include "attempt_pipeline.h"
#include "check.h"

__extension__ typedef __int128 wide_t;

// ---- A column of a scale step

static float nearest(wide_t sum, int exponent) {
    return ldexpf((float)sum, exponent); // no number below is subnormal or too large: rounded once, by the conversion
}

static float nearest_integer(wide_t sum, int exponent) {
    if (exponent < 0) {
        const wide_t one = (wide_t)1 << -exponent;
        const wide_t whole = sum >> -exponent;
        const wide_t twice = 2 * (sum - whole * one);
        sum = whole + (twice > one || (twice == one && (whole & 1)));
        exponent = 0;
    }
    return ldexpf((float)sum, exponent);
}

static void test_scale(void) {
    for (int round = 0; round < 60000; round++) {
        const int shift = (int)random_below(50) - 40;
        const int field = 100 + (int)random_below(50);
        const int exponent = field - 150 + shift; // -90..8, of the product
        const int unit = exponent - 20 + (int)random_below(40);
        const uint32_t bits = (uint32_t)random_runs() & 0x807fffff;
        const uint32_t x = bits | (uint32_t)field << 23;
        const int64_t factor = (int64_t)random_runs() >> (round % 3 ? 27 : 32); // up to 37 bits, of which the step holds 6 apart
        const int64_t mantissa = (bits & 0x7fffff) | 0x800000;
        const int64_t product = (bits >> 31 ? -mantissa : mantissa) * factor; // below 2^60
        int64_t offset = (int64_t)random_runs() >> (4 + random_below(60));
        if (round % 3 == 0 && unit <= exponent && exponent - unit < 5) { // nearly all cancels
            offset = -(product * ((int64_t)1 << (exponent - unit))) + (int64_t)random_below(5) - 2;
        }
        const int low = unit < exponent ? unit : exponent;
        const wide_t sum = (wide_t)product * ((wide_t)1 << (exponent - low)) + (wide_t)offset * ((wide_t)1 << (unit - low));
        const uint32_t column[7] = { (uint32_t)(uint16_t)(shift + 6) << 16, (uint32_t)(int32_t)(factor >> 6), (uint32_t)offset,
            (uint32_t)((uint64_t)offset >> 32), (uint32_t)(uint16_t)unit | (uint32_t)(factor & 63) << 16, bits_of_float(-100.0f), bits_of_float(77.0f) };
        const float found = float_of(eml_pipeline_scaled(column, 0, x));
        const float expected = nearest(sum, low);
        CHECK(found == expected, bits_of_float(found), bits_of_float(expected), x);
        const float rounded = float_of(eml_pipeline_scaled(column, EML_PIPELINE_ROUND, x));
        CHECK(rounded == nearest_integer(sum, low), bits_of_float(rounded), x, (uint64_t)low);
        const float limited = float_of(eml_pipeline_scaled(column, EML_PIPELINE_LIMIT | EML_PIPELINE_ROUND, x));
        CHECK(limited == (rounded < -100.0f ? -100.0f : rounded > 77.0f ? 77.0f : rounded), bits_of_float(limited), x, 0);
    }
    const uint32_t plain[7] = { 0, 0xffffffff, 0, 0, 0, bits_of_float(-2.0f), bits_of_float(3.0f) }; // -x, from -2 to 3
    CHECK(eml_pipeline_scaled(plain, 0, 0x7f800000) == 0xff800000, 0, 0, 0);
    CHECK(eml_pipeline_scaled(plain, EML_PIPELINE_LIMIT, 0x7f800000) == plain[5], 0, 0, 0);
    CHECK(eml_pipeline_scaled(plain, EML_PIPELINE_LIMIT, 0xffc00001) == 0x7fc00000, 0, 0, 0);
    CHECK(eml_pipeline_scaled(plain, 0, 1) == 0x80000001, 0, 0, 0);
    CHECK(eml_pipeline_scaled(plain, 0, 0x80000000) == 0, 0, 0, 0);
}

// ---- A column of a matrix as an integer

static void test_integer(void) {
    for (int round = 0; round < 60000; round++) {
        const int64_t high = (int64_t)random_runs() >> (17 + random_below(47));
        const eml_linear_sum_t sum = { high, (uint32_t)random_runs() };
        const int exponent = (int)random_below(100) - 95;
        const wide_t value = (wide_t)high * ((wide_t)1 << 32) + sum.low;
        const wide_t size = value < 0 ? -value : value; // below 2^80
        const wide_t twice = exponent > -1 ? size << (exponent + 1) : size >> (-exponent - 1);
        const wide_t nearest_one = (twice + 1) >> 1;
        const uint32_t magnitude = nearest_one > 0x7f7fffff ? 0x7f7fffffu : (uint32_t)nearest_one;
        const uint32_t expected = magnitude | (value < 0 && magnitude ? 0x80000000u : 0);
        CHECK(eml_pipeline_integer(&sum, exponent) == expected, (uint64_t)high, sum.low, (uint64_t)exponent);
    }
    const eml_linear_sum_t zero = { 0, 0 }, one = { 0, 1 }, less = { -1, 0xffffffffu };
    CHECK(eml_pipeline_integer(&zero, 500) == 0 && eml_pipeline_integer(&less, -2) == 0, 0, 0, 0);
    CHECK(eml_pipeline_integer(&one, -1) == 1 && eml_pipeline_integer(&less, -1) == 0x80000001u, 0, 0, 0);
    CHECK(eml_pipeline_integer(&one, 400) == 0x7f7fffff && eml_pipeline_integer(&less, 400) == 0xff7fffff, 0, 0, 0);
    CHECK(eml_pipeline_integer(&one, -600) == 0 && eml_pipeline_integer(&less, -600) == 0, 0, 0, 0);
}

// ---- Files

typedef struct {
    uint32_t words[160];
    uint32_t size; // of them
} file_t;

static void put(file_t *f, uint32_t word) {
    f->words[f->size++] = word;
}

static void put_float(file_t *f, float x) {
    put(f, bits_of_float(x));
}

// Three features, encoded, filled, and two of them scaled and limited, then a matrix of one row; a linear model takes it. Which of
// these steps there are, `which` says; with 16, the matrix gives integers, and with 32 another one follows.
static file_t made(uint32_t which, uint32_t inner_family) {
    file_t f;
    memset(&f, 0, sizeof(f));
    f.size = 10;
    uint32_t n = 3;
    uint32_t steps = 0;
    if (which & 1) {
        put(&f, EML_PIPELINE_ENCODE | n << 16);
        for (uint32_t i = 0; i < n; i++) {
            put(&f, 2);
            put(&f, i == 2 ? EML_PIPELINE_REFUSED : bits_of_float(-1.0f));
            put(&f, 0x7fc00000);
            put_float(&f, 0.0f);
            put_float(&f, 1.5f + (float)i);
        }
        steps++;
    }
    if (which & 2) {
        put(&f, EML_PIPELINE_FILL | n << 16);
        for (uint32_t i = 0; i < n; i++) {
            put(&f, i ? 0x7fc00000 : bits_of_float(-1.0f));
            put_float(&f, 5.0f);
        }
        steps++;
    }
    if (which & 4) {
        put(&f, EML_PIPELINE_SCALE | EML_PIPELINE_LIMIT << 8 | 2u << 16);
        for (uint32_t i = 0; i < 2; i++) { // 2 x - 1 of columns 2 and 1
            put(&f, 2 - i);
            put(&f, 2);
            put(&f, 0xffffffff);
            put(&f, 0xffffffff);
            put(&f, 0);
            put_float(&f, -4.0f);
            put_float(&f, 8.0f);
        }
        n = 2;
        steps++;
    }
    for (uint32_t again = 0; again < (which >> 3 & 1) + (which >> 5); again++) { // the sum of all, and 1/2
        put(&f, EML_PIPELINE_MATRIX | (which & 16 && !again ? EML_PIPELINE_INTEGERS << 8 : 0) | 1u << 16);
        const int16_t shift[4] = { 0, 0, (int16_t)(n == 3 ? 0 : -1), -1 };
        const uint32_t n_shift = n > 1 ? 2 : 1;
        memcpy(f.words + f.size, n > 1 ? shift : shift + 2, 4 * n_shift);
        f.size += n_shift;
        for (uint32_t i = 0; i <= n; i++) {
            put(&f, 1);
        }
        n = 1;
        steps++;
    }
    const uint32_t n_words = f.size - 10;
    const uint32_t start = f.size;
    put(&f, EML_FILE_MAGIC);
    put(&f, EML_FILE_MAJOR | inner_family << 16);
    f.size += 2; // its size and CRC
    put(&f, n);
    put(&f, 1);
    put(&f, 0);
    f.words[start + 2] = 4 * (f.size - start);
    attempt_seal((uint8_t *)(f.words + start), 4 * (f.size - start));
    f.words[0] = EML_FILE_MAGIC;
    f.words[1] = EML_FILE_MAJOR | EML_FAMILY_PIPELINE << 16;
    f.words[4] = 3;
    f.words[5] = 1 | inner_family << 24;
    f.words[6] = 4 * (f.size - 4);
    f.words[7] = steps | 3u << 16;
    f.words[8] = n_words;
    f.words[9] = f.size - start;
    attempt_seal((uint8_t *)f.words, 4 * f.size);
    return f;
}

static eml_err_t apply(const file_t *f, float a, float b, float c, float *out) {
    uint32_t table[256], scratch[16];
    eml_pipeline_t m;
    CHECK(eml_pipeline_open(&m, f->words, 4 * f->size, table) == EML_OK, f->size, 0, 0);
    CHECK(eml_pipeline_scratch_size(&m) <= sizeof(scratch), 0, 0, 0);
    const float x[3] = { a, b, c };
    const eml_array_t array = { x, 3, EML_FLOAT32 }, short_one = { x, 2, EML_FLOAT32 };
    CHECK(eml_pipeline_apply(&m, &short_one, scratch, out) == EML_ERR_SHAPE, 0, 0, 0);
    return eml_pipeline_apply(&m, &array, scratch, out);
}

static void test_steps(void) {
    float out[3];
    file_t f = made(1, EML_FAMILY_LINEAR);
    CHECK(apply(&f, 1.5f, 0.0f, -0.0f, out) == EML_OK && out[0] == 1 && out[1] == 0 && out[2] == 0, 0, 0, 0);
    CHECK(apply(&f, 1.0f, NAN, 3.5f, out) == EML_OK && out[0] == -1 && isnan(out[1]) && out[2] == 1, 0, 0, 0);
    CHECK(apply(&f, 1.0f, 0.0f, 1.0f, out) == EML_ERR_RANGE, 0, 0, 0);
    f = made(2, EML_FAMILY_NET);
    CHECK(apply(&f, -1.0f, NAN, -1.0f, out) == EML_OK && out[0] == 5 && out[1] == 5 && out[2] == -1, 0, 0, 0);
    CHECK(apply(&f, NAN, 1.0f, INFINITY, out) == EML_OK && isnan(out[0]) && out[1] == 1 && isinf(out[2]), 0, 0, 0);
    f = made(4, EML_FAMILY_TREES);
    CHECK(apply(&f, 1.0f, 2.0f, 0.25f, out) == EML_OK && out[0] == -0.5f && out[1] == 3, 0, 0, 0);
    CHECK(apply(&f, 1.0f, 1e30f, -INFINITY, out) == EML_OK && out[0] == -4 && out[1] == 8, 0, 0, 0);
    f = made(8, EML_FAMILY_LINEAR);
    CHECK(apply(&f, 1.0f, 2.0f, 4.0f, out) == EML_OK && out[0] == 7.5f, bits_of_float(out[0]), 0, 0);
    CHECK(apply(&f, 1.0f, NAN, 4.0f, out) == EML_ERR_RANGE, 0, 0, 0);
    f = made(15, EML_FAMILY_LINEAR); // codes 1, -1, 1; filled: the same; 1 and -3, and 1/2
    CHECK(apply(&f, 1.5f, 7.0f, 3.5f, out) == EML_OK && out[0] == -1.5f, bits_of_float(out[0]), 0, 0);
}

static void test_integers_are_for_trees(void) {
    float out[3];
    file_t f = made(8 | 16, EML_FAMILY_TREES);
    CHECK(apply(&f, 1.0f, 2.0f, 4.0f, out) == EML_OK && bits_of_float(out[0]) == 8, bits_of_float(out[0]), 0, 0); // 7.5
    CHECK(apply(&f, -1.0f, 2.0f, -9.0f, out) == EML_OK && bits_of_float(out[0]) == 0x80000008u, 0, 0, 0); // -7.5
    CHECK(apply(&f, 3e9f, 2.0f, -9.0f, out) == EML_OK && bits_of_float(out[0]) == 0x7f7fffff, 0, 0, 0);
    CHECK(apply(&f, 1.0f, INFINITY, 4.0f, out) == EML_ERR_RANGE, 0, 0, 0);
    f = made(8 | 32, EML_FAMILY_TREES);
    CHECK(attempt((const uint8_t *)f.words, 4 * f.size), 0, 0, 0);
    f = made(8 | 16 | 32, EML_FAMILY_TREES); // not the last step
    CHECK(!attempt((const uint8_t *)f.words, 4 * f.size), 0, 0, 0);
    f = made(8 | 16, EML_FAMILY_LINEAR);
    CHECK(!attempt((const uint8_t *)f.words, 4 * f.size), 0, 0, 0);
}

static void test_damaged_files(void) {
    for (uint32_t which = 1; which < 32; which++) {
        if ((which & 24) == 16) { // integers without a matrix
            continue;
        }
        const file_t f = made(which, which & 16 ? EML_FAMILY_TREES : EML_FAMILY_LINEAR);
        const uint32_t size = 4 * f.size;
        CHECK(attempt((const uint8_t *)f.words, size), which, 0, 0);
        uint32_t opened = 0;
        for (uint32_t i = 0; i < size; i++) {
            CHECK(!attempt((const uint8_t *)f.words, i), i, which, 0);
            attempt_sealed((const uint8_t *)f.words, i);
            for (uint32_t bit = 0; bit < 8; bit++) {
                file_t damaged = f;
                ((uint8_t *)damaged.words)[i] ^= (uint8_t)(1u << bit);
                CHECK(!attempt((const uint8_t *)damaged.words, size), i, bit, which);
                attempt_seal((uint8_t *)damaged.words, size);
                opened += (uint32_t)attempt((const uint8_t *)damaged.words, size);
            }
        }
        CHECK(opened > 16 && opened < 8 * size, opened, size, which);
    }
    file_t f = made(15, EML_FAMILY_PIPELINE);
    CHECK(!attempt((const uint8_t *)f.words, 4 * f.size), 0, 0, 0);
}

int main(void) {
    test_scale();
    test_integer();
    test_steps();
    test_integers_are_for_trees();
    test_damaged_files();
    printf("%lu checks\n", checks_made);
    return 0;
}
