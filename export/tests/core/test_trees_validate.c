// eml_trees_validate.h: eml_trees_validate refuses each of these, all in a model that it takes without.
#include "eml_trees_validate.h"
#include "random_trees.h"

static tables_t good, bad;
static model_t small;

// x[3] <= 0 ? leaf 0 : (x[1] <= 0 ? leaf 1 : leaf 2), and from its second node on
static void rebuild(int dtype, int leaf, eml_trees_layout_t layout) {
    do {
        random_model(&small, dtype, leaf, 2, 8);
    } while (small.n_features != N_FEATURES || !small.count[0][0] || !small.count[0][3]); // a record of several
    small.n_nodes = 2;
    small.roots[0] = 0;
    small.roots[1] = 1;
    memset(small.node, 0, sizeof(small.node));
    small.node[0].feature = 3;
    small.node[0].left = -1;
    small.node[0].right = 1;
    small.node[1].feature = 1;
    small.node[1].left = -2;
    small.node[1].right = -3;
    encode(&small, &good, layout, 1);
    CHECK(eml_trees_validate(&good.trees) == EML_OK, dtype, leaf, layout);
}

static eml_trees_t *change(void) {
    bad = good;
    bad.trees.nodes = bad.nodes;
    bad.trees.roots = bad.roots;
    bad.trees.scale = bad.scale;
    bad.trees.leaf_start = bad.leaf_start;
    bad.trees.entries = bad.entries;
    return &bad.trees;
}

// Do this to a copy of the model, and see it refused.
#define REFUSED(...)                                                       \
    do {                                                                   \
        eml_trees_t *t = change();                                         \
        __VA_ARGS__;                                                       \
        CHECK(eml_trees_validate(t) != EML_OK, t->layout, t->dtype, t->leaf); \
    } while (0)

static void test_validate_numbers(void) {
    rebuild(EML_TREES_FLOAT, EML_LEAF_COUNTS, EML_TREES_PACKED32);
    REFUSED(t->n_features = 0);
    REFUSED(t->n_features = 3);
    REFUSED(t->n_features = 257); // feature_bits is 8
    REFUSED(t->n_classes = 0);
    REFUSED(t->n_trees = 0);
    REFUSED(t->layout = 3);
    REFUSED(t->layout = EML_TREES_PACKED16); // cannot hold keys
    REFUSED(t->dtype = 3);
    REFUSED(t->leaf = 5);
    REFUSED(t->leaf = EML_LEAF_HARD);
    REFUSED(t->leaf = EML_LEAF_VALUE);
    REFUSED(t->entry = 2);
    for (int bits = 0; bits < 256; bits++) {
        if (bits < 8 || bits > 14) {
            REFUSED(t->feature_bits = (uint8_t)bits);
        }
    }
    REFUSED(t->n_nodes = 0);
    REFUSED(t->n_nodes = 1);
    REFUSED(t->n_values = 1);
    REFUSED(t->n_entries++);
    rebuild(EML_TREES_SCALED, EML_LEAF_HARD, EML_TREES_PACKED16);
    static const int32_t SCALES[][2] = { { 121, 0 }, { -121, 0 }, { INT32_MIN, 0 }, { 0, 0x20000001 }, { 0, -0x20000001 }, { 0, INT32_MIN } };
    for (size_t i = 0; i < sizeof(SCALES) / sizeof(SCALES[0]); i++) {
        REFUSED(bad.scale[6] = SCALES[i][0], bad.scale[7] = SCALES[i][1]);
    }
    REFUSED(t->n_leaves = 1);
    REFUSED(t->n_entries = 1);
    CHECK(eml_trees_validate(change()) == EML_OK, 0, 0, 0);
}

