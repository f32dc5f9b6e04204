// A filter as an object, for one type of samples: emliir.c and emliir_q15.c define that type and include this.
//
// What `run` does not take, and why `new` refuses coefficients, is the business of emliir_tools.
#ifndef EML_NATMOD_IIR_H
#define EML_NATMOD_IIR_H

#include "natmod.h"

#ifdef IIR_HAS_OTHER
typedef struct {
    mp_obj_base_t base;
    mp_obj_t other; // None, or a filter for the other type of samples
    mp_obj_t sos;   // the coefficients, as bytes
    IIR_CORE(t) filter;
} iir_obj_t;
#define IIR_FILTER(self) (&(self)->filter)
#else
typedef IIR_CORE(t) iir_obj_t; // it has `base`
#define IIR_FILTER(self) (self)
#endif

// Not static: mpy_ld.py rejects static zero-initialised data.
mp_obj_full_type_t iir_type;

static mp_obj_t iir_tools(qstr name, size_t n_args, const mp_obj_t *args) {
    const mp_obj_t imported = mp_import_name(MP_QSTR_emliir_tools, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    return mp_call_function_n_kw(mp_load_attr(imported, name), n_args, 0, args);
}

// Raises ValueError: refuse does nothing else.
static MP_NORETURN __attribute__((noinline)) void iir_refuse(eml_err_t reason) {
    const mp_obj_t number = MP_OBJ_NEW_SMALL_INT(reason);
    while (true) {
        iir_tools(MP_QSTR_refuse, 1, &number);
    }
}

static mp_obj_t iir_new(mp_obj_t sos) {
    mp_buffer_info_t c;
    mp_get_buffer_raise(sos, &c, MP_BUFFER_READ);
    eml_err_t err = EML_ERR_SHAPE;
    if (c.typecode == EML_FLOAT32) {
        // Memory of a tuple, which takes no code to raise MemoryError, and has a type and a length before its items.
        const size_t size = sizeof(iir_obj_t) - sizeof(IIR_CORE(t)) + IIR_CORE(size)(c.len / sizeof(float)) - sizeof(mp_obj_tuple_t);
        iir_obj_t *self = MP_OBJ_TO_PTR(mp_obj_new_tuple((size + sizeof(mp_obj_t) - 1) / sizeof(mp_obj_t), NULL));
        self->base.type = (const mp_obj_type_t *)&iir_type;
#ifdef IIR_HAS_OTHER
        self->other = mp_const_none;
        self->sos = mp_obj_new_bytes(c.buf, c.len);
#endif
        err = IIR_CORE(init)(IIR_FILTER(self), c.buf, c.len / sizeof(float));
        if (err == EML_OK) {
            return MP_OBJ_FROM_PTR(self);
        }
    }
    iir_refuse(err);
}
static MP_DEFINE_CONST_FUN_OBJ_1(iir_new_obj, iir_new);

// run(samples) and reset(), which takes one argument less: one function is less code than two.
static mp_obj_t iir_call(size_t n_args, const mp_obj_t *args) {
    iir_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    if (n_args == 1) {
        IIR_CORE(reset)(IIR_FILTER(self));
#ifdef IIR_HAS_OTHER
        if (self->other != mp_const_none) {
            mp_obj_t call[2];
            mp_load_method(self->other, MP_QSTR_reset, call);
            mp_fun_table.call_method_n_kw(0, 0, call);
        }
#endif
    } else {
        mp_buffer_info_t x;
        mp_get_buffer_raise(args[1], &x, MP_BUFFER_RW);
        if (x.typecode != SAMPLE) {
#ifdef IIR_HAS_OTHER
            const mp_obj_t seldom[3] = { args[0], args[1], MP_OBJ_NEW_SMALL_INT(x.typecode) };
            return iir_tools(MP_QSTR_run, 3, seldom);
#else
            iir_refuse(EML_ERR_TYPE);
#endif
        }
        IIR_CORE(run)(IIR_FILTER(self), x.buf, x.len / sizeof(sample_t));
    }
    return mp_const_none;
}
#define IIR_METHOD(n_args) { { &mp_type_fun_builtin_var }, MP_OBJ_FUN_MAKE_SIG(n_args, n_args, false), { .var = iir_call } }
static const mp_obj_fun_builtin_var_t iir_methods[2] = { IIR_METHOD(1), IIR_METHOD(2) };

static void iir_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
#ifdef IIR_HAS_OTHER
    iir_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] != MP_OBJ_NULL) {
        if (name == MP_QSTR_other && dest[1] != MP_OBJ_NULL) {
            self->other = dest[1];
            dest[0] = MP_OBJ_NULL; // done
        }
        return;
    }
    dest[0] = name == MP_QSTR_other ? self->other : name == MP_QSTR_sos ? self->sos : MP_OBJ_NULL;
#endif
    const mp_obj_fun_builtin_var_t *method = iir_methods;
    if (name == MP_QSTR_run) {
        method++;
    } else if (name != MP_QSTR_reset) {
        return;
    }
    dest[0] = MP_OBJ_FROM_PTR(method); // so that to store fails: that needs NULL
    dest[1] = self_in;
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    iir_type.base.type = (void *)&mp_type_type;
    iir_type.name = MP_QSTR_IIR;
    MP_OBJ_TYPE_SET_SLOT(&iir_type, attr, iir_attr, 0);
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&iir_new_obj));
    MP_DYNRUNTIME_INIT_EXIT
}

#endif // EML_NATMOD_IIR_H
