// A block of a model of windows: emlfeatures has the model and calls by these pointers what another module has.
//
// emlfeatures_mel.c and the others, each imported for files with such blocks only, define BLOCK(name) as eml_X_##name, and BLOCK_STREAMS
// if a window may come piece by piece, include this, and call block_init in their mpy_init.
#ifndef EML_NATMOD_FEATURES_H
#define EML_NATMOD_FEATURES_H

#include "natmod.h"
#include "eml_features_data.h"

typedef struct features_block {
    struct features_block *next;
    uint32_t used; // words
    uint32_t columns;
    const uint32_t *words; // in the file
    // Of blocks that take whole windows; NULL of those that take them piece by piece, which have the others.
    eml_err_t (*run)(const uint32_t *words, void *memory, const eml_array_t *window, float *out);
    void (*reset)(const uint32_t *words, void *memory);
    eml_err_t (*push)(const uint32_t *words, void *memory, const eml_array_t *samples);
    void (*finish)(const uint32_t *words, void *memory, float *out);
    uint64_t memory[];
} features_block_t;

#ifdef BLOCK // a module of blocks

#ifndef BLOCK_COLUMNS
#define BLOCK_COLUMNS BLOCK(columns)
#endif

// block(words, n): the block that these words, up to the end of all blocks, begin with, for windows of n values. For emlfeatures,
// which keeps the words where they are.
static mp_obj_t block_make(mp_obj_t words_in, mp_obj_t n_in) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(words_in, &info, MP_BUFFER_READ);
    const uint32_t *words = info.buf;
    const uint32_t n = (uint32_t)mp_obj_get_int(n_in);
    const uint32_t used = (uintptr_t)words & 3 ? 0 : BLOCK(check)(words, (uint32_t)(info.len / 4), n);
    if (!used) {
        natmod_check(EML_ERR_MODEL);
    }
    features_block_t *block = m_malloc(sizeof(features_block_t) + BLOCK(size)(words, n));
    block->next = NULL;
    block->used = used;
    block->columns = BLOCK_COLUMNS(words, n);
    block->words = words;
#ifdef BLOCK_STREAMS
    block->run = NULL;
    block->reset = BLOCK(reset);
    block->push = BLOCK(push);
    block->finish = BLOCK(finish);
#else
    block->run = BLOCK(run);
#endif
    BLOCK(init)(block->memory, words, n);
    return mp_obj_new_bytearray_by_ref(sizeof(features_block_t), block);
}
static MP_DEFINE_CONST_FUN_OBJ_2(block_make_obj, block_make);

static inline void block_init(void) {
    mp_store_global(MP_QSTR_block, MP_OBJ_FROM_PTR(&block_make_obj));
}

#endif // BLOCK
#endif // EML_NATMOD_FEATURES_H
