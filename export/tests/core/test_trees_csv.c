// eml_trees_csv.h: our text, in pieces of every size, and what it refuses.
#include "eml_trees_csv.h"
#include "eml_trees.h"

#include "check.h"
#include "trailers.h"

static uint32_t scratch[256];

// x[1] <= 4 ? (x[0] <= -1 ? class 0 : 3 x class 0, 1 x class 1) : class 2; and a tree that is one leaf: class 1.
static const char INT16[] =
    "eml,1,0,1,1,8,0,2,3,1,2,0\nf,2\nc,3\nlb,0\np,0,3,1,1\nl,0\nl,1\nl,2\nl,0\nr,0\nr,2\nn,1,5,1,-3\nn,0,0,-1,-4\nn,0,0,-2,-2\n"
    "label,s,a,b\\\\c\nlabel,i,-12\nlabel,s,x\\ny\nt,5,4\nu,1,0,1056964608,1056964608\nt,0,4\nu,0,1,1,1\ncert,{\"rows\": 2}\nend,22\n";
// x[0] <= 1.5 or NaN ? 0.5 : -2.0, in units of 2^-1
static const char FLOAT[] = "eml,1,2,0,4,0,0,1,1,2,0,255\nf,1\nc,0\nlb,32\nv,1\nv,-4\nr,0\nn,0,1061158913,-1,-2,1\n"
                            "t,1069547520\nu,0,1056964608\nt,2143289344\nu,0,1056964608\nt,1069547521\nu,0,3221225472\nend,14\n";
// x[0] * 2 - 3 <= 4 ? class 0 : class 1, for 1/2 and 1/2 of an exact proportion
static const char SCALED[] = "eml,1,0,2,2,8,1,1,1,1,2,1\r\nf,2\r\nc,2\r\nlb,0\r\ns,1,3\r\ns,-120,-536870912\r\n\r\nv,0,1071644672\r\np,0,0,1,0\r\n"
                             "l,0\r\nl,1\r\nl,0\r\nr,0\r\nn,0,5,-1,-3\r\nend,13";

// What eml_trees.h says of a golden row, whose memory is as large as it has to be and no larger.
static int replay(eml_trees_csv_t *p, const void *sample, const uint32_t *expected) {
    const eml_trees_t *t = &p->trees;
    const char type = t->dtype == EML_TREES_INT16 ? EML_INT16 : EML_FLOAT32;
    const size_t size = t->n_features * (type == EML_INT16 ? sizeof(int16_t) : sizeof(float));
    const uint32_t n = eml_trees_n_outputs(t);
    void *row = malloc(size);
    memcpy(row, sample, size);
    const eml_array_t x = { row, t->n_features, type };
    uint64_t sums[3];
    float out[3];
    uint32_t klass = 0;
    CHECK(eml_trees_outputs(t, &x, sums, out, n) == EML_OK, 0, 0, 0);
    CHECK(t->n_classes == 0 || eml_trees_class(t, &x, sums, &klass) == EML_OK, 0, 0, 0);
    free(row);
    CHECK(p->trees.nodes == p->file + 44 && eml_get32(p->file + 8) == p->size, p->size, 0, 0); // a file, already here
    return klass == expected[0] && memcmp(out, expected + 1, n * sizeof(float)) == 0;
}

static int (*replay_with)(eml_trees_csv_t *p, const void *sample, const uint32_t *expected) = replay;

// Copies the text into blocks of exact size, cut at `first` and then each `step`.
static eml_err_t feed(eml_trees_csv_t *p, const char *text, size_t size, size_t first, size_t step) {
    eml_trees_csv_init(p, grow);
    p->replay = replay_with;
    eml_err_t err = EML_OK;
    for (size_t at = 0; at < size && err == EML_OK;) {
        const size_t wanted = at == 0 && first ? first : step;
        const size_t n = wanted < size - at ? wanted : size - at;
        char *piece = (char *)malloc(n);
        memcpy(piece, text + at, n);
        err = eml_trees_csv_feed(p, piece, n);
        free(piece);
        at += n;
    }
    return err == EML_OK ? eml_trees_csv_end(p) : err;
}

