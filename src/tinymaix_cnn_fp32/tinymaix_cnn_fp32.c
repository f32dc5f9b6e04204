// MicroPython binding for eml_cnn_f32.h: convolutional networks of float32. The calls are those of tinymaix_cnn.
//
// Names that the header uses: MP_QSTR_CNN, MP_QSTR_MemoryError, MP_QSTR_TypeError, MP_QSTR_data, MP_QSTR_input_dimensions,
// MP_QSTR_labels, MP_QSTR_load, MP_QSTR_memory, MP_QSTR_new, MP_QSTR_find, MP_QSTR_output_dimensions, MP_QSTR_refuse, MP_QSTR_run,
// MP_QSTR_tinymaix_cnn_tools.
#include "py/dynruntime.h"
#include "eml_cnn_f32.h"

#define CNN_TYPE EML_CNN_FLOAT32
#define CNN_RUN eml_cnn_f32_run

#include "natmod_cnn.h"
