// MicroPython binding for eml_statistics.h: statistics of a window in time, as a block of emlfeatures and by themselves.
//
//   emlfeatures_statistics.statistics(x, out, n_channels=1)   fills array('f') with the ten of each channel, without a model
//
// Names that the headers use: MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_MemoryError, MP_QSTR_block.
#include "py/dynruntime.h"
#include "eml_statistics.h"

#define BLOCK(name) eml_statistics_##name
#include "natmod_features.h"

static mp_obj_t features_statistics(size_t n_args, const mp_obj_t *args) {
    const eml_array_t x = natmod_array(args[0], MP_BUFFER_READ), out = natmod_array(args[1], MP_BUFFER_WRITE);
    const mp_int_t channels = n_args == 3 ? mp_obj_get_int(args[2]) : 1;
    const uint32_t words[2] = { (uint32_t)channels << 16, (1u << EML_STATISTICS_COUNT) - 1 };
    if (channels < 1 || channels > EML_STATISTICS_CHANNELS || !eml_statistics_check(words, 2, (uint32_t)x.size)) {
        natmod_value_error("expected up to 32767 samples of each of up to 255 channels");
    }
    if (out.type != EML_FLOAT32 || out.size != (size_t)channels * EML_STATISTICS_COUNT) {
        NATMOD_EXPECTED("array('f') elements in out", MP_OBJ_NEW_SMALL_INT(channels * EML_STATISTICS_COUNT),
            MP_OBJ_NEW_SMALL_INT(out.type == EML_FLOAT32 ? out.size : 0));
    }
    const eml_err_t err = eml_statistics_run(words, NULL, &x, (float *)out.data);
    if (err == EML_ERR_TYPE) {
        natmod_value_error("expected array('h') or array('f')");
    }
    if (err != EML_OK) {
        natmod_value_error("a sample is NaN or infinite");
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(features_statistics_obj, 2, 3, features_statistics);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    block_init();
    mp_store_global(MP_QSTR_statistics, MP_OBJ_FROM_PTR(&features_statistics_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
