// A convolutional network as an object, for one type of values. tinymaix_cnn.c and the others define, and include this:
//
//   CNN_TYPE      EML_CNN_INT8 or EML_CNN_FLOAT32
//   CNN_RUN       the core's function that runs it
//   CNN_TYPES     what `run` takes, in words
//   CNN_OTHER     the module for networks of the other type, in words
//   CNN_FALLBACK  the module that has the layers which this one lacks, if it lacks any
//
// What is called once, or seldom, is a function of the bytecode module tinymaix_cnn_tools, which works on model.data.
//
// Names used here: MP_QSTR_CNN, MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_MemoryError, MP_QSTR_data, MP_QSTR_input_dimensions,
// MP_QSTR_labels, MP_QSTR_load, MP_QSTR_memory, MP_QSTR_new, MP_QSTR_output_dimensions, MP_QSTR_run, MP_QSTR_tinymaix_cnn_layers,
// MP_QSTR_tinymaix_cnn_tools.
#ifndef EML_NATMOD_CNN_H
#define EML_NATMOD_CNN_H

#include "natmod.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t data; // the file, in memory
    eml_cnn_t network;
    uint64_t memory[]; // of eml_cnn_memory_size, for `run`
} cnn_obj_t;

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t cnn_type;

static __attribute__((noinline)) mp_obj_t cnn_import(qstr module, qstr name) {
    return mp_load_attr(mp_import_name(module, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), name);
}

