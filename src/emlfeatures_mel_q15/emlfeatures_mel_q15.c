// MicroPython binding for eml_mel_q15.h: mel bands and MFCC of int16, as blocks of emlfeatures, in integers.
//
// Names that the headers use: MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_MemoryError, MP_QSTR_block.
#include "py/dynruntime.h"
#include "eml_mel_q15.h"

#define BLOCK(name) eml_mel_q15_##name
#define BLOCK_COLUMNS eml_mel_columns
#define BLOCK_STREAMS
#include "natmod_features.h"

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    block_init();
    MP_DYNRUNTIME_INIT_EXIT
}
