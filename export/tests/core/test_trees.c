// eml_trees.h: random ensembles in every layout beside a walk and a vote written down naively.
#include "eml_trees.h"
#include "random_trees.h"

#include <math.h>

static double scaled(float x, int shift, int offset) {
    const double value = floor(ldexp((double)x, shift)) - offset;
    return isnan(x) ? 32767 : value < -32768 ? -32768 : value > 32766 ? 32766 : value;
}

static int goes_left(const model_t *m, int i, float x) {
    const int feature = m->node[i].feature, threshold = m->node[i].threshold;
    if (isnan(x)) {
        return m->node[i].missing;
    }
    if (m->dtype == EML_TREES_FLOAT) {
        return eml_float_key(bits_of_float(x)) <= threshold; // test_math.c has the order of keys
    }
    return (m->dtype == EML_TREES_SCALED ? scaled(x, m->scale[2 * feature], m->scale[2 * feature + 1]) : (double)x) <= threshold;
}

static int leaf_of(const model_t *m, int tree, const float *x) {
    int i = m->roots[tree];
    for (;;) {
        const int child = goes_left(m, i, x[m->node[i].feature]) ? m->node[i].left : m->node[i].right;
        if (child < 0) {
            return -1 - child;
        }
        i += child;
    }
}

// Float64 means as scikit-learn has them, for all but uint8.
static void means_of(const model_t *m, const float *x, double *mean) {
    for (int c = 0; c < MAX_CLASSES; c++) {
        mean[c] = 0;
    }
    for (int tree = 0; tree < m->n_trees; tree++) {
        const int leaf = leaf_of(m, tree, x);
        if (leaf < m->n_classes) {
            mean[leaf] += 1.0;
            continue;
        }
        const uint32_t *count = m->count[leaf - m->n_classes];
        const uint32_t total = count[0] + count[1] + count[2] + count[3];
        for (int c = 0; c < MAX_CLASSES; c++) {
            if (count[c] && m->leaf == EML_LEAF_WEIGHTED) {
                const uint32_t *words = &m->values[2 * (count[c] - 1)];
                mean[c] += double_of(words[0] | (uint64_t)words[1] << 32);
            } else if (count[c]) {
                mean[c] += m->leaf == EML_LEAF_UINT8 ? count[c] : (double)count[c] / total;
            }
        }
    }
    for (int c = 0; c < MAX_CLASSES; c++) {
        mean[c] /= m->n_trees;
    }
}

static void random_sample(const model_t *m, float *x) {
    static const float ODD[] = { INFINITY, -INFINITY, NAN, -0.0f, 3e38f, 1e-40f, -1e-40f };
    for (int i = 0; i < N_FEATURES; i++) {
        x[i] = (float)((int)random_below(19) - 9);
        if (m->dtype != EML_TREES_INT16) {
            x[i] = random_below(5) ? x[i] / 4 : ODD[random_below(7)];
        }
    }
}

