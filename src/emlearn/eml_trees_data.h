// The tables of a decision-tree ensemble, as docs/formats.md lays them out; eml_trees_validate.h checks them.
#ifndef EML_TREES_DATA_H
#define EML_TREES_DATA_H

#include "eml_common.h"

typedef enum { EML_TREES_PACKED16 = 0, EML_TREES_PACKED32 = 1, EML_TREES_WIDE = 2, EML_TREES_PACKED8 = 3 } eml_trees_layout_t;
typedef enum { EML_TREES_FLOAT = 0, EML_TREES_INT16 = 1, EML_TREES_SCALED = 2 } eml_trees_dtype_t;
typedef enum {
    EML_LEAF_HARD = 0,     // a vote for one class
    EML_LEAF_COUNTS = 1,   // proportions count / total
    EML_LEAF_WEIGHTED = 2, // proportions in float64
    EML_LEAF_UINT8 = 3,    // proportions value / 255
    EML_LEAF_VALUE = 4,    // a number in fixed point, regression
    EML_LEAF_SUM = 5,      // the same, to be summed: boosting, isolation forests
} eml_leaf_t;

// What the sums of EML_LEAF_SUM mean.
typedef enum {
    EML_LINK_IDENTITY = 0,     // the value of a regression
    EML_LINK_EXP = 1,          // its logarithm
    EML_LINK_SIGMOID = 2,      // log odds of the second of two classes
    EML_LINK_HALF_SIGMOID = 3, // half of them
    EML_LINK_ISOLATION = 4,    // minus the logarithm of the anomaly score, which is the first of two outputs
    EML_LINK_SOFTMAX = 5,      // for each class the logarithm of what its probability is proportional to
    EML_LINK_MEDIAN = 6,       // a value a tree, of which the median by the trees' weights counts
} eml_link_t;
#define EML_SUM_INT64 8 // added to the link: leaves are int64_t, not int32_t

// What a file's header says, in its layout, then where the tables are. Arrays are owned by the caller and outlive the
// struct. An index is uint32_t in the wide layout, else uint16_t.
typedef struct {
    uint16_t n_features;
    uint16_t n_classes; // 0: regression
    uint16_t n_trees;
    uint8_t layout;       // eml_trees_layout_t
    uint8_t dtype;        // eml_trees_dtype_t
    uint8_t leaf;         // eml_leaf_t
    uint8_t feature_bits; // of a packed node's first word; packed8: 0 or EML_TREES_DIRECT
    uint8_t entry;        // of records 0, 1, or the bits of a level; of sums the link, and EML_SUM_INT64 or not
    uint8_t unused;
    uint32_t n_nodes;
    uint32_t n_leaves; // records or values
    uint32_t n_entries;
    uint32_t n_values; // float64 of weighted leaves; of values and sums the exponent, plus EML_TREES_EXPONENT
    const void *nodes;      // [n_nodes] elements of 6, 8, 16 or 4 bytes, by layout; packed8: tables, then nodes from roots[0] on
    const void *roots;      // [n_trees] indices of elements
    const int32_t *scale;   // [n_features][2] shift and offset, EML_TREES_SCALED only
    const void *leaf_start; // [n_leaves + 1] indices of entries
    const void *entries;    // [n_entries] one uint16_t: class | value << 8; with entry = 1 two indices; above, a byte
    const uint32_t *values; // weighted: [n_values][2] words of float64; value: [n_leaves] int32_t, in units of 2^exponent;
                            // sum: [n_leaves] int32_t or words of int64_t, and behind them [n_outputs][2] words of the bases
    // Leaf number that a tree leads to, where the trees are code (generated C); NULL where they are `nodes`.
    uint32_t (*leaf_of)(uint32_t tree, const void *features);
} eml_trees_t;

#define EML_TREES_DIRECT 1
#define EML_TREES_EXPONENT 256
#define EML_TREES_LEVEL_BITS 7 // at most
#define EML_TREES_MAX_COUNT (1u << 25) // of nodes, leaves, entries, values, which stay below: keeps sizes within 32 bits
#define EML_TREES_SCALED_MAX 32766 // of a scaled feature; 32767 is NaN
#define EML_TREES_MAX_OFFSET 0x20000000 // of a scale, either way
#define EML_KEY_INFINITY 0x7f000001 // eml_float_key of +infinity; every NaN has a larger one