// new(data): the network of a whole .tmdl file in memory, used where it lies if it is read-only and aligned, else copied.
static mp_obj_t cnn_new(mp_obj_t data) {
    mp_buffer_info_t info, unused;
    mp_get_buffer_raise(data, &info, MP_BUFFER_READ);
    if ((uintptr_t)info.buf & 3 || mp_get_buffer(data, &unused, MP_BUFFER_WRITE)) {
        data = mp_obj_new_bytes(info.buf, info.len);
        mp_get_buffer_raise(data, &info, MP_BUFFER_READ);
    }
    eml_cnn_t network;
    const eml_err_t err = eml_cnn_open(&network, info.buf, info.len, CNN_TYPE);
    if (err == EML_ERR_UNSUPPORTED) {
        if (((const uint8_t *)info.buf)[4] == (EML_CNN_INT8 ^ EML_CNN_FLOAT32 ^ CNN_TYPE)) {
            natmod_value_error("network of " CNN_OTHER);
        }
#ifdef CNN_FALLBACK
        return mp_call_function_n_kw(cnn_import(CNN_FALLBACK, MP_QSTR_new), 1, 0, &data);
#endif
    }
    natmod_check(err);
    cnn_obj_t *self = m_malloc(sizeof(cnn_obj_t) + eml_cnn_memory_size(&network));
    self->base.type = (const mp_obj_type_t *)&cnn_type;
    self->data = data;
    self->network = network;
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_1(cnn_new_obj, cnn_new);

// model.run(input, output): fills the output.
static mp_obj_t cnn_run(mp_obj_t self_in, mp_obj_t input_in, mp_obj_t output_in) {
    cnn_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const eml_cnn_t *m = &self->network;
    const eml_array_t input = natmod_array(input_in, MP_BUFFER_READ);
    const eml_array_t output = natmod_array(output_in, MP_BUFFER_WRITE);
    const eml_err_t err = CNN_RUN(m, &input, self->memory, (void *)output.data, output.type, output.size);
    if (err == EML_ERR_SHAPE) {
        const uint32_t n = eml_cnn_n_inputs(m);
        if (input.size != n) {
            NATMOD_EXPECTED("inputs", MP_OBJ_NEW_SMALL_INT(n), MP_OBJ_NEW_SMALL_INT(input.size));
        }
        NATMOD_EXPECTED("outputs", MP_OBJ_NEW_SMALL_INT(eml_cnn_n_outputs(m)), MP_OBJ_NEW_SMALL_INT(output.size));
    }
    if (err != EML_OK) {
        natmod_value_error(err == EML_ERR_TYPE ? "expected input as " CNN_TYPES : "an input is NaN or infinite");
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(cnn_run_obj, cnn_run);

// (height, width, channels), or (values,) of what has neither height nor width if that is `flat`.
static mp_obj_t cnn_dimensions(const uint16_t *shape, bool flat) {
    mp_obj_t sizes[3];
    for (size_t i = 0; i < 3; i++) {
        sizes[i] = MP_OBJ_NEW_SMALL_INT(shape[i]);
    }
    flat = flat && shape[0] == 1 && shape[1] == 1;
    return mp_obj_new_tuple(flat ? 1 : 3, sizes + (flat ? 2 : 0));
}

static mp_obj_t cnn_input_dimensions(mp_obj_t self) {
    return cnn_dimensions(((cnn_obj_t *)MP_OBJ_TO_PTR(self))->network.in, false);
}
static MP_DEFINE_CONST_FUN_OBJ_1(cnn_input_dimensions_obj, cnn_input_dimensions);

// As emlearn-micropython's, whose scripts take the first for the number of classes.
static mp_obj_t cnn_output_dimensions(mp_obj_t self) {
    return cnn_dimensions(((cnn_obj_t *)MP_OBJ_TO_PTR(self))->network.out, true);
}
static MP_DEFINE_CONST_FUN_OBJ_1(cnn_output_dimensions_obj, cnn_output_dimensions);

// model.memory(): bytes that it takes in RAM, the file not counted.
static mp_obj_t cnn_memory(mp_obj_t self) {
    return MP_OBJ_NEW_SMALL_INT(sizeof(cnn_obj_t) + eml_cnn_memory_size(&((cnn_obj_t *)MP_OBJ_TO_PTR(self))->network));
}
static MP_DEFINE_CONST_FUN_OBJ_1(cnn_memory_obj, cnn_memory);

static void cnn_attr(mp_obj_t self, qstr name, mp_obj_t *dest) {
    if (dest[0] != MP_OBJ_NULL) { // nothing can be set
        return;
    }
    if (name == MP_QSTR_data) {
        dest[0] = ((cnn_obj_t *)MP_OBJ_TO_PTR(self))->data;
        return;
    }
    const mp_obj_t method = name == MP_QSTR_run     ? MP_OBJ_FROM_PTR(&cnn_run_obj)
        : name == MP_QSTR_memory                    ? MP_OBJ_FROM_PTR(&cnn_memory_obj)
        : name == MP_QSTR_input_dimensions          ? MP_OBJ_FROM_PTR(&cnn_input_dimensions_obj)
        : name == MP_QSTR_output_dimensions         ? MP_OBJ_FROM_PTR(&cnn_output_dimensions_obj)
                                                    : cnn_import(MP_QSTR_tinymaix_cnn_tools, name);
    if (name == MP_QSTR_labels) {
        dest[0] = mp_call_function_n_kw(method, 1, 0, &self);
        return;
    }
    dest[0] = method;
    dest[1] = self;
}

// load(path): tinymaix_cnn_tools.load, which takes networks of both types.
static mp_obj_t cnn_load(mp_obj_t path) {
    return mp_call_function_n_kw(cnn_import(MP_QSTR_tinymaix_cnn_tools, MP_QSTR_load), 1, 0, &path);
}
static MP_DEFINE_CONST_FUN_OBJ_1(cnn_load_obj, cnn_load);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    cnn_type.base.type = (void *)&mp_type_type;
    cnn_type.name = MP_QSTR_CNN;
    MP_OBJ_TYPE_SET_SLOT(&cnn_type, attr, cnn_attr, 0);
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&cnn_new_obj));
    mp_store_global(MP_QSTR_load, MP_OBJ_FROM_PTR(&cnn_load_obj));
    MP_DYNRUNTIME_INIT_EXIT
}

#endif // EML_NATMOD_CNN_H
