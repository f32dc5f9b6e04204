// eml_trees_sums.h beside exact integers, sorting and long double, which holds every sum.
#include "eml_trees.h"
#include "eml_trees_validate.h"

#include "check.h"

#include <float.h>
#include <math.h>

#if LDBL_MANT_DIG < 64
#error "this test needs a long double that holds an int64_t"
#endif

#define N_ROUNDS 20000
#define MAX_TREES 40
#define MAX_CLASSES 5
#define MAX_LEAVES 60

static uint32_t words[2 * (MAX_LEAVES + MAX_TREES)];
static int64_t leaf[MAX_LEAVES], base[MAX_TREES];
static uint32_t leaf_of_tree[MAX_TREES];

static uint32_t leaf_of(uint32_t tree, const void *features) {
    (void)features;
    return leaf_of_tree[tree];
}

static int bits_of(uint32_t n) {
    return 32 - eml_clz32(n);
}

// Below 2^bits, either way; many are small, or equal.
static int64_t random_number(int bits) {
    const uint64_t x = random_runs() >> (64 - bits) >> random_below(random_below(2) ? 1 : (uint32_t)bits);
    return random_below(2) ? (int64_t)x : -(int64_t)x;
}

static void put(uint32_t at, int64_t value) {
    words[at] = (uint32_t)value;
    words[at + 1] = (uint32_t)((uint64_t)value >> 32);
}

// Tables with the largest numbers that validate lets in. The exponent makes sums from about 2^-20 to 2^8.
static eml_trees_t random_tables(eml_link_t link) {
    eml_trees_t t;
    memset(&t, 0, sizeof(t));
    const int wide = (int)random_below(2);
    const int is_value = link <= EML_LINK_EXP || link == EML_LINK_MEDIAN;
    t.n_features = 1;
    t.n_classes = (uint16_t)(link == EML_LINK_SOFTMAX ? 2 + random_below(MAX_CLASSES - 1) : is_value ? 0 : 2);
    t.n_trees = (uint16_t)(1 + random_below(MAX_TREES));
    t.dtype = EML_TREES_FLOAT;
    t.layout = EML_TREES_PACKED32;
    t.feature_bits = 8;
    t.leaf = EML_LEAF_SUM;
    t.entry = (uint8_t)((int)link | (wide ? EML_SUM_INT64 : 0));
    t.n_leaves = 1 + random_below(MAX_LEAVES);
    t.values = words;
    t.leaf_of = leaf_of;
    const int top = wide ? 60 - bits_of(t.n_trees) : 31;
    const int leaf_bits = 1 + (int)random_below((uint32_t)top);
    const int exponent = (int)random_below(28) - 20 - leaf_bits; // of a leaf's unit
    t.n_values = (uint32_t)(exponent + EML_TREES_EXPONENT);
    for (uint32_t i = 0; i < t.n_leaves; i++) {
        leaf[i] = random_number(leaf_bits);
        leaf[i] = link == EML_LINK_ISOLATION && leaf[i] < 0 ? -leaf[i] : leaf[i]; // lengths
        if (wide) {
            put(2 * i, leaf[i]);
        } else {
            words[i] = (uint32_t)leaf[i];
        }
    }
    const int weight_bits = 1 + (int)random_below((uint32_t)(60 - bits_of(t.n_trees)));
    for (uint32_t i = 0; i < eml_trees_n_bases(&t); i++) {
        base[i] = random_below(4) ? random_number(link == EML_LINK_MEDIAN ? weight_bits : leaf_bits) : 0;
        base[i] = (link == EML_LINK_MEDIAN || link == EML_LINK_ISOLATION) && base[i] < 0 ? -base[i] : base[i];
        put(eml_trees_sum_words(&t) + 2 * i, base[i]);
    }
    for (uint32_t i = 0; i < t.n_trees; i++) {
        leaf_of_tree[i] = random_below(t.n_leaves);
    }
    return t;
}

// What trees add up to, of several in turn: [n_sums]
static void sums_of(const eml_trees_t *t, int64_t *sums) {
    const uint32_t n = t->n_classes > 2 || eml_trees_link(t) == EML_LINK_SOFTMAX ? t->n_classes : 1;
    for (uint32_t i = 0; i < n; i++) {
        sums[i] = t->n_classes && n == 1 ? base[1] : base[i];
    }
    for (uint32_t tree = 0; tree < t->n_trees; tree++) {
        sums[tree % n] += leaf[leaf_of_tree[tree]];
    }
}

