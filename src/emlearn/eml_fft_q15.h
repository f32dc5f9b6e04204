// Fast Fourier transform of int16, in place, in block floating point: X[k] = 2^exponent * what is left in re and im.
//
//   eml_fft_q15_init(table, n)                       n int16: the sine of every n-th of a turn
//   exponent = eml_fft_q15_run(table, n, re, im, m)  complex, of m samples: m divides n
//   exponent = eml_fft_q15_real(table, n, x, re, im) real, of n samples: n / 2 + 1 bins
//   eml_fft_q15_power(re, im, out, count)            re^2 + im^2, for which the exponent counts twice
//
// Sizes and passes are those of eml_fft.h. Each pass is computed in 32 bits and rounded once, to the unit in which the largest that
// can come of what there is just fits: nothing overflows, small samples lose nothing, and noise is that of the last passes.
#ifndef EML_FFT_Q15_H
#define EML_FFT_Q15_H

#include "eml_fft.h"

// Sums of a pass are in units of 2^-13: 4 complex numbers of magnitude 2^15.5 take 31 bits.
#define EML_FFT_Q15_FRACTION 13

static inline void eml_fft_q15_init(int16_t *table, size_t n) {
    const uint32_t step = (uint32_t)(0xffffffffu / n + 1);
    for (size_t i = 0; i < n; i++) {
        table[i] = eml_sine_q15((uint32_t)i * step);
    }
}

// The larger of a squared magnitude found so far and that of re + j im.
EML_ALWAYS_INLINE uint32_t eml_fft_q15_largest(uint32_t largest, int32_t re, int32_t im) {
    const uint32_t square = (uint32_t)(re * re) + (uint32_t)(im * im);
    return square > largest ? square : largest;
}

// The least exponent, -12 or more, at which sums of 2^growth numbers, whose largest squared magnitude is this, do not exceed 2^15.
static inline int eml_fft_q15_exponent(uint32_t square, int growth) {
    int exponent = 1 - EML_FFT_Q15_FRACTION;
    square -= square != 0;
    for (int room = 30 - 2 * growth + 2 * exponent; room < 32 && square >> room; room += 2) {
        exponent++;
    }
    return exponent;
}

// Rounds to the nearest. The few sums that rounding brings to 2^15 are clipped.
EML_ALWAYS_INLINE int32_t eml_fft_q15_round(int32_t sum, int shift) {
    sum = ((sum >> (shift - 1)) + 1) >> 1;
    if (EML_UNLIKELY((uint32_t)(sum + 32768) > 65535)) {
        sum = sum < 0 ? -32768 : 32767;
    }
    return sum;
}

// x * c + y * s, in units of the sums.
EML_ALWAYS_INLINE int32_t eml_fft_q15_turn(int32_t x, int32_t y, int32_t c, int32_t s) {
    return (x * c + y * s) >> (15 - EML_FFT_Q15_FRACTION);
}

// Stores re + j im, rounded.
EML_ALWAYS_INLINE uint32_t eml_fft_q15_store(int16_t *r, int16_t *j, int32_t re, int32_t im, int shift, uint32_t largest) {
    re = eml_fft_q15_round(re, shift);
    im = eml_fft_q15_round(im, shift);
    *r = (int16_t)re;
    *j = (int16_t)im;
    return eml_fft_q15_largest(largest, re, im);
}

static inline void eml_fft_q15_swap(int16_t *re, int16_t *im, size_t i, size_t j) {
    const int16_t r = re[i], x = im[i];
    re[i] = re[j];
    im[i] = im[j];
    re[j] = r;
    im[j] = x;
}

