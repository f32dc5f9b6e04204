// Gaussian mixtures, and outliers by their distance from one Gaussian: eml_gaussian.h, as a family.
#ifndef EML_MIXTURE_H
#define EML_MIXTURE_H

#include "eml_gaussian.h"

typedef eml_gaussian_t eml_mixture_t;

// file: [size], aligned to 4 bytes, outlives *m. scratch: [256].
static inline eml_err_t eml_mixture_open(eml_mixture_t *m, const void *file, size_t size, uint32_t *scratch) {
    return eml_gaussian_open(m, file, size, EML_FAMILY_MIXTURE, scratch);
}

static inline uint32_t eml_mixture_n_outputs(const eml_mixture_t *m) {
    return eml_gaussian_n_outputs(m);
}

static inline uint32_t eml_mixture_n_decision(const eml_mixture_t *m) {
    return eml_gaussian_n_decision(m);
}

static inline size_t eml_mixture_scratch_size(const eml_mixture_t *m) {
    return eml_gaussian_scratch_size(m);
}

static inline eml_err_t eml_mixture_class(const eml_mixture_t *m, const eml_array_t *features, void *scratch, uint32_t *klass) {
    return eml_gaussian_class(m, features, scratch, klass);
}

static inline eml_err_t eml_mixture_outputs(const eml_mixture_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    return eml_gaussian_outputs(m, features, scratch, out, n_out);
}

static inline eml_err_t eml_mixture_decision(const eml_mixture_t *m, const eml_array_t *features, void *scratch, float *out, size_t n_out) {
    return eml_gaussian_decision(m, features, scratch, out, n_out);
}

#endif // EML_MIXTURE_H