static uint32_t class_of(const eml_trees_t *t, const void *x, char type) {
    uint64_t sums[3];
    uint32_t klass = 99;
    const eml_array_t array = { x, t->n_features, type };
    CHECK(eml_trees_class(t, &array, sums, &klass) == EML_OK, type, 0, 0);
    return klass;
}

// The file in a block of its size: it opens, and its trailers are these.
static void check_file(const eml_trees_csv_t *p, const void *labels, uint32_t labels_size, uint16_t agreeing, uint16_t rows) {
    eml_trees_t t;
    uint32_t length = 99;
    uint8_t *file = (uint8_t *)malloc(p->size);
    memcpy(file, p->file, p->size);
    CHECK(eml_trees_open(&t, file, p->size, scratch) == EML_OK, p->size, 0, 0);
    CHECK(memcmp(&t, &p->trees, EML_TREES_HEADER) == 0, 0, 0, 0);
    const uint32_t end = 44 + eml_trees_body_size(&t);
    CHECK(eml_get32(file + 8) == p->size && trailers_fill(file, p->size, end), p->size, end, 0);
    const uint8_t *found = eml_file_trailer(file, p->size, end, EML_TRAILER_LABELS, &length);
    CHECK(labels ? found && length == labels_size && memcmp(found, labels, length) == 0 : !found, length, labels_size, 0);
    found = eml_file_trailer(file, p->size, end, EML_TRAILER_TEST, &length);
    CHECK(rows ? found && length == 4 && eml_get16(found) == agreeing && eml_get16(found + 2) == rows : !found, length, agreeing, rows);
    CHECK(p->tested[0] == agreeing && p->tested[1] == rows, p->tested[0], p->tested[1], 0);
    free(file);
}

static void check_int16(const eml_trees_csv_t *p) {
    static const int16_t ROWS[][2] = { { -1, 4 }, { 0, 4 }, { 0, 5 } };
    static const float EXPECTED[][3] = { { 0.5f, 0.5f, 0 }, { 0.375f, 0.625f, 0 }, { 0, 0.5f, 0.5f } };
    static const uint32_t CLASSES[] = { 0, 1, 1 };
    for (int i = 0; i < 3; i++) {
        uint64_t sums[3];
        float out[3];
        const eml_array_t x = { ROWS[i], 2, EML_INT16 };
        CHECK(class_of(&p->trees, ROWS[i], EML_INT16) == CLASSES[i], i, 0, 0);
        CHECK(eml_trees_outputs(&p->trees, &x, sums, out, 3) == EML_OK, i, 0, 0);
        CHECK(memcmp(out, EXPECTED[i], sizeof(out)) == 0, i, bits_of_float(out[0]), bits_of_float(out[1]));
    }
    static const uint8_t LABELS[] = "s\5a,b\\ci\3-12s\3x\ny";
    check_file(p, LABELS, sizeof(LABELS) - 1, 0, 2); // both are wrong on purpose
}

static void check_float(const eml_trees_csv_t *p) {
    CHECK(p->trees.n_classes == 0, 0, 0, 0);
    check_file(p, NULL, 0, 3, 3);
}

static void check_scaled(const eml_trees_csv_t *p) {
    static const float LOW[2] = { 3.75f, -1 }, HIGH[2] = { 4.0f, 0 };
    CHECK(class_of(&p->trees, LOW, EML_FLOAT32) == 0 && class_of(&p->trees, HIGH, EML_FLOAT32) == 0, 0, 0, 0);
    uint64_t sums[2];
    float out[2];
    const eml_array_t x = { HIGH, 2, EML_FLOAT32 };
    CHECK(eml_trees_outputs(&p->trees, &x, sums, out, 2) == EML_OK && bits_of_float(out[1]) == 0x3f000000, 0, 0, 0);
    CHECK(p->trees.scale[3] == -536870912, 0, 0, 0);
    check_file(p, NULL, 0, 0, 0);
}