// Of packed8, words and thresholds of 16 bits lie in the same array.
#ifdef __GNUC__
typedef int16_t __attribute__((may_alias)) eml_trees_half_t;
#else
typedef int16_t eml_trees_half_t;
#endif

// Defined before this header is included, one of these leaves of the core what some models need. EML_TREES_SMALL is what needs
// little code: hard votes of int16 and float models with up to 256 features, in packed16 and packed32. EML_TREES_SUMS is sums
// only, EML_TREES_EIGHT is packed8 only, EML_TREES_VOTES everything else, and EML_TREES_TEXT all that text says: neither packed8
// nor entries of a byte.
static inline int eml_trees_is_small(const eml_trees_t *t) {
    return t->layout != EML_TREES_WIDE && t->feature_bits == 8 && t->dtype != EML_TREES_SCALED && t->leaf == EML_LEAF_HARD;
}
#ifdef EML_TREES_SMALL
#define EML_TREES_ONLY_SMALL 1
#else
#define EML_TREES_ONLY_SMALL 0
#endif
#ifdef EML_TREES_SUMS
#define EML_TREES_ONLY_SUMS 1
#else
#define EML_TREES_ONLY_SUMS 0
#endif
#ifdef EML_TREES_EIGHT
#define EML_TREES_ONLY_EIGHT 1
#else
#define EML_TREES_ONLY_EIGHT 0
#endif
#if defined(EML_TREES_SMALL) || defined(EML_TREES_VOTES) || defined(EML_TREES_EIGHT)
#define EML_TREES_NO_SUMS 1
#else
#define EML_TREES_NO_SUMS 0
#endif
#if defined(EML_TREES_SMALL) || defined(EML_TREES_VOTES) || defined(EML_TREES_SUMS) || defined(EML_TREES_TEXT)
#define EML_TREES_NO_EIGHT 1
#else
#define EML_TREES_NO_EIGHT 0
#endif
#ifdef EML_TREES_TEXT
#define EML_TREES_NO_LEVELS 1
#else
#define EML_TREES_NO_LEVELS 0
#endif

static inline int eml_trees_is_ours(const eml_trees_t *t) {
    return EML_TREES_ONLY_SMALL ? eml_trees_is_small(t)
        : EML_TREES_ONLY_EIGHT ? t->layout == EML_TREES_PACKED8 && t->leaf != EML_LEAF_SUM
        : t->leaf == EML_LEAF_SUM ? !EML_TREES_NO_SUMS
                                  : !EML_TREES_ONLY_SUMS;
}

static inline int eml_trees_is_packed8(const eml_trees_t *t) {
    return !EML_TREES_NO_EIGHT && (EML_TREES_ONLY_EIGHT || t->layout == EML_TREES_PACKED8);
}

static inline int eml_trees_is_wide(const eml_trees_t *t) {
    return !EML_TREES_ONLY_SMALL && !EML_TREES_ONLY_EIGHT && t->layout == EML_TREES_WIDE;
}

static inline uint32_t eml_trees_feature_bits(const eml_trees_t *t) {
    return EML_TREES_ONLY_SMALL ? 8 : EML_TREES_ONLY_EIGHT ? 0 : t->feature_bits;
}

static inline eml_leaf_t eml_trees_leaf_kind(const eml_trees_t *t) {
    return EML_TREES_ONLY_SMALL ? EML_LEAF_HARD : EML_TREES_ONLY_SUMS ? EML_LEAF_SUM : (eml_leaf_t)t->leaf;
}

static inline int eml_trees_is_scaled(const eml_trees_t *t) {
    return !EML_TREES_ONLY_SMALL && t->dtype == EML_TREES_SCALED;
}

static inline int eml_trees_has_records(const eml_trees_t *t) {
    const eml_leaf_t leaf = eml_trees_leaf_kind(t);
    return leaf >= EML_LEAF_COUNTS && leaf <= EML_LEAF_UINT8;
}

static inline uint32_t eml_trees_n_outputs(const eml_trees_t *t) {
    return t->n_classes ? t->n_classes : 1;
}

