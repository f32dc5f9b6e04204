// MicroPython binding for eml_features.h: signal processing before a model, which the module of its own family runs.
//
//   model = emlfeatures.load('model.eml')    # or 'model.csv'; attach.py
//   model.predict(window)                    # array('h') or array('f') of raw samples; otherwise as the model behind the blocks
//   model.predict(window, out)
//   model.push(samples)                      # of the next window: None until it is complete, then what predict of it gives
//   model.push(samples, out)                 # True if out was filled
//   model.reset()                            # the next sample is the first of a window
//
//   frames = emlfeatures.Frames(buffer, hop, n_channels=1)
//   frames.push(samples)                     # True if buffer holds the next window, which begins hop samples after the last one
//   frames.reset()
//
// Names that the headers use: MP_QSTR_Model, MP_QSTR_abi, MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_MemoryError,
// MP_QSTR_attach, MP_QSTR_data, MP_QSTR_emlearn_tools, MP_QSTR_new, MP_QSTR_predict, MP_QSTR_Frames.
#include "py/dynruntime.h"
#include "natmod_features.h"

// The blocks, and what attach.py links to them.
typedef struct {
    eml_features_t file;
    features_block_t *blocks;
    mp_obj_t predict; // of the model behind them; None without one
    mp_obj_t columns; // array('f') that the blocks fill and that model reads; NULL before link
    uint32_t pushed;  // values of the next window
} features_t;

static inline eml_err_t features_open(features_t *m, const void *file, size_t size, uint32_t *scratch) {
    m->blocks = NULL;
    m->predict = mp_const_none;
    m->columns = MP_OBJ_NULL;
    m->pushed = 0;
    return eml_features_open_data(&m->file, file, size, scratch);
}

static inline size_t features_scratch_size(const features_t *m) {
    return 0;
}

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t model_type;
#define MODEL_TYPE (&model_type)

static const mp_obj_fun_builtin_var_t model_predict_obj;
#define MODEL_FAMILY(name) features_##name
#define MODEL_TOOLS MP_QSTR_emlearn_tools
#include "natmod_model.h"
#include "natmod_frames.h"

// The model, and where its blocks write.
static model_t *features_ready(mp_obj_t obj, float **columns) {
    model_t *m = model_get(obj)->model;
    if (m == NULL || m->columns == MP_OBJ_NULL) {
        natmod_value_error("no model is loaded: use load_model(model, file)");
    }
    mp_buffer_info_t info;
    mp_get_buffer_raise(m->columns, &info, MP_BUFFER_WRITE);
    *columns = info.buf;
    return m;
}

static void features_check(eml_err_t err, uint32_t expected, size_t got) {
    if (err == EML_ERR_SHAPE) {
        NATMOD_EXPECTED("values", MP_OBJ_NEW_SMALL_INT(expected), MP_OBJ_NEW_SMALL_INT(got));
    }
    if (err == EML_ERR_TYPE) {
        natmod_value_error("expected array('h'); or array('f'), if the model was trained with floats");
    }
    if (err != EML_OK) {
        natmod_value_error("a sample is NaN or infinite");
    }
}

// What the model makes of its columns, with the arguments of predict.
static mp_obj_t features_result(const model_t *m, const float *columns, size_t n_args, const mp_obj_t *args) {
    if (m->predict != mp_const_none) {
        const mp_obj_t of_model[2] = { m->columns, args[n_args - 1] };
        return mp_call_function_n_kw(m->predict, n_args - 1, 0, of_model);
    }
    if (n_args == 3) {
        const eml_array_t out = natmod_array(args[2], MP_BUFFER_WRITE);
        if (out.type != EML_FLOAT32 || out.size != m->file.n_columns) {
            NATMOD_EXPECTED("outputs, array('f')", MP_OBJ_NEW_SMALL_INT(m->file.n_columns), MP_OBJ_NEW_SMALL_INT(out.size));
        }
        memcpy((float *)out.data, columns, out.size * sizeof(float));
        return mp_const_none;
    }
    if (m->file.n_columns != 1) {
        natmod_value_error("several values: use predict(window, out)");
    }
    return mp_binary_get_val_array(EML_FLOAT32, (void *)columns, 0);
}

static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    float *columns;
    model_t *m = features_ready(args[0], &columns);
    const eml_array_t x = natmod_array(args[1], MP_BUFFER_READ);
    eml_err_t err = eml_features_check_window(&m->file, &x);
    m->pushed = 0; // the blocks have one memory for both
    float *at = columns;
    for (features_block_t *block = m->blocks; block && err == EML_OK; at += block->columns, block = block->next) {
        if (block->run) {
            err = block->run(block->words, block->memory, &x, at);
            continue;
        }
        block->reset(block->words, block->memory);
        err = block->push(block->words, block->memory, &x);
        if (err == EML_OK) {
            block->finish(block->words, block->memory, at);
        }
    }
    features_check(err, m->file.n_features, x.size);
    return features_result(m, columns, n_args, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_predict_obj, 2, 3, model_predict);

