// A native type whose predict looks at its buffers and does nothing: what calling a native method costs by itself.
#include "py/dynruntime.h"

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t empty_type;

static mp_obj_t empty_predict(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(args[1], &info, MP_BUFFER_READ);
    if (n_args == 3) {
        mp_get_buffer_raise(args[2], &info, MP_BUFFER_WRITE);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(empty_predict_obj, 2, 3, empty_predict);

static mp_obj_t empty_new(void) {
    return MP_OBJ_FROM_PTR(mp_obj_malloc(mp_obj_base_t, (mp_obj_type_t *)&empty_type));
}
static MP_DEFINE_CONST_FUN_OBJ_0(empty_new_obj, empty_new);

mp_map_elem_t empty_methods[1];
static MP_DEFINE_CONST_DICT(empty_methods_dict, empty_methods);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    empty_type.base.type = (void *)&mp_type_type;
    empty_type.name = MP_QSTR_Empty;
    empty_methods[0] = (mp_map_elem_t) { MP_OBJ_NEW_QSTR(MP_QSTR_predict), MP_OBJ_FROM_PTR(&empty_predict_obj) };
    MP_OBJ_TYPE_SET_SLOT(&empty_type, locals_dict, (void *)&empty_methods_dict, 0);
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&empty_new_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
