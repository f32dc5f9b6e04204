// The .eml container: a header with a CRC, the arrays of one model, trailers. See docs/formats.md.
//
//   eml_file_check(file, size, family, table)   a whole file in memory
//   eml_file_open(...)                          the same, and the header of any family but trees
//   eml_file_trailer(...)                       find a trailer
#ifndef EML_FILE_H
#define EML_FILE_H

#include "eml_common.h"

#define EML_FILE_MAGIC 0x1a4c4d45u // "EML", 0x1a
#define EML_FILE_HEADER 16
#define EML_FILE_MAJOR 1
#define EML_FILE_CRC 12 // offset of the CRC
#define EML_FAMILY_TREES 1
#define EML_FAMILY_LINEAR 2
#define EML_FAMILY_NEIGHBORS 3
#define EML_FAMILY_KERNEL 4
#define EML_FAMILY_BAYES 5
#define EML_FAMILY_MIXTURE 6
#define EML_FAMILY_NET 7
#define EML_FAMILY_PIPELINE 8
#define EML_FAMILY_FEATURES 9
#define EML_TRAILER_LABELS 0x4c42414cu // "LABL"
#define EML_TRAILER_TEST 0x54534554u   // "TEST"
#define EML_TRAILER_GOLDEN 0x444c4f47u // "GOLD"

static inline uint16_t eml_get16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t eml_get32(const uint8_t *p) {
    return eml_get16(p) | (uint32_t)eml_get16(p + 2) << 16;
}

static inline uint32_t eml_pad4(uint32_t size) {
    return (size + 3) & ~3u;
}

// table: [256], the remainders of all bytes. Made when a file is opened: in a module it would be 1 kB of flash and RAM.
static inline void eml_crc32_table(uint32_t *table) {
    const uint32_t *half = table; // of i / 2: one step backwards from there is that of an even i
    table[0] = 0;
    for (uint32_t *at = table; at < table + 256; at += 2) {
        const uint32_t crc = *half++;
        const uint32_t even = crc << 1 ^ ((0u - (crc >> 31)) & 0xdb710641u);
        at[0] = even;
        at[1] = even ^ 0x77073096u; // the remainder of 1
    }
}

// The CRC that belongs into a file: CRC-32 of zlib and PNG over all its words but that of the CRC. table: [256] scratch.
static inline uint32_t eml_file_crc(const uint32_t *file, uint32_t size, uint32_t *table) {
    uint32_t crc = 0xffffffff;
    eml_crc32_table(table);
    for (uint32_t at = 0; at < size / 4; at++) {
        if (at != EML_FILE_CRC / 4) {
            crc ^= file[at];
            crc = crc >> 8 ^ table[crc & 0xff];
            crc = crc >> 8 ^ table[crc & 0xff];
            crc = crc >> 8 ^ table[crc & 0xff];
            crc = crc >> 8 ^ table[crc & 0xff];
        }
    }
    return ~crc;
}

// Is it a whole file of this family? file: [size] bytes, aligned to 4; table: [256] scratch.
static inline eml_err_t eml_file_check(const uint32_t *file, size_t size, uint32_t family, uint32_t *table) {
    if (size < EML_FILE_HEADER || file[0] != EML_FILE_MAGIC || file[2] < EML_FILE_HEADER || file[2] > size || file[2] & 3) {
        return EML_ERR_FORMAT;
    }
    if ((file[1] & 0xff00ff) != (EML_FILE_MAJOR | family << 16)) { // any minor version
        return EML_ERR_UNSUPPORTED;
    }
    return eml_file_crc(file, file[2], table) == file[EML_FILE_CRC / 4] ? EML_OK : EML_ERR_FORMAT;
}

// What `out` of a model's prediction holds.
typedef enum { EML_VALUES = 0, EML_PROBABILITIES = 1, EML_DECISION_VALUES = 2, EML_PROBABILITIES_AND_SCORE = 3 } eml_output_t;

// How the header of every family but trees begins, and so its struct.
typedef struct {
    uint16_t n_features;
    uint16_t n_classes; // 0: regression
    uint16_t n_outputs;
    uint8_t output; // eml_output_t
    uint8_t kind;   // the family's own
    uint32_t size;  // bytes of header and arrays: the trailers follow
} eml_head_t;

// Copy the header, of `header` bytes, of a whole file of this family into its struct; its arrays are still missing.
// file: [size], aligned to 4 bytes; scratch: [256].
static inline eml_err_t eml_file_open(
    void *model, uint32_t header, const void *file, size_t size, uint32_t family, uint32_t *scratch) {
    const uint32_t *words = (const uint32_t *)file;
    const eml_err_t err = eml_file_check(words, size, family, scratch);
    if (err != EML_OK) {
        return err;
    }
    const uint32_t body = words[2] - EML_FILE_HEADER;
    if (body < header) {
        return EML_ERR_FORMAT;
    }
    memcpy(model, words + EML_FILE_HEADER / 4, header);
    eml_head_t head;
    memcpy(&head, model, sizeof(head));
    return head.size < header || head.size > body || head.size & 3 ? EML_ERR_FORMAT : EML_OK;
}

// Payload of the trailer with this tag, or NULL. data: a file of `size` bytes; offset: of its first trailer.
static inline const uint8_t *eml_file_trailer(const uint8_t *data, uint32_t size, uint32_t offset, uint32_t tag, uint32_t *length) {
    while (size - offset >= 8) {
        *length = eml_get32(data + offset + 4);
        if (*length > size - offset - 8) {
            break;
        }
        if (eml_get32(data + offset) == tag) {
            return data + offset + 8;
        }
        offset += 8 + eml_pad4(*length);
    }
    return NULL;
}

#endif // EML_FILE_H
