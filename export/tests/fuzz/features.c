// Fuzzes .eml files of models of windows: opens them and runs their blocks. See `make fuzz`.
#include "../core/attempt_features.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    attempt(data, size);
    attempt_sealed(data, size);
    return 0;
}