static void check_sample(const model_t *m, const eml_trees_t *t, const float *x) {
    uint64_t sums[MAX_CLASSES];
    float out[MAX_CLASSES];
    double mean[MAX_CLASSES];
    uint32_t klass = 99;
    int16_t integers[N_FEATURES];
    eml_array_t input = { x, N_FEATURES, EML_FLOAT32 };
    for (int i = 0; i < N_FEATURES && m->dtype == EML_TREES_INT16; i++) {
        integers[i] = (int16_t)x[i];
        input.data = integers;
        input.type = EML_INT16;
    }
    CHECK(eml_trees_outputs(t, &input, sums, out, eml_trees_n_outputs(t)) == EML_OK, 0, 0, 0);
    means_of(m, x, mean);
    int best = 0;
    double one = 1.0;
    if (m->leaf == EML_LEAF_UINT8) { // small integers, exact
        one = 255.0;
        for (int tree = 0; tree < m->n_trees; tree++) { // a leaf of one class counts 255
            const int leaf = leaf_of(m, tree, x);
            if (leaf < m->n_classes) {
                mean[leaf] += 254.0 / m->n_trees;
            }
        }
    }
    for (int c = 0; c < MAX_CLASSES; c++) {
        best = mean[c] > mean[best] ? c : best;
        // Each proportion is cut to 2^-32, so their mean is up to 2^-32 too small; rounding it to float32 changes it by up
        // to 2^-25, as it is at most 1. 2^-32 more for a uint8 1, which is 1 - 2^-32. Weighted sums here may reach MAX_CLASSES.
        const double tolerance = ldexp(1, -31) + ldexp(m->leaf == EML_LEAF_WEIGHTED ? MAX_CLASSES : 1, -25);
        CHECK(fabs((double)out[c] - mean[c] / one) <= tolerance, c, bits_of_float(out[c]), bits_of_double(mean[c]));
    }
    if (m->leaf != EML_LEAF_UINT8) {
        CHECK(eml_trees_class(t, &input, sums, &klass) == EML_OK, 0, 0, 0);
        CHECK(klass == (uint32_t)best, klass, best, m->leaf);
        return;
    }
    // uint8: the argmax of exact integers, where `mean` above has rounded
    uint32_t votes[MAX_CLASSES] = { 0, 0, 0, 0 };
    for (int tree = 0; tree < m->n_trees; tree++) {
        const int leaf = leaf_of(m, tree, x);
        for (int c = 0; c < MAX_CLASSES; c++) {
            votes[c] += leaf < m->n_classes ? (c == leaf ? 255 : 0) : m->count[leaf - m->n_classes][c];
        }
    }
    best = 0;
    for (int c = 1; c < MAX_CLASSES; c++) {
        best = votes[c] > votes[best] ? c : best;
    }
    CHECK(eml_trees_class(t, &input, sums, &klass) == EML_OK && klass == (uint32_t)best, klass, best, m->leaf);
}

static void test_classes(void) {
    static model_t m;
    static tables_t tables;
    unsigned long ties = 0;
    for (int round = 0; round < 900; round++) {
        const int dtype = round % 3, leaf = round / 3 % 4;
        random_model(&m, dtype, leaf, 1 + (int)random_below(MAX_TREES));
        for (int layout = EML_TREES_PACKED16; layout <= EML_TREES_WIDE; layout++) {
            if (layout == EML_TREES_PACKED16 && dtype == EML_TREES_FLOAT) {
                continue;
            }
            encode(&m, &tables, (eml_trees_layout_t)layout, round & 1);
            CHECK(eml_trees_validate(&tables.trees) == EML_OK, dtype, leaf, layout);
            for (int row = 0; row < 40; row++) {
                float x[N_FEATURES];
                double mean[MAX_CLASSES];
                random_sample(&m, x);
                check_sample(&m, &tables.trees, x);
                means_of(&m, x, mean);
                for (int c = 1; c < MAX_CLASSES; c++) {
                    ties += mean[c] > 0 && fabs(mean[c] - mean[0]) < 1e-12;
                }
            }
        }
    }
    CHECK(ties > 5000, ties, 0, 0); // else the votes above say nothing about the sum in float64
}