// Whether an entry of a record is a byte, level | class << bits: the proportion is the square of (level + 1) / 2^bits.
static inline int eml_trees_has_levels(const eml_trees_t *t) {
    return !EML_TREES_NO_LEVELS && t->entry > 1;
}

// Bytes that prediction needs to work in.
static inline int eml_trees_is_sum(const eml_trees_t *t) {
    return !EML_TREES_NO_SUMS && eml_trees_leaf_kind(t) == EML_LEAF_SUM;
}

static inline eml_link_t eml_trees_link(const eml_trees_t *t) {
    return (eml_link_t)(t->entry & ~EML_SUM_INT64);
}

// Of sums: where they begin, one an output, or the weights of the trees.
static inline uint32_t eml_trees_n_bases(const eml_trees_t *t) {
    return eml_trees_link(t) == EML_LINK_MEDIAN ? t->n_trees : eml_trees_n_outputs(t);
}

static inline size_t eml_trees_scratch_size(const eml_trees_t *t) {
    return (eml_trees_is_sum(t) ? eml_trees_n_bases(t) : eml_trees_n_outputs(t)) * sizeof(uint64_t);
}

// Leaf numbers there are: classes and records, or values.
static inline uint32_t eml_trees_n_numbers(const eml_trees_t *t) {
    return (eml_trees_is_sum(t) ? 0u : t->n_classes) + t->n_leaves;
}

// Of sums: the words of all leaves.
static inline uint32_t eml_trees_sum_words(const eml_trees_t *t) {
    return t->entry & EML_SUM_INT64 ? 2 * t->n_leaves : t->n_leaves;
}

// Bytes of an element, of an index, of an entry.
static inline uint32_t eml_trees_node_size(const eml_trees_t *t) {
    return eml_trees_is_wide(t) ? 16 : eml_trees_is_packed8(t) ? 4 : t->layout == EML_TREES_PACKED32 ? 8 : 6;
}

static inline uint32_t eml_trees_index_size(const eml_trees_t *t) {
    return eml_trees_is_wide(t) ? 4 : 2;
}

static inline uint32_t eml_trees_entry_size(const eml_trees_t *t) {
    return eml_trees_has_levels(t) ? 1 : t->entry ? 2 * eml_trees_index_size(t) : 2;
}

static inline uint32_t eml_trees_index(const eml_trees_t *t, const void *array, uint32_t i) {
    return eml_trees_is_wide(t) ? ((const uint32_t *)array)[i] : ((const uint16_t *)array)[i];
}

// One node of any layout, unpacked. References: EML_TREES_LEAF | leaf number, or the index of an element.
#define EML_TREES_LEAF 0x80000000u
// A jump of packed nodes counts words of 2 or 4 bytes, so that a walk need not multiply. Times this, modulo 2^32, it counts
// nodes of 3 words; what is no multiple of 3 becomes more than 2^30.
#define EML_TREES_THIRD 0xaaaaaaabu
typedef struct {
    uint32_t missing_left;
    uint32_t feature;
    int32_t threshold;
    uint32_t left;
    uint32_t right;
} eml_trees_node_t;

// One entry of a leaf record.
typedef struct {
    uint32_t klass;
    uint32_t value;
} eml_trees_entry_t;

// A child of element i in the wide layout.
static inline uint32_t eml_trees_wide_ref(uint32_t i, uint32_t ref) {
    // A jump that would wrap into the leaf bit leads back instead, where validate refuses it.
    return ref & EML_TREES_LEAF ? ref : (i + ref) & ~EML_TREES_LEAF;
}

// A packed8 node. Its first byte names a slot: a feature, and where the 256 thresholds begin that its second byte is one of.
// Direct ones name the feature itself, and the thresholds are the first elements.
static inline uint32_t eml_trees_slot8(const eml_trees_t *t, uint32_t word) {
    return word & (t->dtype == EML_TREES_INT16 ? 0xff : 0x7f); // the bit above is missing_left
}

static inline int eml_trees_is_direct(const eml_trees_t *t) {
    return t->feature_bits == EML_TREES_DIRECT;
}

// A threshold of packed8: of 16 bits, or a word for float.
static inline int32_t eml_trees_threshold8(const eml_trees_t *t, uint32_t at) {
    return t->dtype == EML_TREES_FLOAT ? ((const int32_t *)t->nodes)[at] : ((const eml_trees_half_t *)t->nodes)[at];
}

