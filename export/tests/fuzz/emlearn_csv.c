// Fuzzes CSV files of emlearn: makes models of them, predicts. See `make fuzz`.
#include "../core/attempt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = (char *)attempt_copy(data, size); // of exactly its size
    attempt(ATTEMPT_EMLEARN, (const uint8_t *)text, size);
    free(text);
    return 0;
}
