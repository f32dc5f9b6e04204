// Models and where they come from: files, buffers, lines, and emltrees_build for what emlearn made.
#ifndef EMLTREES_LOAD_H
#define EMLTREES_LOAD_H

#include "natmod_reader.h"
#include "eml_trees_csv.h"
#include "eml_trees_golden.h"

typedef struct {
    mp_obj_base_t base;
    eml_trees_t trees;
    uint64_t *sums;           // scratch of predict: [n_outputs], then [n_outputs] float
    const uint8_t *labels;    // as the LABL trailer has them, or NULL
    const uint8_t *golden;    // GOLD trailer of a model in memory, or NULL
    uint32_t labels_size, golden_size;
    uint16_t n_golden, n_agreeing; // of a model whose golden rows passed by on loading
    void *memory;             // what the tables lie in, for the garbage collector
    mp_obj_t source;          // likewise, a buffer that is used in place
    mp_obj_t cell;            // array('f', 1), to box a float
    mp_obj_t build;           // emltrees_build.Builder while the builder methods are at work, else None
} model_obj_t;

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t model_type;

static model_obj_t *model_get(mp_obj_t obj) {
    if (mp_obj_get_type(obj) != (const mp_obj_type_t *)&model_type) {
        mp_raise_TypeError(MP_ERROR_TEXT("expected a model made by emltrees.new() or load()"));
    }
    return MP_OBJ_TO_PTR(obj);
}

