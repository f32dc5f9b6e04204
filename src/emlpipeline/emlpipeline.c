// MicroPython binding for eml_pipeline.h: steps before a model, which the module of its own family runs.
//
//   model = emlpipeline.load('model.eml')   # or 'model.csv'; attach.py
//   model.predict(features)                 # raw features; otherwise as the model behind the steps
//   model.predict(features, out)
//
// Names that the headers use: MP_QSTR_Model, MP_QSTR_abi, MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_MemoryError,
// MP_QSTR_attach, MP_QSTR_data, MP_QSTR_emlearn_tools, MP_QSTR_new, MP_QSTR_predict.
#include "py/dynruntime.h"
#include "eml_pipeline.h"

// The steps, and what attach.py links to them.
typedef struct {
    eml_pipeline_t steps;
    mp_obj_t predict; // of the model behind them; NULL before link
    mp_obj_t columns; // array('f') that the steps fill and that model reads
} pipeline_t;

static inline eml_err_t pipeline_open(pipeline_t *m, const void *file, size_t size, uint32_t *scratch) {
    m->predict = MP_OBJ_NULL;
    return eml_pipeline_open(&m->steps, file, size, scratch);
}

static inline size_t pipeline_scratch_size(const pipeline_t *m) {
    return eml_pipeline_scratch_size(&m->steps);
}

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t model_type;
#define MODEL_TYPE (&model_type)

static const mp_obj_fun_builtin_var_t model_predict_obj;
#define MODEL_FAMILY(name) pipeline_##name
#define MODEL_TOOLS MP_QSTR_emlearn_tools
#include "natmod_model.h"

static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    const model_obj_t *self = model_get(args[0]);
    const model_t *m = self->model;
    if (m == NULL || m->predict == MP_OBJ_NULL) {
        natmod_value_error("no model is loaded: use load_model(model, file)");
    }
    const eml_array_t x = natmod_array(args[1], MP_BUFFER_READ);
    mp_buffer_info_t columns;
    mp_get_buffer_raise(m->columns, &columns, MP_BUFFER_WRITE);
    const eml_err_t err = eml_pipeline_apply(&m->steps, &x, model_scratch(self), columns.buf);
    if (err == EML_ERR_SHAPE) {
        NATMOD_EXPECTED("features", MP_OBJ_NEW_SMALL_INT(m->steps.n_features), MP_OBJ_NEW_SMALL_INT(x.size));
    }
    if (err == EML_ERR_TYPE) {
        natmod_value_error("expected array('f'), or integers as array 'h', 'b', 'B' or 'i'");
    }
    if (err != EML_OK) {
        natmod_value_error("a feature is NaN, infinite, or an unknown category");
    }
    const mp_obj_t of_model[2] = { m->columns, args[n_args - 1] };
    return mp_call_function_n_kw(m->predict, n_args - 1, 0, of_model);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_predict_obj, 2, 3, model_predict);

// link(model, opened, predict, columns): model becomes what `opened` is, with what is behind its steps.
static mp_obj_t model_link(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = model_get(args[0]);
    const model_obj_t *opened = model_get(args[1]);
    const eml_array_t columns = natmod_array(args[3], MP_BUFFER_WRITE);
    model_t *m = opened->model;
    if (m == NULL || columns.type != EML_FLOAT32 || columns.size != eml_pipeline_n_columns(&m->steps)) {
        natmod_value_error("expected an array('f') of what the model takes");
    }
    m->predict = args[2];
    m->columns = args[3];
    self->model = m;
    self->data = opened->data;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_link_obj, 4, 4, model_link);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_init();
    mp_store_global(MP_QSTR_link, MP_OBJ_FROM_PTR(&model_link_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
