// A model of a native module, from opening its file to its methods. Every binding includes this; a new family's is
//
//   #include "py/dynruntime.h"
//   #include "eml_linear.h"
//   #define MODEL_FAMILY(name) eml_linear_##name
//   #define MODEL_TOOLS MP_QSTR_emlearn_tools
//   #include "natmod_module.h"
//
// MODEL_FAMILY gives the names that all families share: _t, open, scratch_size. What is called once, or seldom, is no method
// here but a function of the bytecode module MODEL_TOOLS, which works on model.data.
//
// A module that only works on models of another has MODEL_PART. MODEL_FALLBACK(model), if it is there, is the module that takes a model which this one reports to be unsupported.
#ifndef EML_NATMOD_MODEL_H
#define EML_NATMOD_MODEL_H

#include "natmod.h"
#include "eml_file.h"

typedef MODEL_FAMILY(t) model_t;

typedef struct {
    mp_obj_base_t base;
    mp_obj_t predict; // the function: of this module, or of the one that takes over
    mp_obj_t data;    // the file, in memory; None before one is loaded
    model_t *model;   // and behind it the scratch memory of predict; NULL before one is loaded
} model_obj_t;

static model_obj_t *model_get(mp_obj_t obj) {
    if ((const void *)mp_obj_get_type(obj) != MODEL_TYPE) {
        mp_raise_TypeError("expected a model");
    }
    return MP_OBJ_TO_PTR(obj);
}

// Aligned to 8 bytes, as the heap's blocks and, padded, the structs are.
#define MODEL_SIZE ((sizeof(model_t) + 7) & ~(size_t)7)

static __attribute__((unused)) void *model_scratch(const model_obj_t *self) {
    return (uint8_t *)self->model + MODEL_SIZE;
}

static mp_obj_t model_import(qstr module, qstr name) {
    return mp_load_attr(mp_import_name(module, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), name);
}

#ifndef MODEL_PART

// Not inlined: each of its many errors would become a message of its own.
static __attribute__((noinline)) eml_err_t model_open(model_t *m, const mp_buffer_info_t *file) {
    return MODEL_FAMILY(open)(m, file->buf, file->len, (uint32_t *)(void *)((uint8_t *)m + MODEL_SIZE));
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
    model_t *m = m_malloc(MODEL_SIZE + 256 * sizeof(uint32_t));
    const eml_err_t err = model_open(m, &info);
#ifdef MODEL_FALLBACK
    if (err == EML_ERR_UNSUPPORTED) {
        const mp_obj_t attach = model_import(MODEL_FALLBACK(m), MP_QSTR_attach);
        const mp_obj_t args[3] = { self_in, data, mp_const_true };
        return mp_call_function_n_kw(attach, 3, 0, args);
    }
#endif
    natmod_check(err);
#ifdef MODEL_THEN
    if (m->output == EML_PROBABILITIES) { // that it is there
        model_import(MODEL_THEN, MP_QSTR_predict);
    }
#endif
    self->model = m_realloc(m, MODEL_SIZE + MODEL_FAMILY(scratch_size)(m));
    self->data = data;
    self->predict = MP_OBJ_FROM_PTR(&model_predict_obj);
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_3(model_attach_obj, model_attach);

#endif // MODEL_PART

#ifdef MODEL_TOOLS

// new(...): an empty model. The arguments are hints of its size, that loading does not need.
static mp_obj_t model_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    model_obj_t *self = mp_obj_malloc(model_obj_t, type);
    self->predict = MP_OBJ_FROM_PTR(&model_predict_obj);
#ifdef MODEL_KEEPS_HINTS
    self->data = mp_obj_new_tuple(n_args, args); // for MODEL_TOOLS to make a model of
#else
    self->data = mp_const_none;
#endif
    self->model = NULL;
    return MP_OBJ_FROM_PTR(self);
}

// Methods other than predict are functions of MODEL_TOOLS. They may store in `data` what is going to be a model.
static void model_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    model_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        if (name == MP_QSTR_data && dest[1] != MP_OBJ_NULL) {
            self->data = dest[1];
            self->model = NULL;
            dest[0] = MP_OBJ_NULL; // done
        }
    } else if (name == MP_QSTR_data) {
        dest[0] = self->data;
    } else {
        dest[0] = name == MP_QSTR_predict ? self->predict : model_import(MODEL_TOOLS, name);
        dest[1] = self_in;
    }
}

static inline void model_init(void) {
    model_type.base.type = (void *)&mp_type_type;
    model_type.name = MP_QSTR_Model;
    MP_OBJ_TYPE_SET_SLOT(&model_type, make_new, model_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(&model_type, attr, model_attr, 1);
    mp_store_global(MP_QSTR_abi, MP_OBJ_NEW_SMALL_INT(1)); // load.py looks at it
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&model_type));
    mp_store_global(MP_QSTR_attach, MP_OBJ_FROM_PTR(&model_attach_obj));
}

#endif // MODEL_TOOLS
#endif // EML_NATMOD_MODEL_H
