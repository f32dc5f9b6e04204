// Decision-tree ensembles: classes, probabilities and regression from integer comparisons.
//
// The results are those of scikit-learn: comparisons are exact, and a vote that is too close for the fixed-point sum is counted again
// in float64 as scikit-learn counts it. Source: Breiman 2001, Random Forests; tables: eml_trees_data.h.
//
//   eml_trees_validate(&t)                   once, after loading
//   eml_trees_class(&t, x, sums, &class)     per sample: the class
//   eml_trees_outputs(&t, x, sums, out, n)   per sample: probabilities, or the regression value
//
// `sums` is scratch memory of eml_trees_n_outputs(&t) elements; nothing is allocated.
#ifndef EML_TREES_H
#define EML_TREES_H

#include "eml_math.h"
#include "eml_trees_data.h"

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
    for (;;) {
        const eml_trees_node_t node = eml_trees_node(t, i);
        const uint32_t ref = node.is_leaf ? node.right : eml_trees_next(t, &node, eml_trees_value(t, x, node.feature));
        if (ref & EML_TREES_LEAF) {
            return ref ^ EML_TREES_LEAF;
        }
        i = ref;
    }
}

// The same for packed16 nodes and int16 features as they are: the hot loop of integer models.
static inline uint32_t eml_trees_walk_int16(const eml_trees_t *t, const int16_t *x, uint32_t i) {
    const uint16_t *node = (const uint16_t *)t->nodes + 3 * (size_t)i;
    const uint32_t bits = t->feature_bits;
    const uint32_t mask = (1u << bits) - 1;
    for (;;) {
        const uint32_t head = node[0];
        if (head & 0x8000) {
            return node[1] & 0x7fff;
        }
        if (x[head & mask] > (int16_t)node[2]) {
            const uint32_t right = node[1];
            if (right & 0x8000) {
                return right & 0x7fff;
            }
            node += 3 * right;
        } else {
            const uint32_t code = head >> bits; // there is no missing_left without NaN
            if (code) {
                return code - 1;
            }
            node += 3;
        }
    }
}

// The same for packed32 nodes and float features.
static inline uint32_t eml_trees_walk_float(const eml_trees_t *t, const float *x, uint32_t i) {
    const uint32_t *node = (const uint32_t *)t->nodes + 2 * (size_t)i;
    const uint32_t bits = t->feature_bits;
    const uint32_t mask = (1u << bits) - 1;
    for (;;) {
        const uint32_t head = node[0]; // the right reference is its upper half
        if (head & 0x8000) {
            return head >> 16 & 0x7fff;
        }
        const int32_t key = eml_float_key(eml_float_bits(x + (head & mask)));
        if (key > (int32_t)node[1] && !(head & 0x4000 && key > EML_KEY_INFINITY)) {
            if (head >> 31) {
                return head >> 16 & 0x7fff;
            }
            node += 2 * (head >> 16);
        } else {
            const uint32_t code = (head & 0x3fff) >> bits;
            if (code) {
                return code - 1;
            }
            node += 2;
        }
    }
}

static inline uint32_t eml_trees_leaf(const eml_trees_t *t, const eml_array_t *x, uint32_t tree) {
    if (t->leaf_of) {
        return t->leaf_of(tree, x->data);
    }
    const uint32_t root = eml_trees_index(t, t->roots, tree);
    if (t->layout == EML_TREES_PACKED16 && t->dtype == EML_TREES_INT16) {
        return eml_trees_walk_int16(t, (const int16_t *)x->data, root);
    }
    if (t->layout == EML_TREES_PACKED32 && t->dtype == EML_TREES_FLOAT && x->type == EML_FLOAT32) {
        return eml_trees_walk_float(t, (const float *)x->data, root);
    }
    return eml_trees_walk(t, x, root);
}

// How leaves are summed: in units of 2^-16 as uint32_t, of 2^-32 as uint64_t, or as float64 in its bits. The first finds
// the class, the second is exact enough for probabilities, the third settles what is too close for the first.
typedef enum { EML_SUM_COARSE, EML_SUM_FINE, EML_SUM_DOUBLE } eml_sum_t;