static void test_header_combinations(void) {
    for (int dtype = 0; dtype < 3; dtype++) {
        for (int leaf = EML_LEAF_HARD; leaf <= EML_LEAF_VALUE; leaf++) {
            rebuild(dtype, leaf, packed_layout(dtype));
            REFUSED(t->layout = packed_layout(dtype) == EML_TREES_PACKED16 ? EML_TREES_PACKED32 : EML_TREES_PACKED16);
            REFUSED(t->layout = EML_TREES_WIDE); // with feature_bits
            REFUSED(t->n_classes = (uint16_t)(leaf == EML_LEAF_VALUE ? 1 : 0));
            REFUSED(t->n_values = leaf == EML_LEAF_VALUE ? 512 : leaf == EML_LEAF_WEIGHTED ? 0 : 1);
            rebuild(dtype, leaf, EML_TREES_WIDE);
            REFUSED(t->feature_bits = 8);
        }
    }
    rebuild(EML_TREES_FLOAT, EML_LEAF_VALUE, EML_TREES_WIDE);
    for (uint32_t exponent = 0; exponent < 512; exponent++) {
        eml_trees_t *t = change();
        t->n_values = exponent;
        CHECK(eml_trees_validate(t) == EML_OK, exponent, 0, 0);
    }
}

static void test_validate_wide(void) {
    rebuild(EML_TREES_INT16, EML_LEAF_HARD, EML_TREES_WIDE);
    REFUSED(bad.nodes[0] = 4); // feature
    REFUSED(bad.nodes[0] |= 1u << 30); // missing_left of an integer
    for (int bit = 2; bit < 32; bit++) {
        REFUSED(bad.nodes[0] |= 1u << bit);
    }
    REFUSED(bad.nodes[1] = 32768); // threshold
    REFUSED(bad.nodes[1] = (uint32_t)-32769);
    REFUSED(bad.nodes[2] = 0); // itself
    REFUSED(bad.nodes[3] = 0);
    REFUSED(bad.nodes[3] = 2); // beyond the last
    REFUSED(bad.nodes[7] = 0xffffffff); // a leaf: 2^31 - 1; i + this is 0
    REFUSED(bad.nodes[7] = 0x7fffffff); // i + this looks like a leaf
    REFUSED(bad.nodes[6] = 0x80000004); // no such leaf
    REFUSED(bad.roots[1] = 2);
    REFUSED(bad.roots[0] = 0xffffffff);
    rebuild(EML_TREES_FLOAT, EML_LEAF_HARD, EML_TREES_WIDE);
    REFUSED(bad.nodes[1] = 0x7f000002); // above infinity
    REFUSED(bad.nodes[0] |= 1u << 31);
}

