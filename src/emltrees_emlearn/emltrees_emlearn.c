// MicroPython binding for eml_emlearn_csv.h and eml_trees_build.h: models from the text and the builder scripts of emlearn.
// emltrees_csv imports this module for such text, emltrees_tools for the builder; the result is an .eml file in memory.
#define EML_TREES_TEXT
#include "natmod_reader.h"
#include "eml_emlearn_csv.h"

typedef struct {
    mp_obj_base_t base;
    eml_trees_build_t build;
} builder_obj_t;

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t builder_type;

static mp_obj_t build_file(eml_trees_build_t *build) {
    eml_trees_t t;
    uint32_t size = 0;
    natmod_check(eml_build_finish(build, &t, &size));
    uint8_t *file = m_malloc(size);
    memset(file, 0, size);
    eml_build_write(build, &t, file, size, m_malloc(256 * sizeof(uint32_t)));
    return mp_obj_new_bytearray_by_ref(size, file);
}

// read(start, source): text, of which `start` has been read already, as an .eml file.
static mp_obj_t emlearn_read(mp_obj_t start, mp_obj_t source) {
    natmod_reader_t r;
    natmod_reader_open(&r, start, source);
    eml_emlearn_csv_t p;
    eml_emlearn_init(&p, natmod_grow);
    eml_err_t err = EML_OK;
    while (err == EML_OK && natmod_reader_fill(&r)) {
        err = eml_emlearn_feed(&p, (const char *)r.data, r.size);
        r.size = 0;
    }
    err = err == EML_OK ? eml_emlearn_end(&p) : err;
    if (err != EML_OK) {
        natmod_raise_line(p.line, err);
    }
    return build_file(&p.build);
}
static MP_DEFINE_CONST_FUN_OBJ_2(emlearn_read_obj, emlearn_read);

static int32_t get_int(mp_obj_t obj, int32_t lowest, int32_t highest) {
    const mp_int_t i = (mp_int_t)mp_obj_get_int(obj);
    natmod_check(i < lowest || i > highest ? EML_ERR_RANGE : EML_OK);
    return (int32_t)i;
}

// Builder(n_features, n_classes): int16 features, hard leaves.
static mp_obj_t builder_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 2, 2, false);
    const int32_t n_features = get_int(args[0], 1, 65535);
    const int32_t n_classes = get_int(args[1], 1, 65535);
    builder_obj_t *self = mp_obj_malloc(builder_obj_t, type);
    eml_build_init(&self->build, natmod_grow);
    self->build.n_features = (uint16_t)n_features;
    self->build.n_classes = (uint16_t)n_classes;
    return MP_OBJ_FROM_PTR(self);
}

static eml_trees_build_t *builder(mp_obj_t self_in) {
    if (mp_obj_get_type(self_in) != (const mp_obj_type_t *)&builder_type) {
        mp_raise_TypeError("expected a Builder");
    }
    builder_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return &self->build;
}

static mp_obj_t builder_addleaf(mp_obj_t self_in, mp_obj_t class_in) {
    natmod_check(eml_build_leaf(builder(self_in), (uint32_t)get_int(class_in, 0, builder(self_in)->n_classes - 1)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(builder_addleaf_obj, builder_addleaf);

static mp_obj_t builder_addroot(mp_obj_t self_in, mp_obj_t root_in) {
    natmod_check(eml_build_root(builder(self_in), get_int(root_in, -65536, 65535)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(builder_addroot_obj, builder_addroot);

// addnode(left, right, feature, value): feature <= value goes left; a child > 0 is a jump in nodes, < 0 is leaf -child - 1.
static mp_obj_t builder_addnode(size_t n_args, const mp_obj_t *args) {
    const int32_t left = get_int(args[1], -65536, 65535), right = get_int(args[2], -65536, 65535);
    const int32_t feature = get_int(args[3], 0, 65535), value = get_int(args[4], -65536, 65536);
    natmod_check(eml_build_node(builder(args[0]), (uint16_t)feature, value, left, right));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(builder_addnode_obj, 5, 5, builder_addnode);

// file(): the model as an .eml file. Nothing can be added afterwards.
static mp_obj_t builder_file(mp_obj_t self_in) {
    return build_file(builder(self_in));
}
static MP_DEFINE_CONST_FUN_OBJ_1(builder_file_obj, builder_file);

mp_map_elem_t builder_methods[4];
static MP_DEFINE_CONST_DICT(builder_methods_dict, builder_methods);

// Names that the headers use: MP_QSTR_readinto, MP_QSTR_ValueError, MP_QSTR_TypeError, MP_QSTR_MemoryError.
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    builder_type.base.type = (void *)&mp_type_type;
    builder_type.flags = MP_TYPE_FLAG_NONE;
    builder_type.name = MP_QSTR_Builder;
    builder_methods[0] = (mp_map_elem_t) { MP_OBJ_NEW_QSTR(MP_QSTR_addleaf), MP_OBJ_FROM_PTR(&builder_addleaf_obj) };
    builder_methods[1] = (mp_map_elem_t) { MP_OBJ_NEW_QSTR(MP_QSTR_addroot), MP_OBJ_FROM_PTR(&builder_addroot_obj) };
    builder_methods[2] = (mp_map_elem_t) { MP_OBJ_NEW_QSTR(MP_QSTR_addnode), MP_OBJ_FROM_PTR(&builder_addnode_obj) };
    builder_methods[3] = (mp_map_elem_t) { MP_OBJ_NEW_QSTR(MP_QSTR_file), MP_OBJ_FROM_PTR(&builder_file_obj) };
    MP_OBJ_TYPE_SET_SLOT(&builder_type, make_new, builder_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(&builder_type, locals_dict, (void *)&builder_methods_dict, 1);
    mp_store_global(MP_QSTR_Builder, MP_OBJ_FROM_PTR(&builder_type));
    mp_store_global(MP_QSTR_read, MP_OBJ_FROM_PTR(&emlearn_read_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
