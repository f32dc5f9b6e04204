// eml_emlearn_csv.h: emlearn's files, by way of the .eml file that they become.
#include "eml_emlearn_csv.h"

#include "built.h"

static eml_err_t open_text(const char *text, size_t size, size_t step, eml_trees_t *t, uint8_t **file, uint32_t *line) {
    eml_emlearn_csv_t p;
    eml_emlearn_init(&p, grow);
    eml_err_t err = EML_OK;
    *file = NULL;
    for (size_t at = 0; at < size && err == EML_OK; at += step) {
        const size_t n = step < size - at ? step : size - at;
        char *piece = (char *)malloc(n);
        memcpy(piece, text + at, n);
        err = eml_emlearn_feed(&p, piece, n);
        free(piece);
    }
    err = err == EML_OK ? eml_emlearn_end(&p) : err;
    *line = p.line;
    err = err == EML_OK ? open_built(&p.build, t, file) : err;
    free_blocks();
    return err;
}

// As emlearn 0.23 writes it: hard leaves. x[0] <= -3.5 ? (x[1] <= 7 ? 2 : 0) : 1; and a single leaf 1, x[1] <= 1e9 ? 1 : 0
static const char HARD[] = "f,2\r\nc,3\r\nlb,0\r\nl,0\r\nl,1\r\nl,2\r\nr,0\r\nr,-2\r\nr,2\r\nn,0,-3.5,1,-2\r\nn,1,7.0,-3,-1\r\nn,1,1e9,-2,-1";
// Soft leaves, as NumPy prints their rows: over several lines where they are long.
static const char SOFT[] = "f,1\nc,3\nlb,8\nl,[255   0   0]\nl,[  0\n 100\n 100]\nl,[ 0 0 255 ]\nr,0\nn,0,0.5,-1,1\nn,0,1.5,-2,-3\n";
static const char VALUE[] = "f,1\nc,0\nlb,32\nl,0.1\nl,-2.5e3\nr,0\nr,-2\nn,0,0.5,-1,-2\n";

static void test_files(void) {
    for (size_t step = 1; step < 40; step++) {
        eml_trees_t t;
        uint8_t *file;
        uint32_t line, klass = 9;
        float out[3];
        CHECK(open_text(HARD, strlen(HARD), step, &t, &file, &line) == EML_OK, step, line, 0);
        static const int16_t ROWS[][3] = { { -4, 7, 1 }, { -4, 8, 1 }, { -3, 0, 1 }, { 32767, 32767, 1 } };
        for (int i = 0; i < 4; i++) {
            predict(&t, ROWS[i][0], ROWS[i][1], out, &klass);
            CHECK(klass == (uint32_t)ROWS[i][2], i, klass, 0);
            const float third = float_of(0x3eaaaaab); // 1/3 and 2/3, rounded
            CHECK(out[2] == (i == 0 ? third : 0) && out[0] == (i == 1 ? third : 0) && out[1] == (i < 2 ? float_of(0x3f2aaaab) : 1.0f), i,
                bits_of_float(out[1]), 0);
        }
        CHECK(t.layout == EML_TREES_PACKED16 && t.dtype == EML_TREES_INT16 && t.leaf == EML_LEAF_HARD, t.layout, t.dtype, t.leaf);
        free(file);
        CHECK(open_text(SOFT, strlen(SOFT), step, &t, &file, &line) == EML_OK, step, line, 0);
        predict(&t, 0, 0, out, &klass);
        CHECK(klass == 0 && out[0] == 1.0f && out[1] == 0 && out[2] == 0, klass, 0, 0);
        predict(&t, 1, 0, out, &klass);
        CHECK(klass == 1 && out[0] == 0 && out[1] == 0.5f && out[2] == 0.5f, klass, bits_of_float(out[1]), 0);
        predict(&t, 2, 0, out, &klass);
        CHECK(klass == 2 && out[2] == 1.0f, klass, 0, 0);
        free(file);
        CHECK(open_text(VALUE, strlen(VALUE), step, &t, &file, &line) == EML_OK, step, line, 0);
        predict(&t, 0, 0, out, &klass); // (0.1f - 2500) / 2 = -1249.9500000007..., whose nearest float32 is this
        CHECK(bits_of_float(out[0]) == bits_of_float(-1249.95f), bits_of_float(out[0]), 0, 0);
        predict(&t, 1, 0, out, &klass);
        CHECK(out[0] == -2500.0f, bits_of_float(out[0]), 0, 0);
        free(file);
    }
}

// One node: x[0] <= threshold ? 0 : 1, for thresholds on both sides of every int16.
static void test_thresholds(void) {
    static const struct {
        const char *text;
        int floor;
    } CASES[] = { { "5", 5 }, { "5.0", 5 }, { "5.999999", 5 }, { "-5.5", -6 }, { "-5.000001", -6 }, { "-0.5", -1 }, { "-0.0", 0 }, { "0.0", 0 },
        { "32767", 32767 }, { "32767.5", 32767 }, { "32768", 32768 }, { "1e30", 32768 }, { "-32768.0", -32768 }, { "-32768.5", -32769 },
        { "-32769", -32769 }, { "-1e30", -32769 }, { "1.5e2", 150 }, { "1e-3", 0 }, { "-1e-3", -1 } };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char text[100];
        eml_trees_t t;
        uint8_t *file;
        uint32_t line, klass = 9;
        snprintf(text, sizeof(text), "f,1\nc,2\nlb,0\nl,0\nl,1\nr,0\nn,0,%s,-1,-2\n", CASES[i].text);
        CHECK(open_text(text, strlen(text), 99, &t, &file, &line) == EML_OK, i, line, 0);
        for (int delta = -1; delta <= 2; delta++) {
            const int x = CASES[i].floor + delta;
            if (x >= -32768 && x <= 32767) {
                float out[3];
                predict(&t, (int16_t)x, 0, out, &klass);
                CHECK(klass == (x > CASES[i].floor), i, x, klass);
            }
        }
        float out[3];
        predict(&t, 32767, 0, out, &klass);
        CHECK(klass == (32767 > CASES[i].floor), i, klass, 0);
        predict(&t, -32768, 0, out, &klass);
        CHECK(klass == (-32768 > CASES[i].floor), i, klass, 0);
        free(file);
    }
}