// The part of x from element `from` on that the window has room for, to all blocks.
static uint32_t features_push(model_t *m, const eml_array_t *x, uint32_t from) {
    const uint32_t room = m->file.n_features - m->pushed, rest = (uint32_t)x->size - from;
    const uint32_t count = rest < room ? rest : room;
    const eml_array_t part = { (const uint8_t *)x->data + from * (x->type == EML_INT16 ? 2u : 4u), count, x->type };
    for (features_block_t *block = m->blocks; block; block = block->next) {
        if (m->pushed == 0) {
            block->reset(block->words, block->memory);
        }
        const eml_err_t err = block->push(block->words, block->memory, &part);
        if (err != EML_OK) {
            m->pushed = 0;
            features_check(err, 0, 0);
        }
    }
    m->pushed += count;
    return from + count;
}

static mp_obj_t model_push(size_t n_args, const mp_obj_t *args) {
    float *columns;
    model_t *m = features_ready(args[0], &columns);
    const eml_array_t x = natmod_array(args[1], MP_BUFFER_READ);
    for (features_block_t *block = m->blocks; block; block = block->next) {
        if (block->run) {
            natmod_value_error("this model takes whole windows: use Frames and predict");
        }
    }
    features_check(eml_features_takes(&m->file, &x) ? EML_OK : EML_ERR_TYPE, 0, 0);
    if (x.size > m->file.n_features) {
        NATMOD_EXPECTED("samples or fewer at once", MP_OBJ_NEW_SMALL_INT(m->file.n_features), MP_OBJ_NEW_SMALL_INT(x.size));
    }
    const uint32_t taken = features_push(m, &x, 0);
    if (m->pushed < m->file.n_features) {
        return n_args == 3 ? mp_const_false : mp_const_none;
    }
    float *at = columns;
    for (features_block_t *block = m->blocks; block; at += block->columns, block = block->next) {
        block->finish(block->words, block->memory, at);
    }
    m->pushed = 0;
    if (taken < x.size) {
        features_push(m, &x, taken);
    }
    const mp_obj_t result = features_result(m, columns, n_args, args);
    return n_args == 3 ? mp_const_true : result;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_push_obj, 2, 3, model_push);

static mp_obj_t model_reset(mp_obj_t self) {
    float *columns;
    features_ready(self, &columns)->pushed = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_reset_obj, model_reset);

static void features_attr(mp_obj_t self, qstr name, mp_obj_t *dest) {
    if (dest[0] == MP_OBJ_NULL && (name == MP_QSTR_push || name == MP_QSTR_reset)) {
        dest[0] = name == MP_QSTR_push ? MP_OBJ_FROM_PTR(&model_push_obj) : MP_OBJ_FROM_PTR(&model_reset_obj);
        dest[1] = self;
    } else {
        model_attr(self, name, dest);
    }
}

// The block that begins with these words, made by the module that has its kind.
static features_block_t *features_block(const uint32_t *words, uint32_t room, uint32_t n) {
    const uint32_t kind = room ? *words & 0xff : 255;
    if (kind > EML_FEATURES_MEL) {
        natmod_check(EML_ERR_MODEL);
    }
    const qstr module = kind == EML_FEATURES_STATISTICS ? MP_QSTR_emlfeatures_statistics
        : kind == EML_FEATURES_SPECTRUM                 ? MP_QSTR_emlfeatures_spectrum
        : *words & EML_FEATURES_Q15                     ? MP_QSTR_emlfeatures_mel_q15
                                                        : MP_QSTR_emlfeatures_mel;
    const mp_obj_t args[2] = { mp_obj_new_bytearray_by_ref(4 * room, (void *)words), MP_OBJ_NEW_SMALL_INT(n) };
    mp_buffer_info_t made;
    mp_get_buffer_raise(mp_call_function_n_kw(model_import(module, MP_QSTR_block), 2, 0, args), &made, MP_BUFFER_READ);
    return made.buf;
}

// link(model, opened, predict, columns): model becomes what `opened` is, with its blocks and what is behind them.
static mp_obj_t model_link(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = model_get(args[0]);
    const model_obj_t *opened = model_get(args[1]);
    const eml_array_t columns = natmod_array(args[3], MP_BUFFER_WRITE);
    model_t *m = opened->model;
    if (m == NULL || columns.type != EML_FLOAT32 || columns.size != m->file.n_columns) {
        natmod_value_error("expected an array('f') of what the model takes");
    }
    uint32_t at = 0, n_columns = 0;
    features_block_t **end = &m->blocks;
    for (uint32_t i = 0; i < m->file.n_blocks; i++, end = &(*end)->next) {
        *end = features_block(m->file.blocks + at, m->file.n_words - at, m->file.n_features);
        at += (*end)->used;
        n_columns += (*end)->columns;
        if (n_columns > m->file.n_columns) {
            break;
        }
    }
    if (at != m->file.n_words || n_columns != m->file.n_columns) {
        natmod_check(EML_ERR_MODEL);
    }
    m->predict = args[2];
    m->columns = args[3];
    self->model = m;
    self->data = opened->data;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_link_obj, 4, 4, model_link);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_init();
    MP_OBJ_TYPE_SET_SLOT(&model_type, attr, features_attr, 1);
    mp_store_global(MP_QSTR_link, MP_OBJ_FROM_PTR(&model_link_obj));
    frames_init();
    MP_DYNRUNTIME_INIT_EXIT
}
