// Decision-tree ensembles: classes, probabilities and regression from integer comparisons.
//
// The results are those of scikit-learn: comparisons are exact, and a vote that is too close for the fixed-point sum is counted again
// in float64 as scikit-learn counts it. Source: Breiman 2001, Random Forests; tables: eml_trees_data.h.
//
//   eml_trees_validate(&t)                   once, after loading: eml_trees_validate.h
//   eml_trees_class(&t, x, sums, &class)     per sample: the class
//   eml_trees_outputs(&t, x, sums, out, n)   per sample: probabilities, or the regression value
//
// `sums` is scratch memory of eml_trees_scratch_size(&t) bytes; nothing is allocated.
#ifndef EML_TREES_H
#define EML_TREES_H

#include "eml_math.h"
#include "eml_trees_data.h"
#include "eml_trees_sums.h"

// Coarse sums lie in the same memory as the others, and float features are read as bits.
#ifdef __GNUC__
typedef uint32_t __attribute__((may_alias)) eml_trees_word_t;
#else
typedef uint32_t eml_trees_word_t;
#endif

// floor(x * 2^shift) - offset of a float32, limited to int16; NaN is 32767.
static inline int32_t eml_trees_scale(uint32_t bits, int32_t shift, int32_t offset) {
    const int32_t limit = 0x40000000; // beyond every offset and int16
    const int32_t field = (int32_t)(bits >> 23 & 0xff);
    const uint32_t mantissa = (bits & 0x7fffff) | (field ? 0x800000u : 0);
    if ((bits & 0x7fffffff) > 0x7f800000) {
        return EML_TREES_SCALED_MAX + 1;
    }
    const int32_t point = (field ? field : 1) - 150 + shift; // |x| * 2^shift is mantissa * 2^point
    const uint32_t negative = bits >> 31;
    int32_t whole;
    if (point > 6 || field == 255) { // infinity included
        whole = mantissa ? limit : 0;
    } else if (point >= 0) {
        whole = (int32_t)(mantissa << point);
    } else {
        const int32_t drop = point < -31 ? 31 : -point;
        whole = (int32_t)((mantissa + (negative ? (1u << drop) - 1 : 0)) >> drop);
    }
    const int32_t scaled = (negative ? -whole : whole) - offset;
    return scaled < -32768 ? -32768 : scaled > EML_TREES_SCALED_MAX ? EML_TREES_SCALED_MAX : scaled;
}

// A feature as the number that thresholds are compared with.
static inline int32_t eml_trees_value(const eml_trees_t *t, const eml_array_t *x, uint32_t feature) {
    int32_t i;
    if (x->type == EML_FLOAT32) {
        const uint32_t bits = eml_float_bits((const float *)x->data + feature);
        return t->dtype == EML_TREES_FLOAT ? eml_float_key(bits)
                                           : eml_trees_scale(bits, t->scale[2 * feature], t->scale[2 * feature + 1]);
    } else if (x->type == EML_INT16) {
        i = ((const int16_t *)x->data)[feature];
    } else if (x->type == EML_INT32) {
        i = ((const int32_t *)x->data)[feature];
    } else if (x->type == EML_INT8) {
        i = ((const int8_t *)x->data)[feature];
    } else {
        i = ((const uint8_t *)x->data)[feature];
    }
    return t->dtype == EML_TREES_FLOAT ? eml_float_key(eml_float_from_int(i)) : i;
}

// The child that a value leads to.
static inline uint32_t eml_trees_next(const eml_trees_t *t, const eml_trees_node_t *node, int32_t value) {
    const int left = value <= node->threshold || (node->missing_left && value > eml_trees_highest(t));
    return left ? node->left : node->right;
}

// Leaf number that element i leads to: any layout and type.
static inline uint32_t eml_trees_walk(const eml_trees_t *t, const eml_array_t *x, uint32_t i) {
    do {
        const eml_trees_node_t node = eml_trees_node(t, i);
        i = eml_trees_next(t, &node, eml_trees_value(t, x, node.feature));
    } while (!(i & EML_TREES_LEAF));
    return i ^ EML_TREES_LEAF;
}

