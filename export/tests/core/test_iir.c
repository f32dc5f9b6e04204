// eml_iir.h and eml_iir_q15.h: beside float64, and with coefficients of any bits, for the sanitizers.
#include "eml_iir.h"
#include "eml_iir_q15.h"

#include "check.h"

#include <math.h>

#define N 300

static void filter64(const float *sos, size_t n, double *x, size_t size) {
    for (size_t stage = 0; stage < n; stage++, sos += 6) {
        double s1 = 0, s2 = 0;
        for (size_t i = 0; i < size; i++) {
            const double y = (double)sos[0] * x[i] + s1;
            s1 = (double)sos[1] * x[i] - (double)sos[4] * y + s2;
            s2 = (double)sos[2] * x[i] - (double)sos[5] * y;
            x[i] = y;
        }
    }
}

static void test_low_pass(void) {
    static const float SOS[] = { 0.0675f, 0.1349f, 0.0675f, 1, -1.143f, 0.4128f, 0.131f, 0.262f, 0.131f, 1, -0.7478f, 0.2722f };
    double exact[N];
    float x[N];
    int16_t x15[N];
    for (int i = 0; i < N; i++) {
        x15[i] = (int16_t)(random64() >> 48);
        x[i] = x15[i];
        exact[i] = x15[i];
    }
    filter64(SOS, 2, exact, N);
    eml_iir_t *m = (eml_iir_t *)malloc(eml_iir_size(12));
    CHECK(eml_iir_init(m, SOS, 12) == EML_OK, 0, 0, 0);
    eml_iir_run(m, x, 100);
    eml_iir_run(m, x + 100, N - 100);
    eml_iir_q15_t *q = (eml_iir_q15_t *)malloc(eml_iir_q15_size(12));
    CHECK(eml_iir_q15_init(q, SOS, 12) == EML_OK, 0, 0, 0);
    eml_iir_q15_run(q, x15, 100);
    eml_iir_q15_run(q, x15 + 100, N - 100);
    for (int i = 0; i < N; i++) {
        CHECK(fabs((double)x[i] - exact[i]) < 32768 * 2e-6, i, 0, 0);
        CHECK(fabs(x15[i] - exact[i]) < 2 + 32768 * 2e-4, i, x15[i], 0); // coefficients of 16 bits, by 1 / A(1) = 3.7
    }
    eml_iir_reset(m);
    eml_iir_q15_reset(q);
    for (int i = 0; i < 2; i++) {
        float zero = 0;
        int16_t zero15 = 0;
        eml_iir_run(m, &zero, 1);
        eml_iir_q15_run(q, &zero15, 1);
        CHECK(zero == 0 && zero15 == 0, i, 0, 0);
    }
    free(m);
    free(q);
}

// Whatever the coefficients, nothing is undefined; what is taken never leaves 32 bits, so that the answer to full scale is what float64 has.
static void test_any(void) {
    unsigned taken = 0;
    for (int repeat = 0; repeat < 3000; repeat++) {
        float sos[12];
        int16_t x[N];
        double exact[N], quantised[12];
        for (int i = 0; i < 12; i++) {
            const uint32_t bits = repeat % 3 ? (uint32_t)((118 + random_below(10)) << 23 | random_below(0x800000) | random_below(2) << 31)
                                             : (uint32_t)random_runs();
            sos[i] = i % 6 == 3 && random_below(50) ? 1 : float_of(bits);
        }
        eml_iir_q15_t *q = (eml_iir_q15_t *)malloc(eml_iir_q15_size(12));
        const eml_err_t err = eml_iir_q15_init(q, sos, 12);
        CHECK(err == EML_OK || err == EML_ERR_RANGE || err == EML_ERR_UNSUPPORTED || err == EML_ERR_FULL, err, repeat, 0);
        if (err == EML_OK) {
            taken++;
            float rounded[12];
            for (int s = 0; s < 2; s++) {
                const eml_iir_q15_stage_t *t = eml_iir_q15_stages(q) + s;
                for (int i = 0; i < 3; i++) {
                    quantised[6 * s + i] = ldexp(t->b.c[i], -t->b.shift - 16);
                }
                quantised[6 * s + 3] = 1;
                for (int i = 0; i < 2; i++) {
                    quantised[6 * s + 4 + i] = t->a.n[1 + i] + ldexp(t->a.c[1 + i], -t->a.shift - 16);
                }
            }
            for (int i = 0; i < 12; i++) {
                rounded[i] = (float)quantised[i]; // exact: 18 bits
            }
            for (int i = 0; i < N; i++) {
                x[i] = random_below(2) ? 32767 : -32768;
                exact[i] = x[i];
            }
            filter64(rounded, 2, exact, N);
            eml_iir_q15_run(q, x, N);
            for (int i = 0; i < N; i++) {
                const double clipped = fmin(fmax(exact[i], -32768), 32767);
                CHECK(fabs(x[i] - clipped) < 3, repeat, i, x[i]);
            }
        }
        free(q);
    }
    CHECK(taken > 100, taken, 0, 0);
}

// Coefficients that are no sections of 6: refused, and not a byte is read behind them.
static void test_shape(void) {
    for (size_t size = 0; size <= 18; size++) {
        float *sos = (float *)malloc(size * sizeof(float));
        for (size_t i = 0; i < size; i++) {
            sos[i] = i % 6 == 3 || i % 6 == 0;
        }
        eml_iir_t *m = (eml_iir_t *)malloc(eml_iir_size(size));
        eml_iir_q15_t *q = (eml_iir_q15_t *)malloc(eml_iir_q15_size(size));
        const eml_err_t expected = size && size % 6 == 0 ? EML_OK : EML_ERR_SHAPE;
        CHECK(eml_iir_init(m, sos, size) == expected, size, 0, 0);
        CHECK(eml_iir_q15_init(q, sos, size) == expected, size, 0, 0);
        free(sos);
        free(m);
        free(q);
    }
}

int main(void) {
    test_shape();
    test_low_pass();
    test_any();
    printf("%lu checks\n", checks_made);
    return 0;
}
