// Nodes of 4 bytes: random ensembles beside the wide layout, and damage to every word.
#include "eml_trees.h"
#include "eml_trees_validate.h"
#include "meaning.h"

#define MAX_WORDS 8192

static model_t m;
static tables_t wide;
static uint32_t words[MAX_WORDS], scratch[256];
static uint16_t roots[MAX_TREES];
static eml_trees_t eight;

// Elements that thresholds of all nodes take, each feature with a window of 256 of its own; and where the windows begin.
static uint32_t thresholds_of(int direct, uint32_t *starts) {
    const uint32_t unit = m.dtype == EML_TREES_FLOAT ? 1 : 2;
    const uint32_t n_slots = direct ? 0 : N_FEATURES;
    uint32_t n = n_slots * unit;
    for (int f = 0; f < N_FEATURES; f++) {
        starts[f] = direct ? 0 : n;
        words[f] = direct ? words[f] : (uint32_t)m.feature_at[f] | n << 16;
        for (int t = -16; t <= 16 && (f == 0 || !direct); t++) { // every threshold that grow_tree makes
            const int32_t number = m.dtype == EML_TREES_FLOAT ? eml_float_key(bits_of_float((float)t / 4)) : t;
            if (unit == 1) {
                words[n++] = (uint32_t)number;
            } else {
                put16(words, n++, (uint32_t)number);
            }
        }
    }
    return (n + unit - 1) / unit;
}

static uint32_t index_of(int i) {
    for (int t = -16; t <= 16; t++) {
        if ((m.dtype == EML_TREES_FLOAT ? eml_float_key(bits_of_float((float)t / 4)) : t) == m.node[i].threshold) {
            return (uint32_t)(t + 16);
        }
    }
    return 16; // of leaf elements
}

// The model in `m`. extend: nodes that have no need are extended as well, some of them.
static void encode8(int direct, int extend) {
    static uint32_t at[MAX_NODES + 1];
    static int is_far[MAX_NODES];
    uint32_t starts[N_FEATURES];
    memset(words, 0, sizeof(words));
    at[0] = thresholds_of(direct, starts);
    for (int i = 0; i < m.n_nodes; i++) {
        is_far[i] = m.node[i].right > 50 || (extend && random_below(4) == 0); // 127 elements, if all between are extended
        at[i + 1] = at[i] + 1 + (uint32_t)is_far[i];
    }
    for (int i = 0; i < m.n_nodes; i++) {
        const int left = m.node[i].left, right = m.node[i].right;
        const int is_leaf = left == right && left < 0;
        const uint32_t slot = is_leaf ? 0 : (uint32_t)(direct ? m.feature_at[m.node[i].feature] : m.node[i].feature);
        const uint32_t head = slot | (uint32_t)m.node[i].missing << 7 | index_of(i) << 8;
        const uint32_t jump = right < 0 ? 0 : at[i + right] - at[i];
        if (is_far[i]) {
            words[at[i]] = head | 0xffu << 16;
            words[at[i] + 1] = (left < 0 ? 0x8000u | (uint32_t)(-1 - left) : 0xffff) << 16
                | (right < 0 ? 0x8000u | (uint32_t)(-1 - right) : jump);
        } else {
            CHECK(jump < 128, jump, i, right);
            words[at[i]] = head | (left < 0 ? (uint32_t)-left : 0) << 16
                | (right < 0 ? 0x80u | (uint32_t)(-1 - right) : jump) << 24;
        }
    }
    CHECK(at[m.n_nodes] < MAX_WORDS, at[m.n_nodes], 0, 0);
    eight = wide.trees;
    eight.layout = EML_TREES_PACKED8;
    eight.feature_bits = direct ? EML_TREES_DIRECT : 0;
    eight.entry = 0;
    eight.n_nodes = at[m.n_nodes];
    for (int i = 0; i < m.n_trees; i++) {
        roots[i] = (uint16_t)at[m.roots[i]];
    }
    static uint16_t start[N_RECORDS + 1], entries[N_RECORDS * MAX_CLASSES];
    for (uint32_t i = 0; i <= wide.trees.n_leaves; i++) {
        start[i] = (uint16_t)wide.leaf_start[i];
    }
    for (uint32_t i = 0; i < wide.trees.n_entries; i++) {
        entries[i] = (uint16_t)(wide.entries[2 * i] | wide.entries[2 * i + 1] << 8);
    }
    eight.nodes = words;
    eight.roots = roots;
    eight.leaf_start = start;
    eight.entries = entries;
}