// The same for packed16 nodes, int16 features as they are, and up to 256 of them: the hot loop of integer models.
static inline uint32_t eml_trees_walk_int16(const eml_trees_t *t, const int16_t *x, uint32_t i) {
    const int16_t *node = (const int16_t *)t->nodes + 3 * (size_t)i;
    for (;;) {
        const uint8_t *head = (const uint8_t *)node; // feature, left code; there is no missing_left without NaN
        if (x[head[0]] > node[2]) {
            const int32_t right = node[1];
            if (EML_UNLIKELY(right < 0)) {
                return (uint32_t)right & 0x7fff;
            }
            node += right;
        } else {
            const uint32_t code = head[1];
            if (EML_UNLIKELY(code)) {
                // 127: the same leaf as on the right
                return code == 127 ? (uint32_t)node[1] & 0x7fff : code - 1;
            }
            node += 3;
        }
    }
}

// The same for packed32 nodes and float features.
static inline uint32_t eml_trees_walk_float(const eml_trees_t *t, const eml_trees_word_t *x, uint32_t i) {
    const uint32_t *node = (const uint32_t *)t->nodes + 2 * (size_t)i;
    for (;;) {
        const uint32_t head = node[0]; // the right reference is its upper half
        const int32_t key = eml_float_key(x[head & 0xff]);
        if (key > (int32_t)node[1] && !(head & 0x8000 && key > EML_KEY_INFINITY)) {
            if (EML_UNLIKELY(head >> 31)) {
                return head >> 16 & 0x7fff;
            }
            node += head >> 16;
        } else {
            const uint32_t code = head >> 8 & 0x7f;
            if (EML_UNLIKELY(code)) {
                return code == 127 ? head >> 16 & 0x7fff : code - 1;
            }
            node += 2;
        }
    }
}

// The same for packed8 nodes. Constants: is_float, float features and models, or int16 features as they are; direct.
EML_ALWAYS_INLINE uint32_t eml_trees_walk8(const eml_trees_t *t, const void *x, uint32_t i, int is_float, int direct) {
    const uint32_t *table = (const uint32_t *)t->nodes;
    const eml_trees_half_t *halves = (const eml_trees_half_t *)t->nodes;
    const uint32_t *node = table + i;
    for (;;) {
        const uint32_t word = *node;
        uint32_t slot = word & (is_float ? 0x7f : 0xff);
        slot = direct ? slot : table[slot];
        const uint32_t feature = slot & 0xffff;
        const uint32_t at = (slot >> 16) + (word >> 8 & 0xff);
        const int32_t value = is_float ? eml_float_key(((const eml_trees_word_t *)x)[feature]) : ((const int16_t *)x)[feature];
        const int32_t threshold = is_float ? (int32_t)table[at] : halves[at];
        if (value > threshold && !(is_float && word & 0x80 && value > EML_KEY_INFINITY)) {
            int32_t right = (int32_t)word >> 24; // a jump; a leaf where it is negative; 0: extended
            if (EML_UNLIKELY(right <= 0)) {
                if (right) {
                    return (uint32_t)right & 0x7f;
                }
                right = (int16_t)node[1];
                if (right < 0) {
                    return (uint32_t)right & 0x7fff;
                }
            }
            node += right;
        } else {
            const uint32_t code = word >> 16 & 0xff;
            if (EML_UNLIKELY(code)) {
                if (code != 255) {
                    return code - 1;
                }
                node++; // the extension
                if (*node >> 16 != 0xffff) {
                    return *node >> 16 & 0x7fff;
                }
            }
            node++;
        }
    }
}

