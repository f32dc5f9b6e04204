// eml_trees_build.h: models put together by hand, by way of the .eml file that they become.
#include "eml_trees_build.h"

#include "built.h"

#include <math.h>

// The builder: what fits becomes packed16, what does not becomes wide; both predict the same.
static void test_build(void) {
    for (int wide = 0; wide < 2; wide++) {
        eml_trees_build_t b;
        eml_trees_t t;
        uint8_t *file;
        eml_build_init(&b, grow);
        b.n_features = 2;
        b.n_classes = 3;
        b.leaf = EML_LEAF_HARD;
        CHECK(eml_build_leaf(&b, 2) == EML_OK && eml_build_leaf(&b, 0) == EML_OK, 0, 0, 0);
        CHECK(eml_build_root(&b, 0) == EML_OK && eml_build_root(&b, -1) == EML_OK && eml_build_root(&b, -1) == EML_OK, 0, 0, 0);
        CHECK(eml_build_node(&b, 1, -7, wide ? 2 : 1, wide ? 1 : 2) == EML_OK, 0, 0, 0); // a left jump of 2 has no code
        CHECK(eml_build_node(&b, 0, 3, -1, -2) == EML_OK && eml_build_node(&b, 0, 4, -2, -2) == EML_OK, 0, 0, 0);
        CHECK(eml_build_node(&b, 0, 4, 0, -2) == EML_ERR_RANGE && eml_build_node(&b, 0, 4, -2, 0) == EML_ERR_RANGE, 0, 0, 0);
        CHECK(open_built(&b, &t, &file) == EML_OK, wide, 0, 0);
        CHECK(t.layout == (wide ? EML_TREES_WIDE : EML_TREES_PACKED16), t.layout, wide, 0);
        for (int16_t x = 2; x < 6; x++) {
            float out[3];
            uint32_t klass = 9;
            predict(&t, x, wide ? 0 : -7, out, &klass);
            CHECK(klass == 2 && out[2] == (x <= 3 ? 1.0f : float_of(0x3f2aaaab)), x, bits_of_float(out[2]), 0);
        }
        free(file);
        free_blocks();
    }
}

// What is refused because something is missing is right once that is added.
static void test_added_later(void) {
    for (int missing = 0; missing < 3; missing++) { // the root, the second leaf, the second node
        eml_trees_build_t b;
        eml_trees_t t;
        uint8_t *file;
        eml_build_init(&b, grow);
        b.n_features = 1;
        b.n_classes = 3;
        b.leaf = EML_LEAF_HARD;
        CHECK(eml_build_leaf(&b, 1) == EML_OK, 0, 0, 0);
        CHECK(missing == 1 || eml_build_leaf(&b, 0) == EML_OK, 0, 0, 0);
        CHECK(missing == 0 || eml_build_root(&b, 0) == EML_OK, 0, 0, 0);
        CHECK(eml_build_node(&b, 0, 7, -1, 1) == EML_OK, 0, 0, 0);
        CHECK(missing == 2 || eml_build_node(&b, 0, 9, -1, -2) == EML_OK, 0, 0, 0);
        CHECK(open_built(&b, &t, &file) != EML_OK, missing, 0, 0);
        free(file);
        CHECK(missing != 0 || eml_build_root(&b, 0) == EML_OK, 0, 0, 0);
        CHECK(missing != 1 || eml_build_leaf(&b, 0) == EML_OK, 0, 0, 0);
        CHECK(missing != 2 || eml_build_node(&b, 0, 9, -1, -2) == EML_OK, 0, 0, 0);
        CHECK(open_built(&b, &t, &file) == EML_OK, missing, 0, 0);
        for (int16_t x = 6; x < 11; x++) {
            float out[3];
            uint32_t klass = 9;
            predict(&t, x, 0, out, &klass);
            CHECK(klass == (x <= 9), x, klass, missing);
        }
        free(file);
        free_blocks();
    }
}

