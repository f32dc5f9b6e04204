// The check that makes the tables of eml_trees_data.h safe to walk.
//
//   eml_trees_validate(&t)   once, after loading; what it accepts can be predicted with, without further checks
#ifndef EML_TREES_VALIDATE_H
#define EML_TREES_VALIDATE_H

#include "eml_trees_data.h"

// Whether a child of element i is a leaf or an element that exists and lies further on.
static inline int eml_trees_ref_ok(const eml_trees_t *t, uint32_t i, uint32_t ref) {
    return ref & EML_TREES_LEAF ? (ref ^ EML_TREES_LEAF) < eml_trees_n_numbers(t) : ref > i && ref < t->n_nodes;
}

static inline int eml_trees_wide_ok(const eml_trees_t *t) {
    const int32_t lowest = t->dtype == EML_TREES_FLOAT ? INT32_MIN : -32768;
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const eml_trees_node_t node = eml_trees_node(t, i);
        if (node.feature >= t->n_features || node.missing_left > (t->dtype != EML_TREES_INT16) || node.threshold < lowest
            || node.threshold > eml_trees_highest(t) || !eml_trees_ref_ok(t, i, node.left) || !eml_trees_ref_ok(t, i, node.right)) {
            return 0;
        }
    }
    return 1;
}

// Loading a model spends its time here and on the CRC, so that nodes are checked as they lie.
static inline int eml_trees_packed_ok(const eml_trees_t *t) {
    const uint32_t bits = eml_trees_feature_bits(t);
    const uint32_t ones = 0x7fffu >> bits;
    const uint32_t n_features = t->n_features;
    const uint32_t n_leaves = eml_trees_n_numbers(t);
    const uint32_t largest_head = t->dtype == EML_TREES_INT16 ? 0x7fff : 0xffff; // there is no missing_left without NaN
    const uint16_t *w = (const uint16_t *)t->nodes;
    for (uint32_t rest = t->n_nodes; rest > 0; rest--) { // with this one
        const uint32_t head = w[0];
        const uint32_t code = head >> bits & ones;
        const uint32_t right = w[1];
        uint32_t jump; // beyond every node if `right` is no multiple of what it counts
        if (t->layout == EML_TREES_PACKED32) {
            if (((const int32_t *)(const void *)w)[1] > EML_KEY_INFINITY) {
                return 0;
            }
            jump = right >> 1 | right << 31;
            w += 4;
        } else {
            if (eml_trees_is_scaled(t) && (int16_t)w[2] > EML_TREES_SCALED_MAX) {
                return 0;
            }
            jump = right * EML_TREES_THIRD;
            w += 3;
        }
        if (head > largest_head || (head & ((1u << bits) - 1)) >= n_features) {
            return 0;
        }
        if (right & 0x8000 ? (right & 0x7fff) >= n_leaves : !jump || jump >= rest || code == ones) {
            return 0;
        }
        if (code ? code != ones && code > n_leaves : rest == 1) {
            return 0;
        }
    }
    return 1;
}

// Whether element i, behind the first node, is a node that exists, not what extends one: that lies behind a word whose highest
// byte is 0, and has its own highest bit set.
static inline int eml_trees_starts8(const eml_trees_t *t, uint32_t i) {
    return i < t->n_nodes && ((const uint32_t *)t->nodes)[i - 1] >> 24;
}

