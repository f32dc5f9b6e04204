// What every binding shares: typed arrays in, errors out.
//
// MicroPython names used here (MP_QSTR_*) must also stand in a module's .c file, where the linker's tool looks for them.
#ifndef EML_NATMOD_H
#define EML_NATMOD_H

#include "py/dynruntime.h"
#include "eml_common.h"

static inline size_t natmod_item_size(char typecode) {
    return typecode == EML_FLOAT32 || typecode == EML_INT32 ? 4 : typecode == EML_INT16 ? 2 : 1;
}

// View of an array, bytearray, bytes or memoryview. Raises TypeError for anything else, and where it must be writable and is not.
static inline eml_array_t natmod_array(mp_obj_t obj, mp_uint_t flags) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(obj, &info, flags);
    const char typecode = info.typecode == 1 ? EML_UINT8 : (char)info.typecode; // 1: a bytearray
    const eml_array_t array = { info.buf, info.len / natmod_item_size(typecode), typecode };
    return array;
}

// Messages are put together here, so that they can name numbers without a formatter: text, number, text, number.
typedef struct {
    char text[96];
    size_t size;
} natmod_message_t;

static inline void natmod_text(natmod_message_t *m, const char *text) {
    while (*text && m->size < sizeof(m->text)) {
        m->text[m->size++] = *text++;
    }
}

static inline void natmod_number(natmod_message_t *m, uint32_t number) {
    char digits[11];
    size_t i = sizeof(digits) - 1;
    digits[i] = 0;
    do {
        digits[--i] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    natmod_text(m, &digits[i]);
}

// One place that raises: what raising takes is a good deal of code.
static MP_NORETURN __attribute__((noinline)) void natmod_value_error(const char *text) {
    mp_raise_ValueError(text);
}

static MP_NORETURN inline void natmod_raise(const natmod_message_t *m) {
    mp_raise_type_arg(&mp_type_ValueError, mp_obj_new_str(m->text, m->size));
}

// "expected 64 features, got 63"
static MP_NORETURN inline void natmod_raise_size(const char *what, size_t expected, size_t got) {
    natmod_message_t m;
    m.size = 0;
    natmod_text(&m, "expected ");
    natmod_number(&m, (uint32_t)expected);
    natmod_text(&m, what);
    natmod_text(&m, ", got ");
    natmod_number(&m, (uint32_t)got);
    natmod_raise(&m);
}

// Short, for size; the PC's tools say more.
static inline const char *natmod_reason(eml_err_t err) {
    return err == EML_ERR_FORMAT      ? "not a model file, or damaged"
        : err == EML_ERR_UNSUPPORTED ? "model file of another version or family"
        : err == EML_ERR_RANGE       ? "number out of range"
                                     : "inconsistent model";
}

static MP_NORETURN inline void natmod_raise_line(uint32_t line, eml_err_t err) {
    natmod_message_t m;
    m.size = 0;
    natmod_text(&m, "line ");
    natmod_number(&m, line);
    natmod_text(&m, ": ");
    natmod_text(&m, err == EML_ERR_FORMAT ? "row unknown, incomplete or out of order" : natmod_reason(err));
    natmod_raise(&m);
}

static inline void natmod_check(eml_err_t err) {
    if (err != EML_OK) {
        natmod_value_error(natmod_reason(err));
    }
}

// m_realloc as the core's eml_grow_t: raises MemoryError instead of returning NULL.
static void *natmod_grow(void *memory, size_t size) {
    return m_realloc(memory, size);
}

// A float32 as an object, by way of `cell`, an array('f', 1): firmware and module may disagree on how floats are passed.
static inline mp_obj_t natmod_float(mp_obj_t cell) {
    return mp_obj_subscr(cell, MP_OBJ_NEW_SMALL_INT(0), MP_OBJ_SENTINEL);
}

static inline mp_obj_t natmod_new_float_cell(void) {
    const mp_obj_t array = mp_load_attr(mp_import_name(MP_QSTR_array, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), MP_QSTR_array);
    mp_obj_t zero = MP_OBJ_NEW_SMALL_INT(0);
    mp_obj_t args[2] = { mp_obj_new_str("f", 1), mp_obj_new_list(1, &zero) };
    return mp_call_function_n_kw(array, 2, 0, args);
}

#endif // EML_NATMOD_H