static int fail(eml_trees_csv_t *p, const void *sample, const uint32_t *expected) {
    (void)sample;
    (void)expected;
    return p->tested[1] ? EML_ERR_TYPE : 1;
}

// Without a replay no row agrees; an error of it ends the reading.
static void test_replay(void) {
    eml_trees_csv_t p;
    replay_with = NULL;
    CHECK(feed(&p, FLOAT, strlen(FLOAT), 0, 99) == EML_OK, p.line, 0, 0);
    check_file(&p, NULL, 0, 0, 3);
    free_blocks();
    replay_with = fail;
    CHECK(feed(&p, FLOAT, strlen(FLOAT), 0, 99) == EML_ERR_TYPE && p.line == 12, p.line, 0, 0);
    free_blocks();
    replay_with = replay;
}

static void test_pieces(void) {
    static const struct {
        const char *text;
        void (*check)(const eml_trees_csv_t *);
    } FILES[] = { { INT16, check_int16 }, { FLOAT, check_float }, { SCALED, check_scaled } };
    for (int i = 0; i < 3; i++) {
        eml_trees_csv_t p;
        const size_t size = strlen(FILES[i].text);
        for (size_t first = 0; first <= size; first++) {
            CHECK(feed(&p, FILES[i].text, size, first, first ? size : 1) == EML_OK, i, first, p.line);
            FILES[i].check(&p);
            free_blocks();
        }
    }
}

// Memory may end at every request for it.
static void test_no_memory(void) {
    eml_trees_csv_t p;
    for (grow_fails_at = 0;; grow_fails_at++) {
        const eml_err_t err = feed(&p, INT16, strlen(INT16), 0, 999);
        const int enough = grow_requests <= grow_fails_at;
        free_blocks();
        CHECK(err == (enough ? EML_OK : EML_ERR_FULL), err, grow_fails_at, 0);
        if (enough) {
            break;
        }
    }
    CHECK(grow_fails_at == 7, grow_fails_at, 0, 0); // file, three labels, trailers, scratch, row
    grow_fails_at = -1;
}

static eml_err_t parse(const char *text, uint32_t *line) {
    eml_trees_csv_t p;
    const eml_err_t err = feed(&p, text, strlen(text), 0, 7);
    *line = p.line;
    free_blocks();
    return err;
}

// The text of INT16 with its line number `line` (from 1) replaced by `row`; NULL: left out.
static const char *with_line(int line, const char *row) {
    static char text[2000];
    const char *at = INT16, *end = NULL;
    size_t n = 0;
    for (int i = 1; *at; i++, at = end + 1) {
        end = strchr(at, '\n');
        if (i != line) {
            memcpy(text + n, at, (size_t)(end + 1 - at));
            n += (size_t)(end + 1 - at);
        } else if (row) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n", row);
        }
    }
    text[n] = 0;
    return text;
}