static inline int eml_trees_packed8_ok(const eml_trees_t *t) {
    const uint32_t *words = (const uint32_t *)t->nodes;
    const uint32_t n_nodes = t->n_nodes;
    const uint32_t n_leaves = eml_trees_n_numbers(t);
    const uint32_t first = eml_trees_index(t, t->roots, 0); // slots and thresholds lie before it
    const uint32_t n_thresholds = t->dtype == EML_TREES_FLOAT ? first : 2 * first;
    for (uint32_t i = 1; i < t->n_trees; i++) {
        const uint32_t root = eml_trees_index(t, t->roots, i);
        if (root < first || (root > first && !eml_trees_starts8(t, root))) {
            return 0;
        }
    }
    for (uint32_t i = first; i < n_nodes; i++) {
        const uint32_t node = i;
        const uint32_t word = words[i];
        uint32_t slot = eml_trees_slot8(t, word);
        if (!eml_trees_is_direct(t)) {
            if (slot >= first) {
                return 0;
            }
            slot = words[slot];
        }
        const uint32_t at = (slot >> 16) + (word >> 8 & 0xff);
        if ((slot & 0xffff) >= t->n_features || at >= n_thresholds || eml_trees_threshold8(t, at) > eml_trees_highest(t)) {
            return 0;
        }
        const uint32_t code = word >> 16 & 0xff;
        uint32_t left = code ? 0x7fff + code : 0xffff; // as an extension has them
        uint32_t right = (word >> 31) << 15 | (word >> 24 & 0x7f);
        if (word >> 24 == 0) {
            i++;
            if (code != 255 || i == n_nodes || !(words[i] >> 31)) {
                return 0;
            }
            left = words[i] >> 16;
            right = words[i] & 0xffff;
        } else if (code == 255) {
            return 0;
        }
        if (left == 0xffff ? i + 1 == n_nodes : (left & 0x7fff) >= n_leaves) {
            return 0;
        }
        if (right & 0x8000 ? (right & 0x7fff) >= n_leaves : !right || !eml_trees_starts8(t, node + right)) {
            return 0;
        }
    }
    return 1;
}

static inline int eml_trees_nodes_ok(const eml_trees_t *t) {
    for (uint32_t i = 0; i < t->n_trees; i++) {
        if (eml_trees_index(t, t->roots, i) >= t->n_nodes) {
            return 0;
        }
    }
    return eml_trees_is_packed8(t) ? eml_trees_packed8_ok(t)
        : eml_trees_is_wide(t)     ? eml_trees_wide_ok(t)
                                   : eml_trees_packed_ok(t);
}

static inline int eml_trees_records_ok(const eml_trees_t *t) {
    uint32_t end = eml_trees_index(t, t->leaf_start, 0);
    if (end != 0 || eml_trees_index(t, t->leaf_start, t->n_leaves) != t->n_entries) {
        return 0;
    }
    for (uint32_t leaf = 0; leaf < t->n_leaves; leaf++) {
        const uint32_t start = end;
        end = eml_trees_index(t, t->leaf_start, leaf + 1);
        if (end < start || end > t->n_entries || (end == start && t->leaf != EML_LEAF_UINT8)) {
            return 0;
        }
        uint32_t total = 0;
        uint32_t next_class = 0;
        for (uint32_t i = start; i < end; i++) {
            const eml_trees_entry_t entry = eml_trees_entry(t, i);
            const uint32_t largest = t->leaf == EML_LEAF_UINT8 ? 255 : 65535;
            if (entry.klass < next_class || entry.klass >= t->n_classes
                || (t->leaf == EML_LEAF_WEIGHTED ? entry.value >= t->n_values : entry.value == 0 || entry.value > largest)) {
                return 0;
            }
            next_class = entry.klass + 1;
            total += t->leaf == EML_LEAF_COUNTS ? entry.value : 0;
            if (total > 65535) {
                return 0;
            }
        }
    }
    return 1;
}

// Of sums: no sum can leave 62 bits. A base is below 2^60, and so is n_trees times a leaf, or a weight, which is not negative.
static inline int eml_trees_sums_ok(const eml_trees_t *t) {
    const uint32_t n_words = eml_trees_sum_words(t);
    const uint32_t end = n_words + 2 * eml_trees_n_bases(t);
    uint32_t leaf_bits = 28; // of the upper word
    for (uint32_t n = t->n_trees; n > 0; n >>= 1) {
        leaf_bits--;
    }
    for (uint32_t i = n_words == t->n_leaves ? n_words : 0; i < end; i += 2) {
        const uint32_t high = t->values[i + 1];
        const int weight = i >= n_words && eml_trees_link(t) == EML_LINK_MEDIAN;
        if ((high ^ (weight ? 0 : 0u - (high >> 31))) >> (i < n_words || weight ? leaf_bits : 28)) {
            return 0;
        }
    }
    return 1;
}

