// MicroPython binding for eml_trees.h: decision trees, random forests, extra trees.
//
//   model = emltrees.load('gesture.eml')   # or 'gesture.csv'
//   model.predict(features)                # class number, or the regression value
//   model.predict(features, out)           # probabilities
#include "load.h"

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

// Names that the headers use: MP_QSTR_readinto, MP_QSTR_array, MP_QSTR_ValueError, MP_QSTR_TypeError, MP_QSTR_int, MP_QSTR_open,
// MP_QSTR_close, MP_QSTR_emltrees_build, MP_QSTR_convert.
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
