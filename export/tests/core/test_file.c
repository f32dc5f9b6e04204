// eml_file.h: the container, on files put together here byte by byte.
#include "eml_file.h"

#include "check.h"

#define BODY 8 // of no meaning to the container
#define TRAILERS (EML_FILE_HEADER + BODY)

static uint32_t table[256];

static void store32(uint8_t *p, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> 8 * i);
    }
}

static void seal(uint8_t *file, uint32_t size) {
    store32(file + 8, size);
    store32(file + 12, eml_file_crc((const uint32_t *)(const void *)file, size, table));
}

// Bit by bit, over all bytes but those of the CRC.
static uint32_t naive_crc(const uint8_t *file, uint32_t size) {
    uint32_t crc = 0xffffffff;
    for (uint32_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8 && (i < 12 || i >= 16); bit++) {
            const uint32_t lowest = (crc ^ (uint32_t)file[i] >> bit) & 1;
            crc = crc >> 1 ^ (lowest ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}

static eml_err_t check(const uint8_t *file, size_t size, uint32_t family) {
    return eml_file_check((const uint32_t *)(const void *)file, size, family, table);
}

// A file with trailers ABCD (5 bytes), LABL (4) and GOLD (none). Returns its size.
static uint32_t build(uint8_t *file) {
    static const uint8_t HEAD[] = { 'E', 'M', 'L', 0x1a, 1, 0, EML_FAMILY_TREES, 0 };
    memset(file, 0, 256);
    memcpy(file, HEAD, sizeof(HEAD));
    uint8_t *p = file + TRAILERS;
    memcpy(p, "ABCD\5\0\0\0hello\0\0\0LABL\4\0\0\0i\0019xGOLD\0\0\0\0", 16 + 12 + 8);
    const uint32_t size = TRAILERS + 36;
    seal(file, size);
    return size;
}

static void test_crc(void) {
    static const uint8_t DIGITS[] = "12345678----9abcdef0";
    uint32_t words[64];
    eml_crc32_table(table);
    uint32_t crc = 0xffffffff;
    for (int i = 0; i < 9; i++) {
        crc = crc >> 8 ^ table[(crc ^ (uint32_t)('1' + i)) & 0xff];
    }
    CHECK(~crc == 0xcbf43926, crc, 0, 0); // the check value of CRC-32
    memcpy(words, DIGITS, 20);
    CHECK(eml_file_crc(words, 20, table) == naive_crc(DIGITS, 20), 0, 0, 0);
    for (uint32_t size = EML_FILE_HEADER; size <= sizeof(words); size += 4) {
        for (uint32_t i = 0; i < 64; i++) {
            words[i] = (uint32_t)random_runs();
        }
        memset(table, 0x55, sizeof(table)); // scratch: whatever it holds
        CHECK(eml_file_crc(words, size, table) == naive_crc((const uint8_t *)words, size), size, 0, 0);
    }
}

static void test_check(void) {
    uint32_t words[64];
    uint8_t *file = (uint8_t *)words;
    const uint32_t size = build(file);
    CHECK(check(file, size, EML_FAMILY_TREES) == EML_OK, 0, 0, 0);
    CHECK(check(file, size + 20, EML_FAMILY_TREES) == EML_OK, 0, 0, 0); // in a larger block
    CHECK(check(file, size, EML_FAMILY_TREES + 1) == EML_ERR_UNSUPPORTED, 0, 0, 0);
    for (uint32_t n = 0; n < size; n++) {
        uint8_t *exact = (uint8_t *)malloc(n ? n : 1);
        memcpy(exact, file, n);
        CHECK(check(exact, n, EML_FAMILY_TREES) != EML_OK, n, 0, 0);
        free(exact);
    }
    for (uint32_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            file[i] ^= (uint8_t)(1 << bit);
            CHECK(check(file, size, EML_FAMILY_TREES) != EML_OK, i, bit, 0);
            file[i] ^= (uint8_t)(1 << bit);
        }
    }
    file[5] = 200; // a newer minor version
    seal(file, size);
    CHECK(check(file, size, EML_FAMILY_TREES) == EML_OK, 0, 0, 0);
    file[4] = 2;
    seal(file, size);
    CHECK(check(file, size, EML_FAMILY_TREES) == EML_ERR_UNSUPPORTED, 0, 0, 0);
    build(file);
    static const uint32_t SIZES[] = { 0, 4, 12, 13, 15, 0xfffffffc, 0xffffffff, 0x80000000 }; // what the file says
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        store32(file + 8, SIZES[i]);
        CHECK(check(file, size, EML_FAMILY_TREES) == EML_ERR_FORMAT, i, 0, 0);
    }
    for (uint32_t odd = size - 3; odd < size; odd++) {
        seal(file, odd);
        CHECK(check(file, size, EML_FAMILY_TREES) == EML_ERR_FORMAT, odd, 0, 0);
    }
}

static void test_trailers(void) {
    uint32_t words[64];
    uint8_t *file = (uint8_t *)words;
    const uint32_t size = build(file);
    uint32_t length = 0;
    const uint8_t *found = eml_file_trailer(file, size, TRAILERS, EML_TRAILER_LABELS, &length);
    CHECK(found == file + TRAILERS + 24 && length == 4, length, 0, 0);
    found = eml_file_trailer(file, size, TRAILERS, EML_TRAILER_GOLDEN, &length);
    CHECK(found == file + size && length == 0, length, 0, 0);
    CHECK(eml_file_trailer(file, size, TRAILERS, 0x44434241, &length) == file + TRAILERS + 8 && length == 5, length, 0, 0);
    CHECK(eml_file_trailer(file, size, TRAILERS, 0x12345678, &length) == NULL, length, 0, 0);
    CHECK(eml_file_trailer(file, size, size, EML_TRAILER_LABELS, &length) == NULL, length, 0, 0);
    for (uint32_t cut = TRAILERS; cut < size; cut += 4) { // a shorter file never shows what lies beyond it
        uint8_t *exact = (uint8_t *)malloc(cut);
        memcpy(exact, file, cut);
        found = eml_file_trailer(exact, cut, TRAILERS, EML_TRAILER_LABELS, &length);
        CHECK((found != NULL) == (cut >= TRAILERS + 28), cut, 0, 0);
        CHECK(found == NULL || (length == 4 && found + length <= exact + cut), cut, length, 0);
        free(exact);
    }
    static const uint32_t LENGTHS[] = { 0xffffffff, 0xfffffffd, 0xfffffff8, 0x80000000, 29, 30, 31 };
    for (size_t i = 0; i < sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++) {
        store32(file + TRAILERS + 4, LENGTHS[i]); // of ABCD, the others lie behind; 28 bytes are left
        CHECK(eml_file_trailer(file, size, TRAILERS, EML_TRAILER_LABELS, &length) == NULL, LENGTHS[i], 0, 0);
    }
}

int main(void) {
    test_crc();
    test_check();
    test_trailers();
    CHECK(eml_pad4(0) == 0 && eml_pad4(1) == 4 && eml_pad4(4) == 4 && eml_pad4(5) == 8, 0, 0, 0);
    printf("%lu checks\n", checks_made);
    return 0;
}