// Values are integers below 2^24 times a power of two within 2^22 of the largest, so that the sum is exact: an integer.
static void test_regression(void) {
    static model_t m;
    static tables_t tables;
    for (int round = 0; round < 400; round++) {
        random_model(&m, round % 3, EML_LEAF_VALUE, 1 + (int)random_below(MAX_TREES));
        const int unit = (int)random_below(200) - 120;
        int64_t number[N_RECORDS];
        for (int i = 0; i < N_RECORDS; i++) {
            number[i] = (int64_t)(random64() >> 40 | 1) * ((int64_t)1 << random_below(i ? 20 : 1)) * (random_below(2) ? 1 : -1);
            m.values[i] = bits_of_float((float)ldexp((double)number[i], unit));
        }
        m.values[N_RECORDS - 1] = bits_of_float((float)ldexp(1 << 22, unit + 21)); // the largest: 2^43
        number[N_RECORDS - 1] = (int64_t)1 << 43;
        for (int layout = EML_TREES_PACKED16; layout <= EML_TREES_WIDE; layout++) {
            if (layout == EML_TREES_PACKED16 && m.dtype == EML_TREES_FLOAT) {
                continue;
            }
            encode(&m, &tables, (eml_trees_layout_t)layout, 0);
            CHECK(eml_trees_validate(&tables.trees) == EML_OK, round, layout, 0);
            for (int row = 0; row < 20; row++) {
                float x[N_FEATURES], out;
                int16_t integers[N_FEATURES];
                uint64_t sums[1];
                int64_t sum = 0;
                random_sample(&m, x);
                for (int tree = 0; tree < m.n_trees; tree++) {
                    sum += number[leaf_of(&m, tree, x)];
                }
                eml_array_t input = { x, N_FEATURES, EML_FLOAT32 };
                for (int i = 0; i < N_FEATURES && m.dtype == EML_TREES_INT16; i++) {
                    integers[i] = (int16_t)x[i];
                    input.data = integers;
                    input.type = EML_INT16;
                }
                CHECK(eml_trees_outputs(&tables.trees, &input, sums, &out, 1) == EML_OK, 0, 0, 0);
                // |sum| < 2^53 and unit keeps it normal: one rounding to float64; that to float32 is right but near a tie.
                const double exact = (double)sum / m.n_trees;
                const double low = ldexp(nextafter(exact, -HUGE_VAL), unit), high = ldexp(nextafter(exact, HUGE_VAL), unit);
                CHECK(out >= (float)low && out <= (float)high, bits_of_float(out), sum, unit);
            }
        }
    }
}

static void test_scale(void) {
    for (int i = 0; i < 1000000; i++) {
        static const uint32_t EDGES[] = { 0, 1, 0x7fffff, 0x800000, 0x3f7fffff, 0x3f800000, 0x7f7fffff, 0x7f800000, 0x7fc00000 };
        const uint32_t near = (uint32_t)(127 + (int)random_below(40) - 20) << 23 | ((uint32_t)random_runs() & 0x7fffff);
        uint32_t bits = random_below(4) ? near : random_below(2) ? (uint32_t)random_runs() : EDGES[random_below(9)];
        bits ^= random_below(2) << 31;
        const int shift = random_below(2) ? (int)random_below(31) - 15 : (int)random_below(241) - 120;
        const int offset = random_below(2) ? (int)random_below(0x40000001u) - 0x20000000 : (int)random_below(70000) - 35000;
        // Exact in float64 wherever it is not clipped: x * 2^shift has 24 bits, and an offset at most 30.
        CHECK(eml_trees_scale(bits, shift, offset) == scaled(float_of(bits), shift, offset), bits, shift, offset);
    }
    CHECK(eml_trees_scale(0x7f800000, -120, 0) == 32766, 0, 0, 0); // infinity stays beyond everything
    CHECK(eml_trees_scale(0xff800000, -120, -0x20000000) == -32768, 0, 0, 0);
    CHECK(eml_trees_scale(0xffc00000, 120, 1) == 32767, 0, 0, 0);
}

