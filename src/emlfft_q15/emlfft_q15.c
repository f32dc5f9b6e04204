// MicroPython binding for eml_fft_q15.h: the Fourier transform of int16.
//
//   fft = emlfft_q15.FFT(256)
//   exponent = fft.run(re, im)         # complex, in place: times 2^exponent
//
// All else is for emlfft_q15_full.
//
// Names that the headers use: MP_QSTR_FFT, MP_QSTR_emlfft_q15_full, MP_QSTR_fill, MP_QSTR_run.
#include "py/dynruntime.h"
#include "eml_fft_q15.h"

typedef int16_t sample_t;
#define SAMPLE EML_INT16
#define FFT_CORE(name) eml_fft_q15_##name
#define FFT_FULL MP_QSTR_emlfft_q15_full
#define FFT_EXPONENT int
#define FFT_HAS_FILL
#define FFT_RESULT(call) MP_OBJ_NEW_SMALL_INT(call)

#include "natmod_fft.h"
