// Filters of second-order sections (SOS) over int16: direct form I, with states of 32 bits.
//
//   eml_iir_q15_size(size)            bytes that a filter of `size` coefficients has: the struct, and its stages behind it
//   eml_iir_q15_init(m, sos, size)    of float32: stages of [b0 b1 b2 a0 a1 a2], of which a0 is 1
//   eml_iir_q15_run(m, x, size)       in place, going on where the last call ended; saturates
//   eml_iir_q15_reset(m)              as if all samples before were 0
//
// A stage computes y = b0 x0 + b1 x1 + b2 x2 - n1 y1 - n2 y2 - (a1 y1 + a2 y2), where n1 and n2 are the integers nearest to the section's
// a1 and a2, and a1 and a2 here what is left of them: poles near the unit circle keep their distance. The b of a stage, and its a, are
// integers of 16 bits in units of one power of two. So are the y, chosen by the sum of the impulse response, so that no input overflows.
#ifndef EML_IIR_Q15_H
#define EML_IIR_Q15_H

#include "eml_iir.h"

// b or a of a stage.
typedef struct {
    int32_t c[3];  // in units of 2^-(shift + 16); their magnitudes' sum is 2^16, or a little more
    int32_t n[3];  // of a: 1, -2..2, -1..1. Of b: how far its sum is shifted right, 0..30, and left, 0..3, of which one is 0
    int32_t shift; // of a 0..12
} eml_iir_q15_side_t;

typedef struct {
    int32_t x[2]; // the last two; of the stage behind, they are the last two y of this one
    eml_iir_q15_side_t b, a;
} eml_iir_q15_stage_t;

typedef struct {
#ifdef EML_IIR_Q15_BASE
    EML_IIR_Q15_BASE // what a binding has at the same address
#endif
    eml_iir_q15_stage_t *end; // of which there is only x
    int shift;                // y of the last stage is in units of 2^-(shift + 1)
} eml_iir_q15_t;

#define EML_IIR_Q15_INPUT 15 // samples are shifted left by this

// Where a product of 64 bits is one instruction it takes less code; the results are the same.
#if defined(__ARM_ARCH) && __ARM_ARCH >= 7
#define EML_IIR_Q15_LONG 1
#else
#define EML_IIR_Q15_LONG 0
#endif
// A call takes less code, and on Xtensa, whose registers are windows, hardly more time.
#ifdef __XTENSA__
#define EML_IIR_Q15_SUM EML_NOINLINE
#else
#define EML_IIR_Q15_SUM EML_ALWAYS_INLINE
#endif

// 11 bytes a coefficient are 66 a stage, which has 64.
static inline size_t eml_iir_q15_size(size_t size) {
    return sizeof(eml_iir_q15_t) + 2 * sizeof(int32_t) + 11 * size;
}

static inline eml_iir_q15_stage_t *eml_iir_q15_stages(eml_iir_q15_t *m) {
    return (eml_iir_q15_stage_t *)(void *)(m + 1);
}

EML_NOINLINE void eml_iir_q15_reset(eml_iir_q15_t *m) {
    for (eml_iir_q15_stage_t *t = eml_iir_q15_stages(m); t <= m->end; t++) {
        t->x[0] = t->x[1] = 0;
    }
}

static inline int32_t eml_iir_q15_round(int32_t x, int32_t shift) {
    return (int32_t)((uint32_t)(x >> shift) + 1) >> 1;
}

