// The k nearest of int16 items, and their vote: all that emlknn needs of eml_neighbors.h.
#ifndef EML_NEIGHBORS_SEARCH_H
#define EML_NEIGHBORS_SEARCH_H

#include "eml_neighbors_data.h"

// How many there are to find.
static inline uint32_t eml_neighbors_count(const eml_neighbors_t *m) {
    return m->k < m->n_used ? m->k : m->n_used;
}

static inline int eml_neighbors_farther(const eml_neighbor_t *a, const eml_neighbor_t *b) {
#ifdef EML_NEIGHBORS_SMALL
    return a->high > b->high;
#else
    return a->high > b->high || (a->high == b->high && a->low > b->low);
#endif
}

static inline void eml_neighbors_set(eml_neighbor_t *to, const eml_neighbor_t *from) {
    to->high = from->high; // by parts: the whole would be a call of memcpy
#ifndef EML_NEIGHBORS_SMALL
    to->low = from->low;
#endif
    to->index = from->index;
}

// No neighbours yet: places for k, at a distance that none has, and one at none behind them.
static inline void eml_neighbors_begin(eml_neighbor_t *found, uint32_t k) {
    eml_neighbor_t *const end = found + k + 1;
    do {
        found->high = ~(uint64_t)0;
#ifndef EML_NEIGHBORS_SMALL
        found->low = 0;
#endif
    } while (++found < end);
    end->high = 0;
#ifndef EML_NEIGHBORS_SMALL
    end->low = 0;
#endif
}

// Put a neighbour in place of the farthest, if that is farther. found: [1..k] is a heap: found[1] is the farthest, and those at
// 2i and 2i + 1 are not farther than that at i. Of equal ones at the k-th distance this keeps those that scikit-learn's brute
// search keeps, whose heap is the same. found[0] is for what falls out, found[k + 1] what eml_neighbors_begin puts there.
static inline void eml_neighbors_push(eml_neighbor_t *found, uint32_t k, const eml_neighbor_t *item) {
    eml_neighbor_t *hole = found;
    uint32_t child = 1;
    for (eml_neighbor_t *next = found + 1; eml_neighbors_farther(next, item);) {
        eml_neighbors_set(hole, next);
        hole = next;
        child *= 2;
        if (child > k) {
            break;
        }
        next = &found[child];
        if (eml_neighbors_farther(next + 1, next)) { // there is one behind the last
            next++;
            child++;
        }
    }
    if (hole != found) {
        eml_neighbors_set(hole, item);
    }
}

// The square of the distance of two int16 arrays, [n]. 65,535 squares of 32 bits cannot overflow; a second loop with sums of 32
// bits, for small numbers, would take more code than it saves instructions.
#if defined(__thumb__) && !defined(__thumb2__)
// With few registers: called, not inlined, one index for both arrays, and halves of squares instead of carries.
static __attribute__((noinline, unused)) uint64_t eml_neighbors_square(const int16_t *x, const int16_t *item, uint32_t n) {
    uint32_t low = 0, high = 0;
    int32_t at = 2 * (int32_t)n - 2; // in bytes
    do {
        const int32_t a = *(const int16_t *)(const void *)((const uint8_t *)x + at);
        const int32_t b = *(const int16_t *)(const void *)((const uint8_t *)item + at);
        const uint32_t square = (uint32_t)(a - b) * (uint32_t)(a - b);
        low += square & 0xffff;
        high += square >> 16;
        at -= 2;
    } while (at >= 0);
    return ((uint64_t)high << 16) + low;
}
#elif defined(__thumb2__)
// Which multiplies and adds 64 bits in one instruction.
static inline uint64_t eml_neighbors_square(const int16_t *x, const int16_t *item, uint32_t n) {
    int64_t sum = 0;
    const int16_t *const end = x + n;
    do {
        const int32_t difference = *x++ - *item++;
        sum += (int64_t)difference * difference;
    } while (x < end);
    return (uint64_t)sum;
}
#else
static inline void eml_neighbors_add_square(uint32_t *low, uint32_t *high, int32_t difference) {
    const uint32_t square = (uint32_t)difference * (uint32_t)difference;
    *low += square;
    *high += *low < square;
}

static inline uint64_t eml_neighbors_square(const int16_t *x, const int16_t *item, uint32_t n) {
    uint32_t low = 0, high = 0;
    const int16_t *const end = x + n;
#ifdef __riscv
    // Two at a time: an index for both arrays would be an instruction of its own. emlknn.mpy for other CPUs has no room for it.
    if (n & 1) {
        eml_neighbors_add_square(&low, &high, *x++ - *item++);
    }
    for (; x < end; x += 2, item += 2) {
        eml_neighbors_add_square(&low, &high, x[0] - item[0]);
        eml_neighbors_add_square(&low, &high, x[1] - item[1]);
    }
#else
    do {
        eml_neighbors_add_square(&low, &high, *x++ - *item++);
    } while (x < end);
#endif
    return (uint64_t)high << 32 | low;
}
#endif

// The nearest of int16 items, of which there are some, by euclidean distance, whose squares are `high`: in units of 2^-32.
// x: [n_features]; found: [k + 2], as eml_neighbors_push has it; k: eml_neighbors_count(m)
static inline void eml_neighbors_find16(const eml_neighbors_t *m, const int16_t *x, eml_neighbor_t *found, uint32_t k) {
    const int16_t *item = m->items16;
    eml_neighbor_t d = { 0, 0, 0 };
    eml_neighbors_begin(found, k);
    do {
        d.high = eml_neighbors_square(x, item, m->n_features);
        eml_neighbors_push(found, k, &d);
        item += m->n_features;
    } while (++d.index < m->n_used);
}

// A sum of weights, below 2^47 or, of 1 each, 2^16, times 2^16, less a class number: of equal sums the first class has the largest.
#ifdef EML_NEIGHBORS_SMALL
typedef uint32_t eml_votes_t;
#else
typedef int64_t eml_votes_t;
#endif

// The class with most of the weight, of equals the first. found: as eml_neighbors_push has it; w: [k], or NULL for all
// alike.
static inline uint32_t eml_neighbors_vote(const uint16_t *class_numbers, const eml_neighbor_t *found, uint32_t k, const uint32_t *w) {
    const eml_neighbor_t *const first = ++found;
    const eml_neighbor_t *const end = found + k;
    eml_votes_t best = 0;
    do {
        // The first neighbour of a class counts all of them, and so not less than those after it.
        const uint32_t label = class_numbers[found->index];
        eml_votes_t votes = 0 - (eml_votes_t)label;
        const eml_neighbor_t *at = found;
        do {
            if (class_numbers[at->index] == label) {
                votes += (eml_votes_t)(w ? w[at - first] : 1) << 16;
            }
        } while (++at < end);
        if (votes > best) {
            best = votes;
        }
    } while (++found < end);
    return (uint16_t)(0 - best);
}

#endif // EML_NEIGHBORS_SEARCH_H