static inline eml_trees_node_t eml_trees_node8(const eml_trees_t *t, uint32_t i) {
    eml_trees_node_t node;
    const uint32_t *words = (const uint32_t *)t->nodes;
    const uint32_t word = words[i];
    const uint32_t number = eml_trees_slot8(t, word);
    const uint32_t slot = eml_trees_is_direct(t) ? number : words[number];
    node.missing_left = t->dtype != EML_TREES_INT16 && (word & 0x80);
    node.feature = slot & 0xffff;
    node.threshold = eml_trees_threshold8(t, (slot >> 16) + (word >> 8 & 0xff));
    if (word >> 24) {
        const uint32_t code = word >> 16 & 0xff;
        node.left = code ? EML_TREES_LEAF | (code - 1) : i + 1;
        node.right = word >> 31 ? EML_TREES_LEAF | (word >> 24 & 0x7f) : i + (word >> 24);
    } else {
        const uint32_t far = words[i + 1];
        node.left = far >> 16 == 0xffff ? i + 2 : EML_TREES_LEAF | (far >> 16 & 0x7fff);
        node.right = far & 0x8000 ? EML_TREES_LEAF | (far & 0x7fff) : i + (far & 0x7fff);
    }
    return node;
}

static inline eml_trees_node_t eml_trees_node(const eml_trees_t *t, uint32_t i) {
    if (eml_trees_is_packed8(t)) {
        return eml_trees_node8(t, i);
    }
    eml_trees_node_t node;
    if (eml_trees_is_wide(t)) {
        const uint32_t *w = (const uint32_t *)t->nodes + 4 * (size_t)i;
        node.missing_left = w[0] >> 30;
        node.feature = w[0] & ~(1u << 30);
        node.threshold = (int32_t)w[1];
        node.left = eml_trees_wide_ref(i, w[2]);
        node.right = eml_trees_wide_ref(i, w[3]);
        return node;
    }
    const uint32_t bits = eml_trees_feature_bits(t);
    const int is16 = t->layout == EML_TREES_PACKED16;
    const uint16_t *w = (const uint16_t *)t->nodes + (is16 ? 3 : 4) * (size_t)i;
    const uint32_t code = (w[0] & 0x7fffu) >> bits;
    node.missing_left = w[0] >> 15;
    node.feature = w[0] & ((1u << bits) - 1);
    node.threshold = is16 ? (int16_t)w[2] : (int32_t)(w[2] | (uint32_t)w[3] << 16);
    const uint32_t jump = is16 ? w[1] * EML_TREES_THIRD : w[1] >> 1u;
    node.right = w[1] & 0x8000 ? EML_TREES_LEAF | (w[1] & 0x7fff) : i + jump;
    node.left = !code ? i + 1 : code == 0x7fffu >> bits ? node.right : EML_TREES_LEAF | (code - 1);
    return node;
}

// The largest number that a feature can be compared as. NaN lies above it.
static inline int32_t eml_trees_highest(const eml_trees_t *t) {
    return t->dtype == EML_TREES_FLOAT ? EML_KEY_INFINITY : eml_trees_is_scaled(t) ? EML_TREES_SCALED_MAX : 32767;
}

static inline eml_trees_entry_t eml_trees_entry(const eml_trees_t *t, uint32_t i) {
    eml_trees_entry_t entry;
    if (eml_trees_has_levels(t)) {
        const uint32_t bits = t->entry;
        const uint32_t packed = ((const uint8_t *)t->entries)[i];
        const uint32_t root = (packed & ((1u << bits) - 1)) + 1;
        entry.klass = packed >> bits;
        entry.value = (255 * root * root + (1u << (2 * bits - 1))) >> 2 * bits;
    } else if (t->entry) {
        entry.klass = eml_trees_index(t, t->entries, 2 * i);
        entry.value = eml_trees_index(t, t->entries, 2 * i + 1);
    } else {
        const uint32_t packed = ((const uint16_t *)t->entries)[i];
        entry.klass = packed & 0xff;
        entry.value = packed >> 8;
    }
    return entry;
}

#endif // EML_TREES_DATA_H
