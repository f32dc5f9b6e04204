// How a filter is made, for one type of samples: a part of natmod_iir.h, or of a module of its own, where design takes much code.
#ifndef EML_NATMOD_IIR_NEW_H
#define EML_NATMOD_IIR_NEW_H

#include "natmod_iir_object.h"

// An object of which base is missing; ValueError for coefficients that are refused, in emliir_tools' words.
static inline iir_obj_t *iir_make(mp_obj_t sos) {
    const eml_array_t c = natmod_array(sos, MP_BUFFER_READ);
    const size_t n = c.size / EML_IIR_SECTION;
    eml_err_t err = EML_ERR_SHAPE;
    if (c.type == EML_FLOAT32 && n != 0 && n * EML_IIR_SECTION == c.size) {
        iir_obj_t *self = m_malloc(sizeof(iir_obj_t) + IIR_CORE(size)(n));
#ifndef IIR_NEW
        self->other = mp_const_none;
        self->sos = mp_obj_new_bytes(c.data, c.size * sizeof(float));
#endif
        err = IIR_CORE(init)(&self->filter, self->memory, c.data, n);
        if (err == EML_OK) {
            return self;
        }
    }
    const mp_obj_t number = MP_OBJ_NEW_SMALL_INT(err);
    iir_call(MP_QSTR_emliir_tools, MP_QSTR_refuse, 1, &number);
    return NULL; // never
}

#endif // EML_NATMOD_IIR_NEW_H
