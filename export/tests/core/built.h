// Opens the .eml file that eml_trees_build.h makes, and predicts with it.
#ifndef BUILT_H
#define BUILT_H

#include "eml_trees.h"
#include "eml_trees_build.h"

#include "check.h"

static uint32_t scratch[256];

// Opens what was built. The file lies in a block of exactly its size.
static inline eml_err_t open_built(eml_trees_build_t *build, eml_trees_t *t, uint8_t **file) {
    uint32_t size = 0;
    *file = NULL;
    eml_err_t err = eml_build_finish(build, t, &size);
    if (err == EML_OK) {
        *file = (uint8_t *)calloc(1, size);
        eml_build_write(build, t, *file, size, scratch);
        err = eml_trees_open(t, *file, size, scratch);
        CHECK(err != EML_OK || (44 + eml_trees_body_size(t) == size && eml_get32(*file + 8) == size), size, 0, 0);
    }
    return err;
}

static inline void predict(const eml_trees_t *t, int16_t a, int16_t b, float *out, uint32_t *klass) {
    uint64_t sums[3];
    const int16_t features[2] = { a, b };
    const eml_array_t x = { features, t->n_features, EML_INT16 };
    CHECK(eml_trees_outputs(t, &x, sums, out, eml_trees_n_outputs(t)) == EML_OK, a, b, 0);
    CHECK(t->n_classes == 0 || eml_trees_class(t, &x, sums, klass) == EML_OK, a, b, 0);
}

#endif // BUILT_H
