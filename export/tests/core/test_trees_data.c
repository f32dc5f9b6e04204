// eml_trees_data.h: eml_trees_validate refuses each of these, all in a model that it takes without.
#include "random_trees.h"
#include "eml_trees_data.h"

static tables_t good, bad;
static model_t small;

static void rebuild(int dtype, int leaf, eml_trees_layout_t layout) {
    random_model(&small, dtype, leaf, 2);
    small.n_nodes = 2; // x[3] <= 0 ? leaf 0 : (x[1] <= 0 ? leaf 1 : leaf 2)
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
    REFUSED(t->n_features = 5); // feature_bits is 2
    REFUSED(t->n_classes = 0);
    REFUSED(t->n_trees = 0);
    REFUSED(t->layout = 3);
    REFUSED(t->layout = EML_TREES_PACKED16); // cannot hold keys
    REFUSED(t->dtype = 3);
    REFUSED(t->leaf = 5);
    REFUSED(t->leaf = EML_LEAF_HARD);
    REFUSED(t->leaf = EML_LEAF_VALUE);
    REFUSED(t->entry = 2);
    REFUSED(t->feature_bits = 15);
    REFUSED(t->n_nodes = 0);
    REFUSED(t->n_nodes = 1);
    REFUSED(t->n_values = 1);
    REFUSED(t->n_entries++);
    rebuild(EML_TREES_SCALED, EML_LEAF_HARD, EML_TREES_PACKED16);
    static const int32_t SCALES[][2] = { { 121, 0 }, { -121, 0 }, { INT32_MIN, 0 }, { 0, 0x20000001 }, { 0, -0x20000001 }, { 0, INT32_MIN } };
    for (size_t i = 0; i < sizeof(SCALES) / sizeof(SCALES[0]); i++) {
        small.scale[6] = SCALES[i][0];
        small.scale[7] = SCALES[i][1];
        REFUSED((void)t);
        small.scale[6] = small.scale[7] = 0;
    }
    REFUSED(t->n_leaves = 1);
    REFUSED(t->n_entries = 1);
    CHECK(eml_trees_validate(change()) == EML_OK, 0, 0, 0);
}

static void test_validate_nodes(void) {
    rebuild(EML_TREES_INT16, EML_LEAF_HARD, EML_TREES_WIDE);
    REFUSED(bad.nodes[0] = 4); // feature
    REFUSED(bad.nodes[0] |= 1u << 30); // missing_left of an integer
    REFUSED(bad.nodes[2] = 0); // itself
    REFUSED(bad.nodes[3] = 0);
    REFUSED(bad.nodes[3] = 2); // beyond the last
    REFUSED(bad.nodes[7] = 0xffffffff); // a leaf: 2^31 - 1
    REFUSED(bad.nodes[7] = 0x7fffffff); // i + this looks like a leaf
    REFUSED(bad.nodes[6] = 0x80000004); // no such leaf
    REFUSED(bad.nodes[4] = 0x80000000, bad.nodes[7] = 1); // a leaf element without leaf
    REFUSED(bad.nodes[4] = 0x80000000, bad.nodes[7] = 0x80000004);
    REFUSED(bad.roots[1] = 2);
    REFUSED(bad.roots[0] = 0xffffffff);
    rebuild(EML_TREES_SCALED, EML_LEAF_HARD, EML_TREES_PACKED16);
    REFUSED(bad.nodes[1] = (bad.nodes[1] & 0xffff0000) | 32767); // first node's threshold: NaN's own number
    REFUSED(bad.nodes[0] = (bad.nodes[0] & 0xffff0000) | 4 << 2 | 2, bad.nodes[0] |= 5 << 2); // left leaf 4 or more
    REFUSED(bad.nodes[0] &= 0xffff); // right: itself
    REFUSED(bad.nodes[0] = (bad.nodes[0] & 0xffff) | 2u << 16); // beyond
    REFUSED(bad.nodes[0] = (bad.nodes[0] & 0xffff) | 0x8004u << 16); // no such leaf
    REFUSED(((uint16_t *)(void *)bad.nodes)[3] = 0x2); // second node's left is the next element, which is none
}

static void test_validate_records(void) {
    for (int leaf = EML_LEAF_COUNTS; leaf <= EML_LEAF_UINT8; leaf++) {
        rebuild(EML_TREES_INT16, leaf, EML_TREES_WIDE);
        const uint32_t two = good.leaf_start[1] >= 2; // the first record has several entries
        REFUSED(bad.leaf_start[0] = 1);
        REFUSED(bad.leaf_start[1] = 1000);
        REFUSED(bad.leaf_start[2] = 0xffffffff);
        REFUSED(bad.leaf_start[N_RECORDS]--);
        REFUSED(bad.leaf_start[3] = bad.leaf_start[2] - 1);
        REFUSED(bad.entries[0] = MAX_CLASSES);
        REFUSED(bad.entries[0] = 0xffffffff);
        if (two) {
            REFUSED(bad.entries[2] = bad.entries[0]); // twice the same class
        }
        REFUSED(bad.entries[1] = leaf == EML_LEAF_WEIGHTED ? N_RECORDS : 0);
        REFUSED(bad.entries[1] = leaf == EML_LEAF_UINT8 ? 256 : 65536);
        REFUSED(bad.entries[1] = 0xffffffff);
        if (leaf != EML_LEAF_UINT8) {
            REFUSED(bad.leaf_start[1] = 0); // empty
        }
        if (leaf == EML_LEAF_COUNTS && two) {
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
    rebuild(EML_TREES_FLOAT, EML_LEAF_VALUE, EML_TREES_PACKED32);
    static const uint32_t VALUES[] = { 0x7f800000, 0xff800000, 0x7fc00000 };
    for (size_t i = 0; i < 3; i++) {
        const uint32_t value = small.values[5];
        small.values[5] = VALUES[i];
        REFUSED(t->exponent = eml_trees_exponent(t));
        REFUSED(t->exponent = 254);
        small.values[5] = value;
    }
    CHECK(eml_trees_validate(change()) == EML_OK, 0, 0, 0);
}

int main(void) {
    test_validate_numbers();
    test_validate_nodes();
    test_validate_records();
    printf("%lu checks\n", checks_made);
    return 0;
}
