// Fuzzes transforms and filters: sizes, coefficients and samples of any bytes. See `make fuzz`.
#include "../core/attempt_signal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 1) {
        const size_t n = (size_t)8 << *data % 10;
        const int way = *data / 10;
        attempt_fft_q15(data + 1, size - 1, n, way & 1);
        attempt_fft(data + 1, size - 1, n);
        attempt_iir(data + 1, size - 1, (uint32_t)way % 3 + 1, *data < 200, way & 1);
    }
    return 0;
}
