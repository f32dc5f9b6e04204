// The whole module of a family whose models predict in one function: see natmod_model.h.
//
// MODEL_THEN, if it is there, is the module whose predict(model, out) makes probabilities of what `outputs` left in scratch memory.
#ifndef EML_NATMOD_MODULE_H
#define EML_NATMOD_MODULE_H

// Not static: mpy_ld.py rejects static zero-initialised data.
#ifdef MODEL_MAIN // the module that has the type, and imports this one for models that it does not predict with itself
const void *model_type;
#define MODEL_TYPE model_type
#else
mp_obj_full_type_t model_type;
#define MODEL_TYPE (&model_type)
#endif

static const mp_obj_fun_builtin_var_t model_predict_obj;
#include "natmod_model.h"

// What the core refuses of a sample, in words.
static __attribute__((noinline)) void model_check(eml_err_t err, const model_t *m, size_t size) {
    if (err == EML_ERR_SHAPE) {
        NATMOD_EXPECTED("features", MP_OBJ_NEW_SMALL_INT(m->n_features), MP_OBJ_NEW_SMALL_INT(size));
    }
    if (err == EML_ERR_TYPE) {
        natmod_value_error("expected array('f'), or integers as array 'h', 'b', 'B' or 'i'");
    }
    if (err != EML_OK) {
        natmod_value_error("a feature is NaN or infinite");
    }
}

// model.predict(features): class number or float; model.predict(features, out): fills array('f').
static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = model_get(args[0]);
    const model_t *m = self->model;
    if (m == NULL) {
        natmod_value_error("no model is loaded: use load_model(model, file)");
    }
    const eml_array_t x = natmod_array(args[1], MP_BUFFER_READ);
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
        model_check(MODEL_FAMILY(class)(m, &x, model_scratch(self), &klass), m, x.size);
        return MP_OBJ_NEW_SMALL_INT(klass);
    } else if (m->n_outputs != 1) {
        natmod_value_error("several values: use predict(features, out)");
    }
    model_check(MODEL_FAMILY(outputs)(m, &x, model_scratch(self), (float *)out.data, out.size), m, x.size);
#ifdef MODEL_THEN
    if (m->output == EML_PROBABILITIES) { // of classes, so that there are three arguments
        const mp_obj_t more[2] = { args[0], args[2] };
        return mp_call_function_n_kw(model_import(MODEL_THEN, MP_QSTR_predict), 2, 0, more);
    }
#endif
    // By address: firmware and module may disagree on how floats are passed.
    return n_args == 3 ? mp_const_none : mp_binary_get_val_array(EML_FLOAT32, &value, 0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_predict_obj, 2, 3, model_predict);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
#ifdef MODEL_MAIN
    model_type = MP_OBJ_TO_PTR(model_import(MODEL_MAIN, MP_QSTR_new));
    mp_store_global(MP_QSTR_attach, MP_OBJ_FROM_PTR(&model_attach_obj));
#else
    model_init();
#endif
    MP_DYNRUNTIME_INIT_EXIT
}

#endif // EML_NATMOD_MODULE_H
