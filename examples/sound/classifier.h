// The classifier in C, for a firmware without MicroPython: samples go in as they come, a class comes out every second.
// sound.h is what train.py has written.
#ifndef CLASSIFIER_H
#define CLASSIFIER_H

#include "sound.h"

#define CLASSIFIER_CHUNK 64 // samples: 8 ms, 125 of which are a second
#define CLASSIFIER_MEMORY 1952 // bytes; classifier_start says if that is not enough

static uint64_t classifier_memory[CLASSIFIER_MEMORY / 8];
static uint32_t classifier_samples;

// EML_OK, or EML_ERR_MODEL if the model wants more memory.
static inline eml_err_t classifier_start(void) {
    if (eml_mel_q15_size(sound_blocks, sound.n_features) > CLASSIFIER_MEMORY) {
        return EML_ERR_MODEL;
    }
    eml_mel_q15_init(classifier_memory, sound_blocks, sound.n_features);
    classifier_samples = 0;
    return EML_OK;
}

static __attribute__((noinline)) int32_t classifier_finish(void) {
    float columns[64];
    uint64_t scratch[40];
    uint32_t klass = 0;
    const eml_array_t x = { columns, sound_model.n_features, EML_FLOAT32 };
    if (x.size * sizeof(float) > sizeof(columns) || eml_linear_scratch_size(&sound_model) > sizeof(scratch)) {
        return EML_ERR_MODEL;
    }
    eml_mel_q15_finish(sound_blocks, classifier_memory, columns);
    const eml_err_t err = eml_linear_class(&sound_model, &x, scratch, &klass);
    eml_mel_q15_reset(sound_blocks, classifier_memory);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}

// Class number of the second that is complete with these samples, else -100. samples: [CLASSIFIER_CHUNK]
static inline int32_t classifier_push(const int16_t *samples) {
    const eml_array_t chunk = { samples, CLASSIFIER_CHUNK, EML_INT16 };
    eml_mel_q15_push(sound_blocks, classifier_memory, &chunk);
    classifier_samples += CLASSIFIER_CHUNK;
    if (classifier_samples < sound.n_features) {
        return -100;
    }
    classifier_samples = 0;
    return classifier_finish();
}

#endif // CLASSIFIER_H