// Every integer type to a float model equals its float.
static void test_integer_inputs(void) {
    static model_t m;
    static tables_t tables;
    for (int round = 0; round < 300; round++) {
        random_model(&m, EML_TREES_FLOAT, EML_LEAF_COUNTS, 9);
        encode(&m, &tables, round & 1 ? EML_TREES_WIDE : EML_TREES_PACKED32, 1);
        int8_t b[N_FEATURES];
        uint8_t u[N_FEATURES];
        int16_t h[N_FEATURES];
        int32_t i[N_FEATURES];
        float f[N_FEATURES];
        const eml_array_t inputs[] = { { b, N_FEATURES, 'b' }, { u, N_FEATURES, 'B' }, { h, N_FEATURES, 'h' }, { i, N_FEATURES, 'i' } };
        for (int k = 0; k < 4; k++) {
            for (int j = 0; j < N_FEATURES; j++) {
                const int32_t wide = (int32_t)random_runs();
                i[j] = random_below(2) ? wide : (int)random_below(7) - 3;
                h[j] = (int16_t)(random_below(2) ? wide : (int)random_below(7) - 3);
                b[j] = (int8_t)(random_below(2) ? wide : (int)random_below(7) - 3);
                u[j] = (uint8_t)(random_below(2) ? wide : (int)random_below(4));
                f[j] = k == 0 ? (float)b[j] : k == 1 ? (float)u[j] : k == 2 ? (float)h[j] : (float)i[j];
            }
            const eml_array_t floats = { f, N_FEATURES, 'f' };
            uint64_t sums[MAX_CLASSES];
            float out[MAX_CLASSES], expected[MAX_CLASSES];
            CHECK(eml_trees_outputs(&tables.trees, &inputs[k], sums, out, MAX_CLASSES) == EML_OK, k, 0, 0);
            CHECK(eml_trees_outputs(&tables.trees, &floats, sums, expected, MAX_CLASSES) == EML_OK, k, 0, 0);
            CHECK(memcmp(out, expected, sizeof(out)) == 0, k, round, 0);
        }
    }
}

static void test_refused_inputs(void) {
    static model_t m;
    static tables_t tables;
    uint64_t sums[MAX_CLASSES];
    float out[MAX_CLASSES];
    uint32_t klass;
    static const int32_t ZEROS[8] = { 0, 0, 0, 0, 0, 0, 0, 0 };
    for (int dtype = 0; dtype < 3; dtype++) {
        static const char *const TAKES[] = { "fhbBi", "h", "fh" };
        static const char ALL[] = "fhbBiIHlLqQdxO?\1";
        random_model(&m, dtype, EML_LEAF_HARD, 3);
        encode(&m, &tables, EML_TREES_WIDE, 0);
        for (size_t i = 0; i < sizeof(ALL); i++) { // its final 0 included
            const eml_array_t x = { ZEROS, N_FEATURES, ALL[i] };
            const eml_err_t expected = ALL[i] && strchr(TAKES[dtype], ALL[i]) ? EML_OK : EML_ERR_TYPE;
            CHECK(eml_trees_class(&tables.trees, &x, sums, &klass) == expected, dtype, ALL[i], 0);
            CHECK(eml_trees_outputs(&tables.trees, &x, sums, out, MAX_CLASSES) == expected, dtype, ALL[i], 0);
        }
        const eml_array_t few = { ZEROS, N_FEATURES - 1, 'h' }, many = { ZEROS, N_FEATURES + 1, 'h' }, right = { ZEROS, N_FEATURES, 'h' };
        CHECK(eml_trees_class(&tables.trees, &few, sums, &klass) == EML_ERR_SHAPE, dtype, 0, 0);
        CHECK(eml_trees_outputs(&tables.trees, &many, sums, out, MAX_CLASSES) == EML_ERR_SHAPE, dtype, 0, 0);
        CHECK(eml_trees_outputs(&tables.trees, &right, sums, out, MAX_CLASSES - 1) == EML_ERR_SHAPE, dtype, 0, 0);
    }
    memset(&tables.trees, 0, sizeof(tables.trees));
    const eml_array_t x = { ZEROS, N_FEATURES, 'h' };
    CHECK(eml_trees_class(&tables.trees, &x, sums, &klass) == EML_ERR_MODEL, 0, 0, 0);
    random_model(&m, EML_TREES_INT16, EML_LEAF_VALUE, 1);
    encode(&m, &tables, EML_TREES_WIDE, 0);
    CHECK(eml_trees_class(&tables.trees, &x, sums, &klass) == EML_ERR_MODEL, 0, 0, 0); // regression has none
}

int main(void) {
    test_scale();
    test_classes();
    test_regression();
    test_integer_inputs();
    test_refused_inputs();
    printf("%lu checks\n", checks_made);
    return 0;
}
