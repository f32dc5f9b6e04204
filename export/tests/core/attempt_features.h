// attempt_family.h for models of windows: an output is the first column; the model behind the blocks has its own tests.
#ifndef ATTEMPT_FEATURES_H
#define ATTEMPT_FEATURES_H

#include "eml_features.h"

#include <stdlib.h>

#define ATTEMPT_MEMORY (1u << 24) // a device has less

static inline size_t eml_features_scratch_size(const eml_features_t *m) {
    return eml_features_memory_size(m) < ATTEMPT_MEMORY ? eml_features_memory_size(m) : 1;
}

static inline eml_err_t eml_features_outputs(
    const eml_features_t *m, const eml_array_t *x, void *scratch, float *out, size_t n_out) {
    if (eml_features_memory_size(m) >= ATTEMPT_MEMORY) {
        return EML_ERR_FULL;
    }
    float *columns = (float *)malloc(m->n_columns * sizeof(float));
    eml_features_init(m, scratch);
    const eml_err_t err = eml_features_apply(m, scratch, x, columns);
    for (size_t i = 0; err == EML_OK && i < n_out; i++) {
        out[i] = columns[i % m->n_columns];
    }
    free(columns);
    return err;
}

static inline eml_err_t eml_features_class(const eml_features_t *m, const eml_array_t *x, void *scratch, uint32_t *klass) {
    float out;
    *klass = 0;
    return eml_features_outputs(m, x, scratch, &out, 1);
}

#define ATTEMPT(name) eml_features_##name
#include "attempt_family.h"

#endif // ATTEMPT_FEATURES_H
