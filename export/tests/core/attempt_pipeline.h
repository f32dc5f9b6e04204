// attempt_family.h for the steps of a pipeline: an output is what they give; the model behind them has its own tests.
#ifndef ATTEMPT_PIPELINE_H
#define ATTEMPT_PIPELINE_H

#include "eml_pipeline.h"

#include <stdlib.h>

static inline eml_err_t eml_pipeline_outputs(
    const eml_pipeline_t *m, const eml_array_t *x, void *scratch, float *out, size_t n_out) {
    float *columns = (float *)malloc(eml_pipeline_n_columns(m) * sizeof(float));
    const eml_err_t err = eml_pipeline_apply(m, x, scratch, columns);
    for (size_t i = 0; err == EML_OK && i < n_out; i++) {
        out[i] = columns[0];
    }
    free(columns);
    return err;
}

static inline eml_err_t eml_pipeline_class(const eml_pipeline_t *m, const eml_array_t *x, void *scratch, uint32_t *klass) {
    float out;
    *klass = 0;
    return eml_pipeline_outputs(m, x, scratch, &out, 1);
}

#define ATTEMPT(name) eml_pipeline_##name
#include "attempt_family.h"

#endif // ATTEMPT_PIPELINE_H
