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

// Whether the last layer, whose outputs are float32 in files of both types.
static inline int eml_cnn_is_soft(uint32_t kind) {
    return kind == EML_CNN_SOFTMAX || kind == EML_CNN_LOGISTIC;
}

// What a multiplier is, m << 8 | s: of ratio * scale, which may be 0. 0 if s < 1, else s counts as 62 at most.
static inline uint32_t eml_cnn_multiplier(eml_number_t ratio, uint32_t scale) {
    const eml_number_t factor = eml_number_of(scale);
    const uint64_t product = (uint64_t)ratio.mantissa * (factor.mantissa >> 8); // below 2^56
    const int drop = product >> 55 ? 32 : 31;
    uint32_t m = (uint32_t)((product >> (drop - 1)) + 1) >> 1;
    int s = -(ratio.exponent + factor.exponent + 8 + drop);
    if (m >> 24) {
        m >>= 1;
        s--;
    }
    if (!m || s > 62) {
        s = 62;
    }
    return s < 1 ? 0 : m << 8 | (uint32_t)s;
}

static inline eml_number_t eml_cnn_ratio(uint32_t a, uint32_t b) {
    return eml_number_divide(eml_number_of(a), eml_number_of(b));
}

// Bits of the float32 nearest to scale * q.
static inline uint32_t eml_cnn_real(uint32_t scale, int32_t q) {
    const eml_number_t s = eml_number_of(scale);
    const uint32_t sign = q < 0 ? 0x80000000u : 0, magnitude = (uint32_t)(q < 0 ? -q : q);
    return q ? (uint32_t)eml_round((uint64_t)s.mantissa * magnitude, s.exponent, 0, 24) | sign : 0;
}

static inline int eml_cnn_is_quantised(uint32_t scale, int32_t zero) {
    return scale - 1 < EML_INFINITY - 1 && zero >= -128 && zero <= 127; // positive and finite
}

static inline int eml_cnn_is_activation(uint32_t activation) {
    return activation == EML_CNN_LINEAR || activation == EML_CNN_RELU || activation == EML_CNN_RELU6;
}

// Whether n values lie in an area of `size` bytes from `offset` on; those of 4 bytes at a multiple of that.
static inline int eml_cnn_is_within(uint32_t size, uint32_t offset, uint64_t n, uint32_t item) {
    return !(offset & (item - 1)) && offset <= size && n * item <= size - offset;
}

