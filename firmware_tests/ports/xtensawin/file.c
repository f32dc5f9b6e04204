// open() for files of the host, with what scripts do to them: text or bytes, lines, seek, `with`.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "py/builtin.h"
#include "py/runtime.h"
#include "py/stream.h"

typedef struct {
    mp_obj_base_t base;
    int fd; // -1: closed
} file_obj_t;

static const mp_obj_type_t text_file_type, binary_file_type;

static mp_uint_t result(int n, int *errcode) {
    if (n < 0) {
        *errcode = errno;
        return MP_STREAM_ERROR;
    }
    return n;
}

static mp_uint_t file_read(mp_obj_t self_in, void *to, mp_uint_t size, int *errcode) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return result(read(self->fd, to, size), errcode);
}

static mp_uint_t file_write(mp_obj_t self_in, const void *from, mp_uint_t size, int *errcode) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return result(write(self->fd, from, size), errcode);
}

static mp_uint_t file_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (request == MP_STREAM_SEEK) {
        struct mp_stream_seek_t *seek = (void *)arg;
        seek->offset = result(lseek(self->fd, seek->offset, seek->whence), errcode);
        return seek->offset == (mp_off_t)MP_STREAM_ERROR ? MP_STREAM_ERROR : 0;
    }
    if (request == MP_STREAM_CLOSE && self->fd >= 0) {
        close(self->fd);
        self->fd = -1;
    }
    if (request == MP_STREAM_CLOSE || request == MP_STREAM_FLUSH) {
        return 0;
    }
    *errcode = EINVAL;
    return MP_STREAM_ERROR;
}

static const mp_rom_map_elem_t file_methods_table[] = {
    { MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&mp_stream_unbuffered_readline_obj) },
    { MP_ROM_QSTR(MP_QSTR_readlines), MP_ROM_PTR(&mp_stream_unbuffered_readlines_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj) },
    { MP_ROM_QSTR(MP_QSTR_seek), MP_ROM_PTR(&mp_stream_seek_obj) },
    { MP_ROM_QSTR(MP_QSTR_tell), MP_ROM_PTR(&mp_stream_tell_obj) },
    { MP_ROM_QSTR(MP_QSTR_flush), MP_ROM_PTR(&mp_stream_flush_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj) },
    { MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&mp_stream___exit___obj) },
};
static MP_DEFINE_CONST_DICT(file_methods, file_methods_table);

static const mp_stream_p_t text_protocol = { .read = file_read, .write = file_write, .ioctl = file_ioctl, .is_text = true };
static const mp_stream_p_t binary_protocol = { .read = file_read, .write = file_write, .ioctl = file_ioctl };

static MP_DEFINE_CONST_OBJ_TYPE(
    text_file_type, MP_QSTR_TextIOWrapper, MP_TYPE_FLAG_ITER_IS_STREAM, protocol, &text_protocol, locals_dict, &file_methods);
static MP_DEFINE_CONST_OBJ_TYPE(
    binary_file_type, MP_QSTR_FileIO, MP_TYPE_FLAG_ITER_IS_STREAM, protocol, &binary_protocol, locals_dict, &file_methods);

// open(path, mode="r"): mode is of r, w, a, then + and b.
mp_obj_t mp_builtin_open(size_t n_args, const mp_obj_t *args, mp_map_t *keywords) {
    const char *path = mp_obj_str_get_str(args[0]);
    const mp_obj_type_t *type = &text_file_type;
    int access = O_RDONLY, create = 0;
    for (const char *mode = n_args > 1 ? mp_obj_str_get_str(args[1]) : "r"; *mode; mode++) {
        if (*mode == 'w' || *mode == 'a') {
            access = O_WRONLY;
            create = O_CREAT | (*mode == 'w' ? O_TRUNC : O_APPEND);
        } else if (*mode == '+') {
            access = O_RDWR;
        } else if (*mode == 'b') {
            type = &binary_file_type;
        }
    }
    int fd = open(path, access | create, 0644);
    if (fd < 0) {
        mp_raise_OSError_with_filename(errno, path);
    }
    file_obj_t *self = mp_obj_malloc(file_obj_t, type);
    self->fd = fd;
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mp_builtin_open_obj, 1, mp_builtin_open);
