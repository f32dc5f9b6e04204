// Fuzzes .tmdl files: opens them and runs them. See `make fuzz`.
#include "../core/attempt_cnn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    attempt_cnn(data, size, EML_CNN_INT8);
    attempt_cnn(data, size, EML_CNN_FLOAT32);
    return 0;
}