static inline int eml_trees_values_ok(const eml_trees_t *t) {
    if (eml_trees_is_sum(t)) {
        return eml_trees_sums_ok(t);
    }
    for (uint32_t i = 0; i < t->n_values && eml_trees_leaf_kind(t) == EML_LEAF_WEIGHTED; i++) {
        const uint32_t low = t->values[2 * i];
        const uint32_t high = t->values[2 * i + 1];
        // 2^-1000 to 1.0, so that nothing computed from it is subnormal
        if (high < 0x01700000 || high > 0x3ff00000 || (high == 0x3ff00000 && low)) {
            return 0;
        }
    }
    return 1;
}

static inline int eml_trees_link_ok(const eml_trees_t *t) {
    const uint32_t link = t->entry & ~(uint32_t)EML_SUM_INT64;
    const int is_value = link <= EML_LINK_EXP || link == EML_LINK_MEDIAN;
    return link == EML_LINK_SOFTMAX ? t->n_classes >= 2 : link <= EML_LINK_MEDIAN && t->n_classes == (is_value ? 0 : 2);
}

// Whether the header's numbers go together. Float models are packed32, others packed16; both may be wide, and but for sums
// packed8.
static inline int eml_trees_header_ok(const eml_trees_t *t) {
    const eml_leaf_t leaf = eml_trees_leaf_kind(t);
    const uint32_t most_values = leaf == EML_LEAF_WEIGHTED ? EML_TREES_MAX_COUNT : leaf >= EML_LEAF_VALUE ? 511 : 0;
    const uint32_t bits = eml_trees_feature_bits(t);
    const int packed_ok = t->layout == (t->dtype == EML_TREES_FLOAT ? EML_TREES_PACKED32 : EML_TREES_PACKED16) && bits >= 8
        && bits <= 14 && !((t->n_features - 1u) >> bits);
    const int leaf_ok = leaf == EML_LEAF_SUM ? eml_trees_link_ok(t)
        : leaf <= EML_LEAF_VALUE && (leaf == EML_LEAF_VALUE) == (t->n_classes == 0)
            && (t->entry <= 1 || (leaf == EML_LEAF_UINT8 && eml_trees_has_levels(t) && t->entry <= EML_TREES_LEVEL_BITS));
    return t->n_features && t->n_trees && t->dtype <= EML_TREES_SCALED && leaf_ok && (eml_trees_has_records(t) || !t->n_entries)
        && (leaf != EML_LEAF_HARD || !t->n_leaves) && t->n_values <= most_values
        && (eml_trees_is_packed8(t)    ? t->feature_bits <= EML_TREES_DIRECT && leaf != EML_LEAF_SUM
                : eml_trees_is_wide(t) ? bits == 0
                                       : packed_ok);
}

// Check every number once, so that predict needs no bounds checks. The arrays have the sizes that the struct says.
static inline eml_err_t eml_trees_validate(const eml_trees_t *t) {
    if (!eml_trees_header_ok(t)) {
        return EML_ERR_MODEL;
    }
    if (eml_trees_is_scaled(t)) {
        for (uint32_t i = 0; i < t->n_features; i++) {
            const int32_t shift = t->scale[2 * i];
            const int32_t offset = t->scale[2 * i + 1];
            if (shift < -120 || shift > 120 || offset < -EML_TREES_MAX_OFFSET || offset > EML_TREES_MAX_OFFSET) {
                return EML_ERR_MODEL;
            }
        }
    }
    const int ok = eml_trees_nodes_ok(t) && eml_trees_values_ok(t)
        && (!eml_trees_has_records(t) || eml_trees_records_ok(t));
    return ok ? EML_OK : EML_ERR_MODEL;
}

#endif // EML_TREES_VALIDATE_H
