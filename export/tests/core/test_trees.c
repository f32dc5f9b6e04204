// eml_trees.h: random ensembles in every layout beside a walk and a vote written down naively.
#include "eml_trees.h"
#include "eml_trees_validate.h"
#include "meaning.h"

static model_t m;
static tables_t tables;
static uint32_t scratch[256];

// The float32 nearest to sum / n * 2^exponent: a float64 quotient that has the last bit set unless it is exact rounds once.
static float nearest(double sum, int n, int exponent) {
    double quotient = sum / n;
    const double rest = fma(-quotient, n, sum);
    if (rest != 0 && !(bits_of_double(quotient) & 1)) {
        quotient = nextafter(quotient, rest > 0 ? HUGE_VAL : -HUGE_VAL);
    }
    return (float)ldexp(quotient, exponent);
}

// As generated C leads to a leaf.
static uint32_t leaf_of_code(uint32_t tree, const void *features) {
    float x[N_FEATURES];
    for (int i = 0; i < N_FEATURES; i++) {
        const int at = m.feature_at[i];
        x[i] = m.dtype == EML_TREES_INT16 ? (float)((const int16_t *)features)[at] : ((const float *)features)[at];
    }
    return (uint32_t)leaf_of(&m, (int)tree, x);
}

static void check_classes(const eml_trees_t *t, const float *x) {
    uint64_t sums[MAX_CLASSES];
    float out[MAX_CLASSES];
    double sum[MAX_CLASSES];
    uint32_t klass = 99;
    const eml_array_t input = place(&m, x);
    CHECK(eml_trees_class(t, &input, sums, &klass) == EML_OK, 0, 0, 0);
    CHECK(klass == class_of(&m, x), klass, class_of(&m, x), m.leaf);
    CHECK(eml_trees_outputs(t, &input, sums, out, MAX_CLASSES) == EML_OK, 0, 0, 0);
    sums_of(&m, x, sum);
    for (int c = 0; c < MAX_CLASSES; c++) {
        const uint32_t expected = bits_of_float(nearest(sum[c], m.n_trees, 0));
        CHECK(bits_of_float(out[c]) == expected, m.leaf, bits_of_float(out[c]), expected);
    }
}

// The value is exact as a float64, also of 25 int32, and in 2^exponent: one rounding.
static void check_value(const eml_trees_t *t, const float *x) {
    uint64_t sums[1];
    float out;
    int64_t sum = 0;
    const eml_array_t input = place(&m, x);
    for (int tree = 0; tree < m.n_trees; tree++) {
        sum += (int32_t)m.values[leaf_of(&m, tree, x)];
    }
    CHECK(eml_trees_outputs(t, &input, sums, &out, 1) == EML_OK, 0, 0, 0);
    const float expected = nearest((double)sum, m.n_trees, m.exponent);
    CHECK(bits_of_float(out) == bits_of_float(expected), bits_of_float(out), sum, m.exponent);
}

// The model in `m`, as a file of this layout; and again, its trees as code.
static void check_layout(eml_trees_layout_t layout, int entry, int n_rows) {
    eml_trees_t t;
    uint32_t size;
    encode(&m, &tables, layout, entry);
    CHECK(eml_trees_validate(&tables.trees) == EML_OK, m.dtype, m.leaf, layout);
    uint8_t *file = file_of(&tables, &size);
    CHECK(eml_trees_open(&t, file, size, scratch) == EML_OK, m.dtype, m.leaf, layout);
    CHECK(eml_trees_body_size(&t) == size - 44, size, 0, 0);
    for (int row = 0; row < n_rows; row++) {
        float x[N_FEATURES];
        random_sample(&m, x);
        t.leaf_of = row % 8 == 7 ? leaf_of_code : NULL;
        if (m.n_classes) {
            check_classes(&t, x);
        } else {
            check_value(&t, x);
        }
    }
    eml_trees_seal(file, &tables.trees, size - 4, scratch); // less than its arrays take
    CHECK(eml_trees_open(&t, file, size, scratch) == EML_ERR_FORMAT, m.dtype, m.leaf, layout);
    free(file);
}

static int random_bits(int round) {
    return round & 8 ? 8 : 8 + (int)random_below(7);
}

static void test_classes(void) {
    unsigned long ties = 0;
    for (int round = 0; round < 900; round++) {
        random_model(&m, round % 3, round / 3 % 4, 1 + (int)random_below(MAX_TREES), random_bits(round));
        check_layout(packed_layout(m.dtype), round & 1, 40);
        check_layout(EML_TREES_WIDE, round & 1, 40);
        if (m.leaf == EML_LEAF_UINT8) {
            const int bits = 2 + (int)random_below(5); // of a byte; the classes take 2 at least
            to_levels(&m, bits);
            check_layout(packed_layout(m.dtype), bits, 40);
            check_layout(EML_TREES_WIDE, bits, 40);
        }
        for (int row = 0; row < 80; row++) {
            float x[N_FEATURES];
            double sum[MAX_CLASSES];
            random_sample(&m, x);
            sums_of(&m, x, sum);
            for (int c = 1; c < MAX_CLASSES; c++) {
                ties += sum[c] > 0 && fabs(sum[c] - sum[0]) < 1e-12;
            }
        }
    }
    CHECK(ties > 5000, ties, 0, 0); // else the votes above say nothing about the sum in float64
}

