// Filters of second-order sections (SOS) over int16: direct form I, with states of 32 bits.
//
//   eml_iir_q15_size(n)                   bytes of memory for n stages
//   eml_iir_q15_init(&m, memory, sos, n)  of float32: n stages of [b0 b1 b2 a0 a1 a2], of which a0 is 1
//   eml_iir_q15_run(&m, x, size)          in place, going on where the last call ended; saturates
//   eml_iir_q15_reset(&m)                 as if all samples before were 0
//
// A stage computes y = b0 x0 + b1 x1 + b2 x2 - n1 y1 - n2 y2 - (a1 y1 + a2 y2), where n1 and n2 are the integers nearest to the section's
// a1 and a2, and a1 and a2 here what is left of them: poles near the unit circle keep their distance. The b of a stage, and its a, are
// integers of 16 bits in units of one power of two. So are the y, chosen by the sum of the impulse response, so that no input overflows.
#ifndef EML_IIR_Q15_H
#define EML_IIR_Q15_H

#include "eml_iir.h"

typedef struct {
    int32_t b[3];    // in units of 2^-b_unit; the sum of their magnitudes is 2^16, or a little more
    int32_t a[2];    // the same, in units of 2^-(a_shift + 16)
    int32_t n[2];    // -2..2, -1..1
    int32_t b_shift; // 0..30
    int32_t a_shift; // 0..12
    int32_t b_unit;
} eml_iir_q15_stage_t;

typedef struct {
    eml_iir_q15_stage_t *stages; // [n]
    int32_t *states;             // [n + 1][2]: the last two x of each stage, which are y of the one before; last, the last y
    uint32_t n;
    int shift; // y of the last stage is in units of 2^-shift
} eml_iir_q15_t;

#define EML_IIR_Q15_INPUT 15 // samples are shifted left by this
#define EML_IIR_Q15_ONE ((int32_t)1 << 29)

static inline size_t eml_iir_q15_size(size_t n) {
    return n * sizeof(eml_iir_q15_stage_t) + (n + 1) * 2 * sizeof(int32_t);
}

static EML_NOINLINE void eml_iir_q15_reset(eml_iir_q15_t *m) {
    for (uint32_t i = 0; i < 2 * (m->n + 1); i++) {
        m->states[i] = 0;
    }
}

// Products of 16 by 32 bits, without any of 64 bits: the low 15 bits of the second factor, and the rest.
static inline uint32_t eml_iir_q15_high(int32_t c, int32_t x) {
    return (uint32_t)c * (uint32_t)(x >> 15);
}

static inline int32_t eml_iir_q15_low(int32_t c, int32_t x) {
    return c * (x & 0x7fff);
}

static inline int32_t eml_iir_q15_round(int32_t x, int32_t shift) {
    return (int32_t)((uint32_t)(x >> shift) + 1) >> 1;
}

// y of the last stage for the next x of the first.
static inline int32_t eml_iir_q15_step(const eml_iir_q15_t *m, int32_t x) {
    int32_t *state = m->states;
    for (const eml_iir_q15_stage_t *t = m->stages, *const end = t + m->n; t < end; t++) {
        const int32_t x1 = state[0], x2 = state[1], y1 = state[2], y2 = state[3];
        const uint32_t b = eml_iir_q15_high(t->b[0], x) + eml_iir_q15_high(t->b[1], x1) + eml_iir_q15_high(t->b[2], x2);
        const int32_t b_low = eml_iir_q15_low(t->b[0], x) + eml_iir_q15_low(t->b[1], x1) + eml_iir_q15_low(t->b[2], x2);
        const uint32_t a = eml_iir_q15_high(t->a[0], y1) + eml_iir_q15_high(t->a[1], y2);
        const int32_t a_low = eml_iir_q15_low(t->a[0], y1) + eml_iir_q15_low(t->a[1], y2);
        state[1] = x1;
        state[0] = x;
        const uint32_t sum = (uint32_t)eml_iir_q15_round((int32_t)(b + (uint32_t)(b_low >> 15)), t->b_shift)
            - (uint32_t)eml_iir_q15_round((int32_t)(a + (uint32_t)(a_low >> 15)), t->a_shift);
        x = (int32_t)(sum - (uint32_t)t->n[0] * (uint32_t)y1 - (uint32_t)t->n[1] * (uint32_t)y2);
        state += 2;
    }
    state[1] = state[0];
    state[0] = x;
    return x;
}

static EML_NOINLINE void eml_iir_q15_run(const eml_iir_q15_t *m, int16_t *x, size_t size) {
    for (size_t i = 0; i < size; i++) {
        const int32_t y = eml_iir_q15_round(eml_iir_q15_step(m, x[i] * (1 << EML_IIR_Q15_INPUT)), m->shift - 1);
        x[i] = (int16_t)(y > 32767 ? 32767 : y < -32768 ? -32768 : y);
    }
}

