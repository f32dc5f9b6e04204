// Fuzzes .eml files of pipelines: opens them and applies their steps. See `make fuzz`.
#include "../core/attempt_pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    attempt(data, size);
    attempt_sealed(data, size);
    return 0;
}
