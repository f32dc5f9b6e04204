// Fast Fourier transform of int16, in place, in block floating point: X[k] = 2^exponent * what is left in re and im.
//
//   eml_fft_q15_init(table, n)                       n int16: minus the sine of every n-th of a turn
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

// Half a turn in 2048 steps, each of which turns the sine by the cosine half a step before, and that by this: k = 2 sin(step / 2) is
// 51472 / 2^25. Both are in units of 2^-30, of which the upper 17 bits count; half of what is cut off is added once, and stays.
// So entries are off by less than 0.75, and exact where sines are 0 and 1.
static inline void eml_fft_q15_init(int16_t *table, size_t n) {
    int32_t sine = 1 << 14, cosine = (1 << 30) + (1 << 14);
    for (size_t i = 2048; i-- != 0;) {
        cosine -= (sine >> 15) * 51472 >> 10;
        sine += (cosine >> 15) * 51472 >> 10;
        int16_t *const entry = table + (i * n >> 12); // the last to be written is that of an i without remainder
        const int32_t value = sine >> 15; // 0..32768
        entry[0] = (int16_t)-value; // -1 is an int16
        entry[n / 2] = (int16_t)(value - (value >> 15)); // which 1 is not
    }
}

// The largest squared magnitude.
static inline uint32_t eml_fft_q15_largest(const int16_t *re, const int16_t *im, size_t m) {
    uint32_t largest = 0;
    while (m-- != 0) {
        const int32_t r = *re++, j = *im++;
        const uint32_t square = (uint32_t)(r * r) + (uint32_t)(j * j);
        largest = square > largest ? square : largest;
    }
    return largest;
}

// The least exponent, -12 or more, at which what has squared magnitudes of up to 2^growth times this does not exceed 2^15.
static inline int eml_fft_q15_exponent(uint32_t square, int growth) {
    int exponent = 1 - EML_FFT_Q15_FRACTION;
    square -= square != 0;
    for (square >>= 30 + 2 * exponent - growth; square; square >>= 2) {
        exponent++;
    }
    return exponent;
}

// The nearest of a sum, half a unit above which this is. The few that rounding brings to 2^15 are clipped.
EML_ALWAYS_INLINE int16_t eml_fft_q15_clip(int32_t above, int shift) {
    above >>= shift;
#if defined(__ARM_FEATURE_SAT) && __GNUC__ >= 10
    return (int16_t)__builtin_arm_ssat(above, 16); // one instruction, which GCC does not find by itself
#else
    above = above > 32767 ? 32767 : above;
    return (int16_t)(above < -32768 ? -32768 : above);
#endif
}

// x * c + y * s, in units of the sums, for c and s of the table: minus what it is.
EML_ALWAYS_INLINE int32_t eml_fft_q15_turn(int32_t x, int32_t y, int32_t c, int32_t s) {
    return (x * c + y * s) >> (15 - EML_FFT_Q15_FRACTION);
}

// A sample in units of the sums, and half a unit above that.
EML_ALWAYS_INLINE int32_t eml_fft_q15_above(int32_t x, int shift) {
    return x * (1 << EML_FFT_Q15_FRACTION) + (1 << shift >> 1);
}

static inline void eml_fft_q15_swap(int16_t *x, size_t i, size_t j) {
    const int16_t moved = x[i];
    x[i] = x[j];
    x[j] = moved;
}

// The exponent of a pass in which squared magnitudes grow up to 2^growth times.
EML_NOINLINE int eml_fft_q15_scan(const int16_t *re, const int16_t *im, size_t m, int growth) {
    return eml_fft_q15_exponent(eml_fft_q15_largest(re, im, m), growth);
}

// A pass of radix 2.
static inline void eml_fft_q15_pairs(int16_t *x, size_t m, int shift) {
    for (const int16_t *const end = x + m; x < end; x += 2) {
        const int32_t a = eml_fft_q15_above(x[0], shift), b = x[1] * (1 << EML_FFT_Q15_FRACTION);
        x[0] = eml_fft_q15_clip(a + b, shift);
        x[1] = eml_fft_q15_clip(a - b, shift);
    }
}

