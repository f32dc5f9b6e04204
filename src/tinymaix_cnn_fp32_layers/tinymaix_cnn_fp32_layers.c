// All of tinymaix_cnn_fp32, with the layers that TinyMaix lacks as well, for networks with any of them.
//
// Names that the header uses: MP_QSTR_CNN, MP_QSTR_MemoryError, MP_QSTR_TypeError, MP_QSTR_data, MP_QSTR_input_dimensions,
// MP_QSTR_labels, MP_QSTR_load, MP_QSTR_memory, MP_QSTR_new, MP_QSTR_find, MP_QSTR_output_dimensions, MP_QSTR_refuse, MP_QSTR_run,
// MP_QSTR_tinymaix_cnn_tools.
#define EML_CNN_ALL_LAYERS
#include "../tinymaix_cnn_fp32/tinymaix_cnn_fp32.c"