// x * 2^exponent, nearest integer; 2^30 if it is that or more.
static EML_NOINLINE int32_t eml_iir_q15_fixed(const float *x, int exponent) {
    const uint32_t bits = eml_float_bits(x);
    const int shift = 157 - exponent - (int)(bits << 1 >> 24);
    if (shift < 1) {
        return 1 << 30;
    }
    const int32_t magnitude = shift > 31 ? 0 : eml_iir_q15_round((int32_t)((bits << 8 | 0x80000000u) >> 1), shift - 1);
    return bits >> 31 ? -magnitude : magnitude;
}

// Divides by the least 2^result, 1 or more, that leaves a sum of magnitudes of 2^16, or what rounding adds to that.
static EML_NOINLINE int eml_iir_q15_normalise(int32_t *v, int count) {
    uint32_t sum = 0;
    int shift = 1;
    for (int i = 0; i < count; i++) {
        sum += (uint32_t)(v[i] < 0 ? -v[i] : v[i]);
    }
    while (sum > (uint32_t)1 << 16 << shift) {
        shift++;
    }
    for (int i = 0; i < count; i++) {
        v[i] = eml_iir_q15_round(v[i], shift - 1);
    }
    return shift;
}

// Sum of magnitudes of what the stages answer to an impulse of a full-scale sample / 4, without what is below EML_IIR_Q15_NOISE, for
// rounding goes on forever, until 1024 are. Of a sum that gets too large, or of noise that does not end, a number above
// EML_IIR_Q15_LIMIT.
#define EML_IIR_Q15_LIMIT (((uint32_t)1 << 28) - (1 << 23))
#define EML_IIR_Q15_NOISE 4096

static inline uint32_t eml_iir_q15_gain(eml_iir_q15_t *m) {
    uint32_t sum = 0;
    int16_t x = 8192;
    eml_iir_q15_reset(m);
    for (int quiet = 0; quiet < 1024 && sum <= EML_IIR_Q15_LIMIT; quiet++) {
        eml_iir_q15_run(m, &x, 1);
        x = 0;
        const int32_t y = m->states[2 * m->n];
        const uint32_t magnitude = y < 0 ? 0u - (uint32_t)y : (uint32_t)y;
        if (magnitude >= EML_IIR_Q15_NOISE) {
            sum += magnitude;
            quiet = 0;
        }
    }
    return sum;
}

// EML_ERR_RANGE: an a0 other than 1, or a NaN, an infinity or only zeros in b. EML_ERR_UNSUPPORTED: a pole is not inside the unit circle,
// or less than 2^-14 from it, or so near that more than EML_IIR_Q15_NOISE is left of rounding. EML_ERR_FULL: the largest output is beyond
// 16 times full scale, or below one unit.
static inline eml_err_t eml_iir_q15_init(eml_iir_q15_t *m, void *memory, const float *sos, uint32_t n) {
    m->stages = (eml_iir_q15_stage_t *)memory;
    m->states = (int32_t *)(void *)(m->stages + n);
    m->n = 0;
    m->shift = EML_IIR_Q15_INPUT;
    do {
        eml_iir_q15_stage_t *const t = m->stages + m->n++;
        uint32_t largest = 0;
        for (int i = 0; i < 3; i++) {
            const uint32_t magnitude = eml_float_bits(sos + i) << 1;
            largest = magnitude > largest ? magnitude : largest;
        }
        largest >>= 24;
        if (largest - 32 >= 223 || eml_float_bits(sos + 3) != EML_FLOAT_ONE) {
            return EML_ERR_RANGE;
        }
        for (int i = 0; i < 3; i++) {
            t->b[i] = eml_iir_q15_fixed(sos + i, 156 - (int)largest);
        }
        for (int i = 0; i < 2; i++) {
            t->a[i] = eml_iir_q15_fixed(sos + 4 + i, 29);
        }
        const int32_t margin = 1 << 15, left = EML_IIR_Q15_ONE + t->a[1] - (t->a[0] < 0 ? -t->a[0] : t->a[0]);
        if (EML_IIR_Q15_ONE - t->a[1] < 2 * margin || left < margin) {
            return EML_ERR_UNSUPPORTED;
        }
        for (int i = 0; i < 2; i++) {
            t->n[i] = (t->a[i] + EML_IIR_Q15_ONE / 2) >> 29;
            t->a[i] -= t->n[i] * EML_IIR_Q15_ONE;
        }
        t->b_unit = 156 - (int)largest - eml_iir_q15_normalise(t->b, 3);
        t->a_shift = 13 - eml_iir_q15_normalise(t->a, 2);
        uint32_t gain;
        t->b_shift = -1; // y in the finest unit in which it fits
        do {
            t->b_shift++;
            gain = eml_iir_q15_gain(m);
        } while (gain > EML_IIR_Q15_LIMIT && t->b_shift < 30);
        if (gain > EML_IIR_Q15_LIMIT || gain < EML_IIR_Q15_LIMIT / 64) { // nothing is left but noise
            return EML_ERR_UNSUPPORTED;
        }
        m->shift += t->b_unit - t->b_shift - 16;
        sos += EML_IIR_SECTION;
    } while (m->n < n);
    eml_iir_q15_reset(m);
    return m->shift >= 11 && m->shift <= 30 ? EML_OK : EML_ERR_FULL;
}

#endif // EML_IIR_Q15_H
