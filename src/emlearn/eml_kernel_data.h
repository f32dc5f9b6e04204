// The tables of a support vector machine, from an .eml file, and the check that makes them safe. See eml_kernel.h.
#ifndef EML_KERNEL_DATA_H
#define EML_KERNEL_DATA_H

#include "eml_file.h"

typedef enum {
    EML_KERNEL_LINEAR = 0, // one vector a decision value: the support vectors have been added up
    EML_KERNEL_RBF = 1,
    EML_KERNEL_POLY = 2,
    EML_KERNEL_SIGMOID = 3,
} eml_kernel_kind_t;

// What is made of the decision values d.
typedef enum {
    EML_KERNEL_VALUE = 0,      // regression: d itself
    EML_KERNEL_BINARY = 1,     // class 1 unless d < 0
    EML_KERNEL_OUTLIER = 2,    // class 1, an inlier, if d > 0
    EML_KERNEL_PLATT = 3,      // as BINARY, with probabilities
    EML_KERNEL_OVO = 4,        // one d for each pair of classes, who vote
    EML_KERNEL_OVR = 5,        // the same; outputs are votes and confidences of each class
    EML_KERNEL_BREAK_TIES = 6, // the class is that with the largest of these outputs
    EML_KERNEL_OVO_COUPLED = 7, // and on: classes and decision values as of the three before, outputs are probabilities
    EML_KERNEL_BREAK_TIES_COUPLED = 9,
} eml_kernel_rule_t;

// What a file's header says, in its layout, then where the arrays are.
typedef struct {
    uint16_t n_features;
    uint16_t n_classes; // 0: regression
    uint16_t n_outputs;
    uint8_t output; // eml_output_t
    uint8_t kernel; // eml_kernel_kind_t
    uint32_t size;
    uint16_t rule;   // eml_kernel_rule_t
    uint16_t degree; // of poly, 0..15
    uint16_t left;   // vectors16 count 2^left, 0..30
    int16_t exponent; // of rbf: vectors are in units of 2^exponent, after that
    int16_t intercept_exponent;
    int16_t gamma_exponent;
    int16_t slope_exponent;
    int16_t bias_exponent;
    int32_t slope;  // * 2^slope_exponent, and
    int32_t bias;   // * 2^bias_exponent: the first of two classes has probability 1 / (1 + exp(slope * d + bias))
    uint32_t gamma; // * 2^gamma_exponent: of rbf gamma / log(2), of sigmoid gamma
    uint32_t n_vectors16; // one of the two is 0
    uint32_t n_vectors32;
    uint32_t n_vectors; // both together
    uint32_t n_shifts;  // n_features + 1, but of rbf 0
    uint32_t n_centers; // of rbf n_features, else 0
    uint32_t n_offsets; // n_vectors, but of rbf 0
    uint32_t n_sizes;   // n_classes where these are 3 or more, but of linear 0
    uint32_t n_rows;    // of coef: 1, or one less than there are classes; of linear 0
    uint32_t n_sums;    // decision values
    const int16_t *shift;      // [n_shifts] numbers of vectors are in units of 2^shift[i]; last, the offsets
    const float *center;       // [n_centers] vectors are differences from it
    const uint32_t *sizes;     // [n_sizes] vectors of each class, which follow each other
    const int32_t *intercept;  // [n_sums]
    const int32_t *offset;     // [n_offsets] coef0 / gamma
    const int16_t *coef_shift; // [n_vectors] coefficients of vector i are in units of 2^coef_shift[i]
    const int16_t *platt_shift; // [n_platt] platt[i] is in units of 2^platt_shift[i]
    const int32_t *platt;       // [n_platt] slope and bias as above, of more classes: all slopes of pairs, then their biases
    const int32_t *coef;       // [n_rows][n_vectors]; of linear 2^30 each
    const int16_t *vectors16;  // [n_vectors16][n_features]
    const int32_t *vectors32;  // [n_vectors32][n_features]
} eml_kernel_t;

// A native module leaves out what the other one does: EML_KERNEL_DISTANCES for rbf only, EML_KERNEL_PRODUCTS for all else.
#if defined(EML_KERNEL_DISTANCES)
#define EML_KERNEL_IN_PARTS
#define EML_KERNEL_IS_RBF(m) 1
#elif defined(EML_KERNEL_PRODUCTS)
#define EML_KERNEL_IN_PARTS
#define EML_KERNEL_IS_RBF(m) 0
#else
#define EML_KERNEL_IS_RBF(m) ((m)->kernel == EML_KERNEL_RBF)
#endif

#define EML_KERNEL_HEADER 76
#define EML_KERNEL_MAX_COUNT (1u << 25) // of an array's elements, which stay below: keeps sizes within 32 bits
#define EML_KERNEL_MAX_DEGREE 15
#define EML_KERNEL_MAX_LEFT 30
#define EML_KERNEL_MAX_SHIFT 400

static inline uint32_t eml_kernel_n_outputs(const eml_kernel_t *m) {
    return m->n_outputs;
}

// The rule without probabilities.
static inline uint32_t eml_kernel_vote(const eml_kernel_t *m) {
    return m->rule < EML_KERNEL_OVO_COUPLED ? m->rule : m->rule - 3u;
}

static inline uint32_t eml_kernel_n_platt(const eml_kernel_t *m) {
    return m->rule < EML_KERNEL_OVO_COUPLED ? 0 : 2 * m->n_sums;
}

static inline uint32_t eml_kernel_n_decision(const eml_kernel_t *m) {
    const uint32_t rule = eml_kernel_vote(m);
    return rule >= EML_KERNEL_OVR ? m->n_classes : m->n_sums;
}

