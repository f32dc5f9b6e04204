// Runs the blocks of signal processing on bytes that may be anything; each array has exactly the size that the core was told.
// Aborts where a result breaks what holds for every input.
#ifndef ATTEMPT_SIGNAL_H
#define ATTEMPT_SIGNAL_H

#include "eml_fft.h"
#include "eml_fft_q15.h"
#include "eml_iir.h"
#include "eml_iir_q15.h"

#include <math.h>
#include <stdlib.h>

static inline void attempt_holds(int condition) {
    if (!condition) {
        abort();
    }
}

// Item i of bytes that are repeated: as they are, or full scale of either sign.
static inline int16_t attempt_sample(const uint8_t *data, size_t size, size_t i, int full_scale) {
    const int low = data[2 * i % size], high = data[(2 * i + 1) % size];
    return (int16_t)(full_scale ? (low & 1 ? 32767 : -32768) : (low | high << 8) - (high & 128 ? 65536 : 0));
}

// A transform keeps the energy, here n times what it was. A pass leaves its largest input at 2^12 units or more (or what there is, at
// 2^12 units each), so that the energy of m outputs is 2^26 or more, and rounds by up to sqrt(1/2) unit: sqrt(m) 2^-13.5 of it. Sines
// of 16 bits add 2^-14.
static inline void attempt_energy(double before, double after, size_t m) {
    double passes = 1;
    for (size_t size = 1; size < m; size *= 4) {
        passes++;
    }
    const double error = passes * (sqrt((double)m) * pow(2, -13.5) + pow(2, -14));
    attempt_holds(fabs(sqrt(after) - sqrt(before)) <= error * sqrt(before));
}

static inline void attempt_fft_q15(const uint8_t *data, size_t size, size_t n, int full_scale) {
    const size_t bins = n / 2 + 1;
    int16_t *const table = (int16_t *)calloc(n, 2), *const x = (int16_t *)malloc(2 * n);
    int16_t *const re = (int16_t *)malloc(2 * n), *const im = (int16_t *)malloc(2 * n);
    int16_t *const bins_re = (int16_t *)malloc(2 * bins), *const bins_im = (int16_t *)malloc(2 * bins);
    double before = 0, after = 0, real = 0;
    eml_fft_q15_init(table, n);
    for (size_t i = 0; i < n; i++) {
        x[i] = re[i] = attempt_sample(data, size, i, full_scale);
        im[i] = attempt_sample(data, size, i + n, full_scale);
        real += (double)x[i] * x[i] * (double)n;
        before += ((double)re[i] * re[i] + (double)im[i] * im[i]) * (double)n;
    }
    const double scale = pow(2, eml_fft_q15_run(table, n, re, im, n));
    for (size_t i = 0; i < n; i++) {
        after += ((double)re[i] * re[i] + (double)im[i] * im[i]) * scale * scale;
    }
    attempt_energy(before, after, n);
    const double scale_real = pow(2, eml_fft_q15_real(table, n, x, bins_re, bins_im));
    after = 0;
    for (size_t i = 0; i < bins; i++) { // all but the first and last stand for two
        const double square = ((double)bins_re[i] * bins_re[i] + (double)bins_im[i] * bins_im[i]) * scale_real * scale_real;
        after += i % (n / 2) ? 2 * square : square;
    }
    attempt_energy(real, after, n);
    int16_t *const arrays[] = { table, x, re, im, bins_re, bins_im };
    for (size_t i = 0; i < 6; i++) {
        free(arrays[i]);
    }
}

// Any bits, NaN and infinities too.
static inline void attempt_fft(const uint8_t *data, size_t size, size_t n) {
    const size_t bins = n / 2 + 1;
    float *const table = (float *)calloc(n, 4), *const re = (float *)malloc(4 * n), *const im = (float *)malloc(4 * n);
    float *const bins_re = (float *)malloc(4 * bins), *const bins_im = (float *)malloc(4 * bins);
    eml_fft_init(table, n);
    for (size_t i = 0; i < 4 * n; i++) {
        ((uint8_t *)re)[i] = data[i % size];
        ((uint8_t *)im)[i] = data[(i + 1) % size];
    }
    eml_fft_real(table, n, re, bins_re, bins_im);
    eml_fft_run(table, n, re, im, n);
    eml_fft_power(re, im, re, n);
    float *const arrays[] = { table, re, im, bins_re, bins_im };
    for (size_t i = 0; i < 5; i++) {
        free(arrays[i]);
    }
}

#define ATTEMPT_SAMPLES 200

// 1 to 3 sections of the first bytes, with an a0 of 1 if `tidy`; whether int16 takes them. After a reset the outputs are the same,
// in pieces too; a filter at rest stays there.
static inline int attempt_iir(const uint8_t *data, size_t size, uint32_t n, int tidy, int full_scale) {
    float *const sos = (float *)malloc(n * 6 * sizeof(float)), *const x = (float *)malloc(ATTEMPT_SAMPLES * sizeof(float));
    int16_t *const a = (int16_t *)malloc(ATTEMPT_SAMPLES * 2), *const b = (int16_t *)malloc(ATTEMPT_SAMPLES * 2);
    eml_iir_t *const m = (eml_iir_t *)malloc(eml_iir_size(6 * n));
    eml_iir_q15_t *const q = (eml_iir_q15_t *)malloc(eml_iir_q15_size(6 * n));
    for (size_t i = 0; i < n * 6 * sizeof(float); i++) {
        ((uint8_t *)sos)[i] = data[i % size];
    }
    for (uint32_t i = 0; tidy && i < n; i++) {
        sos[6 * i + 3] = 1;
    }
    for (size_t i = 0; i < ATTEMPT_SAMPLES; i++) {
        a[i] = b[i] = attempt_sample(data, size, i + n * 12, full_scale);
        x[i] = a[i];
    }
    if (eml_iir_init(m, sos, 6 * n) == EML_OK) {
        eml_iir_run(m, x, ATTEMPT_SAMPLES);
        eml_iir_reset(m);
        *x = 0;
        eml_iir_run(m, x, 1);
        attempt_holds(*x == 0);
    }
    const int taken = eml_iir_q15_init(q, sos, 6 * n) == EML_OK;
    if (taken) {
        eml_iir_q15_run(q, a, ATTEMPT_SAMPLES);
        eml_iir_q15_reset(q);
        eml_iir_q15_run(q, b, 77);
        eml_iir_q15_run(q, b + 77, ATTEMPT_SAMPLES - 77);
        attempt_holds(memcmp(a, b, ATTEMPT_SAMPLES * 2) == 0);
        eml_iir_q15_reset(q);
        memset(a, 0, ATTEMPT_SAMPLES * 2);
        eml_iir_q15_run(q, a, ATTEMPT_SAMPLES);
        for (int i = 0; i < ATTEMPT_SAMPLES; i++) {
            attempt_holds(a[i] == 0);
        }
    }
    free(sos);
    free(x);
    free(a);
    free(b);
    free(m);
    free(q);
    return taken;
}

#endif // ATTEMPT_SIGNAL_H
