// MicroPython binding for eml_mixture.h: Gaussian mixtures and elliptic envelopes.
//
//   model = emlmixture.load('model.eml')   # or 'model.csv'; src/common/py/load.py
//   model.predict(features)               # number of the component, or 0 for an outlier and 1
//   model.predict(features, out)          # probabilities, then the log-likelihood; or a value below 0 for outliers
//
// Names that the headers use: MP_QSTR_Model, MP_QSTR_abi, MP_QSTR_TypeError, MP_QSTR_ValueError, MP_QSTR_MemoryError,
// MP_QSTR_attach,
// MP_QSTR_data, MP_QSTR_emlearn_tools, MP_QSTR_new, MP_QSTR_predict.
#include "py/dynruntime.h"
#include "eml_mixture.h"

#define MODEL_FAMILY(name) eml_mixture_##name
#define MODEL_TOOLS MP_QSTR_emlearn_tools
#include "natmod_module.h"
