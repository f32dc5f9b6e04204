// Probabilities of the models of emlkernel and emlkernel_dot, which import this with the first model that has them.
//
//   predict(model, out)   probabilities of the sample whose decision values are in the model's scratch memory, into array('f')
//
// Names that the headers use: MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_emlkernel, MP_QSTR_new, MP_QSTR_predict.
#include "py/dynruntime.h"
#include "eml_kernel_couple.h"

// Not static: mpy_ld.py rejects static zero-initialised data.
const void *model_type;

#define MODEL_FAMILY(name) eml_kernel_##name
#define MODEL_TYPE model_type
#define MODEL_PART
#include "natmod_model.h"

static mp_obj_t proba_predict(mp_obj_t self_in, mp_obj_t out_in) {
    const model_obj_t *self = model_get(self_in);
    const model_t *m = self->model;
    if (m == NULL || m->output != EML_PROBABILITIES) {
        natmod_value_error("expected a model with probabilities");
    }
    const eml_array_t out = natmod_array(out_in, MP_BUFFER_WRITE);
    if (out.type != EML_FLOAT32 || out.size != m->n_outputs) {
        natmod_value_error("expected array('f') with a number for each class");
    }
    eml_kernel_couple(m, model_scratch(self), (float *)out.data);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(proba_predict_obj, proba_predict);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_type = MP_OBJ_TO_PTR(model_import(MP_QSTR_emlkernel, MP_QSTR_new));
    mp_store_global(MP_QSTR_predict, MP_OBJ_FROM_PTR(&proba_predict_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
