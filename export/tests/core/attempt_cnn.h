// Opens bytes that may be anything as a convolutional network, and runs whatever opens. Each block has exactly the size that the core
// was told.
#ifndef ATTEMPT_CNN_H
#define ATTEMPT_CNN_H

#define EML_CNN_ALL_LAYERS
#include "eml_cnn.h"
#include "eml_cnn_f32.h"

#include <math.h>
#include <stdlib.h>

#define ATTEMPT_MAX_MEMORY (1u << 16) // more is what the memory of a device refuses, and takes long

// One sample of bytes of this pattern; floats are what four of them make, and often refused.
static void attempt_cnn_row(const eml_cnn_t *m, char type, char out_type, uint8_t pattern) {
    const size_t n = eml_cnn_n_inputs(m), n_out = eml_cnn_n_outputs(m), size = n * (type == EML_FLOAT32 ? 4 : 1);
    uint8_t *x = (uint8_t *)malloc(size), *memory = (uint8_t *)malloc(eml_cnn_memory_size(m));
    uint8_t *out = (uint8_t *)malloc(n_out * (out_type == EML_FLOAT32 ? 4 : 1));
    for (size_t i = 0; i < size; i++) {
        x[i] = (uint8_t)(pattern + i * (pattern & 0x1f));
    }
    memset(memory, pattern, eml_cnn_memory_size(m)); // what layers see that no other has written
    const eml_array_t input = { x, n, type };
    const int narrow = m->type == EML_CNN_INT8;
    const eml_err_t err = narrow ? eml_cnn_run(m, &input, memory, out, out_type, n_out)
                                 : eml_cnn_f32_run(m, &input, memory, out, out_type, n_out);
    const int taken = type == EML_FLOAT32 || type == EML_UINT8 || (narrow && type == EML_INT8);
    const int given = out_type == EML_FLOAT32 || (narrow && out_type == EML_INT8 && !eml_cnn_gives_floats(m));
    if ((err == EML_OK && !(taken && given)) || (err != EML_OK && taken && given && type != EML_FLOAT32)) {
        abort();
    }
    free(x);
    free(memory);
    free(out);
}

// Whether it opens.
static int attempt_cnn(const uint8_t *data, size_t size, uint32_t type) {
    uint8_t *file = (uint8_t *)malloc(size ? size : 1);
    memcpy(file, data, size);
    eml_cnn_t m;
    const int opens = eml_cnn_open(&m, file, size, type) == EML_OK;
    if (opens && eml_cnn_memory_size(&m) <= ATTEMPT_MAX_MEMORY) {
        for (const char *in = "Bbfh"; *in; in++) {
            attempt_cnn_row(&m, *in, 'f', 0xff);
            attempt_cnn_row(&m, *in, 'b', 0x3d);
        }
    }
    free(file);
    return opens;
}

#endif // ATTEMPT_CNN_H
