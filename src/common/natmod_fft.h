// A Fourier transform as an object, for one type of samples: emlfft.c, emlfft_q15.c and emlfft_full.c define that type and include
// this.
//
// What `run` does not take, and attributes that are not here, are the business of the module FFT_FULL.
#ifndef EML_NATMOD_FFT_H
#define EML_NATMOD_FFT_H

#include "natmod.h"

typedef struct {
    mp_obj_base_t base;
    FFT_EXPONENT (*run)(const sample_t *table, size_t n, sample_t *re, sample_t *im, size_t m); // for FFT_FULL
#ifdef FFT_HAS_OTHER
    mp_obj_t other; // None, or an object for the other type of samples
#endif
    size_t n;
    sample_t table[];
} fft_obj_t;

static __attribute__((noinline)) mp_obj_t fft_attribute(qstr module, qstr name) {
    return mp_load_attr(mp_import_name(module, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), name);
}

#ifdef FFT_FULL

static __attribute__((noinline)) mp_obj_t fft_full(qstr name, size_t n_args, const mp_obj_t *args) {
    return mp_call_function_n_kw(fft_attribute(FFT_FULL, name), n_args, 0, args);
}

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t fft_type;

// A function, whose number of arguments the firmware checks: the type's own would take code for that.
static mp_obj_t fft_new(mp_obj_t n_in) {
    const size_t n = (size_t)mp_obj_get_int(n_in);
    if (!eml_fft_is_size(n)) {
        return fft_full(MP_QSTR_FFT, 1, &n_in); // which raises
    }
    // Memory of a tuple, which takes no code to raise MemoryError, and has a type and a length before its items.
    fft_obj_t *self = MP_OBJ_TO_PTR(mp_obj_new_tuple((sizeof(fft_obj_t) - sizeof(mp_obj_tuple_t) + n * sizeof(sample_t)) / sizeof(mp_obj_t), NULL));
    self->base.type = (const mp_obj_type_t *)&fft_type;
    self->run = FFT_CORE(run);
#ifdef FFT_HAS_OTHER
    self->other = mp_const_none;
#endif
    self->n = n;
    FFT_CORE(init)(self->table, n);
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fft_new_obj, fft_new);

// The samples, or NULL if they are of another type or number.
static __attribute__((noinline)) sample_t *fft_samples(mp_obj_t obj, size_t size) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(obj, &info, MP_BUFFER_RW);
    return info.typecode == SAMPLE && info.len == size * sizeof(sample_t) ? info.buf : NULL;
}

static mp_obj_t fft_run(size_t n_args, const mp_obj_t *args) {
    fft_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    sample_t *const re = fft_samples(args[1], self->n);
    sample_t *const im = fft_samples(args[2], self->n);
    if (re == NULL || im == NULL) {
        return fft_full(MP_QSTR_run, 3, args);
    }
    return FFT_RESULT(self->run(self->table, self->n, re, im, self->n));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(fft_run_obj, 3, 3, fft_run);

#ifdef FFT_HAS_FILL
// fill(fft, n), which emlearn-micropython's scripts call: the tables are there already.
static mp_obj_t fft_fill(mp_obj_t fft, mp_obj_t n) {
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(fft_fill_obj, fft_fill);
#endif

static void fft_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    if (dest[0] == MP_OBJ_NULL) {
        dest[0] = name == MP_QSTR_run ? MP_OBJ_FROM_PTR(&fft_run_obj) : fft_attribute(FFT_FULL, name);
        dest[1] = self_in;
    }
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    fft_type.base.type = (void *)&mp_type_type;
    fft_type.name = MP_QSTR_FFT;
    MP_OBJ_TYPE_SET_SLOT(&fft_type, attr, fft_attr, 0);
    mp_store_global(MP_QSTR_FFT, MP_OBJ_FROM_PTR(&fft_new_obj));
#ifdef FFT_HAS_FILL
    mp_store_global(MP_QSTR_fill, MP_OBJ_FROM_PTR(&fft_fill_obj));
#endif
    MP_DYNRUNTIME_INIT_EXIT
}

#endif // FFT_FULL
#endif // EML_NATMOD_FFT_H
