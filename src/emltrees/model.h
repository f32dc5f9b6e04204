// A model of emltrees and how it takes over a file: shared by emltrees, for small models, emltrees_full, and emltrees_sums.
//
// The including file defines model_predict_obj, the model's method, MODEL_TYPE, and, for the core, what it has of it.
#ifndef EMLTREES_MODEL_H
#define EMLTREES_MODEL_H

#include "natmod.h"
#include "eml_trees_file.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t predict;   // the function: of emltrees, or of another
    mp_obj_t data;      // the file, in memory; None before one is loaded
    eml_trees_t *trees; // and behind it the scratch memory of predict: uint64_t [n_outputs]; NULL before one is loaded
} model_obj_t;

static model_obj_t *model_get(mp_obj_t obj) {
    if ((const void *)mp_obj_get_type(obj) != MODEL_TYPE) {
        mp_raise_TypeError("expected a model");
    }
    return MP_OBJ_TO_PTR(obj);
}

static uint64_t *model_scratch(const model_obj_t *self) {
    return (uint64_t *)(self->trees + 1);
}

static mp_obj_t model_import(qstr module, qstr name) {
    return mp_load_attr(mp_import_name(module, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), name);
}

// Not inlined: each of its many errors would become a message of its own.
static __attribute__((noinline)) eml_err_t model_open(eml_trees_t *t, const mp_buffer_info_t *file) {
    return eml_trees_open(t, file->buf, file->len, (uint32_t *)(t + 1));
}

// attach(model, data, in_place): use a whole .eml file in memory. A writable one is copied unless in_place is true. After an
// error the model is what it was. Returns None for anything but a file that begins like an .eml.
static mp_obj_t model_attach(mp_obj_t self_in, mp_obj_t data, mp_obj_t in_place) {
    model_obj_t *self = model_get(self_in);
    mp_buffer_info_t info, unused;
    if (!mp_get_buffer(data, &info, MP_BUFFER_READ) || info.len == 0 || *(char *)info.buf != (char)EML_FILE_MAGIC) {
        return mp_const_none;
    }
    if ((uintptr_t)info.buf & 3 || (!mp_obj_is_true(in_place) && mp_get_buffer(data, &unused, MP_BUFFER_WRITE))) {
        data = mp_obj_new_bytes(info.buf, info.len);
        mp_get_buffer_raise(data, &info, MP_BUFFER_READ);
    }
    // What follows the struct is scratch memory here as well.
    eml_trees_t *t = m_malloc(sizeof(eml_trees_t) + 256 * sizeof(uint32_t));
    const eml_err_t err = model_open(t, &info);
    if (EML_TREES_ONLY_SMALL && err == EML_ERR_UNSUPPORTED) {
        const mp_obj_t args[3] = { self_in, data, mp_const_true };
        const qstr module = t->leaf == EML_LEAF_SUM ? MP_QSTR_emltrees_sums : MP_QSTR_emltrees_full;
        return mp_call_function_n_kw(model_import(module, MP_QSTR_attach), 3, 0, args);
    }
    natmod_check(err);
    self->trees = m_realloc(t, sizeof(eml_trees_t) + eml_trees_n_outputs(t) * sizeof(uint64_t));
    self->data = data;
    self->predict = MP_OBJ_FROM_PTR(&model_predict_obj);
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_3(model_attach_obj, model_attach);

#endif // EMLTREES_MODEL_H
