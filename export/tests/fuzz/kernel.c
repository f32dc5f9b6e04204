// Fuzzes .eml files of support vector machines: opens them and predicts. See `make fuzz`.
#include "eml_kernel.h"

#define ATTEMPT(name) eml_kernel_##name
#include "../core/attempt_family.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    attempt(data, size);
    attempt_sealed(data, size);
    return 0;
}
