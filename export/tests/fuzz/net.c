// Fuzzes .eml files of networks: opens them and predicts. See `make fuzz`.
#include "eml_net.h"

#define ATTEMPT(name) eml_net_##name
#include "../core/attempt_family.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    attempt(data, size);
    attempt_sealed(data, size);
    return 0;
}