// A random model of this kind, in both layouts; small enough for features to be named directly, or not.
static void make(int round) {
    do {
        random_model(&m, round % 3, round / 3 % 5, 1 + (int)random_below(MAX_TREES), 8);
    } while (m.n_features != N_FEATURES && m.dtype != EML_TREES_INT16 && (round & 1));
    if (m.leaf == EML_LEAF_VALUE) {
        for (int i = 0; i < N_RECORDS; i++) {
            m.values[i] = (uint32_t)random_runs();
        }
    }
    encode(&m, &wide, EML_TREES_WIDE, 1);
    encode8(round & 1 && (m.n_features == N_FEATURES || m.dtype == EML_TREES_INT16), round & 2);
}

// What both layouts say of a sample, bit for bit. The wide layout is beside a naive walk in test_trees.c.
static void check_same(const eml_array_t *x) {
    uint64_t sums[MAX_CLASSES];
    float out[MAX_CLASSES], expected[MAX_CLASSES];
    uint32_t klass = 8, right = 9;
    const size_t n = eml_trees_n_outputs(&wide.trees);
    CHECK(eml_trees_outputs(&eight, x, sums, out, n) == EML_OK, 0, 0, 0);
    CHECK(eml_trees_outputs(&wide.trees, x, sums, expected, n) == EML_OK, 0, 0, 0);
    CHECK(memcmp(out, expected, n * sizeof(float)) == 0, m.dtype, m.leaf, 0);
    if (m.n_classes) {
        CHECK(eml_trees_class(&eight, x, sums, &klass) == EML_OK, 0, 0, 0);
        CHECK(eml_trees_class(&wide.trees, x, sums, &right) == EML_OK && klass == right, klass, right, m.leaf);
    }
}

static void test_predictions(void) {
    for (int round = 0; round < 900; round++) {
        make(round);
        CHECK(eml_trees_validate(&eight) == EML_OK, m.dtype, m.leaf, round);
        for (int row = 0; row < 40; row++) {
            float x[N_FEATURES];
            random_sample(&m, x);
            const eml_array_t input = place(&m, x);
            check_same(&input);
        }
        if (m.dtype == EML_TREES_FLOAT && m.n_features == N_FEATURES) { // integers take the other walk
            const int32_t i[N_FEATURES] = { (int)random_below(9) - 4, (int)random_below(9) - 4, 0, 1 };
            const eml_array_t integers = { i, N_FEATURES, EML_INT32 };
            check_same(&integers);
        }
    }
}

// As a file, in a block of its size.
static void test_files(void) {
    for (int round = 0; round < 60; round++) {
        make(round);
        eml_trees_t t;
        const uint32_t body = eml_trees_body_size(&eight), size = 44 + body;
        const eml_trees_sizes_t s = eml_trees_sizes(&eight);
        uint8_t *file = (uint8_t *)calloc(1, size), *to = file + 44;
        memcpy(to, words, s.nodes);
        memcpy(to += s.nodes, roots, 2u * eight.n_trees);
        to += s.roots;
        if (s.scale) {
            memcpy(to, eight.scale, s.scale);
        }
        to += s.scale;
        if (s.leaf_start) {
            memcpy(to, eight.leaf_start, 2 * (eight.n_leaves + 1));
            memcpy(to + s.leaf_start, eight.entries, 2 * eight.n_entries);
        }
        memcpy(to + s.leaf_start + s.entries, m.values, s.values);
        eml_trees_seal(file, &eight, size, scratch);
        CHECK(eml_trees_open(&t, file, size, scratch) == EML_OK, m.dtype, m.leaf, round);
        const eml_trees_t in_memory = eight;
        eight = t;
        for (int row = 0; row < 9; row++) {
            float x[N_FEATURES];
            random_sample(&m, x);
            const eml_array_t input = place(&m, x);
            check_same(&input);
        }
        eight = in_memory;
        for (uint32_t shorter = 4; shorter <= body; shorter += 4) {
            eml_trees_seal(file, &eight, size - shorter, scratch);
            CHECK(eml_trees_open(&t, file, size - shorter, scratch) == EML_ERR_FORMAT, shorter, size, round);
        }
        free(file);
    }
}

