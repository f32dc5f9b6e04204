// A convolutional network as an object, for one type of values. tinymaix_cnn.c and the others define, and include this:
//
//   CNN_TYPE     EML_CNN_INT8 or EML_CNN_FLOAT32
//   CNN_RUN      the core's function that runs it
//
// What is called once, or seldom, is a function of the bytecode module tinymaix_cnn_tools, which works on model.data; it also has the
// words for what is refused, and knows which module takes a network that this one lacks layers for.
//
// Names used here: MP_QSTR_CNN, MP_QSTR_MemoryError, MP_QSTR_TypeError, MP_QSTR_data, MP_QSTR_input_dimensions, MP_QSTR_labels,
// MP_QSTR_load, MP_QSTR_memory, MP_QSTR_new, MP_QSTR_find, MP_QSTR_output_dimensions, MP_QSTR_refuse, MP_QSTR_run,
// MP_QSTR_tinymaix_cnn_tools.
#ifndef EML_NATMOD_CNN_H
#define EML_NATMOD_CNN_H

#include "natmod.h"

// For tinymaix_cnn_tools.
#ifdef EML_CNN_ALL_LAYERS
#define CNN_MODULE (CNN_TYPE + 1)
#else
#define CNN_MODULE CNN_TYPE
#endif

typedef struct {
    mp_obj_base_t base;
    mp_obj_t data; // the file, in memory
    eml_cnn_t network;
    uint32_t memory[]; // of eml_cnn_memory_size, for `run`
} cnn_obj_t;

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t cnn_type;

static mp_obj_t cnn_tool(qstr name) {
    return mp_load_attr(mp_import_name(MP_QSTR_tinymaix_cnn_tools, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), name);
}

// new(data): the network of a whole .tmdl file in memory, used where it lies if it is read-only and aligned, else copied. load(path) is
// the same: no path is a file, so that tinymaix_cnn_tools gets it.
static mp_obj_t cnn_new(mp_obj_t file) {
    mp_obj_t data = file;
    mp_buffer_info_t info, unused;
    mp_get_buffer_raise(data, &info, MP_BUFFER_READ);
    if ((uintptr_t)info.buf & 3 || mp_get_buffer(data, &unused, MP_BUFFER_WRITE)) {
        data = mp_obj_new_bytes(info.buf, info.len);
        mp_get_buffer_raise(data, &info, MP_BUFFER_READ);
    }
    eml_cnn_t network;
    const eml_err_t err = eml_cnn_open(&network, info.buf, info.len, CNN_TYPE);
    if (err != EML_OK) {
        const mp_obj_t args[3] = { file, MP_OBJ_NEW_SMALL_INT(err), MP_OBJ_NEW_SMALL_INT(CNN_MODULE) };
        return mp_call_function_n_kw(cnn_tool(MP_QSTR_find), 3, 0, args);
    }
    const size_t size = eml_cnn_memory_size(&network);
    cnn_obj_t *self = m_malloc(sizeof(cnn_obj_t) + size);
    for (size_t i = 0; i < size / 4; i++) { // of a network with places that nothing writes to, the results are its own
        self->memory[i] = 0;
    }
    self->base.type = (const mp_obj_type_t *)&cnn_type;
    self->data = data;
    self->network = network;
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_1(cnn_new_obj, cnn_new);

// As natmod_array, of the types that there are.
static inline eml_array_t cnn_array(mp_obj_t obj, mp_uint_t flags) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(obj, &info, flags);
    const char type = info.typecode == 1 ? EML_UINT8 : (char)info.typecode; // 1: a bytearray
    const eml_array_t array = { info.buf, type == EML_FLOAT32 ? info.len >> 2 : info.len, type };
    return array;
}

// model.run(input, output): fills the output.
static mp_obj_t cnn_run(size_t n_args, const mp_obj_t *args) {
    cnn_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    const eml_array_t input = cnn_array(args[1], MP_BUFFER_READ);
    const eml_array_t output = cnn_array(args[2], MP_BUFFER_WRITE);
    if (CNN_RUN(&self->network, &input, self->memory, (void *)output.data, output.type, output.size) != EML_OK) {
        mp_call_function_n_kw(cnn_tool(MP_QSTR_refuse), 3, 0, args);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(cnn_run_obj, 3, 3, cnn_run);

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
                                                    : cnn_tool(name);
    if (name == MP_QSTR_labels) {
        dest[0] = mp_call_function_n_kw(method, 1, 0, &self);
        return;
    }
    dest[0] = method;
    dest[1] = self;
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    cnn_type.base.type = (void *)&mp_type_type;
    cnn_type.name = MP_QSTR_CNN;
    MP_OBJ_TYPE_SET_SLOT(&cnn_type, attr, cnn_attr, 0);
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&cnn_new_obj));
    mp_store_global(MP_QSTR_load, MP_OBJ_FROM_PTR(&cnn_new_obj));
    MP_DYNRUNTIME_INIT_EXIT
}

#endif // EML_NATMOD_CNN_H
