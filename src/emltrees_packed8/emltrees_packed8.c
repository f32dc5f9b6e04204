// emltrees_full for the models that it leaves out: nodes of 4 bytes, with 8-bit thresholds. A board holds one of the two.
#define EML_TREES_EIGHT
#include "../emltrees_full/emltrees_full.c"

// Names that the file above uses: MP_QSTR_emltrees, MP_QSTR_new, MP_QSTR_scale, MP_QSTR_attach, MP_QSTR_predict,
// MP_QSTR_emltrees_tools, MP_QSTR_complete, MP_QSTR_emltrees_full, MP_QSTR_TypeError, MP_QSTR_ValueError,
// MP_QSTR_MemoryError.