// 1 in each of them; a uint8 255/255 is a unit less, so that value / 255 has the same steps all the way.
static inline uint64_t eml_trees_one(const eml_trees_t *t, eml_sum_t how) {
    const uint64_t one = (uint64_t)1 << (how == EML_SUM_COARSE ? 16 : 32);
    return how == EML_SUM_DOUBLE ? EML_DOUBLE_ONE : one - (t->leaf == EML_LEAF_UINT8);
}

// Proportion of an entry, rounded down where it is in units.
static inline uint64_t eml_trees_proportion(const eml_trees_t *t, uint32_t value, uint32_t total, eml_sum_t how) {
    if (t->leaf == EML_LEAF_UINT8) {
        return value * (how == EML_SUM_COARSE ? 0x0101u : (uint64_t)0x01010101u);
    }
    if (t->leaf == EML_LEAF_COUNTS) {
        if (how == EML_SUM_DOUBLE) {
            return eml_double_from_ratio(value, (uint16_t)total, 0);
        }
        const uint32_t high = (value << 16) / total;
        if (how == EML_SUM_COARSE) {
            return high;
        }
        return ((uint64_t)high << 16) + (((value << 16) % total) << 16) / total; // the second digit of a long division
    }
    const uint64_t bits = t->values[2 * value] | (uint64_t)t->values[2 * value + 1] << 32;
    if (how == EML_SUM_DOUBLE) {
        return bits;
    }
    const uint32_t drop = (how == EML_SUM_COARSE ? 36u : 20u) + 1023 - (uint32_t)(bits >> 52);
    return drop > 63 ? 0 : eml_double_mantissa(bits) >> drop;
}

// A coarse sum: they lie in the same memory as the others, packed.
static inline uint32_t eml_trees_coarse(const uint64_t *sums, uint32_t klass) {
    uint32_t sum;
    memcpy(&sum, (const uint32_t *)(const void *)sums + klass, sizeof(sum));
    return sum;
}

static inline void eml_trees_add(uint64_t *sums, uint32_t klass, uint64_t addend, eml_sum_t how) {
    if (how == EML_SUM_COARSE) {
        const uint32_t sum = eml_trees_coarse(sums, klass) + (uint32_t)addend;
        memcpy((uint32_t *)(void *)sums + klass, &sum, sizeof(sum));
    } else {
        sums[klass] = how == EML_SUM_DOUBLE ? eml_double_add(sums[klass], addend) : sums[klass] + addend;
    }
}

// Add a leaf that holds several classes.
static inline void eml_trees_add_record(const eml_trees_t *t, uint32_t record, uint64_t *sums, eml_sum_t how) {
    const uint32_t start = eml_trees_index(t, t->leaf_start, record);
    const uint32_t end = eml_trees_index(t, t->leaf_start, record + 1);
    uint32_t total = 0;
    if (t->leaf == EML_LEAF_COUNTS) {
        for (uint32_t i = start; i < end; i++) {
            total += eml_trees_entry(t, i).value;
        }
    }
    for (uint32_t i = start; i < end; i++) {
        const eml_trees_entry_t entry = eml_trees_entry(t, i);
        eml_trees_add(sums, entry.klass, eml_trees_proportion(t, entry.value, total, how), how);
    }
}

// Sum the votes of all trees; tells whether any leaf held several classes.
static inline int eml_trees_votes(const eml_trees_t *t, const eml_array_t *x, uint64_t *sums, eml_sum_t how) {
    const uint32_t n_classes = t->n_classes;
    const uint64_t one = eml_trees_one(t, how);
    int mixed = 0;
    memset(sums, 0, n_classes * (how == EML_SUM_COARSE ? sizeof(uint32_t) : sizeof(uint64_t)));
    for (uint32_t tree = 0; tree < t->n_trees; tree++) {
        const uint32_t leaf = eml_trees_leaf(t, x, tree);
        if (leaf < n_classes) {
            eml_trees_add(sums, leaf, one, how);
        } else {
            eml_trees_add_record(t, leaf - n_classes, sums, how);
            mixed = 1;
        }
    }
    return mixed;
}

// Argmax of the mean proportions as float64, summed and divided as scikit-learn does it; the first of equals.
static inline uint32_t eml_trees_class_double(const eml_trees_t *t, const eml_array_t *x, uint64_t *sums) {
    uint32_t best = 0;
    eml_trees_votes(t, x, sums, EML_SUM_DOUBLE);
    for (uint32_t c = 0; c < t->n_classes; c++) {
        if (sums[c]) { // the division may make equal what was not
            sums[c] = eml_double_from_ratio(eml_double_mantissa(sums[c]), t->n_trees, (int)(sums[c] >> 52) - 1075);
        }
        best = sums[c] > sums[best] ? c : best;
    }
    return best;
}

