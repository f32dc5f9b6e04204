// float64 from an integer, exactly.
#include "float32.h"

double __floatsidf(int x);

double __floatsidf(int x) {
    if (x == 0) {
        return float64(0, 0);
    }
    const uint32_t sign = x < 0 ? SIGN : 0;
    uint32_t magnitude = x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
    const int shift = __builtin_clz(magnitude);
    magnitude <<= shift; // the leading bit, which is not stored, is on top
    return float64(sign | (uint32_t)(1023 + 31 - shift) << 20 | (magnitude & ~SIGN) >> 11, magnitude << 21);
}