static inline int eml_fft_q15_run(const int16_t *table, size_t n, int16_t *re, int16_t *im, size_t m) {
    for (size_t i = 0, j = 0; i < m; i++, j = eml_fft_next_reversed(j, m)) {
        if (i < j) {
            eml_fft_q15_swap(re, i, j);
            eml_fft_q15_swap(im, i, j);
        }
    }
    int total = 0;
    size_t quarter = 1, step = n / 4;
    if (eml_fft_is_odd_power(m)) {
        total = eml_fft_q15_scan(re, im, m, 2);
        for (int16_t *x = re;; x = im) {
            eml_fft_q15_pairs(x, m, EML_FFT_Q15_FRACTION + total);
            if (x == im) {
                break;
            }
        }
        quarter = 2;
        step = n / 8;
    }
    for (; quarter < m; quarter *= 4, step /= 4) {
        const int exponent = eml_fft_q15_scan(re, im, m, 4);
        const int shift = EML_FFT_Q15_FRACTION + exponent;
        total += exponent;
        for (size_t k = 0; k < quarter; k++) {
            const int16_t *const s = table, *const c = table + n / 4;
            const int32_t s1 = s[k * step], s2 = s[2 * k * step], s3 = s[3 * k * step];
            const int32_t c1 = c[k * step], c2 = c[2 * k * step], c3 = c[3 * k * step];
            int16_t *r = re + k, *j = im + k;
            for (const int16_t *const end = re + m; r < end; r += 4 * quarter, j += 4 * quarter) {
                const int32_t ar = eml_fft_q15_above(*r, shift), ai = eml_fft_q15_above(*j, shift);
                // Bits in reverse: the second quarter holds every fourth sample from 2, the third those from 1.
                int32_t x = *(r += quarter), y = *(j += quarter);
                const int32_t cr = eml_fft_q15_turn(x, y, c2, s2), ci = eml_fft_q15_turn(y, x, c2, -s2);
                const int32_t er = ar - cr, ei = ai - ci, fr = ar + cr, fi = ai + ci;
                x = *(r += quarter), y = *(j += quarter);
                const int32_t br = eml_fft_q15_turn(x, y, c1, s1), bi = eml_fft_q15_turn(y, x, c1, -s1);
                x = *(r += quarter), y = *(j += quarter);
                const int32_t dr = eml_fft_q15_turn(x, y, c3, s3), di = eml_fft_q15_turn(y, x, c3, -s3);
                const int32_t gr = br + dr, gi = bi + di, hr = br - dr, hi = bi - di;
                *r = eml_fft_q15_clip(fr + hi, shift);
                *j = eml_fft_q15_clip(fi - hr, shift);
                *(r -= quarter) = eml_fft_q15_clip(er + gr, shift);
                *(j -= quarter) = eml_fft_q15_clip(ei + gi, shift);
                *(r -= quarter) = eml_fft_q15_clip(fr - hi, shift);
                *(j -= quarter) = eml_fft_q15_clip(fi + hr, shift);
                *(r -= quarter) = eml_fft_q15_clip(er - gr, shift);
                *(j -= quarter) = eml_fft_q15_clip(ei - gi, shift);
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
    re[m] = re[0];
    im[m] = im[0];
    // Of what comes of i and j, the squared magnitudes have the same sum.
    for (size_t i = 0, j = m; i <= j; i++, j--) {
        const uint32_t sum = eml_fft_q15_largest(re + i, im + i, 1) + eml_fft_q15_largest(re + j, im + j, 1);
        largest = sum > largest ? sum : largest;
    }
    const int exponent = eml_fft_q15_exponent(largest, 0);
    const int shift = EML_FFT_Q15_FRACTION + exponent;
    // The spectra of even and odd samples are the even and odd parts of that one; the sums here are twice as large, their unit half.
    const int32_t half = 1 << shift >> 1;
    for (size_t i = 0, j = m; i <= j; i++, j--) {
        const int32_t er = (re[i] + re[j]) * (1 << (EML_FFT_Q15_FRACTION - 1)), ei = (im[i] - im[j]) * (1 << (EML_FFT_Q15_FRACTION - 1));
        // As the table's numbers, minus what they are: -65534..65536 by -32768..0 are 32 bits, without room for a sum.
        const int32_t or_ = -(im[i] + im[j]), oi = re[i] - re[j];
        const int32_t s = table[i], c = table[i + n / 4];
        const int32_t tr = (or_ * c >> 3) + (oi * s >> 3), ti = (oi * c >> 3) - (or_ * s >> 3);
        re[i] = eml_fft_q15_clip(er + tr + half, shift);
        im[i] = eml_fft_q15_clip(ei + ti + half, shift);
        re[j] = eml_fft_q15_clip(er - tr + half, shift);
        im[j] = eml_fft_q15_clip(ti - ei + half, shift);
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
        const uint32_t square = eml_fft_q15_largest(re + i, im + i, 1);
        memcpy((uint8_t *)out + 4 * i, &square, sizeof(square));
    }
}

#endif // EML_FFT_Q15_H
