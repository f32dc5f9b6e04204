// eml_trees.h for the models of emltrees, which imports this module for whatever it does not do itself: leaves with
// proportions or values, other layouts, scaled features, probabilities, and input that is to be refused. emltrees_sums is the
// same for leaves that are summed, emltrees_packed8 for nodes of 4 bytes.
#if !defined(EML_TREES_SUMS) && !defined(EML_TREES_EIGHT)
#define EML_TREES_VOTES
#endif
#include "py/dynruntime.h"
#include "eml_trees_file.h"

// Not static: mpy_ld.py rejects static zero-initialised data.
const void *model_type; // emltrees.new
#define MODEL_TYPE model_type

static const mp_obj_fun_builtin_var_t model_predict_obj;
#define MODEL_FAMILY(name) eml_trees_##name
#include "natmod_model.h"

static eml_array_t model_features(const eml_trees_t *t, mp_obj_t features) {
    const eml_array_t x = natmod_array(features, MP_BUFFER_READ);
    const eml_err_t err = eml_trees_check_input(t, &x);
    if (err == EML_ERR_SHAPE) {
        NATMOD_EXPECTED("features", MP_OBJ_NEW_SMALL_INT(t->n_features), MP_OBJ_NEW_SMALL_INT(x.size));
    }
    if (err != EML_OK) {
        natmod_value_error(t->dtype == EML_TREES_FLOAT ? "expected array('f'), or integers as array 'h', 'b', 'B' or 'i'"
            : t->dtype == EML_TREES_INT16 ? "expected array('h'): this model takes int16 features as they are"
                                          : "expected array('f') of raw features, or array('h') of scaled ones");
    }
    return x;
}

// model.predict(features): class number or float; model.predict(features, out): fills array('f').
static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = model_get(args[0]);
    if (self->model == NULL) { // loads what was built, or raises
        mp_call_function_n_kw(model_import(MP_QSTR_emltrees_tools, MP_QSTR_complete), 1, 0, args);
    }
    const eml_trees_t *t = self->model;
    const eml_array_t x = model_features(t, args[1]);
    float value;
    float *out = &value;
    if (n_args == 3) {
        const eml_array_t array = natmod_array(args[2], MP_BUFFER_WRITE);
        if (array.type != EML_FLOAT32) {
            natmod_value_error("expected array('f') for the outputs");
        }
        if (array.size != eml_trees_n_outputs(t)) {
            NATMOD_EXPECTED("outputs", MP_OBJ_NEW_SMALL_INT(eml_trees_n_outputs(t)), MP_OBJ_NEW_SMALL_INT(array.size));
        }
        out = (float *)array.data;
        self->predict = MP_OBJ_FROM_PTR(&model_predict_obj); // for a small model, the next call comes here without an import
    } else if (t->n_classes) {
        return MP_OBJ_NEW_SMALL_INT(eml_trees_classify(t, &x, model_scratch(self)));
    }
    eml_trees_evaluate(t, &x, model_scratch(self), out);
    // By address: firmware and module may disagree on how floats are passed.
    return n_args == 3 ? mp_const_none : mp_binary_get_val_array(EML_FLOAT32, &value, 0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_predict_obj, 2, 3, model_predict);

// scale(model, features, out): raw array('f') to the array('h') that trees compare, for int16 models with scales.
static mp_obj_t model_scale(mp_obj_t self_in, mp_obj_t features_in, mp_obj_t out_in) {
    const eml_trees_t *t = model_get(self_in)->model;
    const eml_array_t x = natmod_array(features_in, MP_BUFFER_READ);
    const eml_array_t out = natmod_array(out_in, MP_BUFFER_WRITE);
    if (t == NULL || t->dtype != EML_TREES_SCALED || x.type != EML_FLOAT32 || out.type != EML_INT16) {
        natmod_value_error("expected an int16 model with scales, array('f') and array('h')");
    }
    if (x.size != t->n_features || out.size != t->n_features) {
        const size_t got = x.size != t->n_features ? x.size : out.size;
        NATMOD_EXPECTED("features", MP_OBJ_NEW_SMALL_INT(t->n_features), MP_OBJ_NEW_SMALL_INT(got));
    }
    for (uint32_t i = 0; i < t->n_features; i++) {
        ((int16_t *)out.data)[i] = (int16_t)eml_trees_value(t, &x, i);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(model_scale_obj, model_scale);

// Names that the headers use: MP_QSTR_TypeError, MP_QSTR_emltrees_full, MP_QSTR_ValueError, MP_QSTR_MemoryError.
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_type = MP_OBJ_TO_PTR(model_import(MP_QSTR_emltrees, MP_QSTR_new));
    mp_store_global(MP_QSTR_scale, MP_OBJ_FROM_PTR(&model_scale_obj));
    mp_store_global(MP_QSTR_attach, MP_OBJ_FROM_PTR(&model_attach_obj));
    mp_store_global(MP_QSTR_predict, MP_OBJ_FROM_PTR(&model_predict_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
