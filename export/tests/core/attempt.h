// Opens bytes that may be anything as a model, and predicts with whatever opens. For hostile.c and the fuzzers: under the
// sanitizers, each block has exactly the size that the core was told.
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include "eml_emlearn_csv.h"
#include "eml_trees.h"
#include "eml_trees_csv.h"
#include "eml_trees_golden.h"

#include "trailers.h"

#include <math.h>
#include <stdlib.h>

typedef enum { ATTEMPT_EML, ATTEMPT_CSV, ATTEMPT_EMLEARN } attempt_kind_t;

typedef struct {
    eml_trees_t trees;
    uint32_t golden, agreeing; // replayed, or of the TEST trailer
    uint8_t *file; // a copy of it, or what it was turned into
} attempt_t;

#define ATTEMPT_MAX_BLOCKS 32
#define ATTEMPT_MAX_SIZE (1u << 22) // more is what the memory of a device refuses
static void *attempt_blocks[ATTEMPT_MAX_BLOCKS];

static inline void *attempt_grow(void *memory, size_t size) {
    int i = 0;
    while (i < ATTEMPT_MAX_BLOCKS && attempt_blocks[i] != memory) {
        i++;
    }
    if (i == ATTEMPT_MAX_BLOCKS) {
        abort();
    }
    void *grown = size > ATTEMPT_MAX_SIZE ? NULL : realloc(memory, size);
    attempt_blocks[i] = grown ? grown : memory;
    return grown;
}

static inline void *attempt_copy(const void *data, size_t size) {
    void *copy = malloc(size ? size : 1);
    if (copy && size) {
        memcpy(copy, data, size);
    }
    return copy;
}

static uint32_t attempt_scratch[256];

// What the device checks when asked to: the golden rows, and that the trailers can be read and fill the file.
static inline eml_err_t attempt_trailers(attempt_t *a) {
    const uint32_t end = EML_FILE_HEADER + EML_TREES_HEADER + eml_trees_body_size(&a->trees), size = eml_get32(a->file + 8);
    uint32_t length;
    const uint8_t *labels = eml_file_trailer(a->file, size, end, EML_TRAILER_LABELS, &length);
    free(attempt_copy(labels, labels ? length : 0)); // reads all of them
    const uint8_t *tested = eml_file_trailer(a->file, size, end, EML_TRAILER_TEST, &length);
    if (tested && length >= 4) {
        a->agreeing = eml_get16(tested);
        a->golden = eml_get16(tested + 2);
    }
    const uint8_t *golden = eml_file_trailer(a->file, size, end, EML_TRAILER_GOLDEN, &length);
    eml_err_t err = trailers_fill(a->file, size, end) ? EML_OK : EML_ERR_FORMAT;
    if (golden && err == EML_OK) {
        uint16_t rows, agreeing;
        const uint32_t n = eml_trees_n_outputs(&a->trees);
        uint64_t *sums = (uint64_t *)malloc(eml_trees_scratch_size(&a->trees) + n * sizeof(float));
        err = eml_trees_replay(&a->trees, golden, length, sums, &rows, &agreeing);
        free(sums);
        a->golden = rows;
        a->agreeing = agreeing;
    }
    return err;
}

static inline eml_err_t attempt_open_file(attempt_t *a, const void *data, size_t size) {
    a->file = (uint8_t *)attempt_copy(data, size);
    const eml_err_t err = eml_trees_open(&a->trees, a->file, size, attempt_scratch);
    return err == EML_OK ? attempt_trailers(a) : err;
}

// One row in a block of its size; out: [n_outputs]. A class outside of the model's ends the program.
static inline eml_err_t attempt_predict(const eml_trees_t *t, const void *row, char type, uint32_t *klass, float *out) {
    const uint32_t n = eml_trees_n_outputs(t);
    const eml_array_t x = { row, t->n_features, type };
    uint64_t *sums = (uint64_t *)malloc(eml_trees_scratch_size(t));
    eml_err_t err = eml_trees_outputs(t, &x, sums, out, n);
    *klass = 0;
    if (err == EML_OK && t->n_classes) {
        err = eml_trees_class(t, &x, sums, klass);
        if (*klass >= t->n_classes) {
            abort();
        }
    }
    free(sums);
    return err;
}

