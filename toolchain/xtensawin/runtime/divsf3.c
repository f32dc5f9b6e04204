// float32 division: Xtensa's FPU adds and multiplies.
#include "float32.h"

float __divsf3(float x, float y);

float __divsf3(float x, float y) {
    uint32_t a = float32_bits(x), b = float32_bits(y);
    const uint32_t sign = (a ^ b) & SIGN;
    a &= ~SIGN;
    b &= ~SIGN;
    if (a > INF || b > INF || (a == b && (a == 0 || a == INF))) {
        return float32(INF | QUIET);
    }
    if (a == INF || b == 0) {
        return float32(sign | INF);
    }
    if (a == 0 || b == INF) {
        return float32(sign);
    }
    int exponent_a, exponent_b;
    a = float32_split(a, &exponent_a);
    b = float32_split(b, &exponent_b);
    int exponent = exponent_a - exponent_b + 127;
    if (a < b) {
        a <<= 1;
        exponent--;
    }
    uint32_t quotient = 0; // of 1 <= a / b < 2: 26 bits, the first of them set
    for (int i = 0; i < 26; i++) {
        quotient <<= 1;
        if (a >= b) {
            a -= b;
            quotient |= 1;
        }
        a <<= 1;
    }
    return float32_round(sign, exponent, quotient, a);
}
