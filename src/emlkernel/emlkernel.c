// MicroPython binding for eml_kernel.h: support vector machines.
//
//   model = emlkernel.load('model.eml')   # or 'model.csv'; src/common/py/load.py
//   model.predict(features)               # class number, or the regression value
//   model.predict(features, out)          # decision values, probabilities or the value: model.info()['output']
//
// Here is what rbf kernels need. emlkernel_dot has the others, linear, polynomial and sigmoid, which take scalar products: a board
// loads it with the first such model. emlkernel_proba has the probabilities of both.
//
// Names that the headers use: MP_QSTR_Model, MP_QSTR_abi, MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_MemoryError,
// MP_QSTR_attach,
// MP_QSTR_data, MP_QSTR_emlkernel_dot, MP_QSTR_emlkernel_proba, MP_QSTR_emlearn_tools, MP_QSTR_new, MP_QSTR_predict.
#define EML_KERNEL_DISTANCES
#include "py/dynruntime.h"
#include "eml_kernel.h"

#define MODEL_FAMILY(name) eml_kernel_##name
#define MODEL_FALLBACK(model) MP_QSTR_emlkernel_dot
#define MODEL_TOOLS MP_QSTR_emlearn_tools
#define MODEL_THEN MP_QSTR_emlkernel_proba
#include "natmod_module.h"
