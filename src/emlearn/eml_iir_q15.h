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
    int32_t b_left;  // 0..3
    int32_t b_shift; // 0..30; one of the two is 0
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
#define EML_IIR_Q15_ONE ((int32_t)1 << 28)

static inline size_t eml_iir_q15_size(size_t n) {
    return n * sizeof(eml_iir_q15_stage_t) + (n + 1) * 2 * sizeof(int32_t);
}

static inline void eml_iir_q15_reset(eml_iir_q15_t *m) {
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

// y of stage n - 1 for the next x of stage 0.
static inline int32_t eml_iir_q15_step(const eml_iir_q15_t *m, uint32_t n, int32_t x) {
    int32_t *state = m->states;
    for (const eml_iir_q15_stage_t *t = m->stages, *const end = t + n; t < end; t++) {
        const int32_t x1 = state[0], x2 = state[1], y1 = state[2], y2 = state[3];
        const uint32_t b = eml_iir_q15_high(t->b[0], x) + eml_iir_q15_high(t->b[1], x1) + eml_iir_q15_high(t->b[2], x2);
        const int32_t b_low = eml_iir_q15_low(t->b[0], x) + eml_iir_q15_low(t->b[1], x1) + eml_iir_q15_low(t->b[2], x2);
        const uint32_t a = eml_iir_q15_high(t->a[0], y1) + eml_iir_q15_high(t->a[1], y2);
        const int32_t a_low = eml_iir_q15_low(t->a[0], y1) + eml_iir_q15_low(t->a[1], y2);
        state[1] = x1;
        state[0] = x;
        const uint32_t sum = ((uint32_t)eml_iir_q15_round((int32_t)(b + (uint32_t)(b_low >> 15)), t->b_shift) << t->b_left)
            - (uint32_t)eml_iir_q15_round((int32_t)(a + (uint32_t)(a_low >> 15)), t->a_shift);
        x = (int32_t)(sum - (uint32_t)t->n[0] * (uint32_t)y1 - (uint32_t)t->n[1] * (uint32_t)y2);
        state += 2;
    }
    state[1] = state[0];
    state[0] = x;
    return x;
}

static inline void eml_iir_q15_run(const eml_iir_q15_t *m, int16_t *x, size_t size) {
    for (size_t i = 0; i < size; i++) {
        const int32_t y = eml_iir_q15_round(eml_iir_q15_step(m, m->n, x[i] * (1 << EML_IIR_Q15_INPUT)), m->shift - 1);
        x[i] = (int16_t)(y > 32767 ? 32767 : y < -32768 ? -32768 : y);
    }
}

// x * 2^exponent, nearest integer; 0 if that is a division of a mantissa of 24 bits by more than 2^24.
static inline int32_t eml_iir_q15_fixed(const float *x, int exponent) {
    const uint32_t bits = eml_float_bits(x);
    const int field = (int)(bits >> 23 & 255);
    const int shift = field + exponent - 150;
    const uint32_t mantissa = (bits & 0x7fffff) | 0x800000;
    const uint32_t magnitude = field == 0 || shift < -24 ? 0 : shift >= 0 ? mantissa << shift : ((mantissa >> (-shift - 1)) + 1) >> 1;
    return bits >> 31 ? -(int32_t)magnitude : (int32_t)magnitude;
}

// Divides by the least 2^result that leaves a sum of magnitudes of 2^16, or what rounding adds to that.
static inline int eml_iir_q15_normalise(int32_t *v, int count) {
    uint32_t sum = 0;
    int shift = 0;
    for (int i = 0; i < count; i++) {
        sum += (uint32_t)(v[i] < 0 ? -v[i] : v[i]);
    }
    while (((sum - 1) >> shift) >> 16 && sum) {
        shift++;
    }
    for (int i = 0; i < count; i++) {
        v[i] = shift ? eml_iir_q15_round(v[i], shift - 1) : v[i];
    }
    return shift;
}

// Sum of magnitudes of what n stages answer to an impulse of a full-scale sample / 4, without what is below EML_IIR_Q15_NOISE: rounding
// goes on forever. It is known when a doubling of the time adds less than 1/256; of a sum that gets too large, or of noise that does
// not end, a number above EML_IIR_Q15_LIMIT.
#define EML_IIR_Q15_LIMIT (((uint32_t)1 << 28) - (1 << 23))
#define EML_IIR_Q15_NOISE 4096

static inline uint32_t eml_iir_q15_gain(eml_iir_q15_t *m, uint32_t n) {
    uint32_t sum = 0, before = 0;
    int32_t x = (int32_t)1 << 28;
    eml_iir_q15_reset(m);
    for (uint32_t i = 1; sum <= EML_IIR_Q15_LIMIT; i++, x = 0) {
        const int32_t y = eml_iir_q15_step(m, n, x);
        const uint32_t magnitude = y < 0 ? 0u - (uint32_t)y : (uint32_t)y;
        sum += magnitude < EML_IIR_Q15_NOISE ? 0 : magnitude;
        if ((i & (i - 1)) == 0) {
            if (i >= 1024 && sum - before <= sum >> 8) {
                break;
            }
            before = sum;
        }
    }
    return sum;
}

// EML_ERR_RANGE: a NaN or infinity, an a0 other than 1, or only zeros in b. EML_ERR_UNSUPPORTED: a pole is not inside the unit circle, or
// less than 2^-14 from it, or so near that more than EML_IIR_Q15_NOISE is left of rounding. EML_ERR_FULL: the largest output is beyond 16
// times full scale, or below one unit.
static inline eml_err_t eml_iir_q15_init(eml_iir_q15_t *m, void *memory, const float *sos, uint32_t n) {
    m->stages = (eml_iir_q15_stage_t *)memory;
    m->states = (int32_t *)(void *)(m->stages + n);
    m->n = n;
    m->shift = EML_IIR_Q15_INPUT;
    for (uint32_t stage = 0; stage < n; stage++, sos += EML_IIR_SECTION) {
        eml_iir_q15_stage_t *const t = m->stages + stage;
        int fields[EML_IIR_SECTION], largest = 0;
        for (int i = 0; i < EML_IIR_SECTION; i++) {
            fields[i] = (int)(eml_float_bits(sos + i) >> 23 & 255);
            largest = i < 3 && fields[i] > largest ? fields[i] : largest;
            if (fields[i] == 255) {
                return EML_ERR_RANGE;
            }
        }
        if (largest == 0 || eml_float_bits(sos + 3) != EML_FLOAT_ONE) {
            return EML_ERR_RANGE;
        }
        for (int i = 0; i < 3; i++) {
            t->b[i] = eml_iir_q15_fixed(sos + i, 150 - largest);
        }
        t->b_unit = 150 - largest - eml_iir_q15_normalise(t->b, 3);
        for (int i = 0; i < 2; i++) {
            if (fields[4 + i] > 127 - i) { // 2 or more, 1 or more
                return EML_ERR_UNSUPPORTED;
            }
            t->a[i] = eml_iir_q15_fixed(sos + 4 + i, 28);
        }
        const int32_t margin = 1 << 14;
        if (EML_IIR_Q15_ONE - t->a[1] < 2 * margin || EML_IIR_Q15_ONE + t->a[1] - t->a[0] < margin || EML_IIR_Q15_ONE + t->a[1] + t->a[0] < margin) {
            return EML_ERR_UNSUPPORTED;
        }
        for (int i = 0; i < 2; i++) {
            t->n[i] = (t->a[i] + EML_IIR_Q15_ONE / 2) >> 28;
            t->a[i] -= t->n[i] * EML_IIR_Q15_ONE;
        }
        t->a_shift = 12 - eml_iir_q15_normalise(t->a, 2);
        uint32_t gain;
        int unit = -4; // of y; the finest in which it fits
        do {
            unit++;
            t->b_left = unit < 0 ? -unit : 0;
            t->b_shift = unit < 0 ? 0 : unit;
            gain = eml_iir_q15_gain(m, stage + 1);
        } while (gain > EML_IIR_Q15_LIMIT && unit < 30);
        if (gain > EML_IIR_Q15_LIMIT || gain < EML_IIR_Q15_LIMIT / 8) { // nothing is left but noise
            return EML_ERR_UNSUPPORTED;
        }
        m->shift += t->b_unit - unit - 16;
    }
    eml_iir_q15_reset(m);
    return m->shift >= 11 && m->shift <= 30 ? EML_OK : EML_ERR_FULL;
}

#endif // EML_IIR_Q15_H