// The words of packed nodes; `stride` of them a node, jumps in `unit`s.
static void test_validate_packed(int dtype, int leaf) {
    const size_t stride = dtype == EML_TREES_FLOAT ? 4 : 3;
    const uint32_t unit = dtype == EML_TREES_FLOAT ? 2 : 3;
    rebuild(dtype, leaf, packed_layout(dtype));
    const uint32_t n_leaves = good.trees.n_classes + good.trees.n_leaves; // leaf numbers
    CHECK(get16(good.nodes, 1) == unit && get16(good.nodes, stride + 1) == 0x8002, dtype, 0, 0);
    REFUSED(put16(bad.nodes, 0, 4 | 1u << 8)); // feature
    REFUSED(put16(bad.nodes, 0, 255 | 1u << 8));
    for (uint32_t jump = 0; jump < 0x8000; jump++) { // but one element: itself, in between, beyond
        if (jump != unit) {
            REFUSED(put16(bad.nodes, 1, jump));
        }
        REFUSED(put16(bad.nodes, stride + 1, jump)); // the last has no other behind it
        REFUSED(put16(bad.nodes, 0, 127u << 8 | 3), put16(bad.nodes, 1, jump)); // the leaf on the right, where there is none
    }
    for (uint32_t number = 0; number < 0x8000; number++) {
        change();
        put16(bad.nodes, stride + 1, 0x8000 | number);
        CHECK((eml_trees_validate(&bad.trees) == EML_OK) == (number < n_leaves), number, dtype, leaf);
        put16(bad.nodes, stride, 127u << 8); // a leaf element
        CHECK((eml_trees_validate(&bad.trees) == EML_OK) == (number < n_leaves), number, dtype, leaf);
    }
    for (uint32_t code = 0; code < 128; code++) { // 0: the next element, of which there is one only behind the first
        change();
        put16(bad.nodes, 0, code << 8 | 3);
        CHECK((eml_trees_validate(&bad.trees) == EML_OK) == (code <= n_leaves), code, dtype, leaf); // 127 is refused above
        change();
        put16(bad.nodes, stride, code << 8 | 1);
        CHECK((eml_trees_validate(&bad.trees) == EML_OK) == ((code && code <= n_leaves) || code == 127), code, dtype, leaf);
    }
    for (uint32_t node = 0; node < 2; node++) { // missing_left: int16 has none, and its hot loop takes the bit for one of the code
        change();
        put16(bad.nodes, node * stride, get16(bad.nodes, node * stride) | 0x8000);
        CHECK((eml_trees_validate(&bad.trees) == EML_OK) == (dtype != EML_TREES_INT16), node, dtype, leaf);
    }
    REFUSED(put16(bad.roots, 0, 2));
    REFUSED(put16(bad.roots, 1, 0xffff));
    if (dtype == EML_TREES_SCALED) {
        REFUSED(put16(bad.nodes, 2, 32767)); // threshold: NaN's own number
    } else if (dtype == EML_TREES_FLOAT) {
        REFUSED(put16(bad.nodes, 2, 2), put16(bad.nodes, 3, 0x7f00)); // above infinity
        CHECK(change() != NULL, 0, 0, 0);
        put16(bad.nodes, 2, 1);
        put16(bad.nodes, 3, 0x7f00);
        CHECK(eml_trees_validate(&bad.trees) == EML_OK, 0, 0, 0);
    }
}

// The largest jumps, which the units must not lead beyond 15 bits: the last element can be reached, one further is refused.
static void test_longest_jump(void) {
    static uint32_t nodes[66000 * 2];
    static const uint16_t ROOT[2] = { 0, 0 };
    for (int dtype = EML_TREES_FLOAT; dtype <= EML_TREES_INT16; dtype++) {
        const size_t stride = dtype == EML_TREES_FLOAT ? 4 : 3;
        const uint32_t unit = dtype == EML_TREES_FLOAT ? 2 : 3, longest = 0x7fff / unit;
        rebuild(dtype, EML_LEAF_HARD, packed_layout(dtype));
        memset(nodes, 0, sizeof(nodes));
        for (uint32_t i = 0; i <= longest; i++) {
            put16(nodes, stride * i, 127u << 8);
            put16(nodes, stride * i + 1, 0x8000 | (i == longest ? 3 : 0));
        }
        put16(nodes, 0, 1u << 8);
        put16(nodes, 1, longest * unit);
        put16(nodes, 2, 0);
        eml_trees_t *t = change();
        t->nodes = nodes;
        t->roots = ROOT;
        t->n_nodes = longest + 1;
        CHECK(eml_trees_validate(t) == EML_OK, dtype, 0, 0);
        CHECK(eml_trees_node(t, 0).right == longest, eml_trees_node(t, 0).right, longest, 0);
        t->n_nodes = longest;
        CHECK(eml_trees_validate(t) == EML_ERR_MODEL, dtype, 0, 0);
        for (uint32_t i = 0; i < 66000; i++) { // so many that whatever is no whole number of units could be a jump
            put16(nodes, stride * i, 127u << 8);
            put16(nodes, stride * i + 1, 0x8000);
        }
        put16(nodes, 0, 1u << 8);
        t->n_nodes = 66000;
        for (uint32_t jump = 0; jump < 0x8000; jump += jump < 100 || jump > 0x7f00 ? 1 : 97) {
            put16(nodes, 1, jump);
            CHECK((eml_trees_validate(t) == EML_OK) == (jump && jump % unit == 0), jump, dtype, 0);
        }
    }
}

