// A filter's object, for one type of samples, as the modules that make and run it have it.
#ifndef EML_NATMOD_IIR_OBJECT_H
#define EML_NATMOD_IIR_OBJECT_H

#include "natmod.h"

typedef struct {
    mp_obj_base_t base;
#ifndef IIR_NEW
    mp_obj_t other; // None, or a filter for the other type of samples
    mp_obj_t sos;   // the coefficients, as bytes
#endif
    IIR_CORE(t) filter;
    uint32_t memory[];
} iir_obj_t;

static __attribute__((noinline)) mp_obj_t iir_call(qstr module, qstr name, size_t n_args, const mp_obj_t *args) {
    const mp_obj_t imported = mp_import_name(module, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    return mp_call_function_n_kw(mp_load_attr(imported, name), n_args, 0, args);
}

#endif // EML_NATMOD_IIR_OBJECT_H