static void test_refused_rows(void) {
    static const struct {
        int line;
        const char *row;
    } BAD[] = { { 1, "eml,2,0,1,1,8,0,2,3,1,2,0" }, { 1, "eml,1,0,1,1,8,0,2,3,1,2" }, { 1, "eml,1,0,1,1,8,0,2,3,1,2,0,0" },
        { 1, "eml,1,3,1,1,8,0,2,3,1,2,0" }, { 1, "eml,1,255,1,1,8,0,2,3,1,2,0" }, { 1, "eml,1,0,3,1,8,0,2,3,1,2,0" },
        { 1, "eml,1,0,1,5,8,0,2,3,1,2,0" }, { 1, "eml,1,0,1,1,15,0,2,3,1,2,0" }, { 1, "eml,1,0,1,1,255,0,2,3,1,2,0" }, { 1, "eml,1,0,1,1,8,2,2,3,1,2,0" },
        { 1, "eml,1,0,1,1,8,0,65536,3,1,2,0" }, { 1, "eml,1,0,1,1,8,0,2,33554433,1,2,0" }, { 1, "eml,1,0,1,1,8,0,2,3,4294967295,2,0" },
        { 1, "eml,1,0,1,1,8,0,2,3,1,2,1" }, { 1, "eml,1,0,1,1,0,0,2,3,1,2,0" }, { 2, "f,0" }, { 2, "f,65537" }, { 2, "f" }, { 2, "f," },
        { 2, "f,2,2" }, { 2, "f,-2" }, { 2, "f,2.0" }, { 2, "f, 2" }, { 2, "f,4294967298" }, { 2, "f,99999999999999999999" }, { 2, "x,2" },
        { 2, "F,2" }, { 2, "fffffff,2" }, { 2, ",2" }, { 2, "2" }, { 3, "c,0" }, { 3, "c,65539" }, { 3, "c,2" }, { 3, "c,4" },
        { 5, "p,0,3,1" }, { 5, "p,0,3,1,1,2,1" }, { 5, "p,1,3,0,1" }, { 5, "p,0,3,3,1" }, { 5, "p,0,0,1,1" }, { 5, "p,0,256,1,1" },
        { 5, "p,256,1,1,1" }, { 5, "p" }, { 6, "l,3" }, { 6, "l,-1" }, { 10, "r,3" }, { 10, "r,65536" }, { 10, "r,-1" },
        { 10, "r,-4294967295" }, { 12, "n,2,5,1,-3" }, { 12, "n,1,5,0,-3" }, { 12, "n,1,5,2,-3" }, { 12, "n,1,5,1,3" }, { 12, "n,1,5,1,-5" },
        { 12, "n,1,5,1,0" }, { 12, "n,1,32769,1,-3" }, { 12, "n,1,-32768,1,-3" }, { 12, "n,1,5,1,-3,1" }, { 12, "n,1,5,1,-3,0" },
        { 12, "n,1,5,1" }, { 12, "n,1,5,1,-3,1,1" }, { 12, "n,1,5,-4294967295,-3" }, { 12, "n,1,-4294967291,1,-3" }, { 12, "n,1,5,1,-32769" }, { 12, "n,1,5,1,4294967293" }, { 12, "n,1,4294967295,1,-3" }, { 18, "t,4294967295,4" }, { 19, "u,1,-1,0,0" },
        { 12, "n,1,5,1,--3" }, { 12, "n,1,5,1,-" }, { 14, "n,0,0,1,-4" }, { 14, "n,0,0,-1,1" }, { 15, "label,x,a" }, { 15, "label,s" },
        { 15, "label" }, { 15, "label,i,1a" }, { 15, "label,s,a\\" }, { 15, NULL }, { 18, "t,5" }, { 18, "t,5,4,3" }, { 18, "t,5,32768" },
        { 18, "t,5,-32769" }, { 19, "u,1,0,1056964608" }, { 19, "u,1,0,0,0,0" }, { 19, NULL }, { 19, "t,5,4" }, { 21, "t,0,4" }, { 20, "u,0,1,1,1" }, { 12, "n,1,5,1,1431655766" }, { 23, "end,21" }, { 23, "end,23" }, { 23, "end" },
        { 23, "end,22,1" }, { 23, NULL }, { 23, "end,22\nend,23" }, { 23, "end,22\ncert,x" } };
    uint32_t line;
    for (int i = 1; i <= 24; i++) {
        CHECK(parse(with_line(i, NULL), &line) == (i == 24 ? EML_OK : EML_ERR_FORMAT) || i == 22, i, line, 0);
    }
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        const eml_err_t err = parse(with_line(BAD[i].line, BAD[i].row), &line);
        CHECK(err != EML_OK && line >= (uint32_t)BAD[i].line, i, err, line);
    }
    // Many nodes of an unknown layout: whatever size they have must be the size that they are written in.
    CHECK(parse("eml,1,3,1,0,8,0,1,20,0,0,0\nf,2\nc,2\nlb,0\nl,0\nl,1\nr,0\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\n"
                "n,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\n"
                "n,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,1,-1\nn,0,0,-1,-1\nend,27\n", &line) != EML_OK, line, 0, 0);
    // Values of a model whose leaves have none.
    for (int leaf = EML_LEAF_HARD; leaf <= EML_LEAF_UINT8; leaf++) {
        char text[400];
        snprintf(text, sizeof(text), "eml,1,0,1,%d,8,0,1,1,0,0,99\nf,1\nc,1\nlb,0\nv,0,1\nv,0,1\nv,0,1\nv,0,1\nv,0,1\nv,0,1\nv,0,1\n", leaf);
        CHECK(parse(text, &line) != EML_OK && (line == 5 || leaf == EML_LEAF_WEIGHTED), leaf, line, 0);
    }
    CHECK(parse("", &line) == EML_ERR_FORMAT, line, 0, 0);
    CHECK(parse("\n\r\n\n", &line) == EML_ERR_FORMAT, line, 0, 0);
}

