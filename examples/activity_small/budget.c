// Names what somebody does, on a bare Cortex-M0: prints the class of each window, then a hash of all features, then the bytes of
// stack that it has taken. RECORDED is the header with the samples, which a sensor would give.
#include "activity.h"
#include "motion.h"
#include RECORDED

#define PAINT 0xa5a5a5a5u

void print_word(uint32_t word);

static motion_t motion;
static int16_t features[MOTION_FEATURES];
static uint32_t hash = 2166136261u; // FNV-1a, of 16 bits at a time

static __attribute__((noinline)) int classify(void) {
    const int16_t(*sample)[MOTION_AXES] = recorded;
    for (uint32_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        motion_reset(&motion);
        for (const int16_t(*end)[MOTION_AXES] = sample + lengths[i]; sample < end; sample++) {
            if (!motion_push(&motion, *sample, features)) {
                continue;
            }
            const int32_t klass = activity_predict(features, MOTION_FEATURES);
            if (klass < 0) {
                return 1;
            }
            for (int j = 0; j < MOTION_FEATURES; j++) {
                hash = (hash ^ (uint16_t)features[j]) * 16777619u;
            }
            print_word((uint32_t)klass);
        }
    }
    print_word(hash);
    return 0;
}

#ifdef __arm__
extern uint32_t _ebss[], _estack[]; // of the linker script: the stack grows down from _estack to _ebss

int main(void) {
    volatile uint32_t *word = _ebss;
    for (const uint32_t here = (uint32_t)(uintptr_t)__builtin_frame_address(0) - 64; (uint32_t)(uintptr_t)word < here; word++) {
        *word = PAINT;
    }
    const int failed = classify();
    for (word = _ebss; *word == PAINT; word++) {
    }
    print_word((uint32_t)(uintptr_t)_estack - (uint32_t)(uintptr_t)word);
    return failed;
}
#else // a PC, for all recordings
#include <stdio.h>

void print_word(uint32_t word) {
    printf("%08x\n", word);
}

int main(void) {
    return classify();
}
#endif
