// eml_kernel.h for the models of emlkernel that take scalar products: linear, polynomial and sigmoid kernels.
//
// Names that the headers use: MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_MemoryError, MP_QSTR_attach, MP_QSTR_emlkernel,
// MP_QSTR_emlkernel_proba, MP_QSTR_new, MP_QSTR_predict.
#define EML_KERNEL_PRODUCTS
#include "py/dynruntime.h"
#include "eml_kernel.h"

#define MODEL_FAMILY(name) eml_kernel_##name
#define MODEL_MAIN MP_QSTR_emlkernel
#define MODEL_THEN MP_QSTR_emlkernel_proba
#include "natmod_module.h"
