// MicroPython binding for eml_trees.h: decision trees, random forests, extra trees.
//
//   model = emltrees.load('gesture.eml')   # or 'gesture.csv'
//   model.predict(features)                # class number, or the regression value
//   model.predict(features, out)           # probabilities
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

// The model, complete: one that was built node by node is put together at its first use.
static model_obj_t *model_ready(mp_obj_t self_in) {
    model_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->build != mp_const_none) {
        mp_obj_t method[2];
        mp_load_method(self->build, MP_QSTR_file, method);
        load_built(self, mp_fun_table.call_method_n_kw(0, 0, method));
    }
    if (self->trees.n_trees == 0) {
        natmod_value_error("no model is loaded: use load_model(model, file)");
    }
    return self;
}

static void model_check_input(const eml_trees_t *t, const eml_array_t *x) {
    const eml_err_t err = eml_trees_check_input(t, x);
    if (err == EML_ERR_SHAPE) {
        natmod_raise_size(" features", t->n_features, x->size);
    }
    if (err != EML_OK) {
        natmod_value_error(t->dtype == EML_TREES_FLOAT ? "expected array('f'), or integers as array 'h', 'b', 'B' or 'i'"
            : t->dtype == EML_TREES_INT16 ? "expected array('h'): this model takes int16 features as they are"
                                          : "expected array('f') of raw features, or array('h') of scaled ones");
    }
}

// model.predict(features): class number or float; model.predict(features, out): fills array('f').
static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = model_ready(args[0]);
    const eml_trees_t *t = &self->trees;
    const eml_array_t x = natmod_array(args[1], MP_BUFFER_READ);
    model_check_input(t, &x);
    if (n_args == 3) {
        const eml_array_t out = natmod_array(args[2], MP_BUFFER_WRITE);
        if (out.type != EML_FLOAT32) {
            natmod_value_error("expected array('f') for the outputs");
        }
        if (out.size != eml_trees_n_outputs(t)) {
            natmod_raise_size(" outputs", eml_trees_n_outputs(t), out.size);
        }
        eml_trees_outputs(t, &x, self->sums, (float *)out.data, out.size);
        return mp_const_none;
    }
    if (t->n_classes == 0) {
        mp_buffer_info_t cell;
        mp_get_buffer_raise(self->cell, &cell, MP_BUFFER_WRITE);
        eml_trees_outputs(t, &x, self->sums, cell.buf, 1);
        return natmod_float(self->cell);
    }
    uint32_t klass = 0;
    eml_trees_class(t, &x, self->sums, &klass);
    return MP_OBJ_NEW_SMALL_INT(klass);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_predict_obj, 2, 3, model_predict);

// model.outputs(): how long predict's `out` is.
static mp_obj_t model_outputs(mp_obj_t self_in) {
    return MP_OBJ_NEW_SMALL_INT(eml_trees_n_outputs(&model_ready(self_in)->trees));
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_outputs_obj, model_outputs);

// model.label(i): the label of class number i.
static mp_obj_t model_label(mp_obj_t self_in, mp_obj_t i_in) {
    const model_obj_t *self = model_ready(self_in);
    const mp_int_t i = mp_obj_get_int(i_in);
    if (i < 0 || i >= self->trees.n_classes) {
        natmod_raise_size(" classes at least", (size_t)i + 1, self->trees.n_classes);
    }
    if (self->labels == NULL) {
        return i_in;
    }
    uint32_t at = 0;
    for (mp_int_t k = 0; at + 2 <= self->labels_size; k++) {
        const uint8_t *label = self->labels + at;
        at += 2u + label[1];
        if (k == i && at <= self->labels_size) {
            const mp_obj_t text = mp_obj_new_str((const char *)label + 2, label[1]);
            return label[0] == 'i' ? mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mp_type_int), 1, 0, &text) : text;
        }
    }
    natmod_value_error("the file's labels are incomplete");
}
static MP_DEFINE_CONST_FUN_OBJ_2(model_label_obj, model_label);

// model.selftest(): (rows that agree, golden rows). Rows of a model read from a file were replayed while they passed by.
static mp_obj_t model_selftest(mp_obj_t self_in) {
    model_obj_t *self = model_ready(self_in);
    if (self->golden) {
        natmod_check(eml_trees_replay(&self->trees, self->golden, self->golden_size, self->sums, &self->n_golden, &self->n_agreeing));
    }
    const mp_obj_t counts[2] = { MP_OBJ_NEW_SMALL_INT(self->n_agreeing), MP_OBJ_NEW_SMALL_INT(self->n_golden) };
    return mp_obj_new_tuple(2, counts);
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_selftest_obj, model_selftest);

// text: one of several names, all padded with zeros to the same width.
static void info_text(mp_obj_t info, qstr key, const char *text, size_t width) {
    while (text[width - 1] == 0) {
        width--;
    }
    mp_obj_dict_store(info, MP_OBJ_NEW_QSTR(key), mp_obj_new_str(text, width));
}

static void info_number(mp_obj_t info, qstr key, size_t value) {
    mp_obj_dict_store(info, MP_OBJ_NEW_QSTR(key), MP_OBJ_NEW_SMALL_INT(value));
}

