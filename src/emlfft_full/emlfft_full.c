// What emlfft seldom needs, for float32: natmod_fft_full.h has the calls, and seldom.py what is made of them.
//
// Names that the headers use: MP_QSTR_FFT, MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_emlfft, MP_QSTR_expect, MP_QSTR_other, MP_QSTR_real, MP_QSTR_typecode.
#include "py/dynruntime.h"
#include "eml_fft.h"

typedef float sample_t;
typedef float power_t;
#define SAMPLE EML_FLOAT32
#define POWER EML_FLOAT32
#define FFT_CORE(name) eml_fft_##name
#define FFT_MODULE MP_QSTR_emlfft
#define FFT_EXPONENT void
#define FFT_HAS_OTHER

#include "natmod_fft_full.h"
