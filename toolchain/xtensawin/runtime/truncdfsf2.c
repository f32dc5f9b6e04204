// float32 nearest to a float64.
#include "float32.h"

float __truncdfsf2(double x);

float __truncdfsf2(double x) {
    union { double d; uint64_t u; } v = { .d = x };
    const uint32_t high = (uint32_t)(v.u >> 32), low = (uint32_t)v.u, sign = high & SIGN;
    const int stored = (int)(high >> 20 & 0x7ff);
    const uint32_t fraction = high & 0xfffff;
    if (stored == 0x7ff) {
        return float32(sign | INF | (fraction | low ? QUIET : 0));
    }
    if (stored == 0) { // 0, or far below the smallest float32
        return float32(sign);
    }
    // Of the 53 bits, 26 go on, and the other 27 are sticky.
    return float32_round(sign, stored - 1023 + 127, (fraction | 0x100000) << 5 | low >> 27, low << 5);
}
