"""Compile the core's signal processing into the package: `emlearn._eml_dsp`, as `_core_build.py` does with the models.

Run by setup.py. The functions below are what a native module's binding is on the device.
"""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

_INCLUDE = Path(__file__).resolve().parents[2] / "src" / "emlearn"

_DECLARE = """
int32_t dsp_sine_q30(uint32_t phase);
void dsp_fft_init(float *table, size_t n);
void dsp_fft_run(const float *table, size_t n, float *re, float *im, size_t rows);
void dsp_fft_real(const float *table, size_t n, const float *x, float *re, float *im, size_t rows);
void dsp_fft_power(const float *re, const float *im, float *out, size_t count);
void dsp_fft_q15_init(int16_t *table, size_t n);
void dsp_fft_q15_run(const int16_t *table, size_t n, int16_t *re, int16_t *im, int32_t *exponents, size_t rows);
void dsp_fft_q15_real(
    const int16_t *table, size_t n, const int16_t *x, int16_t *re, int16_t *im, int32_t *exponents, size_t rows);
void dsp_fft_q15_power(const int16_t *re, const int16_t *im, int32_t *out, size_t count);

typedef struct { ...; } eml_iir_t;
size_t dsp_iir_size(size_t size);
int dsp_iir_init(eml_iir_t *m, const float *sos, size_t size);
void dsp_iir_run(eml_iir_t *m, float *x, size_t size);
void dsp_iir_reset(eml_iir_t *m);

typedef struct { ...; } eml_iir_q15_t;
size_t dsp_iir_q15_size(size_t size);
int dsp_iir_q15_init(eml_iir_q15_t *m, const float *sos, size_t size);
void dsp_iir_q15_run(eml_iir_q15_t *m, int16_t *x, size_t size);
void dsp_iir_q15_reset(eml_iir_q15_t *m);
void dsp_iir_q15_sos(eml_iir_q15_t *m, double *sos);

uint32_t dsp_block_check(const uint32_t *words, uint32_t room, uint32_t n_values);
uint32_t dsp_block_columns(const uint32_t *words, uint32_t n_values);
size_t dsp_block_size(const uint32_t *words, uint32_t n_values);
void dsp_block_init(void *memory, const uint32_t *words, uint32_t n_values);
int dsp_block_run(const uint32_t *words, void *memory, const void *x, char type, size_t n, size_t rows, float *out);
void dsp_mel_reset(const uint32_t *words, void *memory);
int dsp_mel_push(const uint32_t *words, void *memory, const void *x, char type, size_t n);
uint32_t dsp_mel_frames(const void *memory);
void dsp_mel_finish(const uint32_t *words, void *memory, float *out);
void dsp_decibels(const float *x, float *out, size_t n);
"""

