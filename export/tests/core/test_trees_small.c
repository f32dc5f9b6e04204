// EML_TREES_SMALL: the part of eml_trees.h that emltrees has. What it opens it predicts like the rest, what it does not have
// it says so of.
#define EML_TREES_SMALL
#include "eml_trees.h"
#include "meaning.h"

static model_t m;
static tables_t tables;
static uint32_t scratch[256];

static void check_rows(const eml_trees_t *t) {
    for (int row = 0; row < 40; row++) {
        float x[N_FEATURES], out[MAX_CLASSES];
        double sum[MAX_CLASSES];
        uint64_t sums[MAX_CLASSES];
        uint32_t klass = 9;
        random_sample(&m, x);
        const eml_array_t input = place(&m, x);
        CHECK(eml_trees_class(t, &input, sums, &klass) == EML_OK && klass == class_of(&m, x), klass, class_of(&m, x), m.dtype);
        CHECK(eml_trees_outputs(t, &input, sums, out, MAX_CLASSES) == EML_OK, 0, 0, 0);
        sums_of(&m, x, sum);
        for (int c = 0; c < MAX_CLASSES; c++) { // below 2^53 and far from ties: rounding twice is right
            CHECK(out[c] == (float)(sum[c] / m.n_trees), c, bits_of_float(out[c]), m.n_trees);
        }
    }
}

// Features are read as they are: others than the model's own would be read beyond their end.
static void check_inputs(const eml_trees_t *t) {
    const char own = m.dtype == EML_TREES_FLOAT ? 'f' : 'h';
    for (int type = 0; type < 128; type++) {
        uint64_t sums[MAX_CLASSES];
        uint32_t klass;
        const eml_array_t x = { scratch, t->n_features, (char)type };
        CHECK(type == own || eml_trees_class(t, &x, sums, &klass) == EML_ERR_TYPE, type, own, 0);
    }
    float x[N_FEATURES];
    uint64_t sums[MAX_CLASSES];
    uint32_t klass;
    random_sample(&m, x);
    eml_array_t input = place(&m, x);
    input.size++;
    CHECK(eml_trees_class(t, &input, sums, &klass) == EML_ERR_SHAPE, 0, 0, 0);
}

static void test_models(void) {
    for (int round = 0; round < 2000; round++) {
        const int dtype = round % 3, leaf = random_below(2) ? EML_LEAF_HARD : (int)random_below(5);
        const int bits = random_below(3) ? 8 : 8 + (int)random_below(7);
        const eml_trees_layout_t layout = random_below(4) ? packed_layout(dtype) : EML_TREES_WIDE;
        const int is_small = dtype != EML_TREES_SCALED && leaf == EML_LEAF_HARD && bits == 8 && layout != EML_TREES_WIDE;
        random_model(&m, dtype, leaf, 1 + (int)random_below(MAX_TREES), bits);
        encode(&m, &tables, layout, round & 1);
        uint32_t size;
        eml_trees_t t;
        uint8_t *file = file_of(&tables, &size);
        const eml_err_t err = eml_trees_open(&t, file, size, scratch);
        CHECK(err == (is_small ? EML_OK : EML_ERR_UNSUPPORTED), err, dtype, layout);
        if (is_small) {
            check_rows(&t);
            check_inputs(&t);
        }
        free(file);
    }
}

// Each bit of the header and of the first nodes may be another: an error, or a model that can be run. ASan watches.
static void test_damaged(void) {
    static const float X[N_FEATURES] = { 0.25f, -1, 3, -2 };
    for (int dtype = EML_TREES_FLOAT; dtype <= EML_TREES_INT16; dtype++) {
        uint32_t size, accepted = 0, refused = 0;
        random_model(&m, dtype, EML_LEAF_HARD, 5, 8);
        encode(&m, &tables, packed_layout(dtype), 0);
        uint8_t *file = file_of(&tables, &size);
        for (uint32_t bit = 8 * 16; bit < 8 * size; bit++) {
            eml_trees_t t;
            uint32_t *words = (uint32_t *)malloc(size);
            memcpy(words, file, size);
            ((uint8_t *)words)[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CHECK(eml_trees_open(&t, words, size, scratch) == EML_ERR_FORMAT, bit, 0, 0); // the CRC
            words[3] = eml_file_crc(words, size, scratch);
            if (eml_trees_open(&t, words, size, scratch) == EML_OK) {
                uint32_t klass = 9;
                uint64_t *sums = (uint64_t *)malloc(t.n_classes * sizeof(uint64_t));
                eml_array_t x = place(&m, X);
                if (t.n_features == m.n_features) {
                    CHECK(eml_trees_class(&t, &x, sums, &klass) == EML_OK && klass < t.n_classes, klass, bit, 0);
                }
                free(sums);
                accepted++;
            } else {
                refused++;
            }
            free(words);
        }
        CHECK(accepted > 50 && refused > 50, accepted, refused, dtype);
        free(file);
    }
}

int main(void) {
    test_models();
    test_damaged();
    printf("%lu checks\n", checks_made);
    return 0;
}
