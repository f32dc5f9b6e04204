// The blocks of features: known results, every truncation and damage of the words that describe them, and pushes.
#include "eml_frame.h"
#include "eml_mel.h"
#include "eml_mel_data.h"
#include "eml_mel_q15.h"
#include "eml_number.h"
#include "eml_spectrum.h"
#include "eml_statistics.h"

#include "check.h"

#include <math.h>

typedef struct {
    uint32_t (*check)(const uint32_t *words, uint32_t room, uint32_t n_values);
    uint32_t (*columns)(const uint32_t *words, uint32_t n_values);
    size_t (*size)(const uint32_t *words, uint32_t n_values);
    void (*init)(void *memory, const uint32_t *words, uint32_t n_values);
    eml_err_t (*run)(const uint32_t *words, void *memory, const eml_array_t *window, float *out);
} block_t;

static const block_t STATISTICS = { eml_statistics_check, eml_statistics_columns, eml_statistics_size, eml_statistics_init,
    eml_statistics_run };
static const block_t SPECTRUM = { eml_spectrum_check, eml_spectrum_columns, eml_spectrum_size, eml_spectrum_init,
    eml_spectrum_run };
static const block_t MEL = { eml_mel_check, eml_mel_columns, eml_mel_size, eml_mel_init, eml_mel_run };
static const block_t MEL_Q15 = { eml_mel_q15_check, eml_mel_columns, eml_mel_q15_size, eml_mel_q15_init, eml_mel_q15_run };

#define N 96

// Runs what the words describe in memory of its size and no more, the words too: sanitizers see what is beyond. What was made, or 0.
static float *attempt(const block_t *b, const uint32_t *words, uint32_t room, uint32_t n_values, char type, eml_err_t *error) {
    uint32_t *const own = (uint32_t *)malloc(room ? room * sizeof(uint32_t) : 1);
    memcpy(own, words, room * sizeof(uint32_t));
    float *out = NULL;
    const uint32_t used = b->check(own, room, n_values);
    CHECK(used <= room, used, room, n_values);
    if (used) {
        const size_t item = type == 'h' ? 2 : 4, size = b->size(own, n_values);
        CHECK(size % 8 == 0, size, 0, 0);
        void *const memory = malloc(size ? size : 1), *const data = malloc(n_values * item);
        memset(memory, 0xff, size); // as memory is before
        for (uint32_t i = 0; i < n_values; i++) {
            const int32_t x = (int32_t)random_below(65536) - 32768;
            if (type == 'h') {
                ((int16_t *)data)[i] = (int16_t)x;
            } else {
                ((float *)data)[i] = (float)x / 1024;
            }
        }
        const uint32_t columns = b->columns(own, n_values);
        CHECK(columns > 0, columns, 0, 0);
        out = (float *)malloc(columns * sizeof(float));
        b->init(memory, own, n_values);
        const eml_array_t window = { data, n_values, type };
        *error = b->run(own, memory, &window, out);
        for (uint32_t i = 0; i < columns && *error == EML_OK; i++) {
            const uint32_t bits = eml_float_bits(out + i);
            CHECK((bits & 0x7fffffff) < EML_INFINITY, i, bits, 0);
        }
        free(memory);
        free(data);
    }
    free(own);
    return out;
}

static void damage(const block_t *b, const uint32_t *good, uint32_t length, uint32_t n_values, char type, char refused) {
    eml_err_t error = EML_OK;
    uint32_t words[64];
    CHECK(b->check(good, length, n_values) == length, length, 0, 0);
    CHECK(b->check(good, length + 9, n_values) == length, length, 0, 0); // more words are of what comes after
    free(attempt(b, good, length, n_values, type, &error));
    CHECK(error == EML_OK, error, 0, 0);
    free(attempt(b, good, length, n_values, refused, &error));
    CHECK(refused == type || error == EML_ERR_TYPE, error, 0, 0);
    for (uint32_t room = 0; room < length; room++) {
        CHECK(b->check(good, room, n_values) == 0, room, 0, 0);
    }
    for (uint32_t i = 0; i < 32 * length; i++) {
        memcpy(words, good, length * sizeof(uint32_t));
        words[i / 32] ^= (uint32_t)1 << i % 32;
        free(attempt(b, words, length, n_values, type, &error));
    }
    for (int i = 0; i < 3000; i++) {
        memcpy(words, good, length * sizeof(uint32_t));
        for (uint32_t times = 1 + random_below(3); times; times--) {
            words[random_below(length)] = random_below(3) ? random_below(200) | random_below(200) << 16 : random_below(0xffffffff);
        }
        free(attempt(b, words, length, random_below(2 * N), type, &error));
    }
}