// The weighted median by sorting.
static int64_t median_of(const eml_trees_t *t) {
    uint32_t order[MAX_TREES];
    int64_t total = 0, below = 0;
    for (uint32_t i = 0; i < t->n_trees; i++) {
        uint32_t at = i;
        for (; at > 0 && leaf[leaf_of_tree[order[at - 1]]] > leaf[leaf_of_tree[i]]; at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
        total += base[i];
    }
    for (uint32_t at = 0;; at++) {
        CHECK(at < t->n_trees, at, total, below);
        below += base[order[at]];
        if (2 * below >= total) {
            return leaf[leaf_of_tree[order[at]]];
        }
    }
}

static long double value_of(const eml_trees_t *t, int64_t sum) {
    return ldexpl((long double)sum, (int)t->n_values - EML_TREES_EXPONENT);
}

// bound: relative; half of the smallest subnormal, twice, comes from two roundings.
static void check_near(float got, long double expected, long double bound, int line) {
    const long double error = fabsl((long double)got - expected);
    if (expected > (long double)FLT_MAX * (1 + bound)) {
        CHECK(isinf(got), line, bits_of_float(got), 0);
    } else if (expected < (long double)FLT_MAX * (1 - bound)) {
        CHECK(error <= bound * fabsl(expected) + ldexpl(1, -149), line, bits_of_float(got), bits_of_double((double)expected));
    }
}

// exp is off by 2^-22, by eml_exp.h; its argument by half a bit of 24, which is |x| 2^-24 of the result.
static long double exp_bound(long double x) {
    return ldexpl(1, -22) + fabsl(x) * ldexpl(1, -24);
}

static void check_softmax(const eml_trees_t *t, const int64_t *sums, const float *out) {
    long double total = 0;
    int64_t largest = sums[0];
    for (uint32_t c = 0; c < t->n_classes; c++) {
        largest = sums[c] > largest ? sums[c] : largest;
    }
    for (uint32_t c = 0; c < t->n_classes; c++) {
        total += expl(value_of(t, sums[c] - largest));
    }
    for (uint32_t c = 0; c < t->n_classes; c++) {
        const long double x = value_of(t, sums[c] - largest);
        // Its own exp; in the divisor 2^-22 again and |x| exp(x) < 0.4 for each class; eml_normalise's 2^-23 and n 2^-39.
        const long double n = t->n_classes;
        const long double bound = exp_bound(x) + ldexpl(1, -22) + 0.4L * n * ldexpl(1, -24) + ldexpl(1, -23) + n * ldexpl(1, -39);
        check_near(out[c], expl(x) / total, bound, __LINE__);
    }
}

static void check_outputs(const eml_trees_t *t, const int64_t *sums, const float *out) {
    const eml_link_t link = eml_trees_link(t);
    const long double x = value_of(t, link == EML_LINK_MEDIAN ? median_of(t) : sums[0]);
    if (link == EML_LINK_IDENTITY || link == EML_LINK_MEDIAN) {
        CHECK(bits_of_float(out[0]) == (x == 0 ? 0 : bits_of_float((float)x)), link, bits_of_float(out[0]), bits_of_double((double)x));
    } else if (link == EML_LINK_EXP) {
        check_near(out[0], expl(x), exp_bound(x), __LINE__);
    } else if (link == EML_LINK_ISOLATION) {
        const long double rest = 1 - (long double)out[0];
        check_near(out[0], expl(-x), exp_bound(x), __LINE__);
        if (out[0] >= 1.0f / 256) { // units of 2^-32 hold it
            CHECK(bits_of_float(out[1]) == bits_of_float((float)rest), bits_of_float(out[0]), bits_of_float(out[1]), 0);
        } else { // what they do not hold is below one
            const long double error = fabsl((long double)out[1] - rest);
            CHECK(error <= ldexpl(1, -25) + ldexpl(1, -32), bits_of_float(out[0]), bits_of_float(out[1]), 0);
        }
    } else if (link == EML_LINK_SOFTMAX) {
        check_softmax(t, sums, out);
    } else {
        const long double odds = link == EML_LINK_HALF_SIGMOID ? 2 * x : x;
        check_near(out[0], 1 / (1 + expl(odds)), exp_bound(odds), __LINE__);
        check_near(out[1], 1 / (1 + expl(-odds)), exp_bound(odds), __LINE__);
    }
}

static void check_class(const eml_trees_t *t, const int64_t *sums, uint32_t klass) {
    if (eml_trees_link(t) != EML_LINK_SOFTMAX) {
        CHECK(klass == (sums[0] > base[0]), klass, sums[0], base[0]);
        return;
    }
    for (uint32_t c = 0; c < t->n_classes; c++) { // the first of the largest
        CHECK(c < klass ? sums[c] < sums[klass] : sums[c] <= sums[klass], klass, c, sums[c]);
    }
}

static void test_links(void) {
    for (int round = 0; round < 7 * N_ROUNDS; round++) {
        const eml_trees_t t = random_tables((eml_link_t)(round % 7));
        const float feature = 0;
        const eml_array_t x = { &feature, 1, EML_FLOAT32 };
        const size_t size = eml_trees_scratch_size(&t);
        uint64_t *sums = (uint64_t *)malloc(size);
        float *out = (float *)malloc(eml_trees_n_outputs(&t) * sizeof(float));
        int64_t expected[MAX_CLASSES];
        uint32_t klass = 9;
        CHECK(eml_trees_values_ok(&t) && eml_trees_link_ok(&t), t.entry, t.n_trees, t.n_leaves);
        CHECK(eml_trees_outputs(&t, &x, sums, out, eml_trees_n_outputs(&t)) == EML_OK, t.entry, 0, 0);
        sums_of(&t, expected);
        check_outputs(&t, expected, out);
        if (t.n_classes) {
            CHECK(eml_trees_class(&t, &x, sums, &klass) == EML_OK, t.entry, 0, 0);
            check_class(&t, expected, klass);
        }
        free(sums);
        free(out);
    }
}

// Every exponent and length of a sum: subnormal, infinite, halfway between two float32.
static void test_rounding(void) {
    eml_trees_t t = random_tables(EML_LINK_IDENTITY);
    for (int round = 0; round < 100 * N_ROUNDS; round++) {
        const int64_t sum = random_number(62);
        t.n_values = random_below(512);
        const uint32_t bits = eml_trees_sum_bits(&t, (uint64_t)sum);
        const float expected = (float)value_of(&t, sum);
        CHECK(bits == (sum ? bits_of_float(expected) : 0), sum, t.n_values, bits);
    }
}

int main(void) {
    test_links();
    test_rounding();
    printf("%lu checks\n", checks_made);
    return 0;
}
