// The classifier on a bare Cortex-M0: prints the class of each window, then how many bytes of stack it has taken.
#include "classifier.h"
#include "windows.h"

#define PAINT 0xa5a5a5a5u

void print_word(uint32_t word);
extern uint32_t _ebss[], _estack[]; // of the linker script: the stack grows down from _estack to _ebss

static int16_t chunk[CLASSIFIER_CHUNK]; // that a microphone would fill

static __attribute__((noinline)) int classify(void) {
    if (classifier_start() != EML_OK) {
        return 1;
    }
    for (uint32_t at = 0; at < sizeof(windows) / sizeof(windows[0]); at += CLASSIFIER_CHUNK) {
        memcpy(chunk, windows + at, sizeof(chunk));
        const int32_t klass = classifier_push(chunk);
        if (klass != -100) {
            print_word((uint32_t)klass);
        }
    }
    return 0;
}

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
