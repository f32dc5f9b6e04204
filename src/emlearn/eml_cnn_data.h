// A convolutional network in a .tmdl file, and the check that makes it safe to run. See eml_cnn.h and eml_cnn_f32.h.
//
//   eml_cnn_open(&m, file, size, type)   a whole file in memory, in place: validated, ready
//   eml_cnn_memory_size(&m)              bytes that a run needs: the main buffer, then its work
//
// Layers from EML_CNN_MAX_POOL on are not of TinyMaix. They take room: only with EML_CNN_ALL_LAYERS defined.
#ifndef EML_CNN_DATA_H
#define EML_CNN_DATA_H

#include "eml_file.h"
#include "eml_number.h"
#include "eml_simd.h"

typedef enum { EML_CNN_INT8 = 0, EML_CNN_FLOAT32 = 2 } eml_cnn_type_t;

typedef enum {
    EML_CNN_CONV = 0,
    EML_CNN_GLOBAL_AVERAGE = 1,
    EML_CNN_DENSE = 2,
    EML_CNN_SOFTMAX = 3,
    EML_CNN_RESHAPE = 4,
    EML_CNN_DEPTHWISE = 5,
    EML_CNN_ADD = 6,
    EML_CNN_MAX_POOL = 0x100,
    EML_CNN_AVERAGE_POOL = 0x101,
    EML_CNN_ADD_ACTIVATED = 0x102,
    EML_CNN_LOGISTIC = 0x103,
} eml_cnn_kind_t;

typedef enum { EML_CNN_LINEAR = 0, EML_CNN_RELU = 1, EML_CNN_RELU6 = 3 } eml_cnn_activation_t;

// How a file begins.
typedef struct {
    uint32_t magic;
    uint8_t type;
    uint8_t flags;
    uint16_t n_inputs;
    uint16_t n_outputs;
    uint16_t n_layers;
    uint32_t buffer; // bytes
    uint32_t second; // 0
    uint16_t in[4];  // 3, h, w, c
    uint16_t out[4];
    uint32_t mark; // 0 in files of TinyMaix
    uint8_t major;
    uint8_t minor;
    uint16_t zero;
    uint32_t size; // of header and layers
    uint32_t rest[4];
} eml_cnn_file_t;

// A layer, with the body of a convolution. Others have less, see eml_cnn_words.
typedef struct {
    uint16_t kind;
    uint16_t is_output;
    uint32_t size;
    uint32_t input; // offsets in the main buffer
    uint32_t output;
    uint16_t in[4]; // dims, h, w, c
    uint16_t out[4];
    uint32_t in_scale; // bits of a float32
    int32_t in_zero;
    uint32_t out_scale;
    int32_t out_zero;
    uint8_t kernel[2]; // w, h
    uint8_t stride[2];
    uint8_t dilation[2];
    uint16_t activation; // eml_cnn_activation_t
    uint8_t padding[4];  // top, bottom, left, right
    uint32_t depth;      // outputs for each input of a depthwise convolution
    uint32_t zero;
    uint32_t arrays[3]; // offsets of weight scales, weights, biases
} eml_cnn_layer_t;

typedef struct {
    const uint8_t *layers; // the first
    uint32_t size;         // of header and layers: the trailers follow
    uint32_t buffer;       // bytes of the main buffer, of which a multiple of 4 is taken
    uint32_t work;         // bytes: the patch and the multipliers of the layer that needs most
    uint16_t n_layers;
    uint8_t type; // eml_cnn_type_t
    uint8_t flags;
    uint16_t in[3]; // h, w, c
    uint16_t out[3];
    uint8_t gives_floats;
} eml_cnn_t;

#define EML_CNN_MAGIC 0x5849414du // "MAIX"
#define EML_CNN_MARK 0x4e4c4d45u  // "EMLN"
#define EML_CNN_MAJOR 1
#define EML_CNN_HEADER 64
#define EML_CNN_LAYER 48               // a head
#define EML_CNN_MAX_COUNT (1u << 23)   // of values that a layer takes or gives, which stay below: sums of bytes fit 32 bits
#define EML_CNN_MAX_SIZE (1u << 28)    // of file and main buffer
#define EML_CNN_MAX_WEIGHTS (1u << 17) // of an output, of int8: sums fit 32 bits

static inline uint32_t eml_cnn_n_inputs(const eml_cnn_t *m) {
    return (uint32_t)m->in[0] * m->in[1] * m->in[2];
}

static inline uint32_t eml_cnn_n_outputs(const eml_cnn_t *m) {
    return (uint32_t)m->out[0] * m->out[1] * m->out[2];
}