static void test_regression(void) {
    static const uint32_t EDGES[] = { 0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 0x80000001, 0x1000000, 0x1000001 };
    for (int round = 0; round < 600; round++) {
        random_model(&m, round % 3, EML_LEAF_VALUE, 1 + (int)random_below(MAX_TREES), random_bits(round));
        m.exponent = round & 1 ? (int)random_below(512) - 256 : (int)random_below(60) - 50;
        for (int i = 0; i < N_RECORDS; i++) {
            m.values[i] = random_below(3) ? (uint32_t)random_runs() : EDGES[random_below(8)];
        }
        check_layout(packed_layout(m.dtype), 0, 20);
        check_layout(EML_TREES_WIDE, 0, 20);
    }
}

// As many trees as there can be: sums stay within their types.
static void test_most_trees(void) {
    static uint32_t roots[65535];
    static const int16_t X[N_FEATURES] = { 0, 0, 0, 0 };
    const eml_array_t x = { X, N_FEATURES, EML_INT16 };
    for (int leaf = EML_LEAF_HARD; leaf <= EML_LEAF_VALUE; leaf++) {
        uint64_t sums[MAX_CLASSES];
        float out[MAX_CLASSES];
        uint32_t klass = 9;
        do {
            random_model(&m, EML_TREES_INT16, leaf, 1, 8);
        } while (m.n_features != N_FEATURES);
        m.n_nodes = 1; // one leaf: class 3, or a record of class 2
        m.node[0].left = m.node[0].right = leaf == EML_LEAF_HARD ? -4 : leaf == EML_LEAF_VALUE ? -1 : -5;
        m.node[0].feature = m.node[0].threshold = 0;
        memset(m.count[0], 0, sizeof(m.count[0]));
        m.count[0][2] = leaf == EML_LEAF_WEIGHTED ? 1 : 255;
        m.values[0] = leaf == EML_LEAF_VALUE ? 0x80000000 : 0;
        m.values[1] = 0x3ff00000;
        encode(&m, &tables, EML_TREES_WIDE, 1);
        tables.trees.roots = roots;
        tables.trees.n_trees = 65535;
        CHECK(eml_trees_validate(&tables.trees) == EML_OK, leaf, 0, 0);
        CHECK(eml_trees_outputs(&tables.trees, &x, sums, out, eml_trees_n_outputs(&tables.trees)) == EML_OK, leaf, 0, 0);
        if (leaf == EML_LEAF_VALUE) {
            CHECK(out[0] == -2147483648.0f, bits_of_float(out[0]), 0, 0);
            continue;
        }
        const uint32_t expected = leaf == EML_LEAF_HARD ? 3 : 2;
        CHECK(eml_trees_class(&tables.trees, &x, sums, &klass) == EML_OK && klass == expected, klass, leaf, 0);
        CHECK(out[expected] == 1.0f && out[0] == 0, bits_of_float(out[expected]), leaf, 0);
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
    for (int round = 0; round < 300; round++) {
        do {
            random_model(&m, EML_TREES_FLOAT, EML_LEAF_COUNTS, 9, 8);
        } while (m.n_features != N_FEATURES);
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
    uint64_t sums[MAX_CLASSES];
    float out[MAX_CLASSES];
    uint32_t klass;
    static const int32_t ZEROS[8] = { 0, 0, 0, 0, 0, 0, 0, 0 };
    for (int dtype = 0; dtype < 3; dtype++) {
        static const char *const TAKES[] = { "fhbBi", "h", "fh" };
        static const char ALL[] = "fhbBiIHlLqQdxO?\1";
        do {
            random_model(&m, dtype, EML_LEAF_HARD, 3, 8);
        } while (m.n_features != N_FEATURES);
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
    do {
        random_model(&m, EML_TREES_INT16, EML_LEAF_VALUE, 1, 8);
    } while (m.n_features != N_FEATURES);
    encode(&m, &tables, EML_TREES_WIDE, 0);
    CHECK(eml_trees_class(&tables.trees, &x, sums, &klass) == EML_ERR_MODEL, 0, 0, 0); // regression has none
}

int main(void) {
    test_scale();
    test_classes();
    test_regression();
    test_most_trees();
    test_integer_inputs();
    test_refused_inputs();
    printf("%lu checks\n", checks_made);
    return 0;
}
