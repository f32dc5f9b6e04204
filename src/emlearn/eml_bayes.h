// Gaussian naive Bayes, quadratic discriminant analysis: eml_gaussian.h, as a family.
#ifndef EML_BAYES_H
#define EML_BAYES_H

#include "eml_gaussian.h"

typedef eml_gaussian_t eml_bayes_t;

// file: [size], aligned to 4 bytes, outlives *m. scratch: [256].
static inline eml_err_t eml_bayes_open(eml_bayes_t *m, const void *file, size_t size, uint32_t *scratch) {
    return eml_gaussian_open(m, file, size, EML_FAMILY_BAYES, scratch);
}

static inline uint32_t eml_bayes_n_outputs(const eml_bayes_t *m) {
    return eml_gaussian_n_outputs(m);
}

static inline uint32_t eml_bayes_n_decision(const eml_bayes_t *m) {
    return eml_gaussian_n_decision(m);
}

static inline size_t eml_bayes_scratch_size(const eml_bayes_t *m) {
    return eml_gaussian_scratch_size(m);
}

static inline eml_err_t eml_bayes_class(const eml_bayes_t *m, const eml_array_t *features, void *scratch, uint32_t *klass) {
    return eml_gaussian_class(m, features, scratch, klass);
}

static inline eml_err_t eml_bayes_outputs(const eml_bayes_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    return eml_gaussian_outputs(m, features, scratch, out, n_out);
}

static inline eml_err_t eml_bayes_decision(const eml_bayes_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    return eml_gaussian_decision(m, features, scratch, out, n_out);
}

#endif // EML_BAYES_H
