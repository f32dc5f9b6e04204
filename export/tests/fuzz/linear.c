// Fuzzes .eml files of linear models: opens them and predicts. See `make fuzz`.
#include "eml_linear.h"

#define ATTEMPT(name) eml_linear_##name
#include "../core/attempt_family.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    attempt(data, size);
    attempt_sealed(data, size);
    return 0;
}
