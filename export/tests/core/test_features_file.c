// eml_features.h: files of blocks beside the blocks themselves, and with every byte wrong. What blocks compute is in test_features.c.
#include "eml_features.h"

#include "attempt_features.h"
#include "check.h"

#define N 16 // values of a window: two channels of 8, or 16 samples of sound
#define ONE 0x3f800000u

typedef struct {
    uint32_t words[96];
    uint32_t size; // of them
} file_t;

static const uint32_t STATISTICS[] = { EML_STATISTICS_CORRELATION << 8 | 2u << 16, (1u << EML_STATISTICS_COUNT) - 1 };
static const uint32_t SPECTRUM[] = { EML_SPECTRUM_KIND | 2u << 16, 8 | 2u << 16, 7, ONE, 0, 2, 5 };
// Bands of the bins 0 to 4; edges are at 0, 1, 3, 5.
static const uint32_t MEL[] = { EML_MEL_KIND | EML_MEL_DECIBELS << 8 | 8u << 16, 4 | 2u << 16, 1u << 16, 1u << 16, 3 | 5u << 16, ONE, ONE,
    0x3f000000, 0x3e800000, 0x3f000000, 0, ONE };
static const uint32_t MEL_Q15[] = { EML_MEL_KIND | (EML_MEL_DECIBELS | EML_MEL_Q15) << 8 | 8u << 16, 4 | 2u << 16, 9u << 16, 1u << 16,
    3 | 5u << 16, 0, 0x10000, 0x80004000, 0x8000, 0xffff };
static const struct {
    const uint32_t *words;
    uint32_t size, columns;
} BLOCKS[] = { { STATISTICS, 2, 21 }, { SPECTRUM, 7, 10 }, { MEL, 12, 2 }, { MEL_Q15, 10, 4 } };

// The blocks of which a bit is set in `which`, and the beginning of a model of that family, 0 for none.
static file_t made(uint32_t which, uint32_t family) {
    file_t f;
    memset(&f, 0, sizeof(f));
    f.size = 10;
    uint32_t blocks = 0, columns = 0;
    for (uint32_t i = 0; i < 4; i++) {
        if (which >> i & 1) {
            memcpy(f.words + f.size, BLOCKS[i].words, BLOCKS[i].size * sizeof(uint32_t));
            f.size += BLOCKS[i].size;
            columns += BLOCKS[i].columns;
            blocks++;
        }
    }
    f.words[8] = f.size - 10;
    if (family) {
        const uint32_t start = f.size;
        f.words[start] = EML_FILE_MAGIC;
        f.words[start + 1] = EML_FILE_MAJOR | family << 16;
        f.words[start + 4] = columns;
        f.words[start + 5] = 1;
        f.size += 7;
        f.words[start + 2] = 4 * (f.size - start);
        attempt_seal((uint8_t *)(f.words + start), 4 * (f.size - start));
    }
    f.words[0] = EML_FILE_MAGIC;
    f.words[1] = EML_FILE_MAJOR | EML_FAMILY_FEATURES << 16;
    f.words[4] = N;
    f.words[5] = (family ? 1 : columns) | family << 24;
    f.words[6] = 4 * (f.size - 4);
    f.words[7] = blocks | (uint32_t)(which & 8 ? EML_INT16 : EML_FLOAT32) << 8 | columns << 16;
    f.words[9] = family ? 7 : 0;
    attempt_seal((uint8_t *)f.words, 4 * f.size);
    return f;
}

static void run(uint32_t i, const eml_array_t *x, float *out) {
    uint64_t memory[128];
    CHECK(eml_features_block_size(BLOCKS[i].words, N) <= sizeof(memory), i, 0, 0);
    eml_features_block_init(memory, BLOCKS[i].words, N);
    CHECK(eml_features_block_run(BLOCKS[i].words, memory, x, out) == EML_OK, i, 0, 0);
}

