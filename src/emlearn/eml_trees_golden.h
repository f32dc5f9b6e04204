// Golden rows: samples stored in a model's file with what the PC computed for them, to be computed again on the device.
#ifndef EML_TREES_GOLDEN_H
#define EML_TREES_GOLDEN_H

#include "eml_trees_file.h"

// Predict the rows of a GOLD trailer. sums: eml_trees_scratch_size(t) bytes, and behind them room for [n_outputs] float.
// *golden: rows there are; *agreeing: rows of which the class and every output have the stored bits.
static inline eml_err_t eml_trees_replay(
    const eml_trees_t *t, const uint8_t *payload, uint32_t length, uint64_t *sums, uint16_t *golden, uint16_t *agreeing) {
    *golden = *agreeing = 0;
    if (length < 4) {
        return EML_ERR_FORMAT;
    }
    const uint32_t n_out = eml_trees_n_outputs(t);
    const uint32_t n_rows = eml_get16(payload);
    const char type = (char)payload[2];
    const uint32_t features_size = eml_pad4(t->n_features * (type == EML_INT16 ? 2u : 4u));
    const uint32_t row_size = features_size + 4 + 4 * n_out;
    if (n_rows && (length - 4) / n_rows < row_size) { // the product may have more than 32 bits
        return EML_ERR_FORMAT;
    }
    float *out = (float *)(void *)((uint8_t *)sums + eml_trees_scratch_size(t));
    for (uint32_t row = 0; row < n_rows; row++) {
        const uint8_t *features = payload + 4 + row * row_size;
        const uint8_t *expected = features + features_size;
        const eml_array_t x = { features, t->n_features, type };
        uint32_t klass = 0;
        eml_err_t err = eml_trees_outputs(t, &x, sums, out, n_out);
        err = err == EML_OK && t->n_classes ? eml_trees_class(t, &x, sums, &klass) : err;
        if (err != EML_OK) {
            return err;
        }
        int agrees = klass == eml_get32(expected);
        for (uint32_t i = 0; i < n_out; i++) {
            agrees &= eml_float_bits(&out[i]) == eml_get32(expected + 4 + 4 * i);
        }
        *agreeing = (uint16_t)(*agreeing + agrees);
    }
    *golden = (uint16_t)n_rows;
    return EML_OK;
}

#endif // EML_TREES_GOLDEN_H
