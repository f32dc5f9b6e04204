// Log-mel and MFCC of int16, in integers: as eml_mel.h, without soft floats.
//
//   eml_mel_q15_check(words, room, n_values)      words that the block takes, 0 if they describe none for such a window
//   eml_mel_columns(words, n_values)              float32 that it makes
//   eml_mel_q15_size(words, n_values)             bytes of memory that it wants, aligned to 8
//   eml_mel_q15_init(memory, words, n_values)     makes its tables, and resets
//   eml_mel_q15_run(words, memory, window, out)   reset, push and finish in one
//   eml_mel_q15_reset(words, memory)              what is pushed then is the beginning of a window
//   eml_mel_q15_push(words, memory, samples)      any number of samples; eml_mel_frames(memory) tells how many frames are complete
//   eml_mel_q15_finish(words, memory, out)
//
// Samples are 'h', of which 32768 is 1. A frame is multiplied by the window, shifted to full scale, and transformed in block floating
// point; bands are sums of 64 bits. Their logarithm is off by 2e-5 dB at most before it is rounded to 1/256 dB, which is the
// unit from there on. Results are rounded once more, to float32.
#ifndef EML_MEL_Q15_H
#define EML_MEL_Q15_H

#include "eml_fft_q15.h"
#include "eml_mel_data.h"
#include "eml_number.h"

// What the memory holds, in this order.
typedef struct {
    eml_mel_state_t *state;
    int64_t *squares; // [n] sums over frames; with EML_MEL_STD
    int32_t *sums;    // [n] with EML_MEL_MEAN or EML_MEL_STD
    int32_t *least;   // [n]
    int32_t *most;    // [n]
    int32_t *scales;  // [2] of MFCC, in units of 2^-30
    void *kept;       // [frames][n] without a mask: int16, or int32 of MFCC
    int16_t *table;   // [n_fft]
    int16_t *ring;    // [n_fft]
    int16_t *re;      // [n_fft / 2 + 1]
    int16_t *im;
    int16_t *bands;  // [n_mels] for MFCC
    int16_t *cosine; // [n_mels + 1] for MFCC, of a quarter of a turn in units of 2^-14
    int16_t *end;
} eml_mel_q15_memory_t;

static inline eml_mel_q15_memory_t eml_mel_q15_memory(const eml_mel_data_t *d, void *memory, uint32_t frames) {
    const uint32_t mask = d->mask, mels = d->n_mfcc ? d->n_mels : 0;
    eml_mel_q15_memory_t m;
    m.state = (eml_mel_state_t *)memory;
    m.squares = (int64_t *)(void *)(m.state + 1);
    m.sums = (int32_t *)(void *)(m.squares + (mask >> EML_MEL_STD & 1) * d->n);
    m.least = m.sums + (mask & 3 ? d->n : 0);
    m.most = m.least + (mask >> EML_MEL_MIN & 1) * d->n;
    m.scales = m.most + (mask >> EML_MEL_MAX & 1) * d->n;
    m.kept = m.scales + (mels ? 2 : 0);
    m.table = (int16_t *)m.kept + (mask ? 0 : frames * d->n * (mels ? 2 : 1));
    m.ring = m.table + d->n_fft;
    m.re = m.ring + d->n_fft;
    m.im = m.re + d->n_fft / 2 + 1;
    m.bands = m.im + d->n_fft / 2 + 1;
    m.cosine = m.bands + mels;
    m.end = m.cosine + (mels ? mels + 1 : 0);
    return m;
}

static inline uint32_t eml_mel_q15_check(const uint32_t *words, uint32_t room, uint32_t n_values) {
    return eml_mel_data_check(words, room, n_values, EML_MEL_Q15);
}

static inline size_t eml_mel_q15_size(const uint32_t *words, uint32_t n_values) {
    const eml_mel_data_t d = eml_mel_data(words);
    const uint32_t mels = d.n_mfcc ? d.n_mels : 0;
    const uint32_t of_mask = 8 * (d.mask >> EML_MEL_STD & 1) + (d.mask & 3 ? 4 : 0) + 4 * (d.mask >> EML_MEL_MIN & 1)
        + 4 * (d.mask >> EML_MEL_MAX & 1);
    const uint32_t of_kept = d.mask ? of_mask * d.n : eml_mel_n_frames(words, n_values) * d.n * (mels ? 4 : 2);
    return (sizeof(eml_mel_state_t) + of_kept + 6 * d.n_fft + 4 + (mels ? 4 * mels + 10 : 0) + 7) & ~(size_t)7;
}

static inline void eml_mel_q15_reset(const uint32_t *words, void *memory) {
    const eml_mel_data_t d = eml_mel_data(words);
    const eml_mel_q15_memory_t m = eml_mel_q15_memory(&d, memory, ((const eml_mel_state_t *)memory)->limit);
    eml_mel_restart(m.state, d.n_fft);
    for (int32_t *p = (int32_t *)(void *)m.squares; p < m.scales; p++) {
        *p = 0;
    }
    for (int16_t *p = (int16_t *)m.kept; p < m.table; p++) {
        *p = 0;
    }
}