static void test_columns(void) {
    for (uint32_t which = 1; which < 16; which++) {
        const file_t f = made(which, which & 1 ? EML_FAMILY_TREES : 0);
        uint32_t table[256];
        uint64_t memory[512];
        eml_features_t m;
        CHECK(eml_features_open(&m, f.words, 4 * f.size, table) == EML_OK, which, 0, 0);
        CHECK(eml_features_memory_size(&m) <= sizeof(memory), which, 0, 0);
        memset(memory, 0xa5, sizeof(memory));
        eml_features_init(&m, memory);
        for (int round = 0; round < 20; round++) {
            int16_t integers[N];
            float floats[N], expected[64], found[64];
            for (uint32_t i = 0; i < N; i++) {
                integers[i] = (int16_t)random_runs();
                floats[i] = (float)integers[i] / 4096;
            }
            const eml_array_t h = { integers, N, EML_INT16 }, x = { floats, N, EML_FLOAT32 };
            const eml_array_t short_one = { integers, N - 1, EML_INT16 }, bytes = { integers, N, EML_INT8 };
            for (int as_floats = 0; as_floats < 2; as_floats++) {
                const eml_err_t err = eml_features_apply(&m, memory, as_floats ? &x : &h, found);
                CHECK(err == (as_floats && which & 8 ? EML_ERR_TYPE : EML_OK), which, err, 0);
                if (err != EML_OK) {
                    continue;
                }
                uint32_t columns = 0;
                for (uint32_t i = 0; i < 4; i++) {
                    if (which >> i & 1) {
                        run(i, as_floats ? &x : &h, expected + columns);
                        columns += BLOCKS[i].columns;
                    }
                }
                CHECK(columns == m.n_columns, columns, which, 0);
                CHECK(memcmp(found, expected, columns * sizeof(float)) == 0, which, as_floats, 0);
            }
            CHECK(eml_features_apply(&m, memory, &short_one, found) == EML_ERR_SHAPE, which, 0, 0);
            CHECK(eml_features_apply(&m, memory, &bytes, found) == EML_ERR_TYPE, which, 0, 0);
        }
    }
}

static int opens(file_t f, uint32_t word, uint32_t value) {
    f.words[word] = value;
    attempt_seal((uint8_t *)f.words, 4 * f.size);
    return attempt((const uint8_t *)f.words, 4 * f.size);
}

// What only a writer's mistake would do, as the CRC fits.
static void test_inconsistent(void) {
    const file_t f = made(3, EML_FAMILY_LINEAR), columns = made(3, 0);
    CHECK(opens(f, 0, f.words[0]) && opens(columns, 0, f.words[0]), 0, 0, 0);
    CHECK(!opens(f, 4, N - 1) && !opens(f, 4, 0) && !opens(f, 4, N - 2), 0, 0, 0); // not all channels; too short for the spectrum
    CHECK(opens(f, 4, N + 2), 0, 0, 0);
    CHECK(!opens(f, 4, N | 1u << 16), 0, 0, 0); // classes that the model has not
    CHECK(!opens(f, 5, f.words[5] + 1) && !opens(f, 5, f.words[5] | 1u << 16), 0, 0, 0);
    CHECK(!opens(f, 5, (f.words[5] & 0xffffff) | EML_FAMILY_NET << 24), 0, 0, 0);
    CHECK(!opens(f, 5, f.words[5] & 0xffffff), 0, 0, 0); // a model of no family
    for (uint32_t bit = 0; bit < 32; bit++) {
        CHECK(!opens(f, 7, f.words[7] ^ 1u << bit), bit, 0, 0);
        CHECK(!opens(f, 8, f.words[8] ^ 1u << bit) && !opens(f, 9, f.words[9] ^ 1u << bit), bit, 0, 0);
        CHECK(!opens(columns, 5, columns.words[5] ^ 1u << bit), bit, 0, 0);
    }
    CHECK(opens(f, 7, (f.words[7] & 0xffff00ff) | (uint32_t)EML_INT16 << 8), 0, 0, 0);
    CHECK(!opens(f, 10, f.words[10] | 3), 0, 0, 0); // a block of no kind
    CHECK(!opens(columns, 4, N | 2u << 16), 0, 0, 0);
    const file_t twice = made(3, EML_FAMILY_FEATURES);
    CHECK(!attempt((const uint8_t *)twice.words, 4 * twice.size), 0, 0, 0);
}

static void test_damaged_files(void) {
    static const uint32_t CHOSEN[] = { 1, 2, 4, 8, 15 };
    for (uint32_t k = 0; k < 5; k++) {
        const uint32_t which = CHOSEN[k];
        const file_t f = made(which, which & 1 ? 0 : EML_FAMILY_LINEAR);
        CHECK(attempt((const uint8_t *)f.words, 4 * f.size), which, 0, 0);
        for (uint32_t i = 0; i < 4 * f.size; i++) {
            attempt_sealed((const uint8_t *)f.words, i);
        }
        const unsigned opened = attempt_damage(f.words, 4 * f.size);
        CHECK(opened > 8 && opened < 32 * f.size, opened, f.size, which);
    }
}

int main(void) {
    test_columns();
    test_inconsistent();
    test_damaged_files();
    printf("%lu checks\n", checks_made);
    return 0;
}
