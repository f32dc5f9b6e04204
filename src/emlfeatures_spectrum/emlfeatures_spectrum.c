// MicroPython binding for eml_spectrum.h: the blocks of emlfeatures that describe a spectrum.
//
// Names that the headers use: MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_MemoryError, MP_QSTR_block.
#include "py/dynruntime.h"
#include "eml_spectrum.h"

#define BLOCK(name) eml_spectrum_##name
#include "natmod_features.h"

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    block_init();
    MP_DYNRUNTIME_INIT_EXIT
}
