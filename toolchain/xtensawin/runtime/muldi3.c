// 64-bit multiplication. An ESP32 can give the upper half of a product of 32 bits, but QEMU's core cannot, so it is put
// together from halves of 16 bits.
#include <stdint.h>

uint64_t __muldi3(uint64_t a, uint64_t b);

uint64_t __muldi3(uint64_t a, uint64_t b) {
    const uint32_t a_low = (uint32_t)a, b_low = (uint32_t)b, a0 = a_low & 0xffff, a1 = a_low >> 16, b0 = b_low & 0xffff, b1 = b_low >> 16;
    const uint32_t low = a0 * b0;
    const uint32_t middle = a1 * b0 + (low >> 16); // does not overflow: (2^16 - 1)^2 + 2^16 - 1
    const uint32_t other = a0 * b1 + (middle & 0xffff);
    const uint32_t high = a1 * b1 + (middle >> 16) + (other >> 16);
    const uint32_t cross = (uint32_t)(a >> 32) * b_low + a_low * (uint32_t)(b >> 32);
    return (uint64_t)(high + cross) << 32 | (other << 16 | (low & 0xffff));
}
