// What a random ensemble means, written naively.
#ifndef MEANING_H
#define MEANING_H

#include "random_trees.h"

static inline double scaled(float x, int shift, int offset) {
    const double value = floor(ldexp((double)x, shift)) - offset;
    return isnan(x) ? 32767 : value < -32768 ? -32768 : value > 32766 ? 32766 : value;
}

static inline int goes_left(const model_t *m, int i, float x) {
    const int feature = m->node[i].feature, threshold = m->node[i].threshold;
    if (isnan(x)) {
        return m->node[i].missing;
    }
    if (m->dtype == EML_TREES_FLOAT) {
        return eml_float_key(bits_of_float(x)) <= threshold; // test_math.c has the order of keys
    }
    return (m->dtype == EML_TREES_SCALED ? scaled(x, m->scale[2 * feature], m->scale[2 * feature + 1]) : (double)x) <= threshold;
}

static inline int leaf_of(const model_t *m, int tree, const float *x) {
    int i = m->roots[tree];
    for (;;) {
        const int child = goes_left(m, i, x[m->node[i].feature]) ? m->node[i].left : m->node[i].right;
        if (child < 0) {
            return -1 - child;
        }
        i += child;
    }
}

// Float64 sums as scikit-learn has them.
static inline void sums_of(const model_t *m, const float *x, double *sum) {
    for (int c = 0; c < MAX_CLASSES; c++) {
        sum[c] = 0;
    }
    for (int tree = 0; tree < m->n_trees; tree++) {
        const int leaf = leaf_of(m, tree, x);
        if (leaf < m->n_classes) {
            sum[leaf] += 1.0;
            continue;
        }
        const uint32_t *count = m->count[leaf - m->n_classes];
        const uint32_t total = count[0] + count[1] + count[2] + count[3];
        for (int c = 0; c < MAX_CLASSES; c++) {
            if (count[c] && m->leaf == EML_LEAF_WEIGHTED) {
                const uint32_t *words = &m->values[2 * (count[c] - 1)];
                sum[c] += double_of(words[0] | (uint64_t)words[1] << 32);
            } else if (count[c]) {
                sum[c] += (double)count[c] / (m->leaf == EML_LEAF_UINT8 ? 255 : total);
            }
        }
    }
}

// The class: the argmax of the float64 means; for uint8 leaves of exact integers.
static inline uint32_t class_of(const model_t *m, const float *x) {
    double mean[MAX_CLASSES];
    sums_of(m, x, mean);
    for (int c = 0; c < MAX_CLASSES; c++) {
        mean[c] /= m->n_trees;
    }
    for (int tree = 0; tree < m->n_trees && m->leaf == EML_LEAF_UINT8; tree++) {
        const int leaf = leaf_of(m, tree, x);
        for (int c = 0; c < MAX_CLASSES; c++) {
            mean[c] = (tree ? mean[c] : 0) + (leaf < m->n_classes ? (c == leaf ? 255 : 0) : m->count[leaf - m->n_classes][c]);
        }
    }
    uint32_t best = 0;
    for (uint32_t c = 1; c < MAX_CLASSES; c++) {
        best = mean[c] > mean[best] ? c : best;
    }
    return best;
}

static inline void random_sample(const model_t *m, float *x) {
    static const float ODD[] = { INFINITY, -INFINITY, NAN, -0.0f, 3e38f, 1e-40f, -1e-40f };
    for (int i = 0; i < N_FEATURES; i++) {
        x[i] = (float)((int)random_below(19) - 9);
        if (m->dtype != EML_TREES_INT16) {
            x[i] = random_below(5) ? x[i] / 4 : ODD[random_below(7)];
        }
    }
}

// The sample at the features' places, in a block of its size, which the next call frees.
static inline eml_array_t place(const model_t *m, const float *x) {
    static void *block;
    const int is_int16 = m->dtype == EML_TREES_INT16;
    free(block);
    block = calloc((size_t)m->n_features, is_int16 ? 2 : 4);
    for (int i = 0; i < N_FEATURES && block; i++) {
        if (is_int16) {
            ((int16_t *)block)[m->feature_at[i]] = (int16_t)x[i];
        } else {
            ((float *)block)[m->feature_at[i]] = x[i];
        }
    }
    const eml_array_t array = { block, (size_t)m->n_features, is_int16 ? EML_INT16 : EML_FLOAT32 };
    return array;
}

#endif // MEANING_H