// model.info(): a dict of what the model is.
static mp_obj_t model_info(mp_obj_t self_in) {
    const eml_trees_t *t = &model_ready(self_in)->trees;
    const mp_obj_t info = mp_obj_new_dict(8);
    info_number(info, MP_QSTR_features, t->n_features);
    info_number(info, MP_QSTR_classes, t->n_classes);
    info_number(info, MP_QSTR_trees, t->n_trees);
    info_number(info, MP_QSTR_nodes, t->n_nodes);
    info_number(info, MP_QSTR_leaves, t->n_leaves);
    info_number(info, MP_QSTR_bytes, eml_trees_body_size(t));
    // In the order of the enums.
    info_text(info, MP_QSTR_dtype, &"float\0\0\0\0\0\0\0int16\0\0\0\0\0\0\0int16 scaled"[12 * t->dtype], 12);
    info_text(info, MP_QSTR_leaf, &"hard\0\0\0\0counts\0\0weighteduint8\0\0\0value\0\0\0"[8 * t->leaf], 8);
    return info;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_info_obj, model_info);

// model.scale(features, out): raw array('f') to the array('h') that trees compare, for int16 models with scales.
static mp_obj_t model_scale(mp_obj_t self_in, mp_obj_t features_in, mp_obj_t out_in) {
    const eml_trees_t *t = &model_ready(self_in)->trees;
    const eml_array_t x = natmod_array(features_in, MP_BUFFER_READ);
    const eml_array_t out = natmod_array(out_in, MP_BUFFER_WRITE);
    if (t->dtype != EML_TREES_SCALED || x.type != EML_FLOAT32 || out.type != EML_INT16) {
        natmod_value_error("expected an int16 model with scales, array('f') and array('h')");
    }
    if (x.size != t->n_features || out.size != t->n_features) {
        natmod_raise_size(" features", t->n_features, x.size != t->n_features ? x.size : out.size);
    }
    for (uint32_t i = 0; i < t->n_features; i++) {
        ((int16_t *)out.data)[i] = (int16_t)eml_trees_value(t, &x, i);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(model_scale_obj, model_scale);

// emlearn's builder: setdata(n_features, n_classes), then addleaf, addroot and addnode in any order. See emltrees_build.c.
static mp_obj_t model_setdata(mp_obj_t self_in, mp_obj_t features, mp_obj_t classes) {
    model_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const mp_obj_t args[2] = { features, classes };
    self->build = build_call(MP_QSTR_Builder, 2, args);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(model_setdata_obj, model_setdata);

static mp_obj_t build_add(qstr name, size_t n_args, const mp_obj_t *args) {
    const model_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    if (self->build == mp_const_none) {
        natmod_value_error("call setdata(features, classes) first");
    }
    mp_obj_t call[6];
    mp_load_method(self->build, name, call);
    memcpy(&call[2], &args[1], (n_args - 1) * sizeof(mp_obj_t));
    return mp_fun_table.call_method_n_kw(n_args - 1, 0, call);
}

static mp_obj_t model_addleaf(size_t n_args, const mp_obj_t *args) {
    return build_add(MP_QSTR_addleaf, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_addleaf_obj, 2, 2, model_addleaf);

static mp_obj_t model_addroot(size_t n_args, const mp_obj_t *args) {
    return build_add(MP_QSTR_addroot, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_addroot_obj, 2, 2, model_addroot);

static mp_obj_t model_addnode(size_t n_args, const mp_obj_t *args) {
    return build_add(MP_QSTR_addnode, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_addnode_obj, 5, 5, model_addnode);

mp_map_elem_t model_methods[10];
static MP_DEFINE_CONST_DICT(model_methods_dict, model_methods);

static void add_method(size_t i, qstr name, const void *function) {
    model_methods[i] = (mp_map_elem_t) { MP_OBJ_NEW_QSTR(name), MP_OBJ_FROM_PTR(function) };
}

// Names that the shared headers use: MP_QSTR_readinto, MP_QSTR_array, MP_QSTR_ValueError, MP_QSTR_TypeError, MP_QSTR_int.
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_type.base.type = (void *)&mp_type_type;
    model_type.flags = MP_TYPE_FLAG_NONE;
    model_type.name = MP_QSTR_Model;
    add_method(0, MP_QSTR_predict, &model_predict_obj);
    add_method(1, MP_QSTR_outputs, &model_outputs_obj);
    add_method(2, MP_QSTR_label, &model_label_obj);
    add_method(3, MP_QSTR_selftest, &model_selftest_obj);
    add_method(4, MP_QSTR_info, &model_info_obj);
    add_method(5, MP_QSTR_scale, &model_scale_obj);
    add_method(6, MP_QSTR_setdata, &model_setdata_obj);
    add_method(7, MP_QSTR_addleaf, &model_addleaf_obj);
    add_method(8, MP_QSTR_addroot, &model_addroot_obj);
    add_method(9, MP_QSTR_addnode, &model_addnode_obj);
    MP_OBJ_TYPE_SET_SLOT(&model_type, locals_dict, (void *)&model_methods_dict, 0);
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&trees_new_obj));
    mp_store_global(MP_QSTR_load, MP_OBJ_FROM_PTR(&trees_load_obj));
    mp_store_global(MP_QSTR_load_model, MP_OBJ_FROM_PTR(&trees_load_model_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
