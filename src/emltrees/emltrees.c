// MicroPython binding for eml_trees.h: decision trees, random forests, extra trees.
//
//   model = emltrees.load('gesture.eml')   # or 'gesture.csv'; src/common/py/load.py
//   model.predict(features)                # class number, or the regression value
//   model.predict(features, out)           # probabilities
//
// Here is what it takes to load and run a model of hard votes. The rest is in modules that are imported when it is needed:
// emltrees_full runs all models but those of emltrees_sums, whose leaves are summed, and of emltrees_packed8, whose nodes have
// 4 bytes; emltrees_csv reads text, emltrees_tools has the methods that are called once.
#define EML_TREES_SMALL
#include "py/dynruntime.h"
#include "eml_trees_file.h"

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t model_type;
#define MODEL_TYPE (&model_type)

static const mp_obj_fun_builtin_var_t model_predict_obj;
#define MODEL_FAMILY(name) eml_trees_##name
#define MODEL_FALLBACK(t)                                          \
    ((t)->leaf == EML_LEAF_SUM            ? MP_QSTR_emltrees_sums  \
        : (t)->layout == EML_TREES_PACKED8 ? MP_QSTR_emltrees_packed8 \
                                           : MP_QSTR_emltrees_full)
#define MODEL_TOOLS MP_QSTR_emltrees_tools
#include "natmod_model.h"

// model.predict(features): class number. Whatever else it is called with, emltrees_full answers or refuses.
static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    const model_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    const eml_trees_t *t = self->model;
    mp_buffer_info_t info;
    if (n_args == 2 && t && mp_get_buffer(args[1], &info, MP_BUFFER_READ)) {
        const int is_float = t->dtype == EML_TREES_FLOAT;
        const eml_array_t x = { info.buf, info.len >> (is_float + 1), is_float ? EML_FLOAT32 : EML_INT16 };
        if (info.typecode == x.type && x.size == t->n_features) {
            return MP_OBJ_NEW_SMALL_INT(eml_trees_classify(t, &x, model_scratch(self)));
        }
    }
    const mp_obj_t ours = MP_OBJ_FROM_PTR(&model_predict_obj);
    const mp_obj_t full = self->predict == ours ? model_import(MP_QSTR_emltrees_full, MP_QSTR_predict) : self->predict;
    return mp_call_function_n_kw(full, n_args, 0, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_predict_obj, 2, 3, model_predict);

// Names that the headers use: MP_QSTR_Model, MP_QSTR_abi, MP_QSTR_ValueError, MP_QSTR_TypeError, MP_QSTR_MemoryError,
// MP_QSTR_attach, MP_QSTR_data, MP_QSTR_new.
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_init();
    MP_DYNRUNTIME_INIT_EXIT
}