// Where what is wrong shows at once, the error names that very line.
static void test_line_numbers(void) {
    static const struct {
        int line;
        const char *row;
    } BAD[] = { { 2, "f,x" }, { 6, "l,3" }, { 10, "r,65536" }, { 12, "n,2,5,1,-3" }, { 14, "n,0,0" }, { 16, "label,i,a" }, { 18, "t,1" } };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        uint32_t line;
        CHECK(parse(with_line(BAD[i].line, BAD[i].row), &line) != EML_OK && line == (uint32_t)BAD[i].line, i, line, 0);
    }
}

// Golden rows come in pairs: t, u.
static void test_pairs(void) {
    static const struct {
        const char *rows;
        int n_rows, good;
    } CASES[] = { { "", 0, 1 }, { "t,5,4\nu,1,0,0,0\n", 2, 1 }, { "t,5,4\nu,1,0,0,0\nt,5,4\nu,1,0,0,0\n", 4, 1 }, { "t,5,4\n", 1, 0 },
        { "u,1,0,0,0\n", 1, 0 }, { "t,5,4\nt,5,4\nu,1,0,0,0\n", 3, 0 }, { "t,5,4\nu,1,0,0,0\nu,1,0,0,0\n", 3, 0 },
        { "t,5,4\nu,1,0,0,0\nt,5,4\n", 3, 0 }, { "t,5,4\nt,5,4\nu,1,0,0,0\nu,1,0,0,0\n", 4, 0 } };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char text[1000];
        uint32_t line;
        const int before = (int)(strstr(INT16, "t,5,4") - INT16);
        snprintf(text, sizeof(text), "%.*s%send,%d\n", before, INT16, CASES[i].rows, 17 + CASES[i].n_rows);
        CHECK((parse(text, &line) == EML_OK) == CASES[i].good, i, line, 0);
    }
}

static void test_label_length(void) {
    char row[600];
    uint32_t line;
    for (int n = 254; n <= 256; n++) {
        snprintf(row, sizeof(row), "label,s,%0*d", n, 7);
        CHECK((parse(with_line(15, row), &line) == EML_OK) == (n <= 255), n, line, 0);
    }
    for (int n = 254; n <= 256; n++) { // an escape is one byte of the label
        snprintf(row, sizeof(row), "label,s,%0*d\\n", n - 1, 7);
        CHECK((parse(with_line(15, row), &line) == EML_OK) == (n <= 255), n, line, 0);
    }
}

int main(void) {
    test_pieces();
    test_no_memory();
    test_replay();
    test_refused_rows();
    test_line_numbers();
    test_pairs();
    test_label_length();
    printf("%lu checks\n", checks_made);
    return 0;
}
