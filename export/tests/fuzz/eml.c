// Fuzzes .eml files: opens them, replays their golden rows, predicts. See `make fuzz`.
#include "../core/attempt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    attempt(ATTEMPT_EML, data, size);
    // No fuzzer finds a CRC: give the file the right one, and the right size.
    if (size >= EML_FILE_HEADER) {
        uint8_t *sealed = (uint8_t *)attempt_copy(data, size);
        const uint32_t file_size = (uint32_t)size & ~3u;
        memcpy(sealed + 8, &file_size, 4);
        const uint32_t crc = eml_file_crc((const uint32_t *)(const void *)sealed, file_size, attempt_scratch);
        memcpy(sealed + EML_FILE_CRC, &crc, 4);
        attempt(ATTEMPT_EML, sealed, size);
        free(sealed);
    }
    return 0;
}
