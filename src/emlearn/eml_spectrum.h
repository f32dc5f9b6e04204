// Features of the spectrum of a window of samples, float32: centroid, entropy, peak, energies of bands.
//
//   eml_spectrum_check(words, room, n_values)    words that the block takes, 0 if they describe none for such a window
//   eml_spectrum_columns(words, n_values)        float32 that it makes
//   eml_spectrum_size(words, n_values)           bytes of memory that it wants, aligned to 8
//   eml_spectrum_init(memory, words, n_values)   makes its tables
//   eml_spectrum_run(words, memory, window, out)
//
// words: [0] kind 1 | flags << 8 | n_channels << 16, with the flag EML_SPECTRUM_DECIBELS; [1] n_fft | n_bands << 16; [2] a mask of what
// is wanted: bit i for the i-th of the enum; [3] float32: the width of a bin, in hertz; then, if there are bands, n_bands + 1 edges as
// bins, which ascend: band b has the bins from edge b to before edge b + 1. A window is [n][n_channels], 'h' or 'f', n >= n_fft.
// Columns: what is wanted of channel 0 in the order of the enum, then its bands, then those of channel 1...
//
// The first n_fft samples of a channel, less their mean, times a Hann window (periodic), are transformed; P[k] is the squared
// magnitude of bin k from 0 to n_fft / 2. int16 is taken as it is. Only + - * in a fixed order and integers: the same bits everywhere.
#ifndef EML_SPECTRUM_H
#define EML_SPECTRUM_H

#include "eml_frame.h"

enum {
    EML_SPECTRUM_CENTROID, // sum of f[k] P[k] / sum of P[k], in hertz; 0 if that sum is below 2^-126
    EML_SPECTRUM_ENTROPY,  // -sum of p log2(p) with p = P[k] / sum of P, in bits; 0 likewise
    EML_SPECTRUM_PEAK,     // f[k] of the largest P[k], the first of equals, in hertz
    EML_SPECTRUM_COUNT,
};

#define EML_SPECTRUM_KIND 1
#define EML_SPECTRUM_DECIBELS 1        // of the bands: 10 log10(max(sum of P, 1e-10))
#define EML_SPECTRUM_LIMIT 0x53800000u // 2^40: with that, no sum overflows
#define EML_SPECTRUM_CHANNELS 255
#define EML_SPECTRUM_HEAD 4

static inline uint32_t eml_spectrum_columns(const uint32_t *words, uint32_t n_values) {
    (void)n_values;
    uint32_t count = words[1] >> 16;
    for (int i = 0; i < EML_SPECTRUM_COUNT; i++) {
        count += words[2] >> i & 1;
    }
    return count * (words[0] >> 16);
}

static inline uint32_t eml_spectrum_check(const uint32_t *words, uint32_t room, uint32_t n_values) {
    if (room < EML_SPECTRUM_HEAD || (words[0] & 0xff) != EML_SPECTRUM_KIND || (words[0] >> 8 & 0xff) > EML_SPECTRUM_DECIBELS
        || words[2] >> EML_SPECTRUM_COUNT) {
        return 0;
    }
    const uint32_t channels = words[0] >> 16, n_fft = words[1] & 0xffff, bands = words[1] >> 16;
    if (channels == 0 || channels > EML_SPECTRUM_CHANNELS || !eml_fft_is_size(n_fft) || eml_spectrum_columns(words, n_values) == 0) {
        return 0;
    }
    // The width of a bin is a normal number below 2^20.
    if (n_values / channels < n_fft || n_values % channels || words[3] - 0x800000u >= 0x49800000u - 0x800000u) {
        return 0;
    }
    if (bands == 0) {
        return EML_SPECTRUM_HEAD;
    }
    if (bands > n_fft / 2 + 1 || room - EML_SPECTRUM_HEAD < bands + 1) {
        return 0;
    }
    const uint32_t *const edges = words + EML_SPECTRUM_HEAD;
    for (uint32_t b = 0; b < bands; b++) {
        if (edges[b] >= edges[b + 1]) {
            return 0;
        }
    }
    return edges[bands] <= n_fft / 2 + 1 ? EML_SPECTRUM_HEAD + bands + 1 : 0;
}

// A table of n_fft, and n_fft / 2 + 1 real and imaginary parts.
static inline size_t eml_spectrum_size(const uint32_t *words, uint32_t n_values) {
    (void)n_values;
    return 2 * sizeof(float) * (words[1] & 0xffff) + 2 * sizeof(float);
}

static inline void eml_spectrum_init(void *memory, const uint32_t *words, uint32_t n_values) {
    (void)n_values;
    eml_fft_init((float *)memory, words[1] & 0xffff);
}