static void test_damage(void) {
    const uint32_t statistics[] = { 3 << 16 | 1 << 8, 0x3ff };
    damage(&STATISTICS, statistics, 2, N, 'h', 'i');
    damage(&STATISTICS, statistics, 2, N, 'f', 'b');
    const uint32_t spectrum[] = { 3 << 16 | 1 << 8 | 1, 3 << 16 | 32, 7, 0x3f000000, 1, 4, 9, 17 };
    damage(&SPECTRUM, spectrum, 8, N, 'f', 'i');
    const uint32_t mel[] = { 16 << 16 | 2 << 8 | 2, 2 << 16 | 8, 0, 1 | 3 << 16, 6 | 8 << 16, 0x3f800000, 0x3f000000, 0, 0x3f000000,
        0, 0x3e800000, 0x3f400000, 0, 0x3f000000 };
    damage(&MEL, mel, 14, N, 'f', 'i');
    const uint32_t q15[] = { 16 << 16 | 3 << 8 | 2, 2 << 16 | 8, 0, 1 | 3 << 16, 6 | 8 << 16, 0, 0xffff0000, 32768u << 16, 16384u << 16,
        49152, 32768 };
    damage(&MEL_Q15, q15, 11, N, 'h', 'f');
    for (uint32_t mask = 0; mask < 16; mask++) {
        for (uint32_t n_mfcc = 0; n_mfcc < 3; n_mfcc++) {
            uint32_t words[14];
            eml_err_t error = EML_OK;
            memcpy(words, mel, sizeof(mel));
            words[2] = n_mfcc | mask << 16;
            free(attempt(&MEL, words, 14, N, 'h', &error));
            CHECK(error == EML_OK, error, mask, n_mfcc);
            memcpy(words, q15, sizeof(q15));
            words[2] = n_mfcc | mask << 16;
            free(attempt(&MEL_Q15, words, 11, N, 'h', &error));
            CHECK(error == EML_OK, error, mask, n_mfcc);
        }
    }
}

static void test_numbers(void) {
    for (int i = 0; i < 3000; i++) {
        const uint64_t a = 1 + (uint64_t)random_below(0xffffffff) * (1 + random_below(1 << (i % 28))), b = 1 + random_below(1u << (i % 31));
        const eml_number_t x = eml_number(a, i % 60 - 30), y = eml_number(b, 7);
        const double exact_x = ldexp((double)a, i % 60 - 30), exact = exact_x / ldexp((double)b, 7), bound = ldexp(1, -30);
        const eml_number_t quotient = eml_number_divide(x, y), root = eml_number_root(x);
        CHECK(fabs(ldexp(quotient.mantissa, quotient.exponent) - exact) <= bound * exact, a, b, i);
        CHECK(fabs(ldexp(root.mantissa, root.exponent) - sqrt(exact_x)) <= bound * sqrt(exact_x), a, i, 0);
    }
    const eml_number_t zero = eml_number(0, 5), nine = eml_number(9, 0);
    CHECK(eml_number_bits(zero) == 0 && eml_number_bits(eml_number_root(zero)) == 0, 0, 0, 0);
    CHECK(eml_number_bits(eml_number_divide(zero, nine)) == 0, 0, 0, 0);
    CHECK(eml_number_bits(eml_number_root(nine)) == 0x40400000, 0, 0, 0);
    CHECK(eml_number_bits(eml_number_divide(nine, nine)) == 0x3f800000, 0, 0, 0);
}

// 10 log10 in units of 1/256: half of one, and what the polynomial is off by.
static void test_decibels(void) {
    for (int i = 0; i < 20000; i++) {
        const uint64_t sum = 1 + ((uint64_t)random_below(0xffffffff) << 20 >> (i % 50));
        const int32_t exponent = ((int32_t)random_below(80) - 80) * 65536 + (int32_t)random_below(65536);
        double exact = 10 * log10((double)sum) + 10 * log10(2.0) * exponent / 65536;
        exact = exact < -100 ? -100 : exact > 42 * 3.0103 ? 42 * 3.0103 : exact;
        CHECK(fabs(eml_mel_q15_decibels(sum, exponent) - 256 * exact) < 0.53, sum, exponent, 0);
        float power = (float)sum;
        const double decibels = 10 * log10((double)power);
        CHECK(fabs((double)eml_frame_decibels(eml_float_bits(&power)) - decibels) <= ldexp(decibels, -21) + 1e-9, sum, 0, 0);
    }
    CHECK(eml_mel_q15_decibels(0, 0) == -25600 && eml_mel_q15_decibels(1, 0) == 0, 0, 0, 0);
}

static void test_statistics(void) {
    const int16_t x[] = { 3, 0, -1, 0, 5, 0, -7, 0 }; // and a channel of zeros
    const uint32_t words[] = { 2 << 16 | 1 << 8, 0x3ff };
    const float expected[] = { 0, 4.582575695f, 4.582575695f, -7, 5, 1, 6, 3, 1.527525232f, 21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    eml_channel_t memory[2];
    float out[21];
    const eml_array_t window = { x, 8, 'h' };
    CHECK(eml_statistics_run(words, memory, &window, out) == EML_OK, 0, 0, 0);
    for (int i = 0; i < 21; i++) {
        CHECK(eml_float_bits(out + i) == eml_float_bits(expected + i), i, eml_float_bits(out + i), 0);
    }
    const uint32_t bad[] = { 0x7f800000, 0xff800000, 0x7fc00000, 0xffffffff };
    for (int i = 0; i < 32; i++) {
        float f[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
        const eml_array_t floats = { f, 8, 'f' };
        eml_float_store(f + i % 8, bad[i / 8]);
        CHECK(eml_statistics_run(words, memory, &floats, out) == EML_ERR_RANGE, i, 0, 0);
        CHECK(eml_frame_check(&floats, EML_MEL_LIMIT) == EML_ERR_RANGE, i, 0, 0);
    }
}

int main(void) {
    test_numbers();
    test_decibels();
    test_statistics();
    test_damage();
    printf("%lu checks\n", checks_made);
    return 0;
}