static inline void eml_mel_q15_init(void *memory, const uint32_t *words, uint32_t n_values) {
    const eml_mel_data_t d = eml_mel_data(words);
    ((eml_mel_state_t *)memory)->limit = eml_mel_n_frames(words, n_values);
    const eml_mel_q15_memory_t m = eml_mel_q15_memory(&d, memory, ((const eml_mel_state_t *)memory)->limit);
    eml_fft_q15_init(m.table, d.n_fft);
    if (d.n_mfcc) {
        const uint32_t n = d.n_mels, step = EML_SINE_QUARTER / n, rest = EML_SINE_QUARTER - step * n;
        for (uint32_t i = 0; i <= n; i++) {
            m.cosine[i] = (int16_t)((eml_sine_q30(EML_SINE_QUARTER - (i * step + i * rest / n)) + (1 << 15)) >> 16);
        }
        for (uint32_t i = 1; i <= 2; i++) { // sqrt(1 / n), and sqrt(2 / n), which is not wanted of n = 1
            const eml_number_t scale = eml_number_root(eml_number_divide(eml_number(i, 0), eml_number(n, 0)));
            m.scales[i - 1] = (int32_t)(scale.mantissa >> (scale.exponent < -30 ? -30 - scale.exponent : 1));
        }
    }
    eml_mel_q15_reset(words, memory);
}

// 10 log10 of sum * 2^(exponent / 65536), from -100 on, in units of 1/256.
static inline int32_t eml_mel_q15_decibels(uint64_t sum, int32_t exponent) {
    // log2(1 + f) / f, which is 1 at 1: their f multiple is off by 2.3e-6 at most
    static const int32_t C[] = { -27747038, 130779487, -298398565, 491289695, -771102595, 1548920839 };
    if (sum == 0) {
        return -25600;
    }
    const int zeros = eml_clz64(sum);
    const int32_t f = (int32_t)(sum << zeros << 1 >> 34);
    int32_t p = C[0];
    for (size_t i = 1; i < sizeof(C) / sizeof(C[0]); i++) {
        p = C[i] + eml_sine_multiply(p, f);
    }
    int32_t log = (63 - zeros) * 65536 + exponent + (eml_sine_multiply(p, f) >> 14);
    log = log < -40 * 65536 ? -40 * 65536 : log > 42 * 65536 ? 42 * 65536 : log;
    const int32_t decibels = (eml_sine_multiply(log * 256, 12626113) + 128) >> 8; // 10 log10(2) / 256
    return decibels < -25600 ? -25600 : decibels;
}

// Value i of a frame.
static inline void eml_mel_q15_keep(const eml_mel_data_t *d, const eml_mel_q15_memory_t *m, uint32_t i, int32_t value) {
    const uint32_t frame = m->state->frames;
    if (!d->mask && d->n_mfcc) {
        ((int32_t *)m->kept)[frame * d->n + i] = value;
    } else if (!d->mask) {
        ((int16_t *)m->kept)[frame * d->n + i] = (int16_t)value;
    }
    if (d->mask & 3) {
        m->sums[i] += value;
    }
    if (d->mask >> EML_MEL_STD & 1) {
        m->squares[i] += (int64_t)value * value;
    }
    if (d->mask >> EML_MEL_MIN & 1 && (frame == 0 || value < m->least[i])) {
        m->least[i] = value;
    }
    if (d->mask >> EML_MEL_MAX & 1 && (frame == 0 || value > m->most[i])) {
        m->most[i] = value;
    }
}

// Sample i of the frame times the window, (1 - cos) / 2 in units of 2^-16; the table has minus the cosine.
EML_ALWAYS_INLINE int32_t eml_mel_q15_sample(const eml_mel_data_t *d, const eml_mel_q15_memory_t *m, uint32_t i) {
    const uint32_t last = d->n_fft - 1;
    return m->ring[(m->state->at + i) & last] * (32768 + m->table[(i + d->n_fft / 4) & last]);
}

// The frame times the window to re and im, in the unit in which it just fits; the exponent of that.
static inline int eml_mel_q15_window(const eml_mel_data_t *d, const eml_mel_q15_memory_t *m) {
    uint32_t magnitude = 1 << 15;
    for (uint32_t i = 0; i < d->n_fft; i++) {
        const int32_t product = eml_mel_q15_sample(d, m, i);
        magnitude |= (uint32_t)(product < 0 ? ~product : product);
    }
    const int shift = 17 - eml_clz32(magnitude);
    for (uint32_t i = 0; i < d->n_fft; i++) {
        (i & 1 ? m->im : m->re)[i / 2] = eml_fft_q15_clip((eml_mel_q15_sample(d, m, i) >> (shift - 1)) + 1, 1);
    }
    return shift - 16;
}