// Whether the outputs are float32, and nothing else.
static inline int eml_cnn_gives_floats(const eml_cnn_t *m) {
    return m->gives_floats;
}

static inline size_t eml_cnn_memory_size(const eml_cnn_t *m) {
    return (size_t)((m->buffer + 3) & ~3u) + m->work;
}

// Words of a layer's body: of a dense layer its arrays; of an addition the second input's offset, scale and zero point, and an
// activation.
static inline const uint32_t *eml_cnn_words(const eml_cnn_layer_t *l) {
    return (const uint32_t *)(const void *)((const uint8_t *)l + EML_CNN_LAYER);
}

static inline const uint32_t *eml_cnn_arrays(const eml_cnn_layer_t *l) {
    return l->kind == EML_CNN_DENSE ? eml_cnn_words(l) : l->arrays;
}

static inline const eml_cnn_layer_t *eml_cnn_next(const eml_cnn_layer_t *l) {
    return (const eml_cnn_layer_t *)(const void *)((const uint8_t *)l + l->size);
}

// Values of [dims, h, w, c]; 0 if too many.
static inline uint32_t eml_cnn_count(const uint16_t *dims) {
    const uint64_t n = (uint64_t)((uint32_t)dims[1] * dims[2]) * dims[3];
    return n < EML_CNN_MAX_COUNT ? (uint32_t)n : 0;
}

// Sets of kinds.
#define EML_CNN_BIT(kind) (1u << ((kind) & 7) << ((kind) >> 5))
#define EML_CNN_CONVOLVES (EML_CNN_BIT(EML_CNN_CONV) | EML_CNN_BIT(EML_CNN_DEPTHWISE))
#define EML_CNN_WEIGHS (EML_CNN_CONVOLVES | EML_CNN_BIT(EML_CNN_DENSE))
#define EML_CNN_POOLS (EML_CNN_BIT(EML_CNN_MAX_POOL) | EML_CNN_BIT(EML_CNN_AVERAGE_POOL))
#define EML_CNN_ADDS (EML_CNN_BIT(EML_CNN_ADD) | EML_CNN_BIT(EML_CNN_ADD_ACTIVATED))
#define EML_CNN_SOFT (EML_CNN_BIT(EML_CNN_SOFTMAX) | EML_CNN_BIT(EML_CNN_LOGISTIC)) // gives float32, in files of both types
#define EML_CNN_KEEPS (EML_CNN_BIT(EML_CNN_RESHAPE) | EML_CNN_POOLS)                // scale and zero point

// What a multiplier is, m << 8 | s: of ratio * scale, which may be 0. 0 if s < 1, else s counts as 62 at most.
static inline uint32_t eml_cnn_multiplier(eml_number_t ratio, uint32_t scale) {
    const eml_number_t factor = eml_number_of(scale);
    const uint32_t high = eml_multiply_high(ratio.mantissa, factor.mantissa), drop = 6 + (high >> 31); // to 25 bits
    uint32_t m = ((high >> drop) + 1) >> 1;
    int s = -(ratio.exponent + factor.exponent + 33 + (int)drop);
    if (m >> 24) {
        m >>= 1;
        s--;
    }
    if (!m || s > 62) {
        s = 62;
    }
    return s < 1 ? 0 : m << 8 | (uint32_t)s;
}

// a / b / n
static inline eml_number_t eml_cnn_ratio(uint32_t a, uint32_t b, uint32_t n) {
    const eml_number_t r = eml_number_divide(eml_number_of(a), eml_number_of(b));
    return n == 1 ? r : eml_number_divide(r, eml_number(n, 0));
}

// Input scale / output scale, of global averages / values.
static inline eml_number_t eml_cnn_layer_ratio(const eml_cnn_layer_t *l, uint32_t in_scale) {
    return eml_cnn_ratio(in_scale, l->out_scale, l->kind == EML_CNN_GLOBAL_AVERAGE ? (uint32_t)l->in[1] * l->in[2] : 1);
}

// Bits of the float32 nearest to scale * q.
static inline uint32_t eml_cnn_real(uint32_t scale, int32_t q) {
    const eml_number_t s = eml_number_of(scale);
    const uint32_t sign = q < 0 ? 0x80000000u : 0, magnitude = (uint32_t)(q < 0 ? -q : q);
    return q ? (uint32_t)eml_round((uint64_t)s.mantissa * magnitude, s.exponent, 0, 24) | sign : 0;
}

