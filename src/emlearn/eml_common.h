// What every core header shares: error codes, typed arrays, bit access.
// Freestanding C99 (and C++): no allocation, no I/O, no globals.
#ifndef EML_COMMON_H
#define EML_COMMON_H

#include <stddef.h>
#include <stdint.h>
#include <string.h> // memcpy, which compilers turn into a load or a store

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "emlearn's model files are used in place and are little-endian"
#endif

typedef enum {
    EML_OK = 0,
    EML_ERR_SHAPE = -1,       // an array has the wrong number of elements
    EML_ERR_TYPE = -2,        // an array has an element type that the model does not take
    EML_ERR_MODEL = -3,       // model data is inconsistent; never run it
    EML_ERR_FORMAT = -4,      // not a model file, or damaged
    EML_ERR_UNSUPPORTED = -5, // a model file of another version or family
    EML_ERR_RANGE = -6,       // a number is outside its documented range
    EML_ERR_FULL = -7,        // the caller's memory is too small
} eml_err_t;

// Keeps what seldom happens out of the way of a loop.
#ifdef __GNUC__
#define EML_UNLIKELY(condition) __builtin_expect((condition) != 0, 0)
#else
#define EML_UNLIKELY(condition) (condition)
#endif

// For what must not be called from a loop, even where code is to be small.
#ifdef __GNUC__
#define EML_ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define EML_ALWAYS_INLINE static inline
#endif

// For what is called from several places, of which a compiler might make copies, or where inlining would leave a loop without
// registers.
#ifdef __GNUC__
#define EML_NOINLINE static __attribute__((noinline, unused))
#else
#define EML_NOINLINE static inline
#endif

// Element types, by the letters of Python's array module.
#define EML_FLOAT32 'f'
#define EML_FLOAT_ONE 0x3f800000u // bits of 1.0f
#define EML_INT32 'i'
#define EML_INT16 'h'
#define EML_INT8 'b'
#define EML_UINT8 'B'

// Features of one sample: `size` elements of the given type, aligned for it.
typedef struct {
    const void *data;
    size_t size;
    char type;
} eml_array_t;

// Whether a model of floats takes it: n features, as float32 or as integers, which are taken for the float32 nearest to them.
static inline eml_err_t eml_check_features(const eml_array_t *x, size_t n) {
    const int known = x->type == EML_FLOAT32 || x->type == EML_INT32 || x->type == EML_INT16 || x->type == EML_INT8
        || x->type == EML_UINT8;
    return !known ? EML_ERR_TYPE : x->size != n ? EML_ERR_SHAPE : EML_OK;
}

static inline uint32_t eml_float_bits(const float *x) {
    uint32_t bits;
#ifdef __GNUC__ // which calls a function on CPUs that read no unaligned words, unless it is told
    memcpy(&bits, __builtin_assume_aligned(x, sizeof(bits)), sizeof(bits));
#else
    memcpy(&bits, x, sizeof(bits));
#endif
    return bits;
}

static inline void eml_float_store(float *x, uint32_t bits) {
    memcpy(x, &bits, sizeof(bits));
}

// a - b. A library of soft floats has another 800 bytes for subtraction: there, as a + -b, which is the same.
static inline float eml_float_sub(float a, float b) {
#if defined(__SOFTFP__) || defined(__riscv_float_abi_soft)
    eml_float_store(&b, eml_float_bits(&b) ^ 0x80000000u);
    return a + b;
#else
    return a - b;
#endif
}

#endif // EML_COMMON_H
