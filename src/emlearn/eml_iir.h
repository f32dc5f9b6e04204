// Filters of second-order sections (SOS) over float32, as scipy.signal.sosfilt: transposed direct form II.
//
//   eml_iir_size(size)            bytes that a filter of `size` coefficients has: the struct, and its stages behind it
//   eml_iir_init(m, sos, size)    of stages: [b0 b1 b2 a0 a1 a2], of which a0 is 1
//   eml_iir_run(m, x, size)       in place, going on where the last call ended
//   eml_iir_reset(m)              as if all samples before were 0
//
// Only + - * in a fixed order: the same bits on every CPU, if the compiler does not contract them (-ffp-contract=off).
#ifndef EML_IIR_H
#define EML_IIR_H

#include "eml_common.h"

#define EML_IIR_SECTION 6 // numbers of a section

typedef struct {
    float b0, b1, b2, a1, a2;
    float s1, s2; // states
} eml_iir_stage_t;

typedef struct {
    eml_iir_stage_t *stages; // [n]
    size_t n;
} eml_iir_t;

// 5 bytes a coefficient are 30 a stage, which has 28.
static inline size_t eml_iir_size(size_t size) {
    return sizeof(eml_iir_t) + 5 * size;
}

static inline void eml_iir_reset(const eml_iir_t *m) {
    for (size_t i = 0; i < m->n; i++) {
        m->stages[i].s1 = m->stages[i].s2 = 0;
    }
}

// EML_ERR_SHAPE: no sections of 6 coefficients. EML_ERR_RANGE: a NaN or infinity, or an a0 other than 1.
static inline eml_err_t eml_iir_init(eml_iir_t *m, const float *sos, size_t size) {
    m->stages = (eml_iir_stage_t *)(void *)(m + 1);
    m->n = 0;
    do {
        if (size < EML_IIR_SECTION) {
            return EML_ERR_SHAPE;
        }
        const eml_iir_stage_t stage = { sos[0], sos[1], sos[2], sos[4], sos[5], 0, 0 };
        m->stages[m->n++] = stage;
        for (int k = 0; k < EML_IIR_SECTION; k++) {
            const uint32_t bits = eml_float_bits(sos + k);
            if (bits << 1 >= 0xff000000u || (k == 3 && bits != EML_FLOAT_ONE)) {
                return EML_ERR_RANGE;
            }
        }
        sos += EML_IIR_SECTION;
        size -= EML_IIR_SECTION;
    } while (size);
    return EML_OK;
}

static inline void eml_iir_run(const eml_iir_t *m, float *x, size_t size) {
    for (size_t stage = 0; stage < m->n; stage++) {
        const eml_iir_stage_t t = m->stages[stage];
        float s1 = t.s1, s2 = t.s2;
        for (size_t i = 0; i < size; i++) {
            const float in = x[i], out = t.b0 * in + s1;
            s1 = eml_float_sub(t.b1 * in, t.a1 * out) + s2;
            s2 = eml_float_sub(t.b2 * in, t.a2 * out);
            x[i] = out;
        }
        m->stages[stage].s1 = s1;
        m->stages[stage].s2 = s2;
    }
}

#endif // EML_IIR_H