// Of a layer with weights: how many there are.
typedef struct {
    uint32_t rows, columns; // of windows
    uint32_t n_out;         // of a window
    uint32_t n;             // weights of an output
    uint32_t repeat;        // outputs that see the same values
    uint32_t window;        // values that the outputs of one place see
    uint32_t patch;         // those that are gathered for them: all, or none
} eml_cnn_shape_t;

static inline eml_cnn_shape_t eml_cnn_shape(const eml_cnn_layer_t *l) {
    eml_cnn_shape_t s;
    s.rows = s.columns = 1;
    s.patch = 0;
    if (l->kind == EML_CNN_DENSE) {
        s.n = s.window = eml_cnn_count(l->in);
        s.n_out = s.repeat = eml_cnn_count(l->out);
        return s;
    }
    const uint32_t area = (uint32_t)l->kernel[0] * l->kernel[1];
    s.rows = l->out[1];
    s.columns = l->out[2];
    s.n_out = s.repeat = l->out[3];
    s.n = s.window = area * l->in[3];
    if (l->kind == EML_CNN_DEPTHWISE) {
        s.n = area;
        s.repeat = l->depth;
    }
    if (area > 1) {
        s.patch = s.window;
    }
    return s;
}

// Where bytes are not loaded with their sign, weights are loaded once for two windows, which are gathered as int16.
#if defined(__XTENSA__) && !defined(EML_CNN_PAIRS)
#define EML_CNN_PAIRS
#endif
#ifdef EML_CNN_PAIRS
typedef int16_t eml_cnn_sample_t;
#else
typedef int8_t eml_cnn_sample_t;
#endif

// Bytes of what is gathered at a time, of values of so many bytes.
static inline uint32_t eml_cnn_patch_size(const eml_cnn_shape_t *s, uint32_t item) {
#ifdef EML_CNN_PAIRS
    if (item == 1) {
        return eml_pad4(s->window * (uint32_t)sizeof(eml_cnn_sample_t)) * (s->rows * s->columns > 1 ? 2 : 1);
    }
#endif
    return s->patch * item;
}

// Of a layer without weights.
static inline uint32_t eml_cnn_layer_multiplier(const eml_cnn_layer_t *l, uint32_t in_scale) {
    return eml_cnn_multiplier(eml_cnn_layer_ratio(l, in_scale), EML_FLOAT_ONE);
}

static inline int eml_cnn_is_quantised(uint32_t scale, int32_t zero) {
    return scale - 1 < EML_INFINITY - 1 && zero >= -128 && zero <= 127; // positive and finite
}

static inline int eml_cnn_is_activation(uint32_t activation) {
    return activation == EML_CNN_LINEAR || activation == EML_CNN_RELU || activation == EML_CNN_RELU6;
}

// Whether n values of 1 or 4 bytes lie in an area of `size` bytes from `offset` on; those of 4 bytes at a multiple of that.
static inline int eml_cnn_is_within(uint32_t size, uint32_t offset, uint32_t n, uint32_t item) {
    return !(offset & (item - 1)) && offset <= size && n <= (size - offset) >> (item >> 1);
}

static inline int eml_cnn_are_finite(const eml_cnn_layer_t *l, uint32_t offset, uint32_t n) {
    const uint32_t *words = (const uint32_t *)(const void *)((const uint8_t *)l + offset);
    for (; n; n--) {
        if ((*words++ & EML_INFINITY) == EML_INFINITY) {
            return 0;
        }
    }
    return 1;
}

EML_NOINLINE int eml_cnn_is_window(const eml_cnn_layer_t *l) {
    for (int axis = 0; axis < 2; axis++) { // w, h
        const uint8_t *padding = l->padding + 2 - 2 * axis;
        const uint32_t kernel = l->kernel[axis], stride = l->stride[axis], n = l->out[2 - axis];
        const uint32_t padded = (uint32_t)l->in[2 - axis] + padding[0] + padding[1];
        const uint32_t room = padded - kernel; // to move in
        if (!stride || l->dilation[axis] != 1 || padding[0] >= kernel || padding[1] >= kernel || padded < kernel
            || (n - 1) * stride > room || n * stride <= room) {
            return 0;
        }
    }
    return 1;
}

