// What the kernels of a convolutional network see of their input, for int8 and float32. See eml_cnn.h.
#ifndef EML_CNN_WINDOW_H
#define EML_CNN_WINDOW_H

#include "eml_cnn_data.h"

// Where along one axis a kernel lies: `skip` of it before the input, then n values from the input's `first` on.
typedef struct {
    uint32_t skip;
    uint32_t first;
    uint32_t n; // 1 or more
} eml_cnn_range_t;

// Of output o; axis 0: columns, 1: rows.
EML_ALWAYS_INLINE eml_cnn_range_t eml_cnn_range(const eml_cnn_layer_t *l, int axis, uint32_t o) {
    const uint32_t start = o * l->stride[axis], before = l->padding[2 - 2 * axis];
    eml_cnn_range_t r;
    r.skip = start < before ? before - start : 0;
    r.first = start + r.skip - before;
    const uint32_t n = l->kernel[axis] - r.skip, rest = l->in[2 - axis] - r.first;
    r.n = n < rest ? n : rest;
    return r;
}

// n values, 1 or more, to every step-th place. item: bytes of a value, 1 or 4; those of 1 become samples.
EML_ALWAYS_INLINE void eml_cnn_spread(const void *from, uint32_t n, void *to, uint32_t step, uint32_t item) {
    if (item == 4) {
        const uint32_t *source = (const uint32_t *)from;
        uint32_t *target = (uint32_t *)to;
        do {
            *target = *source++;
            target += step;
        } while (--n);
        return;
    }
    const int8_t *source = (const int8_t *)from, *const end = source + n;
    eml_cnn_sample_t *target = (eml_cnn_sample_t *)to;
    do {
        *target = *source++;
        target += step;
    } while (source != end);
}

// The kernel's window of all channels, to `patch` as weights have it: [channels][kernel h][kernel w], `zero` where the window
// leaves the input, of float32 always 0. patch: aligned to 4, as its size is. Not inlined: that would leave its loops without registers.
EML_NOINLINE void eml_cnn_gather(
    const eml_cnn_layer_t *l, const void *input, uint32_t row, uint32_t column, void *patch, uint32_t item, int32_t zero) {
    const uint32_t w = l->kernel[0], area = w * l->kernel[1], channels = l->in[3], size = item == 1 ? sizeof(eml_cnn_sample_t) : item;
    const eml_cnn_range_t x = eml_cnn_range(l, 0, column), y = eml_cnn_range(l, 1, row);
    if (x.n * y.n != area) { // by four: there is room
        uint32_t *words = (uint32_t *)patch, *const end = words + (area * channels * size + 3) / 4;
        do {
            *words++ = size == 2 ? (uint32_t)(zero & 0xffff) * 0x00010001u : (uint32_t)(zero & 0xff) * 0x01010101u;
        } while (words != end);
    }
    // Of one channel, the values of a row are those that lie together in both.
    const uint32_t n = channels == 1 ? x.n : channels, step = channels == 1 ? 1 : area, repeat = channels == 1 ? 1 : x.n;
    const uint8_t *source = (const uint8_t *)input + (y.first * l->in[2] + x.first) * channels * item;
    uint8_t *target = (uint8_t *)patch + (y.skip * w + x.skip) * size;
    const uint32_t next = (l->in[2] - x.n) * channels * item;
    uint32_t rows = y.n;
    do {
        uint8_t *to = target;
        uint32_t left = repeat;
        do {
            eml_cnn_spread(source, n, to, step, item);
            source += n * item;
            to += size;
        } while (--left);
        source += next;
        target += w * size;
    } while (--rows);
}

// Where the values are that outputs at (row, column) are made of: the patch, or the input itself where the kernel sees one sample. A
// dense layer has outputs at (0, 0) only, which see all of the input.
EML_ALWAYS_INLINE const void *eml_cnn_seen(const eml_cnn_layer_t *l, const eml_cnn_shape_t *s, const void *input, uint32_t row,
    uint32_t column, void *patch, uint32_t item, int32_t zero) {
    if (s->patch) {
        eml_cnn_gather(l, input, row, column, patch, item, zero);
        return patch;
    }
    const uint32_t at = (row * l->stride[1] * l->in[2] + column * l->stride[0]) * l->in[3];
    return (const uint8_t *)input + at * item;
}

// A layer whose values stay as they are, perhaps in their place.
static inline void eml_cnn_copy(const eml_cnn_layer_t *l, uint8_t *buffer, uint32_t item) {
    if (l->output != l->input) {
        memcpy(buffer + l->output, buffer + l->input, eml_cnn_count(l->in) * item);
    }
}

// Bits of a float32 / n: the quotient is cut to 32 bits, then rounded.
static inline uint32_t eml_cnn_mean(uint32_t sum, uint32_t n) {
    const eml_number_t q = eml_number_divide(eml_number_of(sum & 0x7fffffff), eml_number(n, 0));
    return eml_number_bits(q) | (sum & 0x80000000u);
}

#endif // EML_CNN_WINDOW_H
