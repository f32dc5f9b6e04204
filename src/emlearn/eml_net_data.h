// The tables of a feed-forward network, from an .eml file, and the check that makes them safe. See eml_net.h.
#ifndef EML_NET_DATA_H
#define EML_NET_DATA_H

#include "eml_file.h"

typedef enum {
    EML_NET_INT32 = 0, // what users call float
    EML_NET_INT16 = 1,
    EML_NET_INT8 = 2,
} eml_net_kind_t;

typedef enum {
    EML_NET_IDENTITY = 0,
    EML_NET_RELU = 1,
    EML_NET_SIGMOID = 2,
    EML_NET_TANH = 3,
    EML_NET_EXP = 4,
    EML_NET_SOFTMAX = 5, // of the last layer only
} eml_net_activation_t;

// What a file's header says, in its layout, then where the arrays are. n_columns and n_rows count over all layers.
typedef struct {
    uint16_t n_features;
    uint16_t n_classes; // 0: regression
    uint16_t n_outputs;
    uint8_t output; // eml_output_t
    uint8_t kind;   // eml_net_kind_t
    uint32_t size;
    uint16_t n_layers;
    uint16_t width;     // of the widest layer, that of the features included
    uint32_t n_columns; // inputs, with one more a layer: the 1 that biases are for
    uint32_t n_rows;    // outputs
    uint32_t n_scales;  // n_rows, or 0 for int32 weights
    uint32_t n_int32;   // weights; of the three, two are 0
    uint32_t n_int16;
    uint32_t n_int8;
    const uint16_t *sizes;      // [n_layers] outputs of each
    const uint8_t *activations; // [n_layers] eml_net_activation_t
    const int16_t *shift;       // [n_columns] the weights of input i are in units of 2^shift[i]; a layer's last, its biases
    const uint16_t *scale;      // [n_scales] the weights of output k in units of this as well; not the bias
    const int32_t *bias;        // [n_rows]
    const int32_t *weights32;   // [n_int32] layer after layer, [outputs][inputs]
    const int16_t *weights16;   // [n_int16]
    const int8_t *weights8;     // [n_int8]
} eml_net_t;

#define EML_NET_HEADER 40
#define EML_NET_MAX_COUNT (1u << 25) // of an array's elements, which stay below: keeps sizes within 32 bits
#define EML_NET_MAX_SHIFT 400

static inline uint32_t eml_net_n_outputs(const eml_net_t *m) {
    return m->n_outputs;
}

// Two layers, each with room for the 1 of the biases.
static inline size_t eml_net_scratch_size(const eml_net_t *m) {
    return 2 * (m->width + (size_t)1) * sizeof(int32_t);
}

// What the last layer has to be for what the header says of the outputs.
static inline int eml_net_outputs_ok(const eml_net_t *m, uint32_t n_last, uint32_t activation) {
    if (m->n_classes == 0) {
        return m->output == EML_VALUES && m->n_outputs == n_last && activation != EML_NET_SOFTMAX;
    }
    return m->output == EML_PROBABILITIES && m->n_outputs == m->n_classes
        && (activation == EML_NET_SIGMOID ? m->n_classes == 2 && n_last == 1
                                          : activation == EML_NET_SOFTMAX && n_last >= 2 && n_last == m->n_classes);
}

static inline eml_err_t eml_net_validate(const eml_net_t *m) {
    uint32_t n_columns = 0, n_rows = 0, n_weights = 0, n_in = m->n_features, width = n_in;
    for (uint32_t layer = 0; layer < m->n_layers; layer++) {
        const uint32_t n_out = m->sizes[layer];
        const uint64_t n = (uint64_t)n_in * n_out;
        if (n == 0 || n >= EML_NET_MAX_COUNT - n_weights) {
            return EML_ERR_MODEL;
        }
        n_weights += (uint32_t)n;
        n_columns += n_in + 1;
        n_rows += n_out;
        n_in = n_out;
        width = width < n_out ? n_out : width;
        if (m->activations[layer] > (layer + 1u == m->n_layers ? EML_NET_SOFTMAX : EML_NET_EXP)) {
            return EML_ERR_MODEL;
        }
    }
    const uint32_t of_kind = m->kind == EML_NET_INT32 ? m->n_int32 : m->kind == EML_NET_INT16 ? m->n_int16 : m->n_int8;
    if (m->n_layers == 0 || m->kind > EML_NET_INT8 || width != m->width || n_columns != m->n_columns || n_rows != m->n_rows
        || m->n_scales != (m->kind == EML_NET_INT32 ? 0 : n_rows) || of_kind != n_weights
        || (uint64_t)m->n_int32 + m->n_int16 + m->n_int8 != n_weights || !eml_net_outputs_ok(m, n_in, m->activations[m->n_layers - 1u])) {
        return EML_ERR_MODEL;
    }
    for (uint32_t i = 0; i < n_columns; i++) {
        if (m->shift[i] < -EML_NET_MAX_SHIFT || m->shift[i] > EML_NET_MAX_SHIFT) {
            return EML_ERR_MODEL;
        }
    }
    return EML_OK;
}

// file: [size], aligned to 4 bytes, outlives *m. scratch: [256].
static inline eml_err_t eml_net_open(eml_net_t *m, const void *file, size_t size, uint32_t *scratch) {
    const eml_err_t err = eml_file_open(m, EML_NET_HEADER, file, size, EML_FAMILY_NET, scratch);
    if (err != EML_OK) {
        return err;
    }
    // As the arrays follow each other: how many elements, of how many bytes.
    const uint32_t counts[8] = { m->n_layers, m->n_layers, m->n_columns, m->n_scales, m->n_rows, m->n_int32, m->n_int16, m->n_int8 };
    static const uint8_t shifts[8] = { 1, 0, 1, 1, 2, 2, 1, 0 };
    const uint8_t *arrays[8];
    const uint8_t *at = (const uint8_t *)file + EML_FILE_HEADER + EML_NET_HEADER;
    uint32_t rest = m->size - EML_NET_HEADER;
    for (int i = 0; i < 8; i++) {
        const uint32_t bytes = counts[i] < EML_NET_MAX_COUNT ? eml_pad4(counts[i] << shifts[i]) : rest + 1;
        if (bytes > rest) {
            return EML_ERR_FORMAT;
        }
        arrays[i] = at;
        at += bytes;
        rest -= bytes;
    }
    if (rest) {
        return EML_ERR_FORMAT;
    }
    m->sizes = (const uint16_t *)(const void *)arrays[0];
    m->activations = arrays[1];
    m->shift = (const int16_t *)(const void *)arrays[2];
    m->scale = (const uint16_t *)(const void *)arrays[3];
    m->bias = (const int32_t *)(const void *)arrays[4];
    m->weights32 = (const int32_t *)(const void *)arrays[5];
    m->weights16 = (const int16_t *)(const void *)arrays[6];
    m->weights8 = (const int8_t *)(const void *)arrays[7];
    return eml_net_validate(m);
}

#endif // EML_NET_DATA_H