static inline uint32_t eml_trees_leaf(const eml_trees_t *t, const eml_array_t *x, uint32_t tree) {
    if (!EML_TREES_ONLY_SMALL && t->leaf_of) {
        return t->leaf_of(tree, x->data);
    }
    const uint32_t root = eml_trees_index(t, t->roots, tree);
    if (eml_trees_is_packed8(t)) {
        if (t->dtype == EML_TREES_INT16) {
            return eml_trees_is_direct(t) ? eml_trees_walk8(t, x->data, root, 0, 1) : eml_trees_walk8(t, x->data, root, 0, 0);
        }
        if (t->dtype == EML_TREES_FLOAT && x->type == EML_FLOAT32) {
            return eml_trees_is_direct(t) ? eml_trees_walk8(t, x->data, root, 1, 1) : eml_trees_walk8(t, x->data, root, 1, 0);
        }
    }
    if (eml_trees_feature_bits(t) == 8) { // packed
        if (t->dtype == EML_TREES_INT16) {
            return eml_trees_walk_int16(t, (const int16_t *)x->data, root);
        }
        if (EML_TREES_ONLY_SMALL || (t->dtype == EML_TREES_FLOAT && x->type == EML_FLOAT32)) {
            return eml_trees_walk_float(t, (const eml_trees_word_t *)x->data, root);
        }
    }
    return eml_trees_walk(t, x, root);
}

// How leaves are summed: in units of 2^-16 as uint32_t, or as float64 in its bits. The first finds the class, the second
// settles what is too close for the first, and is what probabilities are made of.
typedef enum { EML_SUM_COARSE, EML_SUM_DOUBLE } eml_sum_t;

// 1 in coarse units. A uint8 255/255 is a unit less, so that value / 255 has the same steps all the way.
static inline uint32_t eml_trees_one(const eml_trees_t *t) {
    return 0x10000u - (eml_trees_leaf_kind(t) == EML_LEAF_UINT8);
}

// Proportion of an entry. total: of the record's counts. Coarse units are rounded down.
static inline uint64_t eml_trees_proportion(const eml_trees_t *t, uint32_t value, uint32_t total, eml_sum_t how) {
    if (t->leaf == EML_LEAF_WEIGHTED) {
        const uint32_t low = t->values[2 * value];
        const uint32_t high = t->values[2 * value + 1];
        const uint32_t drop = 4 + 1023 - (high >> 20);
        return how == EML_SUM_DOUBLE ? low | (uint64_t)high << 32 : drop > 31 ? 0 : ((high & 0xfffff) | 0x100000) >> drop;
    }
    if (how == EML_SUM_DOUBLE) {
        return eml_ratio(value, (uint16_t)total, 0, 53);
    }
    return t->leaf == EML_LEAF_UINT8 ? value * 0x0101u : eml_divide(value << 16, total);
}

// A float64 sum as it grows: a small integer while it is one, as adding leaves of one class is cheap then, else the bits.
#define EML_TREES_IS_COUNT(sum) ((sum) <= 0xffff)

static inline uint64_t eml_trees_add(uint64_t sum, uint64_t share) {
    return eml_double_add(sum && EML_TREES_IS_COUNT(sum) ? eml_round(sum, 0, 0, 53) : sum, share);
}

// Add a leaf that holds several classes. sums: of the type that `how` says.
static inline void eml_trees_add_record(const eml_trees_t *t, uint32_t record, void *sums, eml_sum_t how) {
    const uint32_t start = eml_trees_index(t, t->leaf_start, record);
    const uint32_t end = eml_trees_index(t, t->leaf_start, record + 1);
    uint32_t total = t->leaf == EML_LEAF_UINT8 ? 255 : 0;
    for (uint32_t i = start; i < end && t->leaf == EML_LEAF_COUNTS; i++) {
        total += eml_trees_entry(t, i).value;
    }
    for (uint32_t i = start; i < end; i++) {
        const eml_trees_entry_t entry = eml_trees_entry(t, i);
        const uint64_t share = eml_trees_proportion(t, entry.value, total, how);
        if (how == EML_SUM_COARSE) {
            ((eml_trees_word_t *)sums)[entry.klass] += (uint32_t)share;
        } else {
            ((uint64_t *)sums)[entry.klass] = eml_trees_add(((uint64_t *)sums)[entry.klass], share);
        }
    }
}