static inline int eml_fft_q15_run(const int16_t *table, size_t n, int16_t *re, int16_t *im, size_t m) {
    uint32_t largest = 0;
    const size_t half = m / 2;
    for (size_t i = 0, j = 0; i < half; i += 2, j = eml_fft_next_reversed(j, half)) {
        if (i < j) {
            eml_fft_q15_swap(re, im, i, j);
            eml_fft_q15_swap(re, im, i + half + 1, j + half + 1);
        }
        eml_fft_q15_swap(re, im, i + 1, j + half);
    }
    for (size_t i = 0; i < m; i++) {
        largest = eml_fft_q15_largest(largest, re[i], im[i]);
    }
    int total = 0;
    size_t quarter = 1;
    if (eml_fft_is_odd_power(m)) {
        total = eml_fft_q15_exponent(largest, 1);
        largest = 0;
        const int shift = EML_FFT_Q15_FRACTION + total;
        for (size_t i = 0; i < m; i += 2) {
            const int32_t ar = re[i] * (1 << EML_FFT_Q15_FRACTION), ai = im[i] * (1 << EML_FFT_Q15_FRACTION);
            const int32_t br = re[i + 1] * (1 << EML_FFT_Q15_FRACTION), bi = im[i + 1] * (1 << EML_FFT_Q15_FRACTION);
            largest = eml_fft_q15_store(re + i, im + i, ar + br, ai + bi, shift, largest);
            largest = eml_fft_q15_store(re + i + 1, im + i + 1, ar - br, ai - bi, shift, largest);
        }
        quarter = 2;
    }
    for (size_t step = n / (4 * quarter); quarter < m; quarter *= 4, step /= 4) {
        const int exponent = eml_fft_q15_exponent(largest, 2);
        const int shift = EML_FFT_Q15_FRACTION + exponent;
        total += exponent;
        largest = 0;
        for (size_t k = 0; k < quarter; k++) {
            const int16_t *const s = table, *const c = table + n / 4;
            const int32_t s1 = s[k * step], s2 = s[2 * k * step], s3 = s[3 * k * step];
            int32_t c1 = c[k * step], c2 = c[2 * k * step], c3 = c[3 * k * step];
            if (k == 0) {
                c1 = c2 = c3 = 32768; // which is no int16
            }
            int16_t *r = re + k, *j = im + k;
            for (const int16_t *const end = re + m; r < end; r += 4 * quarter, j += 4 * quarter) {
                const int32_t ar = *r * (1 << EML_FFT_Q15_FRACTION), ai = *j * (1 << EML_FFT_Q15_FRACTION);
                int32_t x = *(r += quarter), y = *(j += quarter);
                const int32_t cr = eml_fft_q15_turn(x, y, c2, s2), ci = eml_fft_q15_turn(y, x, c2, -s2);
                x = *(r += quarter), y = *(j += quarter);
                const int32_t br = eml_fft_q15_turn(x, y, c1, s1), bi = eml_fft_q15_turn(y, x, c1, -s1);
                x = *(r += quarter), y = *(j += quarter);
                const int32_t dr = eml_fft_q15_turn(x, y, c3, s3), di = eml_fft_q15_turn(y, x, c3, -s3);
                largest = eml_fft_q15_store(r, j, ar - cr - (bi - di), ai - ci + (br - dr), shift, largest);
                largest = eml_fft_q15_store(r -= quarter, j -= quarter, ar + cr - (br + dr), ai + ci - (bi + di), shift, largest);
                largest = eml_fft_q15_store(r -= quarter, j -= quarter, ar - cr + (bi - di), ai - ci - (br - dr), shift, largest);
                largest = eml_fft_q15_store(r -= quarter, j -= quarter, ar + cr + (br + dr), ai + ci + (bi + di), shift, largest);
            }
        }
    }
    return total;
}

// Even samples to re, odd ones to im.
static inline void eml_fft_q15_split(const int16_t *x, int16_t *re, int16_t *im, size_t m) {
    for (size_t i = 0; i < m; i++) {
        re[i] = x[2 * i];
        im[i] = x[2 * i + 1];
    }
}

// From the transform of what is split to that of the real samples; returns what the exponent grows by.
static inline int eml_fft_q15_join(const int16_t *table, size_t n, int16_t *re, int16_t *im) {
    const size_t m = n / 2;
    uint32_t largest = 0;
    for (size_t i = 0; i < m; i++) {
        largest = eml_fft_q15_largest(largest, re[i], im[i]);
    }
    const int exponent = eml_fft_q15_exponent(largest, 1);
    const int shift = EML_FFT_Q15_FRACTION + exponent;
    // The spectra of even and odd samples are the even and odd parts of that one; the sums here are twice as large, their unit half.
    re[m] = re[0];
    im[m] = im[0];
    for (size_t i = 0, j = m; i <= j; i++, j--) {
        const int32_t er = (re[i] + re[j]) * (1 << (EML_FFT_Q15_FRACTION - 1)), ei = (im[i] - im[j]) * (1 << (EML_FFT_Q15_FRACTION - 1));
        const int32_t or_ = im[i] + im[j], oi = re[j] - re[i];
        const int32_t s = table[i], c = i == 0 ? 32768 : table[i + n / 4];
        const int32_t tr = (or_ * c >> 3) + (oi * s >> 3), ti = (oi * c >> 3) - (or_ * s >> 3); // 17 by 15 bits: no room for a sum
        re[i] = (int16_t)eml_fft_q15_round(er + tr, shift);
        im[i] = (int16_t)eml_fft_q15_round(ei + ti, shift);
        re[j] = (int16_t)eml_fft_q15_round(er - tr, shift);
        im[j] = (int16_t)eml_fft_q15_round(ti - ei, shift);
    }
    return exponent;
}

// re and im have room for n / 2 + 1 each, and x is neither of them.
static inline int eml_fft_q15_real(const int16_t *table, size_t n, const int16_t *x, int16_t *re, int16_t *im) {
    eml_fft_q15_split(x, re, im, n / 2);
    const int exponent = eml_fft_q15_run(table, n, re, im, n / 2);
    return exponent + eml_fft_q15_join(table, n, re, im);
}

// out may begin up to 2 * count bytes before re.
static inline void eml_fft_q15_power(const int16_t *re, const int16_t *im, void *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t square = eml_fft_q15_largest(0, re[i], im[i]);
        memcpy((uint8_t *)out + 4 * i, &square, sizeof(square));
    }
}

#endif // EML_FFT_Q15_H
