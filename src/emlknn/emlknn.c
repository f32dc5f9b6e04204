// MicroPython binding for eml_neighbors.h: nearest neighbours.
//
//   model = emlknn.load('model.eml')                 # or 'model.csv'; src/common/py/load.py
//   model = emlknn.new(n_items, n_features, k)       # to learn on the device
//   model.additem(features, label)
//   model.predict(features)                          # class number, or the regression value
//   model.predict(features, out)                     # probabilities
//
// Here is what it takes for items of int16, euclidean distances and plain votes. emlknn_full does the rest; emlknn_tools has the
// methods that are called seldom.
//
// Names that the headers use: MP_QSTR_Model, MP_QSTR_ValueError, MP_QSTR_TypeError, MP_QSTR_MemoryError, MP_QSTR_abi,
// MP_QSTR_attach, MP_QSTR_data, MP_QSTR_new, MP_QSTR_predict.
#define EML_NEIGHBORS_SMALL
#include "py/dynruntime.h"
#include "eml_neighbors.h"

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t model_type;
#define MODEL_TYPE (&model_type)

static const mp_obj_fun_builtin_var_t model_predict_obj;
#define MODEL_FAMILY(name) eml_neighbors_##name
#define MODEL_FALLBACK MP_QSTR_emlknn_full
#define MODEL_TOOLS MP_QSTR_emlknn_tools
#define MODEL_KEEPS_HINTS
#include "natmod_model.h"

// model.predict(features): class number. Whatever else it is called with, emlknn_full answers or refuses.
static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    const model_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    const model_t *m = self->model;
    mp_buffer_info_t info;
    if (n_args == 2 && m && m->n_used && mp_get_buffer(args[1], &info, MP_BUFFER_READ) && info.typecode == EML_INT16
        && info.len == 2u * m->n_features) {
        eml_neighbor_t *found = model_scratch(self);
        eml_neighbors_find16(m, info.buf, found);
        return MP_OBJ_NEW_SMALL_INT(eml_neighbors_vote(m, found, NULL));
    }
    const mp_obj_t ours = MP_OBJ_FROM_PTR(&model_predict_obj);
    const mp_obj_t full = self->predict == ours ? model_import(MP_QSTR_emlknn_full, MP_QSTR_predict) : self->predict;
    return mp_call_function_n_kw(full, n_args, 0, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_predict_obj, 2, 3, model_predict);

// model.additem(features, label), which is emlknn_tools.additem: this function.
static mp_obj_t model_additem(mp_obj_t self_in, mp_obj_t features, mp_obj_t label) {
    const model_obj_t *self = model_get(self_in);
    mp_buffer_info_t info, file;
    if (self->model && self->predict == MP_OBJ_FROM_PTR(&model_predict_obj) && mp_get_buffer(features, &info, MP_BUFFER_READ)
        && mp_get_buffer(self->data, &file, MP_BUFFER_WRITE)) {
        const eml_array_t x = { info.buf, info.len >> 1, (char)info.typecode };
        if (eml_neighbors_add(self->model, file.buf, &x, (uint32_t)mp_obj_get_int(label)) == EML_OK) {
            return mp_const_none;
        }
    }
    const mp_obj_t args[3] = { self_in, features, label };
    return mp_call_function_n_kw(model_import(MP_QSTR_emlknn_tools, MP_QSTR_additem_full), 3, 0, args);
}
static MP_DEFINE_CONST_FUN_OBJ_3(model_additem_obj, model_additem);

// found(model): the memory of the last prediction's neighbours, for emlknn_tools.
static mp_obj_t model_found(mp_obj_t self_in) {
    const model_obj_t *self = model_get(self_in);
    return self->model ? mp_obj_new_bytearray_by_ref((self->model->k + 1u) * sizeof(eml_neighbor_t), model_scratch(self)) : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_found_obj, model_found);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_init();
    mp_store_global(MP_QSTR_additem, MP_OBJ_FROM_PTR(&model_additem_obj));
    mp_store_global(MP_QSTR_found, MP_OBJ_FROM_PTR(&model_found_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