// Coarse sums of all trees' votes; tells whether any leaf held several classes.
static inline int eml_trees_votes(const eml_trees_t *t, const eml_array_t *x, eml_trees_word_t *__restrict sums) {
    const uint32_t n_classes = t->n_classes;
    const uint32_t one = eml_trees_one(t);
    int mixed = 0;
    for (uint32_t c = 0; c < n_classes; c++) {
        sums[c] = 0;
    }
    for (uint32_t tree = 0; tree < t->n_trees; tree++) {
        const uint32_t leaf = eml_trees_leaf(t, x, tree);
        if (!eml_trees_has_records(t) || leaf < n_classes) {
            sums[leaf] += one;
        } else {
            eml_trees_add_record(t, leaf - n_classes, sums, EML_SUM_COARSE);
            mixed = 1;
        }
    }
    return mixed;
}

// Sums of all trees' proportions as scikit-learn forms them: in float64 and in the order of the trees.
static inline void eml_trees_proportions(const eml_trees_t *t, const eml_array_t *x, uint64_t *sums) {
    for (uint32_t c = 0; c < t->n_classes; c++) {
        sums[c] = 0;
    }
    for (uint32_t tree = 0; tree < t->n_trees; tree++) {
        const uint32_t leaf = eml_trees_leaf(t, x, tree);
        if (eml_trees_has_records(t) && leaf >= t->n_classes) {
            eml_trees_add_record(t, leaf - t->n_classes, sums, EML_SUM_DOUBLE);
        } else if (EML_TREES_IS_COUNT(sums[leaf])) {
            sums[leaf]++; // 65535 trees at most
        } else {
            sums[leaf] = eml_double_add(sums[leaf], EML_DOUBLE_ONE);
        }
    }
}

// A sum divided by the number of trees, to `digits` as eml_ratio takes them.
static inline uint64_t eml_trees_mean(const eml_trees_t *t, uint64_t sum, int digits) {
    const int count = EML_TREES_IS_COUNT(sum);
    return eml_ratio(count ? sum : eml_double_mantissa(sum), t->n_trees, count ? 0 : EML_DOUBLE_EXPONENT(sum), digits);
}

// Sum of the trees' values, in units of 2^exponent.
static inline int64_t eml_trees_value_sum(const eml_trees_t *t, const eml_array_t *x) {
    int64_t sum = 0;
    for (uint32_t tree = 0; tree < t->n_trees; tree++) {
        sum += (int32_t)t->values[eml_trees_leaf(t, x, tree)];
    }
    return sum;
}

// Of sums: each tree adds to one of them, in turn. sums: [eml_trees_n_sums(t)]
static inline void eml_trees_add_up(const eml_trees_t *t, const eml_array_t *x, uint64_t *sums) {
    const uint32_t n = eml_trees_n_sums(t);
    uint32_t output = n;
    while (output > 0) {
        output--;
        sums[output] = eml_trees_link(t) == EML_LINK_MEDIAN ? 0 : eml_trees_base(t, eml_trees_n_outputs(t) - n + output);
    }
    for (uint32_t tree = 0; tree < t->n_trees; tree++) {
        sums[output] += eml_trees_addend(t, eml_trees_leaf(t, x, tree));
        output = output + 1 == n ? 0 : output + 1;
    }
}

static inline eml_err_t eml_trees_check_input(const eml_trees_t *t, const eml_array_t *x) {
    if (t->n_trees == 0) {
        return EML_ERR_MODEL; // nothing is loaded
    }
    const int integer = x->type == EML_INT16 || x->type == EML_INT8 || x->type == EML_UINT8 || x->type == EML_INT32;
    const int is_own = x->type == (t->dtype == EML_TREES_FLOAT ? EML_FLOAT32 : EML_INT16);
    const int is_other = t->dtype == EML_TREES_FLOAT ? integer : t->dtype == EML_TREES_SCALED && x->type == EML_FLOAT32;
    const int ok = is_own || (!EML_TREES_ONLY_SMALL && is_other); // the small core reads features as they are
    return !ok ? EML_ERR_TYPE : x->size != t->n_features ? EML_ERR_SHAPE : EML_OK;
}

