// The .eml container: a header with a CRC, the arrays of one model, trailers. See docs/formats.md.
//
//   eml_file_header(bytes, family, &size)   the first EML_FILE_HEADER bytes: is this a model file, and how long is it?
//   eml_crc32(0, bytes, n)                  over everything but the CRC itself
//   eml_file_check(data, size, family)      both, for a file in memory
//   eml_file_trailer(...)                   find a trailer
#ifndef EML_FILE_H
#define EML_FILE_H

#include "eml_common.h"

#define EML_FILE_MAGIC 0x1a4c4d45u // "EML", 0x1a
#define EML_FILE_HEADER 16
#define EML_FILE_MAJOR 1
#define EML_FILE_CRC 12 // offset of the CRC
#define EML_FAMILY_TREES 1
#define EML_TRAILER_LABELS 0x4c42414cu // "LABL"
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

// CRC-32 of zlib and PNG, without a table. crc: 0, or that of the bytes before.
static inline uint32_t eml_crc32(uint32_t crc, const uint8_t *data, size_t size) {
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((0u - (crc & 1)) & 0xedb88320u);
        }
    }
    return ~crc;
}

// header: [EML_FILE_HEADER]. *size: that of the whole file, a multiple of 4.
static inline eml_err_t eml_file_header(const uint8_t *header, uint8_t family, uint32_t *size) {
    *size = eml_get32(header + 8);
    if (eml_get32(header) != EML_FILE_MAGIC || *size < EML_FILE_HEADER || *size & 3) {
        return EML_ERR_FORMAT;
    }
    return header[4] == EML_FILE_MAJOR && header[6] == family ? EML_OK : EML_ERR_UNSUPPORTED;
}

static inline eml_err_t eml_file_check(const uint8_t *data, size_t size, uint8_t family) {
    uint32_t file_size;
    const eml_err_t err = size < EML_FILE_HEADER ? EML_ERR_FORMAT : eml_file_header(data, family, &file_size);
    if (err != EML_OK) {
        return err;
    }
    if (file_size > size) {
        return EML_ERR_FORMAT;
    }
    uint32_t crc = eml_crc32(0, data, EML_FILE_CRC);
    crc = eml_crc32(crc, data + EML_FILE_HEADER, file_size - EML_FILE_HEADER);
    return crc == eml_get32(data + EML_FILE_CRC) ? EML_OK : EML_ERR_FORMAT;
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

// Whether the trailers fill the file.
static inline int eml_file_trailers_ok(const uint8_t *data, uint32_t size, uint32_t offset) {
    while (size - offset >= 8) {
        const uint32_t length = eml_get32(data + offset + 4);
        if (length > size - offset - 8) { // both are multiples of 4, so that the padding fits as well
            return 0;
        }
        offset += 8 + eml_pad4(length);
    }
    return size == offset;
}

#endif // EML_FILE_H
