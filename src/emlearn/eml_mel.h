// Mel spectrogram, log-mel and MFCC of float32, as librosa defines them with center=False and power=2, of a window or of a stream.
//
//   eml_mel_check(words, room, n_values)      words that the block takes, 0 if they describe none for such a window
//   eml_mel_columns(words, n_values)          float32 that it makes
//   eml_mel_size(words, n_values)             bytes of memory that it wants, aligned to 8
//   eml_mel_init(memory, words, n_values)     makes its tables, and resets
//   eml_mel_run(words, memory, window, out)   reset, push and finish in one
//   eml_mel_reset(words, memory)              what is pushed then is the beginning of a window
//   eml_mel_push(words, memory, samples)      any number of samples; eml_mel_frames(memory) tells how many frames are complete
//   eml_mel_finish(words, memory, out)
//
// eml_mel_data.h specifies the words. Samples are 'f', of magnitudes to 32768, or 'h', of which 32768 is 1. A frame is multiplied by a
// Hann window (periodic) and transformed; bands are sums of re^2 + im^2; MFCC are their DCT-II, orthonormal. Only + - * in a fixed
// order and integers: the same bits everywhere, however samples are cut into pushes.
#ifndef EML_MEL_H
#define EML_MEL_H

#include "eml_frame.h"
#include "eml_mel_data.h"

#define EML_MEL_LIMIT 0x47000000u // 32768

// What the memory holds, in this order.
typedef struct {
    eml_mel_state_t *state;
    float *table; // [n_fft]
    float *ring;  // [n_fft]
    float *re;    // [n_fft / 2 + 1]
    float *im;
    float *bands;  // [n_mels]
    float *cosine; // [n_mels + 1] of a quarter of a turn, and two scales; if there are MFCC
    float *kept;   // [frames][n]; with a mask, what makes its statistics: [up to 5][n]
    float *end;
} eml_mel_memory_t;

// Arrays that statistics are made from: the first value, sums of distances from it and of their squares, least, largest.
static inline uint32_t eml_mel_n_kept(uint32_t mask) {
    return (mask & 3 ? 3u : 0) + (mask >> EML_MEL_MIN & 1) + (mask >> EML_MEL_MAX & 1);
}

static inline eml_mel_memory_t eml_mel_memory(const eml_mel_data_t *d, void *memory, uint32_t frames) {
    eml_mel_memory_t m;
    m.state = (eml_mel_state_t *)memory;
    m.table = (float *)(m.state + 1);
    m.ring = m.table + d->n_fft;
    m.re = m.ring + d->n_fft;
    m.im = m.re + d->n_fft / 2 + 1;
    m.bands = m.im + d->n_fft / 2 + 1;
    m.cosine = m.bands + d->n_mels;
    m.kept = m.cosine + (d->n_mfcc ? d->n_mels + 3 : 0);
    m.end = m.kept + (d->mask ? eml_mel_n_kept(d->mask) : frames) * d->n;
    return m;
}

static inline uint32_t eml_mel_check(const uint32_t *words, uint32_t room, uint32_t n_values) {
    return eml_mel_data_check(words, room, n_values, 0);
}

static inline size_t eml_mel_size(const uint32_t *words, uint32_t n_values) {
    const eml_mel_data_t d = eml_mel_data(words);
    const uint32_t kept = d.mask ? eml_mel_n_kept(d.mask) : eml_mel_n_frames(words, n_values);
    const uint32_t floats = 3 * d.n_fft + 2 + d.n_mels + (d.n_mfcc ? d.n_mels + 3 : 0) + kept * d.n;
    return (sizeof(eml_mel_state_t) + floats * sizeof(float) + 7) & ~(size_t)7;
}

static inline void eml_mel_reset(const uint32_t *words, void *memory) {
    const eml_mel_data_t d = eml_mel_data(words);
    const eml_mel_memory_t m = eml_mel_memory(&d, memory, ((const eml_mel_state_t *)memory)->limit);
    eml_mel_restart(m.state, d.n_fft);
    for (float *kept = m.kept; kept < m.end; kept++) {
        *kept = 0;
    }
}

static inline void eml_mel_init(void *memory, const uint32_t *words, uint32_t n_values) {
    const eml_mel_data_t d = eml_mel_data(words);
    const eml_mel_memory_t m = eml_mel_memory(&d, memory, 0);
    m.state->limit = eml_mel_n_frames(words, n_values);
    eml_fft_init(m.table, d.n_fft);
    if (d.n_mfcc) {
        const uint32_t n = d.n_mels, step = EML_SINE_QUARTER / n, rest = EML_SINE_QUARTER - step * n;
        for (uint32_t i = 0; i <= n; i++) {
            m.cosine[i] = eml_sine(EML_SINE_QUARTER - (i * step + i * rest / n));
        }
        for (uint32_t i = 1; i <= 2; i++) { // sqrt(1 / n), and sqrt(2 / n)
            const eml_number_t scale = eml_number_root(eml_number_divide(eml_number(i, 0), eml_number(n, 0)));
            eml_number_store(m.cosine + n + i, eml_number_bits(scale));
        }
    }
    eml_mel_reset(words, memory);
}

static inline int eml_mel_is_less(const float *a, const float *b) {
    return eml_float_key(eml_number_load(a)) < eml_float_key(eml_number_load(b));
}