// The number of the pair of classes i and j, i < j.
static inline uint32_t eml_kernel_pair(const eml_kernel_t *m, uint32_t i, uint32_t j) {
    return i * (2u * m->n_classes - i - 1) / 2 + j - i - 1;
}

static inline size_t eml_kernel_scratch_size(const eml_kernel_t *m) {
    const size_t coupling = m->output == EML_PROBABILITIES ? 1 + 6 * (size_t)m->n_classes : 0; // see eml_kernel_couple.h
    return m->n_sums * sizeof(int64_t) + (m->n_features + 1 + coupling) * sizeof(int32_t);
}

static inline eml_err_t eml_kernel_validate(const eml_kernel_t *m) {
    const uint32_t n = m->n_features, classes = m->n_classes, rule = m->rule, n_vectors = m->n_vectors;
    const int rbf = EML_KERNEL_IS_RBF(m), linear = m->kernel == EML_KERNEL_LINEAR, votes = rule >= EML_KERNEL_OVO;
    const uint32_t n_sums = !votes ? 1 : classes < 363 ? classes * (classes - 1u) / 2 : 0; // at most 65,535
    const uint32_t expected[] = {
        m->n_vectors16 + m->n_vectors32,
        linear ? n_sums : n_vectors,
        rbf ? 0 : n + 1,
        rbf ? n : 0,
        rbf ? 0 : n_vectors,
        votes && !linear ? classes : 0,
        linear ? 0 : votes ? classes - 1 : 1,
        n_sums,
        rule <= EML_KERNEL_OUTLIER ? 1 : rule == EML_KERNEL_OVO ? n_sums : classes,
        rule == EML_KERNEL_VALUE ? EML_VALUES
            : rule == EML_KERNEL_PLATT || rule >= EML_KERNEL_OVO_COUPLED ? EML_PROBABILITIES
                                                                         : EML_DECISION_VALUES,
    };
    const uint32_t given[] = { n_vectors, n_vectors, m->n_shifts, m->n_centers, m->n_offsets, m->n_sizes, m->n_rows, m->n_sums,
        m->n_outputs, m->output };
    int good = n && m->kernel <= EML_KERNEL_SIGMOID && rule <= EML_KERNEL_BREAK_TIES_COUPLED && m->degree <= EML_KERNEL_MAX_DEGREE
        && m->left <= EML_KERNEL_MAX_LEFT && !(m->n_vectors16 && m->n_vectors32)
        && (votes ? classes >= 3 : classes == (rule == EML_KERNEL_VALUE ? 0 : 2));
    for (int i = 0; i < 10; i++) {
        good &= given[i] == expected[i];
    }
    if (!good) {
        return EML_ERR_MODEL;
    }
    for (uint32_t i = 0; !rbf && i <= n; i++) {
        good &= m->shift[i] >= -EML_KERNEL_MAX_SHIFT && m->shift[i] <= EML_KERNEL_MAX_SHIFT;
    }
    uint32_t rest = n_vectors;
    for (uint32_t i = 0; i < m->n_sizes; i++) {
        good &= m->sizes[i] <= rest;
        rest -= m->sizes[i];
    }
    return good && (!m->n_sizes || !rest) ? EML_OK : EML_ERR_MODEL;
}

// file: [size], aligned to 4 bytes, outlives *m. scratch: [256].
static inline eml_err_t eml_kernel_open(eml_kernel_t *m, const void *file, size_t size, uint32_t *scratch) {
    const eml_err_t err = eml_file_open(m, EML_KERNEL_HEADER, file, size, EML_FAMILY_KERNEL, scratch);
    if (err != EML_OK) {
        return err;
    }
    if ((m->kernel == EML_KERNEL_RBF) != EML_KERNEL_IS_RBF(m)) {
        return EML_ERR_UNSUPPORTED;
    }
    // As the arrays follow each other: rows, elements of a row, and whether these have 2 bytes.
    const uint32_t n = m->n_features;
    const uint32_t n_platt = eml_kernel_n_platt(m);
    const uint32_t rows[11] = { m->n_shifts, m->n_centers, m->n_sizes, m->n_sums, m->n_offsets, m->n_vectors, n_platt, n_platt,
        m->n_rows, m->n_vectors16, m->n_vectors32 };
    const uint8_t *arrays[11];
    const uint8_t *at = (const uint8_t *)file + EML_FILE_HEADER + EML_KERNEL_HEADER;
    uint32_t rest = m->size - EML_KERNEL_HEADER;
    for (int i = 0; i < 11; i++) {
        const uint64_t count = (uint64_t)rows[i] * (i < 8 ? 1 : i == 8 ? m->n_vectors : n);
        const uint32_t bytes = count < EML_KERNEL_MAX_COUNT ? eml_pad4((uint32_t)count << (1 + (0x59e >> i & 1))) : rest + 1;
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
    m->shift = (const int16_t *)(const void *)arrays[0];
    m->center = (const float *)(const void *)arrays[1];
    m->sizes = (const uint32_t *)(const void *)arrays[2];
    m->intercept = (const int32_t *)(const void *)arrays[3];
    m->offset = (const int32_t *)(const void *)arrays[4];
    m->coef_shift = (const int16_t *)(const void *)arrays[5];
    m->platt_shift = (const int16_t *)(const void *)arrays[6];
    m->platt = (const int32_t *)(const void *)arrays[7];
    m->coef = (const int32_t *)(const void *)arrays[8];
    m->vectors16 = (const int16_t *)(const void *)arrays[9];
    m->vectors32 = (const int32_t *)(const void *)arrays[10];
    return eml_kernel_validate(m);
}

#endif // EML_KERNEL_DATA_H
