// MicroPython binding for eml_trees_csv.h: models from our text. emltrees imports this module when it meets text, and this one
// emltrees_emlearn for what is not ours; the result is an .eml file in memory, which emltrees checks.
#define EML_TREES_TEXT
#include "natmod_reader.h"
#include "eml_trees_csv.h"

static mp_obj_t import_attr(qstr module, qstr name) {
    return mp_load_attr(mp_import_name(module, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), name);
}

// A golden row: emltrees predicts it, on the model as far as it is.
static int csv_replay(eml_trees_csv_t *p, const void *sample, const uint32_t *expected) {
    const int integers = p->trees.dtype == EML_TREES_INT16;
    mp_obj_t args[4] = { p->context, mp_obj_new_str(integers ? "h" : "f", 1),
        mp_obj_new_bytes(sample, p->trees.n_features * (integers ? 2 : 4)),
        mp_obj_new_bytes((const void *)expected, 4 + 4 * eml_trees_n_outputs(&p->trees)) };
    if (args[0] == MP_OBJ_NULL) {
        const mp_obj_t load[2] = { mp_obj_new_bytearray_by_ref(p->size, p->file), mp_const_true };
        args[0] = p->context = mp_call_function_n_kw(import_attr(MP_QSTR_emltrees, MP_QSTR_load), 2, 0, load);
    }
    return mp_obj_is_true(mp_call_function_n_kw(import_attr(MP_QSTR_emltrees_tools, MP_QSTR_replay), 4, 0, args));
}

static mp_obj_t read_ours(natmod_reader_t *r) {
    eml_trees_csv_t p;
    eml_trees_csv_init(&p, natmod_grow);
    p.replay = csv_replay;
    eml_err_t err = EML_OK;
    while (err == EML_OK && natmod_reader_fill(r)) {
        err = eml_trees_csv_feed(&p, (const char *)r->data, r->size);
        r->size = 0;
    }
    err = err == EML_OK ? eml_trees_csv_end(&p) : err;
    if (err != EML_OK) {
        natmod_raise_line(p.line, err);
    }
    m_free(p.labels);
    m_free(p.golden);
    m_free(p.scratch);
    return mp_obj_new_bytearray_by_ref(p.size, p.file);
}

// read(start, source): CSV text, of which `start` has been read already, as an .eml file.
static mp_obj_t csv_read(mp_obj_t start, mp_obj_t source) {
    if (mp_obj_get_type(source) == &mp_type_str) {
        mp_raise_TypeError("expected an open file or lines; load(path) takes a path");
    }
    natmod_reader_t r;
    natmod_reader_open(&r, start, source);
    if (natmod_reader_fill(&r) && r.data[0] == 'e') {
        return read_ours(&r);
    }
    const mp_obj_t rest[2] = { r.kind == NATMOD_BUFFER ? start : mp_obj_new_bytes(r.data, r.size),
        r.kind == NATMOD_LINES ? r.iter.buf[0] : source };
    return mp_call_function_n_kw(import_attr(MP_QSTR_emltrees_emlearn, MP_QSTR_read), 2, 0, rest);
}
static MP_DEFINE_CONST_FUN_OBJ_2(csv_read_obj, csv_read);

// Names that the headers use: MP_QSTR_readinto, MP_QSTR_ValueError, MP_QSTR_TypeError, MP_QSTR_MemoryError.
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    mp_store_global(MP_QSTR_read, MP_OBJ_FROM_PTR(&csv_read_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