// The class of the most votes, the first of equals; tells whether another is so close that rounding may have decided.
EML_ALWAYS_INLINE int eml_trees_is_close(const eml_trees_t *t, const eml_trees_word_t *coarse, uint32_t *klass) {
    uint32_t best = 0;
    uint32_t second = 0;
    for (uint32_t c = 1; c < t->n_classes; c++) {
        if (coarse[c] > coarse[best]) {
            second = coarse[best];
            best = c;
        } else if (coarse[c] > second) {
            second = coarse[c];
        }
    }
    *klass = best;
    // Each proportion is up to a unit too small; scikit-learn's own sums are off by at most n_trees^2 * 2^-53, far less.
    return eml_trees_has_records(t) && t->leaf != EML_LEAF_UINT8 && coarse[best] - second <= t->n_trees + 2u;
}

// Class of one sample that eml_trees_check_input has accepted.
static inline uint32_t eml_trees_classify(const eml_trees_t *t, const eml_array_t *x, uint64_t *sums) {
    if (eml_trees_is_sum(t)) {
        eml_trees_add_up(t, x, sums);
        return eml_trees_sums_class(t, sums);
    }
    eml_trees_word_t *coarse = (eml_trees_word_t *)(void *)sums;
    const int mixed = eml_trees_votes(t, x, coarse);
    uint32_t best;
    if (eml_trees_is_close(t, coarse, &best) && mixed) {
        eml_trees_proportions(t, x, sums);
        best = 0;
        for (uint32_t c = 0; c < t->n_classes; c++) {
            sums[c] = eml_trees_mean(t, sums[c], 53); // the division may make equal what was not
            best = sums[c] > sums[best] ? c : best;
        }
    }
    return best;
}

// Probabilities, or the regression value, of one sample that eml_trees_check_input has accepted.
static inline void eml_trees_evaluate(const eml_trees_t *t, const eml_array_t *x, uint64_t *sums, float *out) {
    if (eml_trees_is_sum(t)) {
        eml_trees_add_up(t, x, sums);
        eml_trees_sums_outputs(t, sums, out);
        return;
    }
    if (t->n_classes == 0) {
        const int64_t sum = eml_trees_value_sum(t, x);
        const uint64_t magnitude = (uint64_t)(sum < 0 ? -sum : sum);
        const uint32_t bits = eml_float_from_ratio(magnitude, t->n_trees, (int)t->n_values - EML_TREES_EXPONENT);
        eml_float_store(out, bits | (sum < 0 ? 0x80000000u : 0));
        return;
    }
    eml_trees_proportions(t, x, sums);
    for (uint32_t c = 0; c < t->n_classes; c++) {
        eml_float_store(&out[c], (uint32_t)eml_trees_mean(t, sums[c], 24));
    }
}

// Class of one sample. x: [n_features]; sums: eml_trees_scratch_size(t) bytes.
static inline eml_err_t eml_trees_class(const eml_trees_t *t, const eml_array_t *x, uint64_t *sums, uint32_t *klass) {
    const eml_err_t err = t->n_classes ? eml_trees_check_input(t, x) : EML_ERR_MODEL;
    if (err == EML_OK) {
        *klass = eml_trees_classify(t, x, sums);
    }
    return err;
}

// Probabilities, or the regression value, of one sample. out: [eml_trees_n_outputs(t)]; sums: as above.
static inline eml_err_t eml_trees_outputs(const eml_trees_t *t, const eml_array_t *x, uint64_t *sums, float *out, size_t n_out) {
    const eml_err_t err = n_out != eml_trees_n_outputs(t) ? EML_ERR_SHAPE : eml_trees_check_input(t, x);
    if (err == EML_OK) {
        eml_trees_evaluate(t, x, sums, out);
    }
    return err;
}

#endif // EML_TREES_H