// Arrays of a layer but the scales; makes room in m->work.
EML_NOINLINE int eml_cnn_are_weights(eml_cnn_t *m, const eml_cnn_layer_t *l, uint32_t type) {
    const uint32_t *arrays = eml_cnn_arrays(l);
    const eml_cnn_shape_t s = eml_cnn_shape(l);
    const uint32_t narrow = type == EML_CNN_INT8, item = narrow ? 1 : 4;
    const uint64_t n = (uint64_t)s.n_out * s.n;
    if (n >= EML_CNN_MAX_SIZE || !eml_cnn_is_within(l->size, arrays[1], (uint32_t)n, item)
        || !eml_cnn_is_within(l->size, arrays[2], s.n_out, 4)
        || (narrow && (s.n >= EML_CNN_MAX_WEIGHTS || !eml_cnn_is_within(l->size, arrays[0], l->kind == EML_CNN_DENSE ? 1 : s.n_out, 4)))) {
        return 0;
    }
    if (narrow) {
        const uint32_t *bias = (const uint32_t *)(const void *)((const uint8_t *)l + arrays[2]), limit = 0x7fffffffu - (s.n << 14);
        for (uint32_t i = 0; i < s.n_out; i++) {
            if (bias[i] + limit > 2 * limit) { // of the magnitude
                return 0;
            }
        }
    } else if (!eml_cnn_are_finite(l, arrays[1], (uint32_t)n) || !eml_cnn_are_finite(l, arrays[2], s.n_out)) {
        return 0;
    }
    const uint32_t work = eml_pad4(eml_cnn_patch_size(&s, item)) + (narrow ? 4 * s.n_out : 0);
    m->work = m->work < work ? work : m->work;
    return 1;
}

// An input of a layer of int8, and what brings it to the scale of the output.
EML_NOINLINE int eml_cnn_are_scales(const eml_cnn_layer_t *l, uint32_t in_scale, int32_t in_zero) {
    static const uint32_t ONE = EML_FLOAT_ONE;
    const uint32_t bit = EML_CNN_BIT(l->kind);
    const uint32_t *scales = &ONE;
    uint32_t n = 1;
    if (!eml_cnn_is_quantised(in_scale, in_zero)) {
        return 0;
    }
    if (bit & (EML_CNN_SOFT | EML_CNN_KEEPS)) {
        return bit & EML_CNN_SOFT || (in_scale == l->out_scale && in_zero == l->out_zero);
    }
    if (bit & EML_CNN_WEIGHS) {
        scales = (const uint32_t *)(const void *)((const uint8_t *)l + eml_cnn_arrays(l)[0]);
        n = l->kind == EML_CNN_DENSE ? 1 : l->out[3];
    }
    if (!eml_cnn_is_quantised(l->out_scale, l->out_zero)) {
        return 0;
    }
    const eml_number_t ratio = eml_cnn_layer_ratio(l, in_scale);
    for (; n; n--) {
        if (*scales >= EML_INFINITY || !eml_cnn_multiplier(ratio, *scales++)) {
            return 0;
        }
    }
    return 1;
}

static inline int eml_cnn_are_shapes(const eml_cnn_layer_t *l, uint32_t n_in, uint32_t n_out) {
    const uint32_t kind = l->kind, bit = EML_CNN_BIT(kind), channels = l->in[3], out = l->out[3];
    if (!n_in || !n_out) {
        return 0;
    }
    if (bit & (EML_CNN_CONVOLVES | EML_CNN_POOLS)) {
        return eml_cnn_is_window(l)
            && (kind == EML_CNN_CONV || (kind != EML_CNN_DEPTHWISE ? channels == out : l->depth <= out && channels * l->depth == out));
    }
    return kind == EML_CNN_DENSE || (kind == EML_CNN_GLOBAL_AVERAGE ? n_out == channels && out == channels : n_in == n_out);
}

