// MicroPython binding for eml_iir.h: filters of float32.
//
//   filter = emliir.new(array('f', (b0, b1, b2, 1, a1, a2)))   # 6 numbers a section
//   filter.run(samples)                                        # in place
//   filter.reset()
//
// Arrays of int16 are for emliir_q15, to which emliir_tools hands them.
//
// Names that the headers use: MP_QSTR_IIR, MP_QSTR_emliir_tools, MP_QSTR_new, MP_QSTR_other, MP_QSTR_refuse, MP_QSTR_reset, MP_QSTR_run,
// MP_QSTR_sos.
#include "py/dynruntime.h"
#include "eml_iir.h"

typedef float sample_t;
#define SAMPLE EML_FLOAT32
#define IIR_HAS_OTHER
#define IIR_CORE(name) eml_iir_##name

#include "natmod_iir.h"