// Sum of the trees' float32 values in units of 2^(exponent - 172): exact for values within 2^22 of the largest.
static inline int64_t eml_trees_value_sum(const eml_trees_t *t, const eml_array_t *x) {
    int64_t sum = 0;
    for (uint32_t tree = 0; tree < t->n_trees; tree++) {
        const uint32_t bits = t->values[eml_trees_leaf(t, x, tree)];
        const int32_t field = (int32_t)(bits >> 23 & 0xff);
        const int32_t shift = 22 - (t->exponent - (field ? field : 1));
        const uint32_t mantissa = (bits & 0x7fffff) | (field ? 0x800000u : 0);
        const int64_t fixed = shift >= 0 ? (int64_t)((uint64_t)mantissa << shift) : shift < -31 ? 0 : (int64_t)(mantissa >> -shift);
        sum += bits >> 31 ? -fixed : fixed;
    }
    return sum;
}

static inline eml_err_t eml_trees_check_input(const eml_trees_t *t, const eml_array_t *x) {
    if (t->n_trees == 0) {
        return EML_ERR_MODEL; // nothing is loaded
    }
    const int integer = x->type == EML_INT8 || x->type == EML_UINT8 || x->type == EML_INT32;
    const int ok = x->type == EML_INT16 || (x->type == EML_FLOAT32 && t->dtype != EML_TREES_INT16)
        || (integer && t->dtype == EML_TREES_FLOAT);
    return !ok ? EML_ERR_TYPE : x->size != t->n_features ? EML_ERR_SHAPE : EML_OK;
}

// Class of one sample. x: [n_features]; sums: [n_classes] scratch.
static inline eml_err_t eml_trees_class(const eml_trees_t *t, const eml_array_t *x, uint64_t *sums, uint32_t *klass) {
    const eml_err_t err = t->n_classes ? eml_trees_check_input(t, x) : EML_ERR_MODEL;
    if (err != EML_OK) {
        return err;
    }
    const int mixed = eml_trees_votes(t, x, sums, EML_SUM_COARSE);
    uint32_t best = 0; // the first of equals
    uint32_t largest = eml_trees_coarse(sums, 0), second = 0;
    for (uint32_t c = 1; c < t->n_classes; c++) {
        const uint32_t sum = eml_trees_coarse(sums, c);
        if (sum > largest) {
            second = largest;
            largest = sum;
            best = c;
        } else if (sum > second) {
            second = sum;
        }
    }
    // Each proportion is up to a unit too small; scikit-learn's own sums are off by at most n_trees^2 * 2^-53, far less.
    if (mixed && t->leaf != EML_LEAF_UINT8 && largest - second <= t->n_trees + 2u) {
        best = eml_trees_class_double(t, x, sums);
    }
    *klass = best;
    return EML_OK;
}

// Probabilities, or the regression value, of one sample. out: [eml_trees_n_outputs(t)]; sums: [n_outputs] scratch.
static inline eml_err_t eml_trees_outputs(const eml_trees_t *t, const eml_array_t *x, uint64_t *sums, float *out, size_t n_out) {
    const eml_err_t err = n_out != eml_trees_n_outputs(t) ? EML_ERR_SHAPE : eml_trees_check_input(t, x);
    if (err != EML_OK) {
        return err;
    }
    if (t->leaf == EML_LEAF_VALUE) {
        const int64_t sum = eml_trees_value_sum(t, x);
        const uint32_t bits = eml_float_from_ratio((uint64_t)(sum < 0 ? -sum : sum), t->n_trees, t->exponent - 172);
        eml_float_store(out, bits | (sum < 0 ? 0x80000000u : 0));
        return EML_OK;
    }
    eml_trees_votes(t, x, sums, EML_SUM_FINE);
    for (uint32_t c = 0; c < t->n_classes; c++) {
        eml_float_store(&out[c], eml_float_from_ratio(sums[c], t->n_trees, -32));
    }
    return EML_OK;
}

#endif // EML_TREES_H