// A golden row of our CSV. The file is to be one that opens, already here.
static inline int attempt_replay(eml_trees_csv_t *p, const void *sample, const uint32_t *expected) {
    const eml_trees_t *t = &p->trees;
    const char type = t->dtype == EML_TREES_INT16 ? EML_INT16 : EML_FLOAT32;
    const uint32_t n = eml_trees_n_outputs(t);
    eml_trees_t opened;
    if (p->tested[1] == 0 && eml_trees_open(&opened, p->file, p->size, attempt_scratch) != EML_OK) {
        abort();
    }
    void *row = attempt_copy(sample, t->n_features * (type == EML_INT16 ? 2u : 4u));
    float *out = (float *)malloc(n * sizeof(float));
    uint32_t klass;
    const eml_err_t err = attempt_predict(t, row, type, &klass, out);
    const int agrees = klass == expected[0] && memcmp(out, expected + 1, n * sizeof(float)) == 0;
    free(row);
    free(out);
    return err != EML_OK ? (int)err : agrees;
}

static inline eml_err_t attempt_open_csv(attempt_t *a, const char *text, size_t size) {
    eml_trees_csv_t p;
    eml_trees_csv_init(&p, attempt_grow);
    p.replay = attempt_replay;
    eml_err_t err = eml_trees_csv_feed(&p, text, size);
    err = err == EML_OK ? eml_trees_csv_end(&p) : err;
    if (err == EML_OK && (attempt_open_file(a, p.file, p.size) != EML_OK || a->agreeing != p.tested[0] || a->golden != p.tested[1])) {
        abort(); // the parser takes only what it can make a file of
    }
    return err;
}

static inline eml_err_t attempt_open_emlearn(attempt_t *a, const char *text, size_t size) {
    eml_emlearn_csv_t p;
    uint32_t file_size = 0;
    eml_emlearn_init(&p, attempt_grow);
    eml_err_t err = eml_emlearn_feed(&p, text, size);
    err = err == EML_OK ? eml_emlearn_end(&p) : err;
    err = err == EML_OK ? eml_build_finish(&p.build, &a->trees, &file_size) : err;
    if (err == EML_OK) {
        a->file = (uint8_t *)calloc(1, file_size);
        eml_build_write(&p.build, &a->trees, a->file, file_size, attempt_scratch);
        err = eml_trees_open(&a->trees, a->file, file_size, attempt_scratch);
    }
    return err;
}

static inline eml_err_t attempt_open(attempt_t *a, attempt_kind_t kind, const uint8_t *data, size_t size) {
    memset(a, 0, sizeof(*a));
    const char *text = (const char *)data;
    return kind == ATTEMPT_EML ? attempt_open_file(a, data, size)
        : kind == ATTEMPT_CSV ? attempt_open_csv(a, text, size)
                              : attempt_open_emlearn(a, text, size);
}

static inline void attempt_close(attempt_t *a) {
    free(a->file);
    for (int i = 0; i < ATTEMPT_MAX_BLOCKS; i++) {
        free(attempt_blocks[i]);
        attempt_blocks[i] = NULL;
    }
}

// Rows that go everywhere, of every type that the model takes.
static inline void attempt_odd_rows(const eml_trees_t *t) {
    static const float FLOATS[] = { 0.0f, 1.5f, -3.0f, NAN, INFINITY, -INFINITY, 1e-40f, 3e38f };
    static const char TYPES[] = { EML_FLOAT32, EML_INT32, EML_INT16, EML_UINT8, EML_INT8 };
    for (uint32_t i = 0; i < sizeof(TYPES); i++) {
        const char type = TYPES[i];
        const uint32_t item = type == EML_FLOAT32 || type == EML_INT32 ? 4 : type == EML_INT16 ? 2 : 1;
        uint8_t *row = (uint8_t *)malloc(t->n_features * item);
        float *out = (float *)malloc(eml_trees_n_outputs(t) * sizeof(float));
        for (uint32_t round = 0; round < 9; round++) { // 8: a mixture
            for (uint32_t k = 0; k < t->n_features; k++) {
                const uint32_t chosen = round < 8 ? round : (k * 5 + 1) & 7;
                const int32_t integer = (int32_t)(0x80007fffu + 0x01ff3000u * chosen);
                memcpy(row + k * item, type == EML_FLOAT32 ? (const void *)&FLOATS[chosen] : (const void *)&integer, item);
            }
            uint32_t klass;
            attempt_predict(t, row, type, &klass, out);
        }
        free(row);
        free(out);
    }
}

static inline int attempt(attempt_kind_t kind, const uint8_t *data, size_t size) {
    attempt_t a;
    const eml_err_t err = attempt_open(&a, kind, data, size);
    if (err == EML_OK) {
        attempt_odd_rows(&a.trees);
    }
    attempt_close(&a);
    return err == EML_OK;
}

#endif // ATTEMPT_H
