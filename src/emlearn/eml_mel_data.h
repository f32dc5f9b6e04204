// The description of mel features, for eml_mel.h and eml_mel_q15.h, which do the same in float32 and in integers.
//
// words: [0] kind 2 | flags << 8 | n_fft << 16; [1] hop | n_mels << 16; [2] n_mfcc | mask << 16; then
//   edges    [n_mels + 2] uint16, padded to 4 bytes: first bin of each interval between neighboring band edges, and their end
//   scales   [n_mels] float32; Q15: int32, log2 of that in units of 2^-16
//   weights  [edges[n_mels + 1] - edges[0]] float32; Q15: uint16 in units of 2^-16, padded to 4 bytes
//
// A bin of interval j gives its power times weight to band j, and the rest of its power to band j - 1; then bands are scaled. A window
// has one channel. Frames are of n_fft samples, one every hop samples from the first on, without padding: 1 + (n - n_fft) / hop.
// Columns: without mask, n_mels (or n_mfcc) of the first frame, of the second...; with a mask, the first statistic in it of each band
// over the frames, then the next statistic...
#ifndef EML_MEL_DATA_H
#define EML_MEL_DATA_H

#include "eml_common.h"

#define EML_MEL_KIND 2
#define EML_MEL_Q15 1      // int16, in integers; needs decibels
#define EML_MEL_DECIBELS 2 // 10 log10(max(band, 1e-10))
#define EML_MEL_FLAGS 3
#define EML_MEL_HEAD 3
#define EML_MEL_BANDS 128
#define EML_MEL_FRAMES 1023 // so that sums of squares do not overflow
#define EML_MEL_VALUES ((uint32_t)1 << 26)

// Over frames.
enum {
    EML_MEL_MEAN,
    EML_MEL_STD, // of the population
    EML_MEL_MIN,
    EML_MEL_MAX,
    EML_MEL_COUNT,
};

// Unpacked.
typedef struct {
    uint32_t n_fft, hop, n_mels, n_mfcc, mask;
    uint32_t n;            // values of a frame: n_mfcc, or n_mels if that is 0
    const uint32_t *edges; // [n_mels + 2] uint16
    const uint32_t *scales;
    const uint32_t *weights;
} eml_mel_data_t;

// Where samples are in the memory of a block: a ring of n_fft, and what comes next.
typedef struct {
    uint32_t at;     // in the ring
    uint32_t wanted; // samples until a frame is complete
    uint32_t frames; // so far
    uint32_t limit;  // frames of a window; what comes after them is ignored
} eml_mel_state_t;

static inline uint32_t eml_mel_half(const uint32_t *words, uint32_t i) {
    return words[i >> 1] >> (16 * (i & 1)) & 0xffff;
}

static inline eml_mel_data_t eml_mel_data(const uint32_t *words) {
    eml_mel_data_t d;
    d.n_fft = words[0] >> 16;
    d.hop = words[1] & 0xffff;
    d.n_mels = words[1] >> 16;
    d.n_mfcc = words[2] & 0xffff;
    d.mask = words[2] >> 16;
    d.n = d.n_mfcc ? d.n_mfcc : d.n_mels;
    d.edges = words + EML_MEL_HEAD;
    d.scales = d.edges + (d.n_mels + 3) / 2;
    d.weights = d.scales + d.n_mels;
    return d;
}

static inline uint32_t eml_mel_n_frames(const uint32_t *words, uint32_t n_values) {
    return 1 + (n_values - (words[0] >> 16)) / (words[1] & 0xffff);
}

static inline uint32_t eml_mel_n_statistics(uint32_t mask) {
    uint32_t count = 0;
    for (; mask; mask &= mask - 1) {
        count++;
    }
    return count;
}

static inline uint32_t eml_mel_columns(const uint32_t *words, uint32_t n_values) {
    const eml_mel_data_t d = eml_mel_data(words);
    return d.n * (d.mask ? eml_mel_n_statistics(d.mask) : eml_mel_n_frames(words, n_values));
}

// Words that are taken, 0 if they are none of this flag.
static inline uint32_t eml_mel_data_check(const uint32_t *words, uint32_t room, uint32_t n_values, uint32_t q15) {
    const uint32_t flags = room < EML_MEL_HEAD ? 0 : words[0] >> 8 & 0xff;
    if (room < EML_MEL_HEAD || (words[0] & 0xff) != EML_MEL_KIND || flags > EML_MEL_FLAGS || (flags & EML_MEL_Q15) != q15) {
        return 0;
    }
    const eml_mel_data_t d = eml_mel_data(words);
    const uint32_t decibels = flags & EML_MEL_DECIBELS, n_fft = d.n_fft;
    if (n_fft < 8 || n_fft > 4096 || (n_fft & (n_fft - 1)) || d.hop == 0 || d.n_mels == 0 || d.n_mels > EML_MEL_BANDS
        || d.n_mfcc > d.n_mels || d.mask >> EML_MEL_COUNT || ((q15 || d.n_mfcc) && !decibels)) {
        return 0;
    }
    if (n_values < n_fft || n_values > EML_MEL_VALUES || eml_mel_n_frames(words, n_values) > EML_MEL_FRAMES) {
        return 0;
    }
    uint32_t used = EML_MEL_HEAD + (d.n_mels + 3) / 2 + d.n_mels;
    if (room < used) {
        return 0;
    }
    const uint32_t first = eml_mel_half(d.edges, 0);
    uint32_t last = first;
    for (uint32_t j = 1; j < d.n_mels + 2; j++) {
        const uint32_t edge = eml_mel_half(d.edges, j);
        if (edge < last) {
            return 0;
        }
        last = edge;
    }
    const uint32_t bins = last - first, of_weights = q15 ? (bins + 1) / 2 : bins;
    if (last > n_fft / 2 + 1 || room - used < of_weights) {
        return 0;
    }
    for (uint32_t j = 0; j < d.n_mels; j++) {
        // From 2^-32 to 2^32, or a float32 above 0 and below 8.
        if (q15 ? d.scales[j] + 0x200000u > 0x400000u : d.scales[j] - 1 >= 0x41000000u - 1) {
            return 0;
        }
    }
    for (uint32_t k = 0; k < of_weights && !q15; k++) {
        if (d.weights[k] > 0x3f800000u) { // not from 0 to 1
            return 0;
        }
    }
    return used + of_weights;
}

static inline void eml_mel_restart(eml_mel_state_t *s, uint32_t n_fft) {
    s->at = 0;
    s->wanted = n_fft;
    s->frames = 0;
}

// Frames since the reset.
static inline uint32_t eml_mel_frames(const void *memory) {
    return ((const eml_mel_state_t *)memory)->frames;
}

#endif // EML_MEL_DATA_H