# Rows are transforms of their own.
_DEFINE = """
#include "eml_fft_q15.h"
#include "eml_iir_q15.h"
#include "eml_mel.h"
#include "eml_mel_q15.h"
#include "eml_spectrum.h"
#include "eml_statistics.h"

static int32_t dsp_sine_q30(uint32_t phase) {
    return eml_sine_q30(phase);
}

static void dsp_fft_init(float *table, size_t n) {
    eml_fft_init(table, n);
}

static void dsp_fft_run(const float *table, size_t n, float *re, float *im, size_t rows) {
    for (size_t row = 0; row < rows; row++) {
        eml_fft_run(table, n, re + row * n, im + row * n, n);
    }
}

static void dsp_fft_real(const float *table, size_t n, const float *x, float *re, float *im, size_t rows) {
    for (size_t row = 0, bins = n / 2 + 1; row < rows; row++) {
        eml_fft_real(table, n, x + row * n, re + row * bins, im + row * bins);
    }
}

static void dsp_fft_power(const float *re, const float *im, float *out, size_t count) {
    eml_fft_power(re, im, out, count);
}

static void dsp_fft_q15_init(int16_t *table, size_t n) {
    eml_fft_q15_init(table, n);
}

static void dsp_fft_q15_run(
    const int16_t *table, size_t n, int16_t *re, int16_t *im, int32_t *exponents, size_t rows) {
    for (size_t row = 0; row < rows; row++) {
        exponents[row] = eml_fft_q15_run(table, n, re + row * n, im + row * n, n);
    }
}

static void dsp_fft_q15_real(
    const int16_t *table, size_t n, const int16_t *x, int16_t *re, int16_t *im, int32_t *exponents, size_t rows) {
    for (size_t row = 0, bins = n / 2 + 1; row < rows; row++) {
        exponents[row] = eml_fft_q15_real(table, n, x + row * n, re + row * bins, im + row * bins);
    }
}

static void dsp_fft_q15_power(const int16_t *re, const int16_t *im, int32_t *out, size_t count) {
    eml_fft_q15_power(re, im, out, count);
}

static size_t dsp_iir_size(size_t size) {
    return eml_iir_size(size);
}

static int dsp_iir_init(eml_iir_t *m, const float *sos, size_t size) {
    return eml_iir_init(m, sos, size);
}

static void dsp_iir_run(eml_iir_t *m, float *x, size_t size) {
    eml_iir_run(m, x, size);
}

static void dsp_iir_reset(eml_iir_t *m) {
    eml_iir_reset(m);
}

static size_t dsp_iir_q15_size(size_t size) {
    return eml_iir_q15_size(size);
}

static int dsp_iir_q15_init(eml_iir_q15_t *m, const float *sos, size_t size) {
    return eml_iir_q15_init(m, sos, size);
}

static void dsp_iir_q15_run(eml_iir_q15_t *m, int16_t *x, size_t size) {
    eml_iir_q15_run(m, x, size);
}

static void dsp_iir_q15_reset(eml_iir_q15_t *m) {
    eml_iir_q15_reset(m);
}

// The coefficients that such a filter has: [n][6], exactly.
static void dsp_iir_q15_sos(eml_iir_q15_t *m, double *sos) {
    for (const eml_iir_q15_stage_t *t = eml_iir_q15_stages(m); t < m->end; t++, sos += EML_IIR_SECTION) {
        sos[3] = 1;
        for (int k = 0; k < 3; k++) {
            sos[k] = ldexp(t->b.c[k], -t->b.shift - 16);
        }
        for (int k = 0; k < 2; k++) {
            sos[4 + k] = t->a.n[1 + k] + ldexp(t->a.c[1 + k], -t->a.shift - 16);
        }
    }
}

// By the kind of features that the words describe.
#define BY_KIND(function, ...) \\
    ((words[0] & 0xff) == 0                      ? eml_statistics_##function(__VA_ARGS__) \\
            : (words[0] & 0xff) == 1             ? eml_spectrum_##function(__VA_ARGS__) \\
            : words[0] >> 8 & EML_MEL_Q15        ? eml_mel_q15_##function(__VA_ARGS__) \\
                                                 : eml_mel_##function(__VA_ARGS__))
#define eml_mel_q15_columns eml_mel_columns

static uint32_t dsp_block_check(const uint32_t *words, uint32_t room, uint32_t n_values) {
    return BY_KIND(check, words, room, n_values);
}

static uint32_t dsp_block_columns(const uint32_t *words, uint32_t n_values) {
    return BY_KIND(columns, words, n_values);
}

static size_t dsp_block_size(const uint32_t *words, uint32_t n_values) {
    return BY_KIND(size, words, n_values);
}

static void dsp_block_init(void *memory, const uint32_t *words, uint32_t n_values) {
    BY_KIND(init, memory, words, n_values);
}

static int dsp_block_run(
    const uint32_t *words, void *memory, const void *x, char type, size_t n, size_t rows, float *out) {
    const uint32_t columns = dsp_block_columns(words, (uint32_t)n);
    for (size_t row = 0; row < rows; row++) {
        const eml_array_t window = { (const char *)x + row * n * (type == 'h' ? 2 : 4), n, type };
        const int error = BY_KIND(run, words, memory, &window, out + row * columns);
        if (error) {
            return error;
        }
    }
    return 0;
}

#define BY_TYPE(function, ...) \\
    (words[0] >> 8 & EML_MEL_Q15 ? eml_mel_q15_##function(__VA_ARGS__) : eml_mel_##function(__VA_ARGS__))

static void dsp_mel_reset(const uint32_t *words, void *memory) {
    BY_TYPE(reset, words, memory);
}

static int dsp_mel_push(const uint32_t *words, void *memory, const void *x, char type, size_t n) {
    const eml_array_t samples = { x, n, type };
    return BY_TYPE(push, words, memory, &samples);
}

static uint32_t dsp_mel_frames(const void *memory) {
    return eml_mel_frames(memory);
}

static void dsp_mel_finish(const uint32_t *words, void *memory, float *out) {
    BY_TYPE(finish, words, memory, out);
}

static void dsp_decibels(const float *x, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = eml_frame_decibels(eml_float_bits(x + i));
    }
}
"""

ffi = FFI()
ffi.cdef(_DECLARE)
ffi.set_source(
    "emlearn._eml_dsp",
    "#include <math.h>\n" + _DEFINE,
    include_dirs=[str(_INCLUDE)],
    depends=[str(header) for header in sorted(_INCLUDE.glob("*.h"))],
    extra_compile_args=["-std=c99", "-O2", "-ffp-contract=off"],
    libraries=["m"],
    py_limited_api=True,
)