// Less the mean: twice, as the first leaves what the sum of large numbers rounds off.
static inline void eml_spectrum_centre(float *re, float *im, size_t m) {
    for (int pass = 0; pass < 2; pass++) {
        float sum = 0, scale;
        for (size_t i = 0; i < m; i++) {
            sum += re[i];
            sum += im[i];
        }
        eml_number_store(&scale, eml_float_from_ratio(1, (uint16_t)(2 * m), 0));
        const float mean = sum * scale;
        for (size_t i = 0; i < m; i++) {
            re[i] = eml_float_sub(re[i], mean);
            im[i] = eml_float_sub(im[i], mean);
        }
    }
}

static inline float eml_spectrum_entropy(const float *power, size_t bins, eml_number_t total) {
    float scale, sum = 0;
    const eml_number_t one = { 0x80000000u, -31 };
    eml_number_store(&scale, eml_number_bits(eml_number_divide(one, total)));
    for (size_t k = 0; k < bins; k++) {
        const float p = power[k] * scale;
        float log;
        const uint32_t bits = eml_number_load(&p);
        if (bits >= 0x800000) { // below that, nothing of it is left in the sum
            eml_number_store(&log, eml_log(bits));
            sum += p * log;
        }
    }
    return sum * -1.442695041f;
}

static inline size_t eml_spectrum_channel(const uint32_t *words, const float *power, float *out) {
    const size_t n_bands = words[1] >> 16, bins = (words[1] & 0xffff) / 2 + 1;
    float sum = 0, moment = 0;
    uint32_t largest = 0;
    size_t peak = 0, made = 0;
    for (size_t k = 0; k < bins; k++) {
        sum += power[k];
        if (eml_number_load(&power[k]) > largest) {
            largest = eml_number_load(&power[k]);
            peak = k;
        }
    }
    // The sum of k P[k], as that of sums: no conversion of k.
    float above = 0;
    for (size_t k = bins - 1; k > 0; k--) {
        above += power[k];
        moment += above;
    }
    // Of subnormal numbers the reciprocal is none.
    const eml_number_t total = eml_number_of(eml_number_load(&sum) < 0x800000 ? 0 : eml_number_load(&sum)), of_width = eml_number_of(words[3]);
    if (words[2] >> EML_SPECTRUM_CENTROID & 1) {
        uint32_t bits = 0;
        if (total.mantissa) {
            const eml_number_t bin = eml_number_divide(eml_number_of(eml_number_load(&moment)), total);
            bits = eml_number_bits(eml_number((uint64_t)bin.mantissa * of_width.mantissa, bin.exponent + of_width.exponent));
        }
        eml_number_store(out + made++, bits);
    }
    if (words[2] >> EML_SPECTRUM_ENTROPY & 1) {
        out[made++] = total.mantissa ? eml_spectrum_entropy(power, bins, total) : 0;
    }
    if (words[2] >> EML_SPECTRUM_PEAK & 1) {
        eml_number_store(out + made++, eml_number_bits(eml_number((uint64_t)of_width.mantissa * peak, of_width.exponent)));
    }
    const uint32_t *const edges = words + EML_SPECTRUM_HEAD;
    for (size_t b = 0; b < n_bands; b++) {
        float band = 0;
        for (size_t k = edges[b]; k < edges[b + 1]; k++) {
            band += power[k];
        }
        out[made++] = words[0] >> 8 & EML_SPECTRUM_DECIBELS ? eml_frame_decibels(eml_number_load(&band)) : band;
    }
    return made;
}

static inline eml_err_t eml_spectrum_run(const uint32_t *words, void *memory, const eml_array_t *window, float *out) {
    const eml_err_t error = eml_frame_check(window, EML_SPECTRUM_LIMIT);
    if (error) {
        return error;
    }
    const size_t channels = words[0] >> 16, n = words[1] & 0xffff, m = n / 2;
    float *const table = (float *)memory, *const re = table + n, *const im = re + m + 1;
    if (window->size < n * channels) {
        return EML_ERR_SHAPE;
    }
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < m; i++) {
            re[i] = eml_frame_sample(window, 2 * i * channels + c);
            im[i] = eml_frame_sample(window, (2 * i + 1) * channels + c);
        }
        eml_spectrum_centre(re, im, m);
        for (size_t i = 0; i < m; i++) {
            re[i] = eml_frame_hann(table, n, 2 * i, re[i]);
            im[i] = eml_frame_hann(table, n, 2 * i + 1, im[i]);
        }
        eml_fft_run(table, n, re, im, m);
        eml_fft_join(table, n, re, im);
        eml_fft_power(re, im, re, m + 1);
        out += eml_spectrum_channel(words, re, out);
    }
    return EML_OK;
}

#endif // EML_SPECTRUM_H
