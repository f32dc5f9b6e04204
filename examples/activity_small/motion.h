// Features of 5 seconds of motion, every 2.5 seconds, from samples as they come: integers, with nothing stored but sums.
// As `features` of train.py.
#ifndef MOTION_H
#define MOTION_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOTION_AXES 6
#define MOTION_HALF 125 // samples of half a window
#define MOTION_FEATURES (5 * MOTION_AXES)

// What half a window is, along an axis. 125 samples of 16 bits add up to less than 2^22, their differences to less than 2^23.
typedef struct {
    int32_t sum, moved;
    int16_t first, last, least, most;
    int16_t crossings;
} motion_axis_t;

typedef struct {
    motion_axis_t halves[2][MOTION_AXES]; // the one before, and the one that samples go to
    uint8_t n_samples, n_halves;
} motion_t;

static inline void motion_reset(motion_t *m) {
    memset(m, 0, sizeof(*m));
}

static inline int16_t motion_smaller(int32_t a, int32_t b) {
    return (int16_t)(a < b ? a : b);
}

static inline int16_t motion_larger(int32_t a, int32_t b) {
    return (int16_t)(a > b ? a : b);
}

// From one sample to the next.
static inline void motion_step(motion_axis_t *to, int32_t from, int32_t x) {
    to->moved += x > from ? x - from : from - x;
    to->crossings = (int16_t)(to->crossings + ((x < 0) != (from < 0)));
}

static inline void motion_add(motion_axis_t *a, int16_t x, int is_first) {
    if (is_first) {
        *a = (motion_axis_t){ 0, 0, x, x, x, x, 0 };
    }
    a->sum += x;
    a->least = motion_smaller(a->least, x);
    a->most = motion_larger(a->most, x);
    motion_step(a, a->last, x);
    a->last = x;
}

// Two halves' features. `>>` of a negative number rounds down with all compilers that emlearn supports.
static inline void motion_features(const motion_axis_t *before, const motion_axis_t *now, int16_t *out) {
    motion_axis_t both = *now;
    motion_step(&both, before->last, now->first);
    out[0] = (int16_t)((before->sum + both.sum) >> 8);
    out[1] = motion_smaller(before->least, both.least);
    out[2] = motion_larger(before->most, both.most);
    out[3] = motion_smaller((before->moved + both.moved) >> 8, INT16_MAX);
    out[4] = (int16_t)(before->crossings + both.crossings);
}

// Take a sample; 1 if a window is complete, whose features are then in `out`.
static inline int motion_push(motion_t *m, const int16_t sample[MOTION_AXES], int16_t out[MOTION_FEATURES]) {
    for (int i = 0; i < MOTION_AXES; i++) {
        motion_add(&m->halves[1][i], sample[i], m->n_samples == 0);
    }
    if (++m->n_samples < MOTION_HALF) {
        return 0;
    }
    const int complete = m->n_halves;
    for (int i = 0; complete && i < MOTION_AXES; i++) {
        motion_features(&m->halves[0][i], &m->halves[1][i], out + 5 * i);
    }
    memcpy(m->halves[0], m->halves[1], sizeof(m->halves[0]));
    m->n_halves = 1;
    m->n_samples = 0;
    return complete;
}

#endif // MOTION_H
