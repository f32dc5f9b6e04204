// How a filter is made, for one type of samples: a part of natmod_iir.h, or of a module of its own, where design takes much code.
#ifndef EML_NATMOD_IIR_NEW_H
#define EML_NATMOD_IIR_NEW_H

#include "natmod_iir_object.h"

// An object of which base is missing; ValueError for coefficients that are refused, in emliir_tools' words.
static inline iir_obj_t *iir_make(mp_obj_t sos) {
    mp_buffer_info_t c;
    mp_get_buffer_raise(sos, &c, MP_BUFFER_READ);
    size_t n = 0, rest = c.len;
    for (; rest >= EML_IIR_SECTION * sizeof(float); rest -= EML_IIR_SECTION * sizeof(float)) { // no division: a library on a Cortex-M0
        n++;
    }
    eml_err_t err = EML_ERR_SHAPE;
    if (c.typecode == EML_FLOAT32 && n != 0 && rest == 0) {
        iir_obj_t *self = m_malloc(sizeof(iir_obj_t) + IIR_CORE(size)(n));
#ifndef IIR_NEW
        self->other = mp_const_none;
        self->sos = mp_obj_new_bytes(c.buf, c.len);
#endif
        err = IIR_CORE(init)(&self->filter, self->memory, c.buf, n);
        if (err == EML_OK) {
            return self;
        }
    }
    const mp_obj_t number = MP_OBJ_NEW_SMALL_INT(err);
    iir_call(MP_QSTR_emliir_tools, MP_QSTR_refuse, 1, &number);
    return NULL; // never
}

#endif // EML_NATMOD_IIR_NEW_H
