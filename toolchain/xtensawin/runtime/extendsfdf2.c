// float64 from float32, exactly.
#include "float32.h"

double __extendsfdf2(float x);

double __extendsfdf2(float x) {
    const uint32_t bits = float32_bits(x), sign = bits & SIGN, magnitude = bits & ~SIGN;
    if (magnitude >= INF) {
        const uint32_t fraction = magnitude & FRACTION;
        return float64(sign | 0x7ff00000 | (fraction ? 0x80000 : 0) | fraction >> 3, fraction << 29);
    }
    if (magnitude == 0) {
        return float64(sign, 0);
    }
    int exponent;
    const uint32_t fraction = float32_split(magnitude, &exponent) & FRACTION;
    return float64(sign | (uint32_t)(exponent - 127 + 1023) << 20 | fraction >> 3, fraction << 29);
}
