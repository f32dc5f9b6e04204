// What emlfft_q15 seldom needs, for int16: natmod_fft_full.h has the calls, and seldom_q15.py what is made of them.
//
// Names that the headers use: MP_QSTR_FFT, MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_emlfft_q15, MP_QSTR_expect, MP_QSTR_real,
// MP_QSTR_typecode.
#include "py/dynruntime.h"
#include "eml_fft_q15.h"

typedef int16_t sample_t;
typedef int32_t power_t;
#define SAMPLE EML_INT16
#define POWER EML_INT32
#define FFT_CORE(name) eml_fft_q15_##name
#define FFT_MODULE MP_QSTR_emlfft_q15
#define FFT_EXPONENT int
#define FFT_EXPONENTS

#include "natmod_fft_full.h"