// Memory may end at any request: what failed is done again, and the model is the right one.
static void test_again(void) {
    int needed = 0;
    for (int fails_at = 0; fails_at <= needed; fails_at++) {
        eml_trees_build_t b;
        eml_trees_t t;
        uint8_t *file;
        uint32_t size = 0, failures = 0;
        eml_build_init(&b, grow);
        b.n_features = 1;
        b.n_classes = 3;
        b.leaf = EML_LEAF_HARD;
        grow_fails_at = fails_at;
#define AGAIN(call)                                        \
    do {                                                   \
        const eml_err_t err_ = (call);                     \
        if (err_ != EML_OK) {                              \
            CHECK(err_ == EML_ERR_FULL, err_, fails_at, 0); \
            failures++;                                    \
            CHECK((call) == EML_OK, fails_at, 0, 0);       \
        }                                                  \
    } while (0)
        AGAIN(eml_build_leaf(&b, 2)); // the classes in another order: changed twice they would be others
        AGAIN(eml_build_leaf(&b, 0));
        AGAIN(eml_build_leaf(&b, 1));
        for (int i = 0; i < 9; i++) {
            AGAIN(eml_build_root(&b, i < 8 ? i : -3));
            AGAIN(eml_build_node(&b, 0, i, -1, -2));
        }
        for (int i = 0; i < 9; i++) {
            AGAIN(eml_build_root(&b, -3));
        }
        AGAIN(eml_build_finish(&b, &t, &size));
#undef AGAIN
        needed = grow_requests;
        CHECK(failures == (fails_at < needed), failures, fails_at, needed);
        for (int i = 0; i < 2; i++) { // finished once more it is the same
            CHECK(open_built(&b, &t, &file) == EML_OK && t.n_nodes == 19 && t.n_trees == 18, fails_at, t.n_nodes, t.n_trees);
            float out[3];
            uint32_t klass = 9;
            predict(&t, 2, 0, out, &klass); // two of eight nodes say 0, six 2; ten leaves say 1
            CHECK(klass == 1 && out[0] == 2 / 18.0f && out[1] == 10 / 18.0f && out[2] == 6 / 18.0f, klass, bits_of_float(out[1]), fails_at);
            free(file);
        }
        free_blocks();
    }
    grow_fails_at = -1;
    CHECK(needed >= 8, needed, 0, 0);
}

// Regression from float32: each value within half a unit of the exact one, in the smallest unit, and exact wherever it can be.
static void test_fixed_point(void) {
    for (int round = 0; round < 20000; round++) {
        uint32_t bits[5];
        double largest = 0;
        const uint32_t span = 1 + random_below(40), low = random_below(254 - span);
        for (int i = 0; i < 5; i++) {
            bits[i] = random_below(10) ? (low + random_below(span)) << 23 | ((uint32_t)random_runs() & 0x7fffff) : random_below(3) << 22;
            bits[i] ^= random_below(2) << 31;
            bits[i] = round < 20 ? bits[i] & 0x80000000 : bits[i]; // zeros
            largest = fmax(largest, fabs((double)float_of(bits[i])));
        }
        const eml_build_table_t leaves = { bits, 5, 5 };
        const int exponent = (int)eml_build_exponent(&leaves) - EML_TREES_EXPONENT;
        CHECK(exponent == (largest == 0 ? 0 : (int)fmax(ilogb(largest) - 30, -156)), exponent, bits_of_double(largest), 0);
        for (int i = 0; i < 5; i++) {
            const int32_t got = (int32_t)eml_build_fixed(bits[i], (uint32_t)(exponent + EML_TREES_EXPONENT));
            CHECK(got == rint(ldexp((double)float_of(bits[i]), -exponent)), bits[i], got, exponent); // ties to even
        }
    }
}

int main(void) {
    test_build();
    test_added_later();
    test_again();
    test_fixed_point();
    printf("%lu checks\n", checks_made);
    return 0;
}