static inline int eml_cnn_is_window(const eml_cnn_layer_t *l) {
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

// Arrays of a layer with n_out outputs, each of n weights.
static inline int eml_cnn_are_weights(const eml_cnn_layer_t *l, uint32_t type, uint32_t n_out, uint32_t n) {
    const uint32_t *arrays = eml_cnn_arrays(l);
    const uint8_t *base = (const uint8_t *)l;
    const int narrow = type == EML_CNN_INT8;
    const uint32_t n_scales = !narrow ? 0 : l->kind == EML_CNN_DENSE ? 1 : n_out;
    if (!eml_cnn_is_within(l->size, arrays[0] & (0u - (n_scales > 0)), n_scales, 4)
        || !eml_cnn_is_within(l->size, arrays[1], (uint64_t)n_out * n, narrow ? 1 : 4)
        || !eml_cnn_is_within(l->size, arrays[2], n_out, 4) || (narrow && n >= EML_CNN_MAX_WEIGHTS)) {
        return 0;
    }
    const uint32_t *words = (const uint32_t *)(const void *)(base + arrays[2]);
    if (!narrow) { // all are finite
        for (uint32_t i = 0; i < n_out; i++) {
            if ((words[i] & EML_INFINITY) == EML_INFINITY) {
                return 0;
            }
        }
        words = (const uint32_t *)(const void *)(base + arrays[1]);
        for (uint32_t i = 0; i < n_out * n; i++) {
            if ((words[i] & EML_INFINITY) == EML_INFINITY) {
                return 0;
            }
        }
        return 1;
    }
    const uint32_t limit = 0x7fffffffu - (n << 14);
    for (uint32_t i = 0; i < n_out; i++) {
        if (words[i] + limit > 2 * limit) { // of the magnitude
            return 0;
        }
    }
    const eml_number_t ratio = eml_cnn_ratio(l->in_scale, l->out_scale);
    words = (const uint32_t *)(const void *)(base + arrays[0]);
    for (uint32_t i = 0; i < n_scales; i++) {
        if (words[i] >= EML_INFINITY || !eml_cnn_multiplier(ratio, words[i])) {
            return 0;
        }
    }
    return 1;
}

// Whether the layer's output is apart from an input of so many bytes, or begins where it does and may.
static inline int eml_cnn_is_apart(const eml_cnn_layer_t *l, uint32_t in_size, uint32_t input, uint32_t out_size) {
    const int shares = eml_cnn_is_soft(l->kind) || l->kind == EML_CNN_RESHAPE;
    return input + in_size <= l->output || l->output + out_size <= input || (shares && l->output == input);
}

// A layer of `m`, whose size is known to be right; makes room in m->work.
static inline eml_err_t eml_cnn_check_layer(eml_cnn_t *m, const eml_cnn_layer_t *l, uint32_t type, int last) {
    const uint32_t kind = l->kind, item = type == EML_CNN_INT8 ? 1 : 4;
    const int adds = kind == EML_CNN_ADD || kind == EML_CNN_ADD_ACTIVATED;
    const int pools = kind == EML_CNN_MAX_POOL || kind == EML_CNN_AVERAGE_POOL;
    const int convolves = kind == EML_CNN_CONV || kind == EML_CNN_DEPTHWISE;
    const int known = kind <= EML_CNN_ADD || (kind >= EML_CNN_MAX_POOL && kind <= EML_CNN_LOGISTIC);
#ifdef EML_CNN_ALL_LAYERS
    const int here = known;
#else
    const int here = known && kind < EML_CNN_MAX_POOL;
#endif
    if (!here) {
        return EML_ERR_UNSUPPORTED;
    }
    const uint32_t body = convolves ? 32 : pools || adds || kind == EML_CNN_DENSE ? 16 : 0;
    if (l->size < EML_CNN_LAYER + body) {
        return EML_ERR_FORMAT;
    }
    const int soft = eml_cnn_is_soft(kind);
    const uint32_t n_in = eml_cnn_count(l->in), n_out = eml_cnn_count(l->out), in_size = n_in * item;
    const uint32_t out_size = n_out * (soft ? 4 : item);
    const uint32_t *words = eml_cnn_words(l);
    if (!n_in || !n_out || l->is_output != last || (soft && !last)
        || !eml_cnn_is_within(m->buffer, l->input, n_in, item)
        || !eml_cnn_is_within(m->buffer, l->output, n_out, soft ? 4 : item)
        || !eml_cnn_is_apart(l, in_size, l->input, out_size)) {
        return EML_ERR_MODEL;
    }
    // Dimensions: of a window the channels are to be looked at; others keep the number of values.
    const uint32_t same = l->in[3] == l->out[3];
    if (convolves || pools) {
        const uint64_t channels = kind == EML_CNN_DEPTHWISE ? (uint64_t)l->in[3] * l->depth : l->out[3];
        if (!eml_cnn_is_window(l) || channels != l->out[3] || (pools && !same)) {
            return EML_ERR_MODEL;
        }
    } else if (kind == EML_CNN_GLOBAL_AVERAGE ? n_out != l->out[3] || !same : kind != EML_CNN_DENSE && n_in != n_out) {
        return EML_ERR_MODEL;
    }
    if (adds && (!eml_cnn_is_within(m->buffer, words[0], n_in, item) || !eml_cnn_is_apart(l, in_size, words[0], out_size))) {
        return EML_ERR_MODEL;
    }
    if (!eml_cnn_is_activation(convolves ? l->activation : kind == EML_CNN_ADD_ACTIVATED ? words[3] : 0)) {
        return EML_ERR_UNSUPPORTED;
    }
    if (type == EML_CNN_INT8) {
        const int keeps = kind == EML_CNN_RESHAPE || pools;
        if (!eml_cnn_is_quantised(l->in_scale, l->in_zero)
            || (!soft && !eml_cnn_is_quantised(l->out_scale, l->out_zero))
            || (keeps && (l->in_scale != l->out_scale || l->in_zero != l->out_zero))
            || (adds && !eml_cnn_is_quantised(words[1], (int32_t)words[2]))) {
            return EML_ERR_MODEL;
        }
        const eml_number_t ratio = eml_cnn_ratio(l->in_scale, l->out_scale);
        const eml_number_t mean = eml_number_divide(ratio, eml_number(n_in / (kind == EML_CNN_GLOBAL_AVERAGE ? n_out : 1), 0));
        if ((kind == EML_CNN_GLOBAL_AVERAGE && !eml_cnn_multiplier(mean, EML_FLOAT_ONE))
            || (adds && (!eml_cnn_multiplier(ratio, EML_FLOAT_ONE)
                            || !eml_cnn_multiplier(eml_cnn_ratio(words[1], l->out_scale), EML_FLOAT_ONE)))) {
            return EML_ERR_MODEL;
        }
    }
    if (!convolves && kind != EML_CNN_DENSE) {
        return EML_OK;
    }
    const uint32_t area = convolves ? (uint32_t)l->kernel[0] * l->kernel[1] : 1;
    const uint32_t all = convolves ? l->in[3] * area : n_in, n = kind == EML_CNN_DEPTHWISE ? area : all;
    const uint32_t rows = convolves ? l->out[3] : n_out;
    if (!eml_cnn_are_weights(l, type, rows, n)) {
        return EML_ERR_MODEL;
    }
    const uint32_t work = (area > 1 ? eml_pad4(all * item) : 0) + (type == EML_CNN_INT8 ? 4 * rows : 0);
    m->work = m->work < work ? work : m->work;
    return EML_OK;
}

// file: [size], aligned to 4 bytes, outlives *m.
static inline eml_err_t eml_cnn_open(eml_cnn_t *m, const void *file, size_t size, uint32_t type) {
    const eml_cnn_file_t *head = (const eml_cnn_file_t *)file;
    if (size < EML_CNN_HEADER || size >= EML_CNN_MAX_SIZE || head->magic != EML_CNN_MAGIC) {
        return EML_ERR_FORMAT;
    }
    uint32_t rest = (uint32_t)size;
    if (head->mark) {
        if (head->mark != EML_CNN_MARK || head->size > size) {
            return EML_ERR_FORMAT;
        }
        rest = head->size;
    }
    if (head->type != type || head->n_inputs != 1 || head->n_outputs != 1 || head->second
        || (head->mark && head->major != EML_CNN_MAJOR)) {
        return EML_ERR_UNSUPPORTED;
    }
    const eml_cnn_layer_t *l = (const eml_cnn_layer_t *)(const void *)(head + 1);
    m->layers = (const uint8_t *)l;
    m->buffer = head->buffer;
    m->work = 0;
    m->n_layers = head->n_layers;
    m->type = head->type;
    m->flags = head->flags;
    if (!head->n_layers || head->buffer >= EML_CNN_MAX_SIZE || rest < EML_CNN_HEADER) {
        return EML_ERR_FORMAT;
    }
    rest -= EML_CNN_HEADER;
    for (uint32_t i = 1;; i++) {
        if (rest < EML_CNN_LAYER || l->size < EML_CNN_LAYER || l->size > rest || l->size & 7) {
            return EML_ERR_FORMAT;
        }
        if (i == 1 && l->input) {
            return EML_ERR_MODEL;
        }
        if (l->kind >= EML_CNN_MAX_POOL && !head->mark) {
            return EML_ERR_UNSUPPORTED;
        }
        const eml_err_t err = eml_cnn_check_layer(m, l, type, i == head->n_layers);
        if (err != EML_OK) {
            return err;
        }
        rest -= l->size;
        if (i == head->n_layers) {
            break;
        }
        l = eml_cnn_next(l);
    }
    if (rest && head->mark) {
        return EML_ERR_FORMAT;
    }
    m->size = (uint32_t)((const uint8_t *)l + l->size - (const uint8_t *)file);
    m->gives_floats = type == EML_CNN_FLOAT32 || eml_cnn_is_soft(l->kind);
    const eml_cnn_layer_t *first = (const eml_cnn_layer_t *)(const void *)m->layers;
    for (int i = 0; i < 3; i++) {
        m->in[i] = first->in[i + 1];
        m->out[i] = l->out[i + 1];
        if (head->in[i + 1] != m->in[i]) {
            return EML_ERR_MODEL;
        }
    }
    return EML_OK;
}

#endif // EML_CNN_DATA_H