// emltrees.new(trees=0, nodes=0, classes=0): an empty model. The numbers are hints; loading makes the room it needs.
static mp_obj_t trees_new(size_t n_args, const mp_obj_t *args) {
    for (size_t i = 0; i < n_args; i++) {
        if ((mp_int_t)mp_obj_get_int(args[i]) < 0) {
            natmod_value_error("expected capacities of 0 or more");
        }
    }
    model_obj_t *self = mp_obj_malloc(model_obj_t, (mp_obj_type_t *)&model_type);
    memset((uint8_t *)self + sizeof(self->base), 0, sizeof(*self) - sizeof(self->base));
    self->source = self->cell = self->build = mp_const_none;
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(trees_new_obj, 0, 3, trees_new);

// Scratch memory for a model whose numbers are known.
static uint64_t *model_sums(const eml_trees_t *t) {
    return m_malloc(eml_trees_n_outputs(t) * (sizeof(uint64_t) + sizeof(float)));
}

// Take over a loaded model; until here the old one stands.
static void model_set(model_obj_t *self, const eml_trees_t *t, uint64_t *sums, void *memory, mp_obj_t source) {
    if (t->n_classes == 0 && self->cell == mp_const_none) {
        self->cell = natmod_new_float_cell();
    }
    self->trees = *t;
    self->sums = sums;
    self->memory = memory;
    self->source = source;
    self->labels = self->golden = NULL;
    self->n_golden = self->n_agreeing = 0;
    self->build = mp_const_none;
}

// CSV text of ours: `start` is what was read of it to recognise it.
static void load_csv(model_obj_t *self, natmod_reader_t *r, const uint8_t *start, size_t size) {
    eml_trees_csv_t p;
    eml_trees_csv_init(&p, natmod_grow);
    eml_err_t err = eml_trees_csv_feed(&p, (const char *)start, size);
    while (err == EML_OK && natmod_reader_fill(r)) {
        err = eml_trees_csv_feed(&p, (const char *)r->data, r->size);
        r->size = 0;
    }
    err = err == EML_OK ? eml_trees_csv_end(&p) : err;
    if (err != EML_OK) {
        natmod_raise_line(p.line, err);
    }
    model_set(self, &p.trees, p.sums ? p.sums : model_sums(&p.trees), p.body, mp_const_none);
    self->n_golden = p.golden;
    self->n_agreeing = p.agreeing;
    self->labels = p.labels;
    self->labels_size = p.labels_size;
}

// A whole .eml file in memory.
static void load_memory(model_obj_t *self, const uint8_t *data, size_t size, mp_obj_t source) {
    eml_trees_t t;
    uint32_t end = 0, file_size = 0, length = 0;
    natmod_check(eml_trees_open(&t, data, size, &end, &file_size));
    uint64_t *sums = model_sums(&t);
    uint16_t n_golden, n_agreeing;
    const uint8_t *golden = eml_file_trailer(data, file_size, end, EML_TRAILER_GOLDEN, &length);
    if (golden) {
        natmod_check(eml_trees_replay(&t, golden, length, sums, &n_golden, &n_agreeing));
    }
    model_set(self, &t, sums, (void *)data, source);
    self->golden = golden;
    self->golden_size = length;
    self->labels = eml_file_trailer(data, file_size, end, EML_TRAILER_LABELS, &length);
    self->labels_size = length;
}

typedef struct {
    natmod_reader_t *reader;
    uint32_t crc;
    uint32_t left; // bytes of the file that are still to come
} eml_stream_t;

static void stream_read(eml_stream_t *s, void *to, uint32_t size) {
    if (size > s->left || !natmod_reader_read(s->reader, to, size)) {
        natmod_value_error("model file is truncated");
    }
    s->crc = eml_crc32(s->crc, to, size);
    s->left -= size;
}

// A .eml file that is read piece by piece, so that only what prediction needs stays in memory. header: EML_FILE_HEADER bytes.
static void load_stream(model_obj_t *self, natmod_reader_t *r, const uint8_t *header) {
    eml_trees_t t;
    uint8_t small[EML_TREES_HEADER];
    uint32_t body_size = 0, size = 0;
    natmod_check(eml_file_header(header, EML_FAMILY_TREES, &size));
    eml_stream_t s = { r, eml_crc32(0, header, EML_FILE_CRC), size - EML_FILE_HEADER };
    stream_read(&s, small, EML_TREES_HEADER);
    natmod_check(eml_trees_header(&t, small, &body_size));
    if (body_size > s.left) {
        natmod_check(EML_ERR_FORMAT);
    }
    uint8_t *body = m_malloc(body_size + 4);
    stream_read(&s, body, body_size);
    eml_trees_attach(&t, body);
    natmod_check(eml_trees_validate(&t));
    uint64_t *sums = model_sums(&t);
    uint8_t *labels = NULL;
    uint32_t labels_size = 0;
    uint16_t golden = 0, agreeing = 0;
    while (s.left >= 8) {
        stream_read(&s, small, 8);
        const uint32_t tag = eml_get32(small), length = eml_get32(small + 4);
        if (length > s.left || eml_pad4(length) > s.left) {
            natmod_check(EML_ERR_FORMAT);
        }
        if (tag == EML_TRAILER_LABELS || tag == EML_TRAILER_GOLDEN) {
            uint8_t *payload = m_malloc(eml_pad4(length) + 4);
            stream_read(&s, payload, eml_pad4(length));
            if (tag == EML_TRAILER_GOLDEN) {
                natmod_check(eml_trees_replay(&t, payload, length, sums, &golden, &agreeing));
                m_free(payload);
            } else if (labels == NULL) { // of several, the first
                labels = payload;
                labels_size = length;
            }
        } else {
            for (uint32_t i = 0; i < eml_pad4(length); i += 4) {
                stream_read(&s, small, 4);
            }
        }
    }
    stream_read(&s, small, s.left);
    if (s.crc != eml_get32(header + EML_FILE_CRC)) {
        natmod_check(EML_ERR_FORMAT);
    }
    model_set(self, &t, sums, body, mp_const_none);
    self->labels = labels;
    self->labels_size = labels_size;
    self->n_golden = golden;
    self->n_agreeing = agreeing;
}

// The module for what only files and scripts of emlearn need.
static mp_obj_t build_call(qstr function, size_t n_args, const mp_obj_t *args) {
    const mp_obj_t module = mp_import_name(MP_QSTR_emltrees_build, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    return mp_call_function_n_kw(mp_load_attr(module, function), n_args, 0, args);
}

static void load_built(model_obj_t *self, mp_obj_t file) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(file, &info, MP_BUFFER_READ);
    load_memory(self, info.buf, info.len, file);
}

// emltrees.load_model(model, f): from an open file, a buffer or any iterable of lines.
static mp_obj_t trees_load_model(mp_obj_t self_in, mp_obj_t source) {
    model_obj_t *self = model_get(self_in);
    if (mp_obj_get_type(source) == &mp_type_str) {
        mp_raise_TypeError(MP_ERROR_TEXT("expected an open file or lines; load(path) takes a path"));
    }
    natmod_reader_t r;
    natmod_reader_open(&r, source);
    uint32_t header[EML_FILE_HEADER / 4] = { 0 };
    uint8_t *start = (uint8_t *)header;
    size_t size = 0;
    while (size < EML_FILE_HEADER && natmod_reader_read(&r, start + size, 1)) {
        size++;
    }
    if (size == EML_FILE_HEADER && header[0] == EML_FILE_MAGIC) {
        load_stream(self, &r, start);
    } else if (header[0] == EML_CSV_MAGIC) {
        load_csv(self, &r, start, size);
    } else {
        // emlearn's: its own module makes a file of ours from it. Pass on what was read, and where the rest is.
        uint8_t *piece = m_malloc(r.size + 1);
        memcpy(piece, r.data, r.size);
        piece[r.size] = '\n'; // where the line's end is still to come
        const mp_obj_t read = mp_obj_new_bytes(piece, r.size + r.line_end);
        mp_obj_t args[3] = { mp_obj_new_bytes(start, size), read, natmod_reader_rest(&r) };
        load_built(self, build_call(MP_QSTR_convert, 3, args));
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(trees_load_model_obj, trees_load_model);

// emltrees.load(source, in_place=False): a new model from a path, or from what load_model takes.
// An .eml in a read-only buffer is used where it lies, one in a writable buffer is copied unless in_place is true.
static mp_obj_t trees_load(size_t n_args, const mp_obj_t *args) {
    mp_obj_t source = args[0];
    const mp_obj_t self = trees_new(0, NULL);
    mp_buffer_info_t info;
    if (mp_obj_get_type(source) == &mp_type_str) {
        const mp_obj_t open_args[2] = { source, mp_obj_new_str("rb", 2) };
        const mp_obj_t file = mp_call_function_n_kw(mp_load_global(MP_QSTR_open), 2, 0, open_args);
        trees_load_model(self, file);
        mp_obj_t close[2];
        mp_load_method(file, MP_QSTR_close, close);
        mp_fun_table.call_method_n_kw(0, 0, close);
    } else if (mp_get_buffer(source, &info, MP_BUFFER_READ) && info.len >= 4 && eml_get32(info.buf) == EML_FILE_MAGIC) {
        mp_buffer_info_t unused;
        const bool writable = mp_get_buffer(source, &unused, MP_BUFFER_WRITE);
        const bool in_place = (!writable || (n_args > 1 && mp_obj_is_true(args[1]))) && ((uintptr_t)info.buf & 3) == 0;
        uint8_t *data = info.buf;
        if (!in_place) {
            data = m_malloc(info.len);
            memcpy(data, info.buf, info.len);
        }
        load_memory(MP_OBJ_TO_PTR(self), data, info.len, in_place ? source : mp_const_none);
    } else {
        trees_load_model(self, source);
    }
    return self;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(trees_load_obj, 1, 2, trees_load);

#endif // EMLTREES_LOAD_H
