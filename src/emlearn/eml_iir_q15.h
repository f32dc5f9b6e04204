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
    int32_t x[2];    // the last two; of the stage behind, they are the last two y of this one
    int32_t c[6];    // b in units of 2^-unit, whose magnitudes' sum is 2^16, or a little more; in the place of a0, b_shift, 0..30; a, as
                     // b but in units of 2^-(a_shift + 16)
    int32_t n[2];    // -2..2, -1..1
    int32_t unit;
    int32_t a_shift; // 0..12
    int32_t left;    // 0..3; this or b_shift is 0
} eml_iir_q15_stage_t;

typedef struct {
    eml_iir_q15_stage_t *stages;
    eml_iir_q15_stage_t *end; // of which there is only x
    int shift;                // y of the last stage is in units of 2^-shift
} eml_iir_q15_t;

#define EML_IIR_Q15_INPUT 15 // samples are shifted left by this
#define EML_IIR_Q15_ONE ((int32_t)1 << 29)

static inline size_t eml_iir_q15_size(size_t n) {
    return n * sizeof(eml_iir_q15_stage_t) + 2 * sizeof(int32_t);
}

EML_NOINLINE void eml_iir_q15_reset(eml_iir_q15_t *m) {
    for (eml_iir_q15_stage_t *t = m->stages; t <= m->end; t++) {
        t->x[0] = t->x[1] = 0;
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
EML_NOINLINE int32_t eml_iir_q15_step(const eml_iir_q15_t *m, int32_t x) {
    eml_iir_q15_stage_t *t = m->stages;
    for (; t < m->end; t++) {
        const int32_t x1 = t->x[0], x2 = t->x[1], y1 = t[1].x[0], y2 = t[1].x[1];
        const int32_t *const c = t->c;
        const uint32_t b = eml_iir_q15_high(c[0], x) + eml_iir_q15_high(c[1], x1) + eml_iir_q15_high(c[2], x2);
        const int32_t b_low = eml_iir_q15_low(c[0], x) + eml_iir_q15_low(c[1], x1) + eml_iir_q15_low(c[2], x2);
        const uint32_t a = eml_iir_q15_high(c[4], y1) + eml_iir_q15_high(c[5], y2);
        const int32_t a_low = eml_iir_q15_low(c[4], y1) + eml_iir_q15_low(c[5], y2);
        t->x[1] = x1;
        t->x[0] = x;
        const uint32_t sum = ((uint32_t)eml_iir_q15_round((int32_t)(b + (uint32_t)(b_low >> 15)), c[3]) << t->left)
            - (uint32_t)eml_iir_q15_round((int32_t)(a + (uint32_t)(a_low >> 15)), t->a_shift);
        x = (int32_t)(sum - (uint32_t)t->n[0] * (uint32_t)y1 - (uint32_t)t->n[1] * (uint32_t)y2);
    }
    t->x[1] = t->x[0];
    t->x[0] = x;
    return x;
}

static inline void eml_iir_q15_run(const eml_iir_q15_t *m, int16_t *x, size_t size) {
    for (const int16_t *const end = x + size; x < end; x++) {
        const int32_t y = eml_iir_q15_round(eml_iir_q15_step(m, *x * (1 << EML_IIR_Q15_INPUT)), m->shift - 1);
        *x = (int16_t)(y > 32767 ? 32767 : y < -32768 ? -32768 : y);
    }
}

// x * 2^exponent, nearest integer; 2^30 if it is that or more.
static inline int32_t eml_iir_q15_fixed(const float *x, int exponent) {
    const uint32_t bits = eml_float_bits(x);
    const int shift = 157 - exponent - (int)(bits << 1 >> 24);
    if (shift < 1) {
        return 1 << 30;
    }
    const int32_t magnitude = shift > 31 ? 0 : eml_iir_q15_round((int32_t)((bits << 8 | 0x80000000u) >> 1), shift - 1);
    return bits >> 31 ? -magnitude : magnitude;
}

// Takes the nearest multiples of 2^29 off, which are 0 for b, and divides what is left by the least 2^result, 1 or more, that leaves a
// sum of magnitudes of 2^16, or what rounding adds to that.
EML_NOINLINE int eml_iir_q15_normalise(int32_t *v, int32_t *n, int count) {
    uint32_t sum = 0;
    int shift = 1;
    for (int i = 0; i < count; i++) {
        n[i] = (v[i] + EML_IIR_Q15_ONE / 2) >> 29;
        v[i] -= n[i] * EML_IIR_Q15_ONE;
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
    int32_t x = (int32_t)1 << 28;
    eml_iir_q15_reset(m);
    for (int quiet = 0; quiet < 1024 && sum <= EML_IIR_Q15_LIMIT; quiet++) {
        const int32_t y = eml_iir_q15_step(m, x);
        const uint32_t magnitude = y < 0 ? 0u - (uint32_t)y : (uint32_t)y;
        if (magnitude >= EML_IIR_Q15_NOISE) {
            sum += magnitude;
            quiet = 0;
        }
        x = 0;
    }
    return sum;
}

// EML_ERR_RANGE: an a0 other than 1, or a NaN, an infinity or only zeros in b. EML_ERR_UNSUPPORTED: a pole is not inside the unit circle,
// or less than 2^-14 from it, or so near that more than EML_IIR_Q15_NOISE is left of rounding. EML_ERR_FULL: the largest output is beyond
// 16 times full scale, or below one unit.
static inline eml_err_t eml_iir_q15_init(eml_iir_q15_t *m, void *memory, const float *sos, size_t n) {
    const float *const end = sos + EML_IIR_SECTION * n;
    m->stages = m->end = (eml_iir_q15_stage_t *)memory;
    m->shift = EML_IIR_Q15_INPUT;
    for (; sos < end; sos += EML_IIR_SECTION) {
        eml_iir_q15_stage_t *const t = m->end++;
        int32_t *const c = t->c;
        uint32_t largest = 0;
        for (int i = 0; i < 3; i++) {
            const uint32_t magnitude = eml_float_bits(sos + i) << 1;
            largest = magnitude > largest ? magnitude : largest;
        }
        largest >>= 24;
        t->unit = 154 - (int)largest; // b are below 2^28
        for (int i = 0; i < 6; i++) {
            c[i] = eml_iir_q15_fixed(sos + i, i < 3 ? t->unit : 29);
        }
        if (largest - 32 >= 223 || c[3] != EML_IIR_Q15_ONE) {
            return EML_ERR_RANGE;
        }
        const int32_t margin = 1 << 15;
        if (EML_IIR_Q15_ONE - c[5] < 2 * margin || EML_IIR_Q15_ONE + c[5] - (c[4] < 0 ? -c[4] : c[4]) < margin) {
            return EML_ERR_UNSUPPORTED;
        }
        int32_t none[3];
        t->unit -= eml_iir_q15_normalise(c, none, 3);
        t->a_shift = 13 - eml_iir_q15_normalise(c + 4, t->n, 2);
        uint32_t gain;
        int unit = -4; // of y; the finest in which it fits. In that by 2^31, nothing is left of it.
        do {
            unit++;
            t->left = unit < 0 ? -unit : 0;
            c[3] = unit + t->left;
            gain = eml_iir_q15_gain(m);
        } while (gain > EML_IIR_Q15_LIMIT);
        if (gain < EML_IIR_Q15_LIMIT / 8) { // nothing is left but noise
            return EML_ERR_UNSUPPORTED;
        }
        m->shift += t->unit - unit - 16;
    }
    eml_iir_q15_reset(m);
    return m->shift >= 11 && m->shift <= 30 ? EML_OK : EML_ERR_FULL;
}

#endif // EML_IIR_Q15_H