// Each word of the nodes with each of these in place of each of its halves and bytes: refused, or predicted with, in a block of
// the size that the core was told. A walk that ran on would be found by its sanitizer, or by the time it takes.
static void test_damage(void) {
    static const uint32_t NUMBERS[] = { 0, 1, 2, 3, 16, 32, 33, 0x7f, 0x80, 0x84, 0x8b, 0x8c, 0xfe, 0xff, 0x7fff, 0x8000, 0x8003, 0xffff };
    unsigned long accepted = 0, refused = 0;
    for (int round = 0; round < 90; round++) {
        do {
            make(round);
        } while (eight.n_nodes > 400);
        uint32_t *copy = (uint32_t *)malloc(4 * eight.n_nodes);
        float x[N_FEATURES];
        random_sample(&m, x);
        const eml_array_t input = place(&m, x);
        eight.nodes = copy;
        for (uint32_t i = 0; i < 4 * eight.n_nodes + eight.n_trees; i++) {
            const uint16_t root = roots[i % eight.n_trees];
            for (size_t k = 0; k < sizeof(NUMBERS) / sizeof(NUMBERS[0]); k++) {
                memcpy(copy, words, 4 * eight.n_nodes);
                if (i >= 4 * eight.n_nodes) {
                    roots[i % eight.n_trees] = (uint16_t)(k & 1 ? root + NUMBERS[k] : NUMBERS[k]);
                } else if (NUMBERS[k] > 0xff || k & 1) {
                    put16(copy, i / 2, NUMBERS[k]);
                } else {
                    ((uint8_t *)copy)[i] = (uint8_t)NUMBERS[k];
                }
                if (eml_trees_validate(&eight) == EML_OK) {
                    uint64_t sums[MAX_CLASSES];
                    float out[MAX_CLASSES];
                    CHECK(eml_trees_outputs(&eight, &input, sums, out, eml_trees_n_outputs(&eight)) == EML_OK, 0, 0, 0);
                    accepted++;
                } else {
                    refused++;
                }
            }
            roots[i % eight.n_trees] = root;
        }
        free(copy);
    }
    CHECK(accepted > 10000 && refused > 10000, accepted, refused, 0);
}

#define REFUSED(change)                                              \
    do {                                                             \
        make(kind);                                                  \
        CHECK(eml_trees_validate(&eight) == EML_OK, kind, 0, 0);     \
        change;                                                      \
        CHECK(eml_trees_validate(&eight) == EML_ERR_MODEL, kind, 0, 0); \
    } while (0)

static void test_refusals(void) {
    for (int kind = 0; kind < 30; kind++) {
        const uint32_t tops[] = { 0x7fffffff, 0x7fff };
        REFUSED(eight.leaf = EML_LEAF_SUM);
        REFUSED(eight.feature_bits = 2);
        REFUSED(eight.feature_bits = 8);
        REFUSED(eight.n_nodes = 0);
        REFUSED(eight.n_nodes = roots[0]); // tables only
        REFUSED(eight.n_nodes--); // the last is a leaf element, extended or not
        REFUSED(roots[0] = 0); // no thresholds
        REFUSED(roots[0] = (uint16_t)eight.n_nodes);
        REFUSED(words[eight.n_nodes - 1] = 0); // extended by what is not there, or no extension
        REFUSED(words[roots[0]] |= 0xff000000; words[roots[0]] &= 0xffff00ff; words[roots[0]] |= 0xff00); // a leaf, or threshold
        if (kind % 3 != EML_TREES_INT16) { // a threshold that is NaN's own
            make(kind);
            for (uint32_t i = eight.feature_bits ? 0 : N_FEATURES; i < roots[0]; i++) {
                words[i] = kind % 3 == EML_TREES_FLOAT ? tops[0] : tops[1] << 16 | tops[1];
            }
            CHECK(eml_trees_validate(&eight) == EML_ERR_MODEL, kind, 0, 0);
        }
        if (!(kind & 1)) { // slots: a feature that is none, and thresholds beyond the tables
            REFUSED(for (uint32_t i = 0; i < N_FEATURES; i++) { words[i] |= 0xffff; });
            REFUSED(for (uint32_t i = 0; i < N_FEATURES; i++) { words[i] |= 0xffff0000; });
        }
    }
}

int main(void) {
    test_predictions();
    test_files();
    test_damage();
    test_refusals();
    printf("%lu checks\n", checks_made);
    return 0;
}
