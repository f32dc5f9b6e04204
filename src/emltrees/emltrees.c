// MicroPython binding for eml_trees.h: decision trees, random forests, extra trees.
//
//   model = emltrees.load('gesture.eml')   # or 'gesture.csv'; load.py
//   model.predict(features)                # class number, or the regression value
//   model.predict(features, out)           # probabilities
//
// Here is what it takes to load and run a model of hard votes. The rest is in modules that are imported when it is needed:
// emltrees_full runs all models, emltrees_csv reads text, emltrees_tools has the methods that are called once.
#define EML_TREES_SMALL
#include "py/dynruntime.h"

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t model_type;
#define MODEL_TYPE (&model_type)

static const mp_obj_fun_builtin_var_t model_predict_obj;
#include "model.h"

// model.predict(features): class number. Whatever else it is called with, emltrees_full answers or refuses.
static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    const model_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    const eml_trees_t *t = self->trees;
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

// new(trees, nodes, classes): an empty model. The numbers are hints that loading does not need.
static mp_obj_t model_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    model_obj_t *self = mp_obj_malloc(model_obj_t, type);
    self->predict = MP_OBJ_FROM_PTR(&model_predict_obj);
    self->data = mp_const_none;
    self->trees = NULL;
    return MP_OBJ_FROM_PTR(self);
}

// Methods other than predict are functions of emltrees_tools. They store in `data` what is going to be a model.
static void model_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    model_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        if (name == MP_QSTR_data && dest[1] != MP_OBJ_NULL) {
            self->data = dest[1];
            self->trees = NULL;
            dest[0] = MP_OBJ_NULL; // done
        }
    } else if (name == MP_QSTR_data) {
        dest[0] = self->data;
    } else {
        dest[0] = name == MP_QSTR_predict ? self->predict : model_import(MP_QSTR_emltrees_tools, name);
        dest[1] = self_in;
    }
}

// Names that the headers use: MP_QSTR_emltrees_sums, MP_QSTR_ValueError, MP_QSTR_TypeError, MP_QSTR_MemoryError.
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_type.base.type = (void *)&mp_type_type;
    model_type.name = MP_QSTR_Model;
    MP_OBJ_TYPE_SET_SLOT(&model_type, make_new, model_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(&model_type, attr, model_attr, 1);
    mp_store_global(MP_QSTR_abi, MP_OBJ_NEW_SMALL_INT(1)); // load.py looks at it
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&model_type));
    mp_store_global(MP_QSTR_attach, MP_OBJ_FROM_PTR(&model_attach_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
