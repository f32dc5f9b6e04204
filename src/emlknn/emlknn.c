// MicroPython binding for eml_neighbors.h: nearest neighbours.
//
//   model = emlknn.load('model.eml')                 # or 'model.csv'; load.py
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
#include "eml_neighbors_search.h"

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t model_type;
#define MODEL_TYPE (&model_type)

static const mp_obj_fun_builtin_var_t model_predict_obj;
#define MODEL_FAMILY(name) eml_neighbors_##name
#define MODEL_FALLBACK(model) MP_QSTR_emlknn_full
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
        const uint32_t k = eml_neighbors_count(m);
        eml_neighbors_find16(m, info.buf, found, k);
        return MP_OBJ_NEW_SMALL_INT(eml_neighbors_vote(m->class_numbers, found, k, NULL));
    }
    return mp_call_function_n_kw(model_import(MP_QSTR_emlknn_full, MP_QSTR_predict), n_args, 0, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_predict_obj, 2, 3, model_predict);

// add(model, features, label): whether an item was learned. If not, emlknn_tools.additem, which calls this, knows what to do.
static mp_obj_t model_add(mp_obj_t self_in, mp_obj_t features, mp_obj_t label) {
    const model_obj_t *self = model_get(self_in);
    mp_buffer_info_t info, file;
    if (self->model && mp_get_buffer(features, &info, MP_BUFFER_READ) && mp_get_buffer(self->data, &file, MP_BUFFER_WRITE)) {
        const eml_array_t x = { info.buf, info.len >> 1, (char)info.typecode };
        return mp_obj_new_bool(!eml_neighbors_add(self->model, file.buf, &x, (uint32_t)mp_obj_get_int(label)));
    }
    return mp_const_false;
}
static MP_DEFINE_CONST_FUN_OBJ_3(model_add_obj, model_add);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_init();
    mp_store_global(MP_QSTR_add, MP_OBJ_FROM_PTR(&model_add_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
