// MicroPython binding for eml_cnn.h: convolutional networks of int8, in files as TinyMaix has them.
//
//   model = tinymaix_cnn.load('model.tmdl')       # or new(data), of the file in memory
//   model.run(image, out)                         # array 'B', 'b' or 'f' of the input; array('f') of the outputs
//   model.input_dimensions()                      # (height, width, channels)
//   model.output_dimensions()                     # (classes,)
//   model.memory()                                # bytes of RAM
//
// Here are TinyMaix's layers; tinymaix_cnn_layers has all.
//
// Names that the header uses: MP_QSTR_CNN, MP_QSTR_MemoryError, MP_QSTR_TypeError, MP_QSTR_data, MP_QSTR_input_dimensions,
// MP_QSTR_labels, MP_QSTR_load, MP_QSTR_memory, MP_QSTR_new, MP_QSTR_find, MP_QSTR_output_dimensions, MP_QSTR_refuse, MP_QSTR_run,
// MP_QSTR_tinymaix_cnn_tools.
#include "py/dynruntime.h"
#include "eml_cnn.h"

#define CNN_TYPE EML_CNN_INT8
#define CNN_RUN eml_cnn_run

#include "natmod_cnn.h"