static void test_validate_records(void) {
    for (int leaf = EML_LEAF_COUNTS; leaf <= EML_LEAF_UINT8; leaf++) {
        rebuild(EML_TREES_INT16, leaf, EML_TREES_WIDE);
        REFUSED(bad.leaf_start[0] = 1);
        REFUSED(bad.leaf_start[1] = 1000);
        REFUSED(bad.leaf_start[2] = 0xffffffff);
        REFUSED(bad.leaf_start[N_RECORDS]--);
        REFUSED(bad.leaf_start[3] = bad.leaf_start[2] - 1);
        REFUSED(bad.entries[0] = MAX_CLASSES);
        REFUSED(bad.entries[0] = 0xffffffff);
        REFUSED(bad.entries[2] = bad.entries[0]); // twice the same class
        REFUSED(bad.entries[1] = leaf == EML_LEAF_WEIGHTED ? N_RECORDS : 0);
        REFUSED(bad.entries[1] = leaf == EML_LEAF_UINT8 ? 256 : 65536);
        REFUSED(bad.entries[1] = 0xffffffff);
        if (leaf != EML_LEAF_UINT8) {
            REFUSED(bad.leaf_start[1] = 0); // empty
        }
        if (leaf == EML_LEAF_COUNTS) {
            REFUSED(bad.entries[1] = 65535); // more than 65535 in all
        }
    }
    static const uint32_t PROPORTIONS[][2] = { { 0, 0 }, { 1, 0x3ff00000 }, { 0, 0x40000000 }, { 0, 0xbff00000 }, { 0, 0x7ff00000 }, { 1, 0 } };
    rebuild(EML_TREES_FLOAT, EML_LEAF_WEIGHTED, EML_TREES_PACKED32);
    for (size_t i = 0; i < sizeof(PROPORTIONS) / sizeof(PROPORTIONS[0]); i++) { // 0, above 1, negative, infinite, subnormal
        const uint32_t low = small.values[2], high = small.values[3];
        small.values[2] = PROPORTIONS[i][0];
        small.values[3] = PROPORTIONS[i][1];
        REFUSED((void)t);
        small.values[2] = low;
        small.values[3] = high;
    }
    CHECK(eml_trees_validate(change()) == EML_OK, 0, 0, 0);
}

static void test_validate_levels(void) {
    rebuild(EML_TREES_INT16, EML_LEAF_UINT8, EML_TREES_WIDE);
    to_levels(&small, 3);
    encode(&small, &good, EML_TREES_WIDE, 3);
    uint8_t *const bytes = (uint8_t *)bad.entries;
    CHECK(eml_trees_validate(change()) == EML_OK, 0, 0, 0);
    REFUSED(t->entry = 8);
    REFUSED(t->entry = 255);
    REFUSED(t->leaf = EML_LEAF_COUNTS);
    REFUSED(t->leaf = EML_LEAF_WEIGHTED);
    REFUSED(bytes[0] = MAX_CLASSES << 3);
    REFUSED(bytes[1] = bytes[0]); // twice the same class
    REFUSED(t->n_entries++);
    // Of 7 bits, the 6th level is the first that is not 0.
    for (uint8_t level = 0; level < 8; level++) {
        eml_trees_t *t = change();
        t->entry = 7;
        for (uint32_t i = 1; i <= t->n_leaves; i++) {
            bad.leaf_start[i] = i;
            bytes[i - 1] = level;
        }
        t->n_entries = t->n_leaves;
        CHECK((eml_trees_validate(t) == EML_OK) == (level > 4), level, 0, 0);
    }
}

int main(void) {
    test_validate_numbers();
    test_validate_levels();
    test_header_combinations();
    test_validate_wide();
    for (int dtype = 0; dtype < 3; dtype++) {
        test_validate_packed(dtype, EML_LEAF_HARD);
        test_validate_packed(dtype, EML_LEAF_COUNTS);
    }
    test_longest_jump();
    test_validate_records();
    printf("%lu checks\n", checks_made);
    return 0;
}