static inline void eml_mel_q15_frame(const eml_mel_data_t *d, const eml_mel_q15_memory_t *m) {
    const uint32_t n = d->n_fft, n_mels = d->n_mels;
    int exponent = eml_mel_q15_window(d, m) - 15;
    exponent += eml_fft_q15_run(m->table, n, m->re, m->im, n / 2);
    exponent += eml_fft_q15_join(m->table, n, m->re, m->im);
    uint32_t k = eml_mel_half(d->edges, 0), at = 0;
    uint64_t rising = 0;
    for (uint32_t j = 0; j <= n_mels; j++) {
        uint64_t falling = rising;
        rising = 0;
        for (const uint32_t end = eml_mel_half(d->edges, j + 1); k < end; k++, at++) {
            const uint32_t power = eml_fft_q15_largest(m->re + k, m->im + k, 1), weight = eml_mel_half(d->weights, at);
            const uint32_t part = (power >> 16) * weight + ((power & 0xffff) * weight >> 16);
            rising += part;
            falling += power - part;
        }
        if (j) {
            const int32_t value = eml_mel_q15_decibels(falling, 2 * exponent * 65536 + (int32_t)d->scales[j - 1]);
            if (d->n_mfcc) {
                m->bands[j - 1] = (int16_t)value;
            } else {
                eml_mel_q15_keep(d, m, j - 1, value);
            }
        }
    }
    for (uint32_t i = 0; i < d->n_mfcc; i++) {
        int32_t sum = 0; // in units of 2^-16 dB
        for (uint32_t j = 0, r = i; j < n_mels; j++) {
            const uint32_t folded = r > 2 * n_mels ? 4 * n_mels - r : r; // cos(pi r / 2n), r below 4n
            const int32_t cosine = folded > n_mels ? -m->cosine[2 * n_mels - folded] : m->cosine[folded];
            sum += (m->bands[j] * cosine + 32) >> 6;
            r += 2 * i;
            r -= r < 4 * n_mels ? 0 : 4 * n_mels;
        }
        eml_mel_q15_keep(d, m, i, (eml_sine_multiply(sum, m->scales[i ? 1 : 0]) + 128) >> 8);
    }
    m->state->frames++;
}

static inline eml_err_t eml_mel_q15_push(const uint32_t *words, void *memory, const eml_array_t *samples) {
    if (samples->type != EML_INT16) {
        return EML_ERR_TYPE;
    }
    const eml_mel_data_t d = eml_mel_data(words);
    eml_mel_state_t *const s = (eml_mel_state_t *)memory;
    const eml_mel_q15_memory_t m = eml_mel_q15_memory(&d, memory, s->limit);
    for (size_t i = 0; i < samples->size && s->frames < s->limit; i++) {
        m.ring[s->at++ & (d.n_fft - 1)] = ((const int16_t *)samples->data)[i];
        if (--s->wanted == 0) {
            s->wanted = d.hop;
            eml_mel_q15_frame(&d, &m);
        }
    }
    return EML_OK;
}

// value / 256
static inline void eml_mel_q15_store(float *out, int32_t value) {
    eml_number_store(out, value ? eml_float_from_int(value) - (8u << 23) : 0);
}

static inline float *eml_mel_q15_store_all(float *out, const int32_t *values, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        eml_mel_q15_store(out++, values[i]);
    }
    return out;
}

static inline void eml_mel_q15_finish(const uint32_t *words, void *memory, float *out) {
    const eml_mel_data_t d = eml_mel_data(words);
    const eml_mel_q15_memory_t m = eml_mel_q15_memory(&d, memory, ((const eml_mel_state_t *)memory)->limit);
    const uint32_t frames = m.state->frames ? m.state->frames : 1;
    if (!d.mask && d.n_mfcc) {
        eml_mel_q15_store_all(out, (const int32_t *)m.kept, m.state->limit * d.n);
    } else if (!d.mask) {
        for (uint32_t i = 0; i < m.state->limit * d.n; i++) {
            eml_mel_q15_store(out++, ((const int16_t *)m.kept)[i]);
        }
    }
    for (uint32_t i = 0; i < d.n && d.mask & 1 << EML_MEL_MEAN; i++) {
        const int32_t sum = m.sums[i];
        eml_number_store(out++, eml_float_from_ratio((uint64_t)(sum < 0 ? -sum : sum), (uint16_t)frames, -8) | (sum < 0 ? 0x80000000u : 0));
    }
    for (uint32_t i = 0; i < d.n && d.mask & 1 << EML_MEL_STD; i++) {
        const int64_t spread = m.squares[i] * (int32_t)frames - (int64_t)m.sums[i] * m.sums[i];
        eml_number_t std = eml_number_root(eml_number_divide(eml_number((uint64_t)spread, 0), eml_number(frames * frames, 0)));
        std.exponent -= 8;
        eml_number_store(out++, eml_number_bits(std));
    }
    if (d.mask & 1 << EML_MEL_MIN) {
        out = eml_mel_q15_store_all(out, m.least, d.n);
    }
    if (d.mask & 1 << EML_MEL_MAX) {
        eml_mel_q15_store_all(out, m.most, d.n);
    }
}

static inline eml_err_t eml_mel_q15_run(const uint32_t *words, void *memory, const eml_array_t *window, float *out) {
    eml_mel_q15_reset(words, memory);
    const eml_err_t error = eml_mel_q15_push(words, memory, window);
    if (error == EML_OK) {
        eml_mel_q15_finish(words, memory, out);
    }
    return error;
}

#endif // EML_MEL_Q15_H
