// MicroPython binding for eml_fft.h: the Fourier transform of float32.
//
//   fft = emlfft.FFT(256)
//   fft.run(re, im)         # complex, in place
//
// All else, and arrays of int16, are for emlfft_full.
//
// Names that the headers use: MP_QSTR_FFT, MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_emlfft_full, MP_QSTR_fill, MP_QSTR_run.
#include "py/dynruntime.h"
#include "eml_fft.h"

typedef float sample_t;
#define SAMPLE EML_FLOAT32
#define FFT_CORE(name) eml_fft_##name
#define FFT_FULL MP_QSTR_emlfft_full
#define FFT_EXPONENT void
#define FFT_HAS_OTHER
#define FFT_HAS_FILL
#define FFT_RESULT(call) ((call), mp_const_none)

#include "natmod_fft.h"
