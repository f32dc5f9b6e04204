// Opens bytes that may be anything as a model of a family other than trees, and predicts with whatever opens. Define
// ATTEMPT(name) as eml_FAMILY_##name before including it. Each block has exactly the size that the core was told.
#ifndef ATTEMPT_FAMILY_H
#define ATTEMPT_FAMILY_H

#include "eml_file.h"

#include <math.h>
#include <stdlib.h>

static void attempt_row(const ATTEMPT(t) *m, char type, uint32_t chosen) {
    static const float FLOATS[] = { 0.0f, 1.5f, -3.0f, NAN, INFINITY, 1e-40f, 3e38f, -1e-20f };
    const size_t item = type == EML_FLOAT32 || type == EML_INT32 ? 4 : type == EML_INT16 ? 2 : 1;
    uint8_t *row = (uint8_t *)malloc(m->n_features * item);
    float *out = (float *)malloc(m->n_outputs * sizeof(float));
    void *scratch = malloc(ATTEMPT(scratch_size)(m));
    for (uint32_t i = 0; i < m->n_features; i++) {
        const uint32_t k = chosen < 8 ? chosen : chosen == 8 ? (i % 3) * 2 + (i & 1) * 5 : 5 + i % 3;
        const int32_t integer = (int32_t)(0x80007fffu + 0x01ff3000u * k);
        memcpy(row + i * item, type == EML_FLOAT32 ? (const void *)&FLOATS[k & 7] : (const void *)&integer, item);
    }
    const eml_array_t x = { row, m->n_features, type };
    uint32_t klass = 0;
    const eml_err_t err = ATTEMPT(outputs)(m, &x, scratch, out, m->n_outputs);
    const eml_err_t same = ATTEMPT(class)(m, &x, scratch, &klass);
    if (err != same || (err == EML_OK && m->n_classes && klass >= m->n_classes)) {
        abort();
    }
    free(row);
    free(out);
    free(scratch);
}

// Whether it opens.
static int attempt(const uint8_t *data, size_t size) {
    uint32_t table[256];
    uint8_t *file = (uint8_t *)malloc(size ? size : 1);
    memcpy(file, data, size);
    ATTEMPT(t) m;
    const int opens = ATTEMPT(open)(&m, file, size, table) == EML_OK;
    for (uint32_t chosen = 0; opens && chosen < 10; chosen++) {
        for (const char *type = "fihbB"; *type; type++) {
            attempt_row(&m, *type, chosen);
        }
    }
    free(file);
    return opens;
}

// Gives the file the right size and CRC, which no fuzzer finds.
static inline void attempt_seal(uint8_t *file, size_t size) {
    uint32_t table[256], words[EML_FILE_HEADER / 4];
    memcpy(words, file, EML_FILE_HEADER);
    words[2] = (uint32_t)size & ~3u;
    memcpy(file, words, EML_FILE_HEADER);
    words[3] = eml_file_crc((const uint32_t *)(void *)file, words[2], table);
    memcpy(file, words, EML_FILE_HEADER);
}

static inline void attempt_sealed(const uint8_t *data, size_t size) {
    if (size >= EML_FILE_HEADER) {
        uint8_t *sealed = (uint8_t *)malloc(size);
        memcpy(sealed, data, size);
        attempt_seal(sealed, size);
        attempt(sealed, size);
        free(sealed);
    }
}

// Every truncation and every byte changed in 8 ways, with the CRC as it was and made right again: how many open. Only a
// change of byte 5 or 7, which say nothing, opens without its CRC.
static inline unsigned attempt_damage(const void *file, size_t size) {
    unsigned opens = 0;
    uint8_t *damaged = (uint8_t *)malloc(size);
    memcpy(damaged, file, size);
    for (size_t cut = 0; cut < size; cut++) {
        if (attempt((const uint8_t *)file, cut)) {
            abort();
        }
    }
    for (size_t i = 0; i < size; i++) {
        for (unsigned flip = 1; flip < 256; flip = flip * 2 + 1) {
            damaged[i] ^= (uint8_t)flip;
            if (attempt(damaged, size) && i != 5 && i != 7) {
                abort();
            }
            attempt_seal(damaged, size);
            opens += (unsigned)attempt(damaged, size);
            memcpy(damaged, file, size);
        }
    }
    free(damaged);
    return opens;
}

#endif // ATTEMPT_FAMILY_H
