// What readers other than a device's ask of a file: that its trailers fill it.
#ifndef TRAILERS_H
#define TRAILERS_H

#include "eml_file.h"

static inline int trailers_fill(const uint8_t *data, uint32_t size, uint32_t offset) {
    while (size - offset >= 8) {
        const uint32_t length = eml_get32(data + offset + 4);
        if (length > size - offset - 8) { // both are multiples of 4, so that the padding fits as well
            return 0;
        }
        offset += 8 + eml_pad4(length);
    }
    return size == offset;
}

#endif // TRAILERS_H