// (c[0] * first + c[1] * x[0] + c[2] * x[1]) / 2^(16 + shift), nearest integer.
EML_IIR_Q15_SUM int32_t eml_iir_q15_sum(const int32_t *c, int32_t first, const int32_t *x, int32_t shift) {
#if EML_IIR_Q15_LONG
    const int64_t sum = (int64_t)c[0] * first + (int64_t)c[1] * x[0] + (int64_t)c[2] * x[1];
    return eml_iir_q15_round((int32_t)(sum >> 15), shift);
#else // without products of 64 bits: the low 15 bits of the second factor, and the rest
    const uint32_t high = (uint32_t)c[0] * (uint32_t)(first >> 15) + (uint32_t)c[1] * (uint32_t)(x[0] >> 15)
        + (uint32_t)c[2] * (uint32_t)(x[1] >> 15);
    const int32_t low = c[0] * (first & 0x7fff) + c[1] * (x[0] & 0x7fff) + c[2] * (x[1] & 0x7fff);
    return eml_iir_q15_round((int32_t)(high + (uint32_t)(low >> 15)), shift);
#endif
}

// y of the last stage for the next x of the first.
EML_NOINLINE int32_t eml_iir_q15_step(eml_iir_q15_t *m, int32_t x) {
    eml_iir_q15_stage_t *t = eml_iir_q15_stages(m);
    for (; t != m->end; t++) {
        const int32_t *const y = t[1].x;
        const uint32_t b = (uint32_t)eml_iir_q15_sum(t->b.c, x, t->x, t->b.n[0]) << t->b.n[1];
        const uint32_t a = (uint32_t)eml_iir_q15_sum(t->a.c, 0, y, t->a.shift);
        t->x[1] = t->x[0];
        t->x[0] = x;
        x = (int32_t)(b - a - (uint32_t)t->a.n[1] * (uint32_t)y[0] - (uint32_t)t->a.n[2] * (uint32_t)y[1]);
    }
    t->x[1] = t->x[0];
    t->x[0] = x;
    return x;
}

static inline void eml_iir_q15_run(eml_iir_q15_t *m, int16_t *x, size_t size) {
    for (; size; size--) {
        const int32_t y = eml_iir_q15_round(eml_iir_q15_step(m, *x * (1 << EML_IIR_Q15_INPUT)), m->shift);
        const int32_t low = y < 32767 ? y : 32767;
        *x++ = (int16_t)(low > -32768 ? low : -32768);
    }
}

// Makes b or a of a section's v: in units in which the largest b is below 2^28, the largest a below 2^30 and a0, if the poles are inside
// the unit circle, 2^29; then less the nearest multiples of 2^29, which are 0 for b, and divided by the least power of two that leaves a
// sum of magnitudes of 2^16, or what rounding adds to that. EML_IIR_Q15_B or _A: the mantissa of the largest is shifted right by 3 or 1,
// and the least exponent of it, so that zeros are shifted to nothing.
#define EML_IIR_Q15_LEAST 32
#define EML_IIR_Q15_B (EML_IIR_Q15_LEAST + 3)
#define EML_IIR_Q15_A (EML_IIR_Q15_LEAST + 1)

EML_NOINLINE eml_err_t eml_iir_q15_side(eml_iir_q15_side_t *side, const float *v, uint32_t which) {
    int32_t *const c = side->c;
    uint32_t largest = 0;
    for (int k = 0; k < 3; k++) {
        const uint32_t magnitude = eml_float_bits(v + k) << 1;
        largest = magnitude > largest ? magnitude : largest;
    }
    largest = (largest >> 24) - EML_IIR_Q15_LEAST;
    if (largest >= 255 - EML_IIR_Q15_LEAST || (which == EML_IIR_Q15_A && eml_float_bits(v) != EML_FLOAT_ONE)) {
        return EML_ERR_RANGE;
    }
    largest += which;
    for (int k = 0; k < 3; k++) {
        const uint32_t bits = eml_float_bits(v + k);
        const int32_t shift = (int32_t)largest - (int32_t)(bits << 1 >> 24);
        const int32_t magnitude = shift > 31 ? 0 : (int32_t)(((bits << 8 | 0x80000000u) >> shift) + 1) >> 1;
        c[k] = bits >> 31 ? -magnitude : magnitude;
    }
    // 1 - a2 in units of 2^-13; 1 + a2 - |a1| in units of 2^-14.
    if (which == EML_IIR_Q15_A && ((c[0] - c[2]) >> 16 <= 0 || (c[0] + c[2] - (c[1] < 0 ? -c[1] : c[1])) >> 15 <= 0)) {
        return EML_ERR_UNSUPPORTED;
    }
    int32_t sum = -1; // of magnitudes, less one
    for (int k = 0; k < 3; k++) {
        side->n[k] = eml_iir_q15_round(c[k], 28);
        c[k] -= side->n[k] * ((int32_t)1 << 29);
        sum += c[k] < 0 ? -c[k] : c[k];
    }
    int32_t shift = 0;
    for (sum >>= 17; sum > 0; sum >>= 1) {
        shift++;
    }
    for (int k = 0; k < 3; k++) {
        c[k] = eml_iir_q15_round(c[k], shift);
    }
    side->shift = 140 - (int32_t)largest - shift;
    return EML_OK;
}

