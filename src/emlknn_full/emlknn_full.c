// All of eml_neighbors.h for the models of emlknn, which imports this module for whatever it does not do itself: floats, other
// metrics and weights, probabilities, values, and input that is to be refused.
#include "py/dynruntime.h"
#include "eml_neighbors.h"

// Not static: mpy_ld.py rejects static zero-initialised data.
const void *model_type; // emlknn.new
#define MODEL_TYPE model_type

static const mp_obj_fun_builtin_var_t model_predict_obj;
#define MODEL_FAMILY(name) eml_neighbors_##name
#include "natmod_model.h"

static __attribute__((noinline)) void model_check(eml_err_t err, const model_t *m, size_t size) {
    if (err == EML_ERR_SHAPE) {
        NATMOD_EXPECTED("features", MP_OBJ_NEW_SMALL_INT(m->n_features), MP_OBJ_NEW_SMALL_INT(size));
    }
    if (err == EML_ERR_TYPE) {
        natmod_value_error(m->n_items16 ? "expected array('h'): this model takes int16 features as they are"
                                        : "expected array('f'), or integers as array 'h', 'b', 'B' or 'i'");
    }
    if (err == EML_ERR_FULL) {
        natmod_value_error("there is no room for another item");
    }
    if (err != EML_OK) {
        natmod_value_error(err == EML_ERR_MODEL ? "there are no items yet" : "a feature is NaN or infinite, or a label is not 0..65534");
    }
}

// The model, with this module's scratch memory, which is larger than that of emlknn.
static model_t *model_full(mp_obj_t self_in) {
    model_obj_t *self = model_get(self_in);
    if (self->model == NULL) {
        natmod_value_error("no model is loaded: use load_model(model, file), or additem");
    }
    if (self->predict != MP_OBJ_FROM_PTR(&model_predict_obj)) {
        self->model = m_realloc(self->model, MODEL_SIZE + eml_neighbors_scratch_size(self->model));
        self->predict = MP_OBJ_FROM_PTR(&model_predict_obj);
    }
    return self->model;
}

// model.predict(features): class number or float; model.predict(features, out): fills array('f').
static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    const model_t *m = model_full(args[0]);
    const eml_array_t x = natmod_array(args[1], MP_BUFFER_READ);
    void *scratch = model_scratch(MP_OBJ_TO_PTR(args[0]));
    float value;
    eml_array_t out = { &value, 1, EML_FLOAT32 };
    if (n_args == 3) {
        out = natmod_array(args[2], MP_BUFFER_WRITE);
        if (out.type != EML_FLOAT32) {
            natmod_value_error("expected array('f') for the outputs");
        }
        if (out.size != m->n_outputs) {
            NATMOD_EXPECTED("outputs", MP_OBJ_NEW_SMALL_INT(m->n_outputs), MP_OBJ_NEW_SMALL_INT(out.size));
        }
    } else if (m->n_classes) {
        uint32_t klass = 0;
        model_check(eml_neighbors_class(m, &x, scratch, &klass), m, x.size);
        return MP_OBJ_NEW_SMALL_INT(klass);
    }
    model_check(eml_neighbors_outputs(m, &x, scratch, (float *)out.data, out.size), m, x.size);
    // By address: firmware and module may disagree on how floats are passed.
    return n_args == 3 ? mp_const_none : mp_binary_get_val_array(EML_FLOAT32, &value, 0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_predict_obj, 2, 3, model_predict);

// additem(model, features, label)
static mp_obj_t model_additem(mp_obj_t self_in, mp_obj_t features, mp_obj_t label) {
    model_t *m = model_full(self_in);
    mp_buffer_info_t file;
    if (!mp_get_buffer(model_get(self_in)->data, &file, MP_BUFFER_WRITE)) {
        natmod_value_error("this model lies in read-only memory: load it from a file");
    }
    const eml_array_t x = natmod_array(features, MP_BUFFER_READ);
    model_check(eml_neighbors_add(m, file.buf, &x, (uint32_t)mp_obj_get_int(label)), m, x.size);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(model_additem_obj, model_additem);

// found(model): the memory of the last prediction's neighbours, in order, for emlknn_tools.
static mp_obj_t model_found(mp_obj_t self_in) {
    const model_t *m = model_full(self_in);
    eml_neighbor_t *found = model_scratch(MP_OBJ_TO_PTR(self_in));
    eml_neighbors_sort(found, eml_neighbors_count(m)); // emlknn leaves them as they are
    return mp_obj_new_bytearray_by_ref((m->k + 2u) * sizeof(*found), found);
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_found_obj, model_found);

// Names that the headers use: MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_MemoryError.
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_type = MP_OBJ_TO_PTR(model_import(MP_QSTR_emlknn, MP_QSTR_new));
    mp_store_global(MP_QSTR_additem, MP_OBJ_FROM_PTR(&model_additem_obj));
    mp_store_global(MP_QSTR_found, MP_OBJ_FROM_PTR(&model_found_obj));
    mp_store_global(MP_QSTR_attach, MP_OBJ_FROM_PTR(&model_attach_obj));
    mp_store_global(MP_QSTR_predict, MP_OBJ_FROM_PTR(&model_predict_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
