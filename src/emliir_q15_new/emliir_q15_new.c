// What makes the filters of emliir_q15: the units of its numbers, which eml_iir_q15_init finds.
//
//   memory = emliir_q15_new.new(sos)   # for emliir_q15: a filter, as the bytes that it is
//
// Names that the headers use: MP_QSTR_emliir_q15_new, MP_QSTR_emliir_tools, MP_QSTR_new, MP_QSTR_refuse.
#include "py/dynruntime.h"
#include "eml_iir_q15.h"

#define IIR_NEW MP_QSTR_emliir_q15_new
#define IIR_CORE(name) eml_iir_q15_##name

#include "natmod_iir_new.h"

static mp_obj_t new(mp_obj_t sos) {
    iir_obj_t *const self = iir_make(sos);
    self->base.type = NULL;
    return mp_obj_new_bytearray_by_ref(sizeof(iir_obj_t) + IIR_CORE(size)(self->filter.n), self);
}
static MP_DEFINE_CONST_FUN_OBJ_1(new_obj, new);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&new_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
