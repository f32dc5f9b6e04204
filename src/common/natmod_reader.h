// Text or bytes from whatever a user passes as a model: a file, a buffer, or an iterable of lines.
//
//   natmod_reader_open(&r, start, source)   start: what has been read of a file or of lines already, or nothing
//   natmod_reader_fill(&r)                  makes r.data, r.size the next piece unless there is still some; false at the end
#ifndef EML_NATMOD_READER_H
#define EML_NATMOD_READER_H

#include "natmod.h"

#define NATMOD_CHUNK 256

// m_realloc as the core's eml_grow_t: raises MemoryError instead of returning NULL.
static void *natmod_grow(void *memory, size_t size) {
    return m_realloc(memory, size);
}

static MP_NORETURN inline void natmod_raise_line(uint32_t line, eml_err_t err) {
    const char *reason = err == EML_ERR_FORMAT ? "row unknown, incomplete or out of order" : natmod_reason(err);
    size_t length = 0;
    while (reason[length]) { // there is no strlen to link
        length++;
    }
    const mp_obj_t parts[2] = { MP_OBJ_NEW_SMALL_INT(line), mp_obj_new_str(reason, length) };
    const char format[] = "line %d: %s";
    const mp_obj_t text = mp_binary_op(MP_BINARY_OP_MODULO, mp_obj_new_str(format, sizeof(format) - 1), mp_obj_new_tuple(2, parts));
    mp_raise_type_arg(&mp_type_ValueError, text);
}

typedef enum { NATMOD_BUFFER, NATMOD_STREAM, NATMOD_LINES } natmod_source_t;

typedef struct {
    natmod_source_t kind;
    bool line_end; // LINES: the end of the line is still to come
    const uint8_t *data; // the piece at hand
    size_t size;
    mp_obj_t call[3]; // STREAM: readinto, its self, and the chunk
    uint8_t *chunk;
    mp_obj_iter_buf_t iter; // LINES: the iterator is buf[0]
} natmod_reader_t;

static inline void natmod_reader_open(natmod_reader_t *r, mp_obj_t start, mp_obj_t source) {
    mp_buffer_info_t info;
    const eml_array_t piece = natmod_array(start, MP_BUFFER_READ);
    r->data = piece.data;
    r->size = piece.size;
    r->line_end = false;
    mp_load_method_maybe(source, MP_QSTR_readinto, r->call);
    if (r->call[0] != MP_OBJ_NULL) {
        r->kind = NATMOD_STREAM;
        r->chunk = m_malloc(NATMOD_CHUNK);
        r->call[2] = mp_obj_new_bytearray_by_ref(NATMOD_CHUNK, r->chunk);
    } else if (mp_get_buffer(source, &info, MP_BUFFER_READ)) {
        r->kind = NATMOD_BUFFER;
        r->data = info.buf;
        r->size = info.len;
    } else {
        r->kind = NATMOD_LINES;
        r->iter.base.type = NULL; // an iterator on the heap
        r->iter.buf[0] = mp_fun_table.getiter(source, NULL);
        r->line_end = piece.size > 0 && r->data[piece.size - 1] != '\n';
    }
}

static inline bool natmod_reader_fill(natmod_reader_t *r) {
    if (r->size > 0) {
        return true;
    }
    mp_obj_t line = MP_OBJ_NULL;
    if (r->kind == NATMOD_STREAM) {
        const mp_obj_t n = mp_fun_table.call_method_n_kw(1, 0, r->call);
        r->data = r->chunk;
        r->size = n == mp_const_none ? 0 : (size_t)mp_obj_get_int(n);
        if (r->size > NATMOD_CHUNK) {
            natmod_value_error("readinto returned too much");
        }
    } else if (r->kind == NATMOD_LINES && r->line_end) {
        r->line_end = false;
        r->data = (const uint8_t *)"\n";
        r->size = 1;
    } else if (r->kind == NATMOD_LINES && (line = mp_fun_table.iternext(&r->iter)) != MP_OBJ_NULL) {
        mp_buffer_info_t info;
        mp_get_buffer_raise(line, &info, MP_BUFFER_READ);
        r->data = info.buf;
        r->size = info.len;
        r->line_end = info.len == 0 || r->data[info.len - 1] != '\n'; // lines may come without their ends
        return r->size > 0 || natmod_reader_fill(r);
    }
    return r->size > 0; // a buffer is one piece, there from the start
}

#endif // EML_NATMOD_READER_H