static void test_refused(void) {
    // A space in place of each row of this file that takes the bad ones: f 1, c 2, lb 3, l 4 5, r 6, n 7
    static const char *const GOOD[] = { "f,2", "c,2", "lb,0", "l,0", "l,1", "r,0", "n,1,0.5,-1,-2" };
    static const struct {
        int line;
        const char *row;
    } BAD[] = { { 1, "f" }, { 1, "f," }, { 1, "f,0" }, { 1, "f,65536" }, { 1, "f,-1" }, { 1, "f,2.5" }, { 1, "f,2,2" }, { 1, "g,2" }, { 1, "2" },
        { 1, ",2" }, { 1, "F,2" }, { 1, "f,1" }, { 2, "c" }, { 2, "c,-1" }, { 2, "c,65536" }, { 2, "c,1" }, { 2, "f,2" },
        { 3, "lb" }, { 3, "lb,x" }, { 3, "lb,0,0" }, { 3, "b,0" }, { 3, "lbb,0" }, { 4, "l" }, { 4, "l," }, { 4, "l,2" }, { 4, "l,-1" },
        { 4, "l,0.5" }, { 4, "l,0,1" }, { 4, "l,[255 0]" }, { 4, "l,[0 0]" }, { 4, "l,[255]" }, { 4, "l,[1 2 3]" }, { 4, "l,[" },
        { 4, "l,]" }, { 4, "l,[-1 1]" }, { 4, "l,[1 x]" }, { 4, "l,[[1 2]" }, { 6, "r" }, { 6, "r,1" }, { 6, "r,-3" }, { 6, "r,0,0" },
        { 6, "r,2147483648" }, { 7, "n,2,0.5,-1,-2" }, { 7, "n,-1,0.5,-1,-2" }, { 7, "n,65536,0.5,-1,-2" }, { 7, "n,1,,-1,-2" },
        { 7, "n,1,nan,-1,-2" }, { 7, "n,1,inf,-1,-2" }, { 7, "n,1,0.5,0,-2" }, { 7, "n,1,0.5,-1,0" }, { 7, "n,1,0.5,1,-2" },
        { 7, "n,1,0.5,-1,1" }, { 7, "n,1,0.5,-3,-2" }, { 7, "n,1,0.5,-1,-3" }, { 7, "n,1,0.5,-1" }, { 7, "n,1,0.5,-1,-2,1" },
        { 7, "n,1,0.5,2147483647,-2" }, { 7, "n,1,0.5,-2147483647,-2" }, { 7, "n,1,0.5,-2147483648,-2" }, { 7, "n,1,99999,1,-2" },
        { 7, "n 1,0.5,-1,-2" }, { 7, "n,1,0.5,-1,-2\nq,1" }, { 7, "n,1,0.5,-1,-2\nf,2" } };
    eml_trees_t t;
    uint8_t *file;
    uint32_t line;
    for (size_t i = 0; i <= sizeof(BAD) / sizeof(BAD[0]); i++) {
        char text[300];
        size_t n = 0;
        const int good = i == sizeof(BAD) / sizeof(BAD[0]);
        for (int row = 0; row < 7; row++) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n", !good && BAD[i].line == row + 1 ? BAD[i].row : GOOD[row]);
        }
        const eml_err_t err = open_text(text, n, 11, &t, &file, &line);
        CHECK((err == EML_OK) == good, i, err, line);
        free(file);
    }
    CHECK(open_text("", 0, 1, &t, &file, &line) != EML_OK, 0, 0, 0);
    for (size_t n = 0; n < strlen(SOFT) - 12; n++) { // without its last row
        CHECK(open_text(SOFT, n, 300, &t, &file, &line) != EML_OK, n, line, 0);
        free(file);
    }
}

static void test_no_memory(void) {
    for (grow_fails_at = 0; grow_fails_at < 100; grow_fails_at++) {
        eml_trees_t t;
        uint8_t *file;
        uint32_t line;
        const eml_err_t err = open_text(HARD, strlen(HARD), 300, &t, &file, &line);
        free(file);
        if (err == EML_OK) {
            break;
        }
        CHECK(err == EML_ERR_FULL, err, grow_fails_at, 0);
    }
    CHECK(grow_fails_at >= 3 && grow_fails_at < 100, grow_fails_at, 0, 0); // leaves, roots, nodes
    grow_fails_at = -1;
}

int main(void) {
    test_files();
    test_thresholds();
    test_refused();
    test_no_memory();
    printf("%lu checks\n", checks_made);
    return 0;
}
