// What emlfft and emlfft_q15 seldom need: emlfft_full.c and emlfft_q15_full.c define the type of samples and include this.
// natmod_fft.h has the object, whose own code for the transform is used.
#ifndef EML_NATMOD_FFT_FULL_H
#define EML_NATMOD_FFT_FULL_H

#include "natmod_fft.h"

const mp_obj_type_t *fft_full_type; // of what FFT_MODULE makes

static fft_obj_t *fft_get(mp_obj_t obj) {
    if (mp_obj_get_type(obj) != fft_full_type) {
        mp_raise_TypeError("expected an FFT");
    }
    return MP_OBJ_TO_PTR(obj);
}

// Samples of the given type and number, or ValueError.
static __attribute__((noinline)) void *fft_expect(mp_obj_t obj, char type, size_t size) {
    const eml_array_t x = natmod_array(obj, MP_BUFFER_RW);
    if (x.type != type) {
        NATMOD_EXPECTED("samples", mp_obj_new_str(&type, 1), mp_obj_new_str(&x.type, 1));
    }
    if (x.size != size) {
        NATMOD_EXPECTED("samples", MP_OBJ_NEW_SMALL_INT(size), MP_OBJ_NEW_SMALL_INT(x.size));
    }
    return (void *)x.data;
}

// typecode(samples), as a number
static mp_obj_t fft_typecode(mp_obj_t obj) {
    return MP_OBJ_NEW_SMALL_INT(natmod_array(obj, MP_BUFFER_RW).type);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fft_typecode_obj, fft_typecode);

// expect(fft, samples): ValueError if `run` does not take them
static mp_obj_t fft_expect_samples(mp_obj_t self, mp_obj_t samples) {
    fft_expect(samples, SAMPLE, fft_get(self)->n);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(fft_expect_obj, fft_expect_samples);

#ifdef FFT_HAS_OTHER
// other(fft, module): module.FFT(n), made once
static mp_obj_t fft_other(mp_obj_t self_in, mp_obj_t module) {
    fft_obj_t *self = fft_get(self_in);
    if (self->other == mp_const_none) {
        const mp_obj_t n = MP_OBJ_NEW_SMALL_INT(self->n);
        self->other = mp_call_function_n_kw(mp_load_attr(module, MP_QSTR_FFT), 1, 0, &n);
    }
    return self->other;
}
static MP_DEFINE_CONST_FUN_OBJ_2(fft_other_obj, fft_other);
#endif

// real(fft, x, re, im, out): the transform of real samples and, unless out is None, its squared magnitude
static mp_obj_t fft_real(size_t n_args, const mp_obj_t *args) {
    const fft_obj_t *self = fft_get(args[0]);
    const size_t bins = self->n / 2 + 1;
    const sample_t *const x = fft_expect(args[1], SAMPLE, self->n);
    power_t *const out = args[4] == mp_const_none ? NULL : fft_expect(args[4], POWER, bins);
    // Of the memory of `out`, re takes what is written last.
    sample_t *const re = out ? (sample_t *)(void *)(out + bins) - bins : fft_expect(args[2], SAMPLE, bins);
    sample_t *const im = fft_expect(args[3], SAMPLE, bins);
    FFT_CORE(split)(x, re, im, self->n / 2);
#ifdef FFT_EXPONENTS
    int exponent = self->run(self->table, self->n, re, im, self->n / 2);
    exponent += FFT_CORE(join)(self->table, self->n, re, im);
#else
    self->run(self->table, self->n, re, im, self->n / 2);
    FFT_CORE(join)(self->table, self->n, re, im);
#endif
    if (out) {
        FFT_CORE(power)(re, im, out, bins);
    }
#ifdef FFT_EXPONENTS
    return MP_OBJ_NEW_SMALL_INT(out ? 2 * exponent : exponent);
#else
    return mp_const_none;
#endif
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(fft_real_obj, 5, 5, fft_real);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    const mp_obj_t n = MP_OBJ_NEW_SMALL_INT(EML_FFT_MIN);
    fft_full_type = mp_obj_get_type(mp_call_function_n_kw(fft_attribute(FFT_MODULE, MP_QSTR_FFT), 1, 0, &n));
    mp_store_global(MP_QSTR_typecode, MP_OBJ_FROM_PTR(&fft_typecode_obj));
    mp_store_global(MP_QSTR_expect, MP_OBJ_FROM_PTR(&fft_expect_obj));
#ifdef FFT_HAS_OTHER
    mp_store_global(MP_QSTR_other, MP_OBJ_FROM_PTR(&fft_other_obj));
#endif
    mp_store_global(MP_QSTR_real, MP_OBJ_FROM_PTR(&fft_real_obj));
    MP_DYNRUNTIME_INIT_EXIT
}

#endif // EML_NATMOD_FFT_FULL_H
