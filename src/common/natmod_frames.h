// Windows that overlap, from a stream of samples in pieces of any size: emlfeatures.Frames.
#ifndef EML_NATMOD_FRAMES_H
#define EML_NATMOD_FRAMES_H

#include "natmod.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t buffer; // the caller's
    uint32_t size;   // values of a window
    uint32_t hop;    // values
    uint32_t filled; // values in the buffer
    uint32_t kept;   // values in rest: of the window after that in the buffer
    uint32_t rest[];
} frames_obj_t;

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t frames_type;

// Bytes of a value.
static inline uint32_t frames_item(char type) {
    return type == EML_FLOAT32 || type == EML_INT32 ? 4 : type == EML_INT16 ? 2 : 1;
}

static mp_obj_t frames_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 2, 3, false);
    const eml_array_t buffer = natmod_array(args[0], MP_BUFFER_RW);
    const mp_int_t hop = mp_obj_get_int(args[1]), channels = n_args == 3 ? mp_obj_get_int(args[2]) : 1;
    const mp_int_t size = (mp_int_t)buffer.size;
    if (hop < 1 || channels < 1 || channels > size || hop > size / channels || size % channels) {
        natmod_value_error("expected a buffer for whole samples of all channels, and a hop from 1 to its samples");
    }
    frames_obj_t *self = m_malloc(sizeof(frames_obj_t) + (uint32_t)(hop * channels) * frames_item(buffer.type));
    self->base.type = type;
    self->buffer = args[0];
    self->size = (uint32_t)size;
    self->hop = (uint32_t)(hop * channels);
    self->filled = self->kept = 0;
    return MP_OBJ_FROM_PTR(self);
}

// push(samples): at most hop of them, so that no window is passed over.
static mp_obj_t frames_push(mp_obj_t self_in, mp_obj_t samples) {
    frames_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const eml_array_t buffer = natmod_array(self->buffer, MP_BUFFER_RW), x = natmod_array(samples, MP_BUFFER_READ);
    if (x.type != buffer.type || buffer.size != self->size) {
        natmod_value_error("expected samples of the buffer's type");
    }
    if (x.size > self->hop) {
        NATMOD_EXPECTED("values or fewer, those of a hop", MP_OBJ_NEW_SMALL_INT(self->hop), MP_OBJ_NEW_SMALL_INT(x.size));
    }
    const uint32_t item = frames_item(x.type);
    uint8_t *to = (uint8_t *)buffer.data;
    const uint8_t *from = x.data;
    if (self->filled == self->size) { // that window has been used
        self->filled -= self->hop;
        mp_fun_table.memmove_(to, to + self->hop * item, self->filled * item);
        mp_fun_table.memmove_(to + self->filled * item, self->rest, self->kept * item);
        self->filled += self->kept;
    }
    const uint32_t room = self->size - self->filled, taken = x.size < room ? (uint32_t)x.size : room;
    mp_fun_table.memmove_(to + self->filled * item, from, taken * item);
    self->filled += taken;
    self->kept = (uint32_t)x.size - taken;
    mp_fun_table.memmove_(self->rest, from + taken * item, self->kept * item);
    return mp_obj_new_bool(self->filled == self->size);
}
static MP_DEFINE_CONST_FUN_OBJ_2(frames_push_obj, frames_push);

static mp_obj_t frames_reset(mp_obj_t self_in) {
    frames_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->filled = self->kept = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(frames_reset_obj, frames_reset);

static void frames_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    if (dest[0] == MP_OBJ_NULL && (name == MP_QSTR_push || name == MP_QSTR_reset)) {
        dest[0] = name == MP_QSTR_push ? MP_OBJ_FROM_PTR(&frames_push_obj) : MP_OBJ_FROM_PTR(&frames_reset_obj);
        dest[1] = self_in;
    }
}

static inline void frames_init(void) {
    frames_type.base.type = (void *)&mp_type_type;
    frames_type.name = MP_QSTR_Frames;
    MP_OBJ_TYPE_SET_SLOT(&frames_type, make_new, frames_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(&frames_type, attr, frames_attr, 1);
    mp_store_global(MP_QSTR_Frames, MP_OBJ_FROM_PTR(&frames_type));
}

#endif // EML_NATMOD_FRAMES_H