// Of the impulse response: how large its sum may be, and below what it is noise.
#define EML_IIR_Q15_LIMIT (((uint32_t)1 << 28) - (1 << 23))
#define EML_IIR_Q15_NOISE 4096

// EML_ERR_SHAPE: no sections of 6 coefficients. EML_ERR_RANGE: an a0 other than 1, or a NaN, an infinity or only zeros in b or a.
// EML_ERR_UNSUPPORTED: a pole is not inside the unit circle, or less than 2^-14 from it, or so near that more than EML_IIR_Q15_NOISE is
// left of rounding. EML_ERR_FULL: the largest output is beyond 16 times full scale, or below one unit.
static inline eml_err_t eml_iir_q15_init(eml_iir_q15_t *m, const float *sos, size_t size) {
    m->end = eml_iir_q15_stages(m);
    m->shift = EML_IIR_Q15_INPUT - 1;
    do {
        eml_iir_q15_stage_t *const t = m->end++;
        if (size < EML_IIR_SECTION) {
            return EML_ERR_SHAPE;
        }
        eml_err_t err = eml_iir_q15_side(&t->b, sos, EML_IIR_Q15_B);
        if (err == EML_OK) {
            err = eml_iir_q15_side(&t->a, sos + 3, EML_IIR_Q15_A);
        }
        if (err != EML_OK) {
            return err;
        }
        // The finest unit of y in which no input overflows. In that by 2^31, nothing is left of it.
        int32_t unit = -4;
        int quiet;
        uint32_t sum;
        do {
            unit++;
            t->b.n[1] = unit < 0 ? -unit : 0;
            t->b.n[0] = unit + t->b.n[1];
            // Magnitudes of what the stages answer to an impulse of a full-scale sample / 4, without noise, which rounding makes
            // forever, until 1023 are that. Of noise that does not end, the sum gets too large.
            int32_t x = (int32_t)1 << 28;
            sum = 0;
            eml_iir_q15_reset(m);
            for (quiet = 1024; quiet && sum <= EML_IIR_Q15_LIMIT; quiet--) {
                const int32_t y = eml_iir_q15_step(m, x);
                const uint32_t magnitude = y < 0 ? 0u - (uint32_t)y : (uint32_t)y;
                if (magnitude >= EML_IIR_Q15_NOISE) {
                    sum += magnitude;
                    quiet = 1024;
                }
                x = 0;
            }
        } while (quiet);
        if (sum < EML_IIR_Q15_LIMIT / 8) { // nothing is left but noise
            return EML_ERR_UNSUPPORTED;
        }
        m->shift += t->b.shift - unit;
        sos += EML_IIR_SECTION;
        size -= EML_IIR_SECTION;
    } while (size);
    eml_iir_q15_reset(m);
    return (uint32_t)m->shift - 10 < 20 ? EML_OK : EML_ERR_FULL;
}

#endif // EML_IIR_Q15_H
