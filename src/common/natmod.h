// What every binding shares: typed arrays in, errors out.
//
// MicroPython names used here (MP_QSTR_*) must also stand in a module's .c file, where the linker's tool looks for them.
#ifndef EML_NATMOD_H
#define EML_NATMOD_H

#include "py/dynruntime.h"
#include "eml_common.h"

static inline eml_array_t natmod_view(const mp_buffer_info_t *info) {
    const char type = info->typecode == 1 ? EML_UINT8 : (char)info->typecode; // 1: a bytearray
    const int shift = type == EML_FLOAT32 || type == EML_INT32 ? 2 : type == EML_INT16;
    const eml_array_t array = { info->buf, info->len >> shift, type };
    return array;
}

// View of an array, bytearray, bytes or memoryview. Raises TypeError for anything else, and where it must be writable and is not.
static inline eml_array_t natmod_array(mp_obj_t obj, mp_uint_t flags) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(obj, &info, flags);
    return natmod_view(&info);
}

// One place that raises: what raising takes is a good deal of code.
static MP_NORETURN __attribute__((noinline, unused)) void natmod_value_error(const char *text) {
    mp_raise_ValueError(text);
}

// "expected 64 features, got 63": `format` has a %s for each.
static MP_NORETURN __attribute__((noinline, unused)) void natmod_expected(const char *format, size_t length, mp_obj_t expected, mp_obj_t got) {
    const mp_obj_t numbers[2] = { expected, got };
    const mp_obj_t text = mp_binary_op(MP_BINARY_OP_MODULO, mp_obj_new_str(format, length), mp_obj_new_tuple(2, numbers));
    mp_raise_type_arg(&mp_type_ValueError, text);
}
#define NATMOD_EXPECTED(what, expected, got) \
    natmod_expected("expected %s " what ", got %s", sizeof("expected %s " what ", got %s") - 1, expected, got)

// Short, for size; the PC's tools say more.
static inline const char *natmod_reason(eml_err_t err) {
    return err == EML_ERR_FORMAT      ? "not a model file, or damaged"
        : err == EML_ERR_UNSUPPORTED ? "model file of another version or family"
        : err == EML_ERR_RANGE       ? "number out of range"
                                     : "inconsistent model";
}

static inline void natmod_check(eml_err_t err) {
    if (err != EML_OK) {
        natmod_value_error(natmod_reason(err));
    }
}

#endif // EML_NATMOD_H
