// What the tests of the core share: a check that counts, random numbers, and memory in blocks of their exact size.
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long checks_made;

// Stop at the first check that fails, with the place, and numbers that tell the case.
#define CHECK(condition, a, b, c)                                                                    \
    do {                                                                                             \
        checks_made++;                                                                               \
        if (!(condition)) {                                                                          \
            failed(#condition, __FILE__, __LINE__, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c));     \
        }                                                                                            \
    } while (0)

static inline void failed(const char *what, const char *file, int line, uint64_t a, uint64_t b, uint64_t c) {
    printf("%s:%d: %s is false for %llx, %llx, %llx\n", file, line, what, (unsigned long long)a, (unsigned long long)b,
        (unsigned long long)c);
    exit(1);
}

// xorshift64*; the same numbers in every run.
static inline uint64_t random64(void) {
    static uint64_t state = 0x9e3779b97f4a7c15u;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1du;
}

static inline uint32_t random_below(uint32_t n) {
    return (uint32_t)((random64() >> 32) * n >> 32);
}

// Random bits with long runs of equal ones, where carries and ties are.
static inline uint64_t random_runs(void) {
    uint64_t x = random64();
    x &= random_below(3) ? ~(uint64_t)0 : random64() & random64() & random64();
    x |= random_below(3) ? 0 : ((uint64_t)1 << random_below(64)) - 1;
    x &= random_below(3) ? ~(uint64_t)0 : ~(((uint64_t)1 << random_below(64)) - 1);
    return x ^ (uint64_t)random_below(2);
}

static inline float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static inline uint32_t bits_of_float(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static inline double double_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static inline uint64_t bits_of_double(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

// A grow function as the core wants it. It refuses the request number `grow_fails_at` and those of absurd size.
#define MAX_BLOCKS 256
static void *blocks[MAX_BLOCKS];
static int grow_requests;
static int grow_fails_at = -1;

static inline void *grow(void *memory, size_t size) {
    int i = 0;
    if (grow_requests++ == grow_fails_at || size > ((size_t)1 << 26)) {
        return NULL;
    }
    while (i < MAX_BLOCKS && blocks[i] != memory) { // a free place holds NULL, as `memory` is for a new block
        i++;
    }
    CHECK(i < MAX_BLOCKS, i, size, 0);
    void *grown = realloc(memory, size);
    CHECK(grown != NULL, size, 0, 0);
    blocks[i] = grown;
    return grown;
}

static inline void free_blocks(void) {
    for (int i = 0; i < MAX_BLOCKS; i++) {
        free(blocks[i]);
        blocks[i] = NULL;
    }
    grow_requests = 0;
}

#endif // CHECK_H
