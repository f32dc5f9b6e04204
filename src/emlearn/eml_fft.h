// Fast Fourier transform of float32, in place: X[k] = sum of x[i] * exp(-2 pi j i k / n), as NumPy has it.
//
//   eml_fft_init(table, n)                      n floats: the sine of every n-th of a turn
//   eml_fft_run(table, n, re, im, m)            complex, of m samples: m divides n
//   eml_fft_real(table, n, x, re, im)           real, of n samples: n / 2 + 1 bins
//   eml_fft_power(re, im, out, count)           re^2 + im^2; out may be re or im
//
// n and m are powers of two, n 8..4096 and m 4 or more. Radix 4, decimation in time, with a pass of radix 2 first if that is left
// over. Only + - * in a fixed order: the same bits on every CPU, if the compiler does not contract them (-ffp-contract=off).
#ifndef EML_FFT_H
#define EML_FFT_H

#include "eml_sine.h"

#define EML_FFT_MIN 8
#define EML_FFT_MAX 4096

static inline int eml_fft_is_size(size_t n) {
    return n >= EML_FFT_MIN && n <= EML_FFT_MAX && (n & (n - 1)) == 0;
}

// Whether n is 2 * 4^k.
static inline int eml_fft_is_odd_power(size_t n) {
    return (n & 0xaaaaaaaau) != 0;
}

// The successor of i, both with their bits in reverse; n is 2 to the number of bits.
static inline size_t eml_fft_next_reversed(size_t i, size_t n) {
    do {
        n >>= 1;
        i ^= n;
    } while (!(i & n) && n);
    return i;
}

// The phase of an n-th of a turn, by what every CPU has.
static inline uint32_t eml_fft_step(size_t n) {
    uint32_t step = EML_SINE_QUARTER;
    for (; n > 4; n /= 2) {
        step /= 2;
    }
    return step;
}

static inline void eml_fft_init(float *table, size_t n) {
    const uint32_t step = eml_fft_step(n);
    for (size_t i = 0; i < n; i++) {
        table[i] = eml_sine((uint32_t)i * step);
    }
}

static inline void eml_fft_swap(float *re, float *im, size_t i, size_t j) {
    const float r = re[i], x = im[i];
    re[i] = re[j];
    im[i] = im[j];
    re[j] = r;
    im[j] = x;
}

static inline void eml_fft_run(const float *table, size_t n, float *re, float *im, size_t m) {
    // Each sample to where its bits in reverse say, by those whose first and last bit are 0; 1 and 0 always change places.
    const size_t half = m / 2;
    for (size_t i = 0, j = 0; i < half; i += 2, j = eml_fft_next_reversed(j, half)) {
        if (i < j) {
            eml_fft_swap(re, im, i, j);
            eml_fft_swap(re, im, i + half + 1, j + half + 1);
        }
        eml_fft_swap(re, im, i + 1, j + half);
    }
    size_t quarter = 1;
    if (eml_fft_is_odd_power(m)) {
        for (size_t i = 0; i < m; i += 2) {
            const float r = re[i + 1], j = im[i + 1];
            re[i + 1] = eml_float_sub(re[i], r);
            im[i + 1] = eml_float_sub(im[i], j);
            re[i] += r;
            im[i] += j;
        }
        quarter = 2;
    }
    for (size_t step = n >> (quarter + 1); quarter < m; quarter *= 4, step /= 4) {
        for (size_t k = 0; k < quarter; k++) {
            const float *const s = table, *const c = table + n / 4;
            const float s1 = s[k * step], s2 = s[2 * k * step], s3 = s[3 * k * step];
            const float c1 = c[k * step], c2 = c[2 * k * step], c3 = c[3 * k * step];
            // Two pointers that walk there and back leave registers for the rest.
            float *r = re + k, *j = im + k;
            for (const float *const end = re + m; r < end; r += 4 * quarter, j += 4 * quarter) {
                // Bits in reverse: the second quarter holds every fourth sample from 2, the third those from 1.
                const float ar = *r, ai = *j;
                float cr = *(r += quarter), ci = *(j += quarter);
                float br = *(r += quarter), bi = *(j += quarter);
                float dr = *(r += quarter), di = *(j += quarter);
                if (k) {
                    const float b = br, g = cr, d = dr;
                    br = b * c1 + bi * s1;
                    bi = eml_float_sub(bi * c1, b * s1);
                    cr = g * c2 + ci * s2;
                    ci = eml_float_sub(ci * c2, g * s2);
                    dr = d * c3 + di * s3;
                    di = eml_float_sub(di * c3, d * s3);
                }
                const float er = ar + cr, ei = ai + ci, gr = br + dr, gi = bi + di;
                const float fr = eml_float_sub(ar, cr), fi = eml_float_sub(ai, ci);
                const float hr = eml_float_sub(br, dr), hi = eml_float_sub(bi, di);
                *r = eml_float_sub(fr, hi);
                *j = fi + hr;
                *(r -= quarter) = eml_float_sub(er, gr);
                *(j -= quarter) = eml_float_sub(ei, gi);
                *(r -= quarter) = fr + hi;
                *(j -= quarter) = eml_float_sub(fi, hr);
                *(r -= quarter) = er + gr;
                *(j -= quarter) = ei + gi;
            }
        }
    }
}

// Even samples to re, odd ones to im.
static inline void eml_fft_split(const float *x, float *re, float *im, size_t m) {
    for (size_t i = 0; i < m; i++) {
        re[i] = x[2 * i];
        im[i] = x[2 * i + 1];
    }
}

// From the transform of what is split to that of the real samples.
static inline void eml_fft_join(const float *table, size_t n, float *re, float *im) {
    const size_t m = n / 2;
    // The spectra of even and odd samples are the even and odd parts of that one.
    re[m] = re[0];
    im[m] = im[0];
    for (size_t i = 0, j = m; i <= j; i++, j--) {
        const float er = (re[i] + re[j]) * 0.5f, ei = eml_float_sub(im[i], im[j]) * 0.5f;
        const float or_ = (im[i] + im[j]) * 0.5f, oi = eml_float_sub(re[j], re[i]) * 0.5f;
        const float s = table[i], c = table[i + n / 4];
        const float tr = or_ * c + oi * s, ti = eml_float_sub(oi * c, or_ * s);
        re[i] = er + tr;
        im[i] = ei + ti;
        re[j] = eml_float_sub(er, tr);
        im[j] = eml_float_sub(ti, ei);
    }
}

// re and im have room for n / 2 + 1 each, and x is neither of them.
static inline void eml_fft_real(const float *table, size_t n, const float *x, float *re, float *im) {
    eml_fft_split(x, re, im, n / 2);
    eml_fft_run(table, n, re, im, n / 2);
    eml_fft_join(table, n, re, im);
}

static inline void eml_fft_power(const float *re, const float *im, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const float r = re[i], j = im[i];
        out[i] = r * r + j * j;
    }
}

#endif // EML_FFT_H