// Value i of a frame.
static inline void eml_mel_keep(const eml_mel_data_t *d, const eml_mel_memory_t *m, uint32_t i, float value) {
    const uint32_t frame = m->state->frames, n = d->n;
    float *kept = m->kept + i;
    if (!d->mask) {
        kept[frame * n] = value;
        return;
    }
    if (d->mask & 3) {
        if (frame == 0) {
            kept[0] = value;
        }
        const float distance = eml_float_sub(value, kept[0]);
        kept[n] += distance;
        kept[2 * n] += distance * distance;
        kept += 3 * n;
    }
    if (d->mask >> EML_MEL_MIN & 1) {
        if (frame == 0 || eml_mel_is_less(&value, kept)) {
            *kept = value;
        }
        kept += n;
    }
    if (d->mask >> EML_MEL_MAX & 1 && (frame == 0 || eml_mel_is_less(kept, &value))) {
        *kept = value;
    }
}

// cos(pi r / 2n), r below 4n
static inline float eml_mel_cosine(const float *cosine, uint32_t r, uint32_t n) {
    r = r > 2 * n ? 4 * n - r : r;
    return r > n ? -cosine[2 * n - r] : cosine[r];
}

static inline void eml_mel_frame(const uint32_t *words, const eml_mel_data_t *d, const eml_mel_memory_t *m) {
    const uint32_t n = d->n_fft, half = n / 2, n_mels = d->n_mels;
    for (uint32_t i = 0, at = m->state->at; i < half; i++, at += 2) {
        m->re[i] = eml_frame_hann(m->table, n, 2 * i, m->ring[at & (n - 1)]);
        m->im[i] = eml_frame_hann(m->table, n, 2 * i + 1, m->ring[(at + 1) & (n - 1)]);
    }
    eml_fft_run(m->table, n, m->re, m->im, half);
    eml_fft_join(m->table, n, m->re, m->im);
    uint32_t k = eml_mel_half(d->edges, 0);
    const uint32_t *weights = d->weights;
    float rising = 0;
    for (uint32_t j = 0; j <= n_mels; j++) {
        float falling = rising;
        rising = 0;
        for (const uint32_t end = eml_mel_half(d->edges, j + 1); k < end; k++) {
            float weight;
            eml_number_store(&weight, *weights++);
            const float power = eml_frame_power(m->re, m->im, k), part = power * weight;
            rising += part;
            falling += eml_float_sub(power, part);
        }
        if (j) {
            float scale;
            eml_number_store(&scale, d->scales[j - 1]);
            falling *= scale;
            m->bands[j - 1] = words[0] >> 8 & EML_MEL_DECIBELS ? eml_frame_decibels(eml_number_load(&falling)) : falling;
        }
    }
    for (uint32_t i = 0; i < d->n; i++) {
        float value = m->bands[i];
        if (d->n_mfcc) {
            value = 0;
            for (uint32_t j = 0, r = i; j < n_mels; j++) {
                value += m->bands[j] * eml_mel_cosine(m->cosine, r, n_mels);
                r += 2 * i;
                r -= r < 4 * n_mels ? 0 : 4 * n_mels;
            }
            value *= m->cosine[n_mels + (i ? 2 : 1)];
        }
        eml_mel_keep(d, m, i, value);
    }
    m->state->frames++;
}

static inline eml_err_t eml_mel_push(const uint32_t *words, void *memory, const eml_array_t *samples) {
    const eml_err_t error = eml_frame_check(samples, EML_MEL_LIMIT);
    if (error) {
        return error;
    }
    const eml_mel_data_t d = eml_mel_data(words);
    eml_mel_state_t *const s = (eml_mel_state_t *)memory;
    const eml_mel_memory_t m = eml_mel_memory(&d, memory, s->limit);
    for (size_t i = 0; i < samples->size && s->frames < s->limit; i++) {
        const float sample = eml_frame_sample(samples, i);
        m.ring[s->at++ & (d.n_fft - 1)] = samples->type == EML_INT16 ? sample * 0.000030517578125f : sample;
        if (--s->wanted == 0) {
            s->wanted = d.hop;
            eml_mel_frame(words, &d, &m);
        }
    }
    return EML_OK;
}

static inline void eml_mel_finish(const uint32_t *words, void *memory, float *out) {
    const eml_mel_data_t d = eml_mel_data(words);
    const eml_mel_memory_t m = eml_mel_memory(&d, memory, ((const eml_mel_state_t *)memory)->limit);
    if (!d.mask) {
        for (const float *kept = m.kept; kept < m.end; kept++) {
            *out++ = *kept;
        }
        return;
    }
    float scale;
    eml_number_store(&scale, eml_float_from_ratio(1, (uint16_t)(m.state->frames ? m.state->frames : 1), 0));
    const float *kept = m.kept;
    for (int statistic = 0; statistic < EML_MEL_COUNT; statistic++) {
        if (!(d.mask >> statistic & 1)) {
            continue;
        }
        if (statistic == EML_MEL_MIN || statistic == EML_MEL_MAX) {
            const uint32_t before = statistic == EML_MEL_MAX ? d.mask >> EML_MEL_MIN & 1 : 0;
            kept = m.kept + ((d.mask & 3 ? 3u : 0) + before) * d.n;
        }
        for (uint32_t i = 0; i < d.n; i++) {
            float value = kept[i];
            if (statistic == EML_MEL_MEAN || statistic == EML_MEL_STD) {
                const float mean = kept[d.n + i] * scale;
                value += mean;
                if (statistic == EML_MEL_STD) {
                    const float variance = eml_float_sub(kept[2 * d.n + i] * scale, mean * mean);
                    const uint32_t bits = eml_number_load(&variance); // may be negative by a rounding
                    eml_number_store(&value, bits >> 31 ? 0 : eml_sqrt(bits));
                }
            }
            *out++ = value;
        }
    }
}

static inline eml_err_t eml_mel_run(const uint32_t *words, void *memory, const eml_array_t *window, float *out) {
    eml_mel_reset(words, memory);
    const eml_err_t error = eml_mel_push(words, memory, window);
    if (error == EML_OK) {
        eml_mel_finish(words, memory, out);
    }
    return error;
}

#endif // EML_MEL_H
