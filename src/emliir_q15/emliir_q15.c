// MicroPython binding for eml_iir_q15.h: filters of int16.
//
//   filter = emliir_q15.new(array('f', (b0, b1, b2, 1, a1, a2)))   # 6 numbers a section
//   filter.run(samples)                                            # in place
//   filter.reset()
//
// Names that the headers use: MP_QSTR_IIR, MP_QSTR_emliir_tools, MP_QSTR_new, MP_QSTR_refuse, MP_QSTR_reset, MP_QSTR_run.
#include "py/dynruntime.h"
#define EML_IIR_Q15_BASE mp_obj_base_t base;
#include "eml_iir_q15.h"

typedef int16_t sample_t;
#define SAMPLE EML_INT16
#define IIR_CORE(name) eml_iir_q15_##name

#include "natmod_iir.h"