// A layer of `m`, whose size is known to be right; makes room in m->work.
static inline eml_err_t eml_cnn_check_layer(eml_cnn_t *m, const eml_cnn_layer_t *l, uint32_t type, int last) {
    const uint32_t kind = l->kind;
#ifdef EML_CNN_ALL_LAYERS
    const int here = kind <= EML_CNN_ADD || (kind >= EML_CNN_MAX_POOL && kind <= EML_CNN_LOGISTIC);
#else
    const int here = kind <= EML_CNN_ADD;
#endif
    if (!here) {
        return EML_ERR_UNSUPPORTED;
    }
    const uint32_t bit = EML_CNN_BIT(kind), *words = eml_cnn_words(l);
    const uint32_t bodies = (kind > EML_CNN_ADD ? 0x0111u : 0x01200102u) >> 4 * (kind & 7); // a digit each, in units of 16 bytes
    if (l->size < EML_CNN_LAYER + (bodies & 15) * 16) {
        return EML_ERR_FORMAT;
    }
    const uint32_t activation = bit & EML_CNN_CONVOLVES ? l->activation : kind == EML_CNN_ADD_ACTIVATED ? words[3] : 0;
    if (activation > EML_CNN_RELU6 || activation == 2) {
        return EML_ERR_UNSUPPORTED;
    }
    const uint32_t n_in = eml_cnn_count(l->in), n_out = eml_cnn_count(l->out), soft = bit & EML_CNN_SOFT;
    const uint32_t item = type == EML_CNN_INT8 ? 1 : 4, out_item = soft ? 4 : item, output = l->output;
    if (!eml_cnn_are_shapes(l, n_in, n_out) || l->is_output != last || (soft && !last)
        || !eml_cnn_is_within(m->buffer, output, n_out, out_item) || (bit & EML_CNN_WEIGHS && !eml_cnn_are_weights(m, l, type))) {
        return EML_ERR_MODEL;
    }
    uint32_t input = l->input, scale = l->in_scale, zero = (uint32_t)l->in_zero;
    for (int inputs = bit & EML_CNN_ADDS ? 2 : 1;;) {
        const int shares = bit & (EML_CNN_SOFT | EML_CNN_BIT(EML_CNN_RESHAPE)) && output == input;
        if (!eml_cnn_is_within(m->buffer, input, n_in, item)
            || (!shares && input + n_in * item > output && output + n_out * out_item > input)
            || (type == EML_CNN_INT8 && !eml_cnn_are_scales(l, scale, (int32_t)zero))) {
            return EML_ERR_MODEL;
        }
        if (--inputs == 0) {
            return EML_OK;
        }
        input = words[0];
        scale = words[1];
        zero = words[2];
    }
}

// file: [size], aligned to 4 bytes, outlives *m.
EML_NOINLINE eml_err_t eml_cnn_open(eml_cnn_t *m, const void *file, size_t size, uint32_t type) {
    const eml_cnn_file_t *head = (const eml_cnn_file_t *)file;
    const eml_cnn_layer_t *const first = (const eml_cnn_layer_t *)(const void *)(head + 1), *l = first;
    if (size < EML_CNN_HEADER || head->magic != EML_CNN_MAGIC) {
        return EML_ERR_FORMAT;
    }
    const uint32_t marked = head->mark;
    uint32_t rest = (uint32_t)size - EML_CNN_HEADER, left = head->n_layers;
    if (marked) { // a size below that of the header becomes too large
        if (marked != EML_CNN_MARK || head->size - EML_CNN_HEADER > rest) {
            return EML_ERR_FORMAT;
        }
        rest = head->size - EML_CNN_HEADER;
    }
    if (head->type != type || head->n_inputs != 1 || head->n_outputs != 1 || head->second || (marked && head->major != EML_CNN_MAJOR)) {
        return EML_ERR_UNSUPPORTED;
    }
    m->layers = (const uint8_t *)first;
    m->buffer = head->buffer;
    m->work = 0;
    m->n_layers = head->n_layers;
    m->type = head->type;
    m->flags = head->flags;
    if (!left || head->buffer >= EML_CNN_MAX_SIZE || size >= EML_CNN_MAX_SIZE) {
        return EML_ERR_FORMAT;
    }
    for (;; l = eml_cnn_next(l)) {
        if (rest < EML_CNN_LAYER || l->size < EML_CNN_LAYER || l->size > rest || l->size & 7) {
            return EML_ERR_FORMAT;
        }
        if (l->kind >= EML_CNN_MAX_POOL && !marked) {
            return EML_ERR_UNSUPPORTED;
        }
        const eml_err_t err = eml_cnn_check_layer(m, l, type, left == 1);
        if (err != EML_OK) {
            return err;
        }
        rest -= l->size;
        if (--left == 0) {
            break;
        }
    }
    if (rest && marked) {
        return EML_ERR_FORMAT;
    }
    m->size = (uint32_t)((const uint8_t *)eml_cnn_next(l) - (const uint8_t *)file);
    m->gives_floats = type == EML_CNN_FLOAT32 || EML_CNN_BIT(l->kind) & EML_CNN_SOFT;
    uint32_t wrong = first->input;
    for (int i = 0; i < 3; i++) {
        m->in[i] = first->in[i + 1];
        m->out[i] = l->out[i + 1];
        wrong |= (uint32_t)(m->in[i] ^ head->in[i + 1]);
    }
    return wrong ? EML_ERR_MODEL : EML_OK;
}

#endif // EML_CNN_DATA_H
