// eml_fft.h and eml_fft_q15.h beside the sum that defines the transform.
#include "eml_fft.h"
#include "eml_fft_q15.h"

#include "check.h"

#include <math.h>

#define MAX 256

static double exact_re[MAX], exact_im[MAX];

// O(n^2), in float64.
static double transform(const double *re, const double *im, size_t n) {
    double power = 0;
    for (size_t k = 0; k < n; k++) {
        exact_re[k] = exact_im[k] = 0;
        for (size_t i = 0; i < n; i++) {
            const double angle = -6.283185307179586476925 * (double)(i * k % n) / (double)n;
            exact_re[k] += re[i] * cos(angle) - im[i] * sin(angle);
            exact_im[k] += re[i] * sin(angle) + im[i] * cos(angle);
        }
        power += exact_re[k] * exact_re[k] + exact_im[k] * exact_im[k];
    }
    return power;
}

static double difference(size_t k, double re, double im) {
    return (re - exact_re[k]) * (re - exact_re[k]) + (im - exact_im[k]) * (im - exact_im[k]);
}

static void test_size(size_t n, int32_t largest) {
    double re[MAX] = { 0 }, im[MAX] = { 0 }, zero[MAX] = { 0 }, error = 0, error_q15 = 0;
    float *const table = (float *)calloc(n, sizeof(float)), *const r = (float *)calloc(n, sizeof(float));
    float *const j = (float *)calloc(n, sizeof(float)), *const x = (float *)calloc(n, sizeof(float));
    int16_t *const table_q15 = (int16_t *)calloc(n, 2), *const r15 = (int16_t *)calloc(n, 2);
    int16_t *const j15 = (int16_t *)calloc(n, 2), *const x15 = (int16_t *)calloc(n, 2);
    for (size_t i = 0; i < n; i++) {
        r15[i] = (int16_t)((int32_t)random_below(2 * (uint32_t)largest + 1) - largest);
        j15[i] = (int16_t)((int32_t)random_below(2 * (uint32_t)largest + 1) - largest);
        x15[i] = r15[i];
        re[i] = x15[i];
        im[i] = j15[i];
        x[i] = r[i] = r15[i];
        j[i] = j15[i];
    }
    eml_fft_init(table, n);
    eml_fft_q15_init(table_q15, n);
    double power = transform(re, im, n);
    eml_fft_run(table, n, r, j, n);
    int exponent = eml_fft_q15_run(table_q15, n, r15, j15, n);
    for (size_t k = 0; k < n; k++) {
        error += difference(k, (double)r[k], (double)j[k]);
        error_q15 += difference(k, ldexp(r15[k], exponent), ldexp(j15[k], exponent));
    }
    CHECK(error <= 2.5e-13 * power, n, largest, 0);   // 5e-7
    CHECK(error_q15 <= 1e-6 * power, n, largest, 0); // 60 dB
    // The real transform, with memory for its bins and no more.
    const size_t bins = n / 2 + 1;
    r15[0] = 0;
    float *const rr = (float *)malloc(bins * sizeof(float)), *const rj = (float *)malloc(bins * sizeof(float));
    int32_t *const out = (int32_t *)malloc(bins * sizeof(int32_t));
    int16_t *const qr = (int16_t *)(void *)(out + bins) - bins, *const qj = (int16_t *)malloc(2 * bins);
    power = transform(re, zero, n);
    eml_fft_real(table, n, x, rr, rj);
    exponent = eml_fft_q15_real(table_q15, n, x15, qr, qj);
    error = error_q15 = 0;
    int32_t squares[MAX];
    for (size_t k = 0; k < bins; k++) {
        error += difference(k, (double)rr[k], (double)rj[k]);
        error_q15 += difference(k, ldexp(qr[k], exponent), ldexp(qj[k], exponent));
        squares[k] = qr[k] * qr[k] + qj[k] * qj[k];
    }
    CHECK(error <= 2.5e-13 * power, n, largest, 0);
    CHECK(error_q15 <= 1e-6 * power, n, largest, 0);
    eml_fft_q15_power(qr, qj, out, bins); // over the memory of qr
    for (size_t k = 0; k < bins; k++) {
        CHECK(out[k] == squares[k], n, k, out[k]);
    }
    float *const blocks_of_float[] = { table, r, j, x, rr, rj };
    int16_t *const blocks_of_int16[] = { table_q15, r15, j15, x15, qj };
    for (size_t i = 0; i < 6; i++) {
        free(blocks_of_float[i]);
    }
    for (size_t i = 0; i < 5; i++) {
        free(blocks_of_int16[i]);
    }
    free(out);
}

// Minus the sine: within 0.75 of a unit, and exact where sines are 0 and 1, but for 32768, which is no int16.
static void test_table(size_t n) {
    int16_t *const table = (int16_t *)calloc(n, 2);
    eml_fft_q15_init(table, n);
    for (size_t i = 0; i < n; i++) {
        const double exact = -32768 * sin(6.283185307179586476925 * (double)i / (double)n);
        const double error = fabs(table[i] - (exact > 32767 ? 32767 : exact));
        CHECK(error < (i % (n / 4) ? 0.75 : 1e-9), n, i, table[i]);
    }
    free(table);
}

int main(void) {
    for (size_t n = 8; n <= 4096; n *= 2) {
        test_table(n);
    }
    for (size_t n = 8; n <= MAX; n *= 2) {
        for (int repeat = 0; repeat < 3; repeat++) {
            test_size(n, 32767);
            test_size(n, 300);
            test_size(n, 5);
        }
    }
    for (size_t n = 0; n < 10000; n++) {
        CHECK(eml_fft_is_size(n) == (n == 8 || n == 16 || n == 32 || n == 64 || n == 128 || n == 256 || n == 512 || n == 1024 || n == 2048
                  || n == 4096), n, 0, 0);
    }
    printf("%lu checks\n", checks_made);
    return 0;
}
