// Opens the files of a container, one after the other, and predicts with those that open. For test_hostile.py.
//
// In (a file, little-endian), for each case: u32 kind, type, n_rows, size of a row, size; then the file, then the rows.
// Out (stdout), for each case: 'r' refused or 'a' accepted; for accepted ones with rows: u32 golden rows, u32 of them
// agreeing, and for each row u32 class, f32 [n_outputs].
#include "attempt.h"

#include <stdio.h>

static void predict_rows(const attempt_t *a, const uint8_t *rows, const uint32_t *head) {
    const eml_trees_t *t = &a->trees;
    const uint32_t n = eml_trees_n_outputs(t);
    float *out = (float *)malloc(n * sizeof(float));
    fwrite(&a->golden, sizeof(uint32_t), 1, stdout);
    fwrite(&a->agreeing, sizeof(uint32_t), 1, stdout);
    for (uint32_t i = 0; i < head[2]; i++) {
        uint32_t klass;
        void *row = attempt_copy(rows + i * head[3], head[3]);
        if (attempt_predict(t, row, (char)head[1], &klass, out) != EML_OK) {
            abort();
        }
        free(row);
        fwrite(&klass, sizeof(klass), 1, stdout);
        fwrite(out, sizeof(float), n, stdout);
    }
    free(out);
}

int main(int argc, char **argv) {
    FILE *cases = argc == 2 ? fopen(argv[1], "rb") : NULL;
    uint32_t head[5];
    if (!cases) {
        return 2;
    }
    while (fread(head, sizeof(head), 1, cases) == 1) {
        const size_t rows_size = (size_t)head[2] * head[3];
        uint8_t *file = (uint8_t *)malloc(head[4] ? head[4] : 1);
        uint8_t *rows = (uint8_t *)malloc(rows_size ? rows_size : 1);
        if (fread(file, 1, head[4], cases) != head[4] || fread(rows, 1, rows_size, cases) != rows_size) {
            return 2;
        }
        attempt_t a;
        const eml_err_t err = attempt_open(&a, (attempt_kind_t)head[0], file, head[4]);
        putchar(err == EML_OK ? 'a' : 'r');
        if (err == EML_OK) {
            if (head[2]) {
                predict_rows(&a, rows, head);
            }
            attempt_odd_rows(&a.trees);
        }
        fflush(stdout); // what stands there when a sanitizer ends the program tells which case it was
        attempt_close(&a);
        free(file);
        free(rows);
    }
    fclose(cases);
    return 0;
}
