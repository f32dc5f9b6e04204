// The image of an .eml file in memory, as eml_trees_csv.h and eml_trees_build.h make it: nodes, indices, trailers.
#ifndef EML_TREES_IMAGE_H
#define EML_TREES_IMAGE_H

#include "eml_trees_file.h"

// Resizes memory as realloc does. Returns NULL when there is none (or does not return at all); the old block then still stands.
typedef void *(*eml_grow_t)(void *memory, size_t size);

#define EML_IMAGE_BODY (EML_FILE_HEADER + EML_TREES_HEADER)

// Halves are written here and read as words elsewhere.
#ifdef __GNUC__
typedef uint16_t __attribute__((may_alias)) eml_half_t;
#else
typedef uint16_t eml_half_t;
#endif

// Memory for a file whose numbers *t says: zeros, with the tables of *t in them. *size: bytes up to the trailers.
static inline uint8_t *eml_image_allocate(eml_trees_t *t, eml_grow_t grow, uint32_t *size) {
    *size = EML_IMAGE_BODY + eml_trees_body_size(t);
    uint8_t *file = (uint8_t *)grow(NULL, *size);
    if (file) {
        memset(file, 0, *size);
        eml_trees_attach(t, file + EML_IMAGE_BODY);
    }
    return file;
}

// An element of an array in the file, of 2 or 4 bytes.
static inline eml_err_t eml_image_put(const void *array, uint32_t size, uint32_t i, uint32_t value) {
    if (size == 4) {
        ((uint32_t *)array)[i] = value;
        return EML_OK;
    }
    ((eml_half_t *)array)[i] = (uint16_t)value;
    return value > 0xffff ? EML_ERR_RANGE : EML_OK;
}

// A child in a row: >= 0 is a jump, < 0 is leaf -child - 1.
static inline uint32_t eml_image_ref(uint32_t child) {
    return child >> 31 ? EML_TREES_LEAF | ~child : child;
}

// Writes a packed node; EML_ERR_RANGE if the layout has no room for its children. left, right: jumps, or leaves as eml_image_ref
// gives them.
static inline eml_err_t eml_image_pack(
    const eml_trees_t *t, eml_half_t *w, uint32_t head, uint32_t threshold, uint32_t left, uint32_t right) {
    const uint32_t ones = 0x7fffu >> t->feature_bits;
    const uint32_t is16 = t->layout == EML_TREES_PACKED16;
    const uint32_t code = left == 1 ? 0 : left == right ? ones : (left ^ EML_TREES_LEAF) + 1;
    const uint32_t reference = right & EML_TREES_LEAF ? right ^ EML_TREES_LEAF : right * (2 + is16);
    w[0] = (uint16_t)(code << t->feature_bits | head);
    w[1] = (uint16_t)((right & EML_TREES_LEAF) >> 16 | reference);
    w[2] = (uint16_t)threshold;
    if (!is16) {
        w[3] = (uint16_t)(threshold >> 16);
    }
    const int left_ok = left == 1 || (left & EML_TREES_LEAF && (left == right || code < ones));
    return left_ok && right < EML_TREES_LEAF + 0x8000 && reference <= 0x7fff ? EML_OK : EML_ERR_RANGE;
}

// Writes element i, as eml_image_pack does, of any layout. The rest of its numbers is checked by eml_trees_validate.
static inline eml_err_t eml_image_node(
    const eml_trees_t *t, uint8_t *nodes, uint32_t i, uint32_t head, uint32_t threshold, uint32_t left, uint32_t right) {
    uint8_t *to = nodes + eml_trees_node_size(t) * (size_t)i;
    if (t->layout != EML_TREES_WIDE) {
        return eml_image_pack(t, (eml_half_t *)(void *)to, head, threshold, left, right);
    }
    const uint32_t words[4] = { head, threshold, left, right };
    memcpy(to, words, sizeof(words));
    return EML_OK;
}

// The head of a trailer. Returns where its payload belongs.
static inline uint8_t *eml_image_trailer(uint8_t *at, uint32_t tag, uint32_t length) {
    memcpy(at, &tag, 4);
    memcpy(at + 4, &length, 4);
    return at + 8;
}

#endif // EML_TREES_IMAGE_H
