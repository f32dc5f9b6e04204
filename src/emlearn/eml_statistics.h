// Statistics of a window of samples in time, from integers: the same bits on every CPU, no soft floats.
//
//   eml_statistics_check(words, room, n_values)    words that the block takes, 0 if they describe none for such a window
//   eml_statistics_columns(words, n_values)        float32 that it makes
//   eml_statistics_size(words, n_values)           bytes of memory that it wants, aligned to 8
//   eml_statistics_init(memory, words, n_values)
//   eml_statistics_run(words, memory, window, out)
//
// words[0] is kind 0 | flags << 8 | n_channels << 16, with the flag EML_STATISTICS_CORRELATION; words[1] a mask of what is wanted:
// bit i for the i-th of the enum. A window is [n][n_channels], 'h' or 'f'. Columns: those of channel 0, of channel 1..., then the
// correlations of (0, 1), (0, 2)... (1, 2)...
//
// int16 is taken as it is. float32 becomes integers of 24 bits, in units of the last place of the channel's largest magnitude: off by
// half of that, 2^-24 of the largest, at most. min, max and zero crossings are exact. Sums are exact, in 64 bits.
#ifndef EML_STATISTICS_H
#define EML_STATISTICS_H

#include "eml_number.h"

enum {
    EML_STATISTICS_MEAN,
    EML_STATISTICS_STD,            // of the population: the root of the mean squared distance from the mean
    EML_STATISTICS_RMS,            // root of the mean square
    EML_STATISTICS_MIN,
    EML_STATISTICS_MAX,
    EML_STATISTICS_MEDIAN,         // of an even number the mean of the middle two
    EML_STATISTICS_IQR,            // 75th less 25th percentile, interpolated between neighbors
    EML_STATISTICS_ZERO_CROSSINGS, // how often (x[t] < 0) != (x[t - 1] < 0)
    EML_STATISTICS_CREST,          // largest magnitude / rms; 0 if all are 0
    EML_STATISTICS_ENERGY,         // mean square
    EML_STATISTICS_COUNT,
};

#define EML_STATISTICS_CORRELATION 1 // of each pair of channels; 0 where one is constant
#define EML_STATISTICS_SAMPLES 32767 // a channel; 2^48 of each is what 64 bits can sum
#define EML_STATISTICS_CHANNELS 255
#define EML_STATISTICS_ORDER (1 << EML_STATISTICS_MEDIAN | 1 << EML_STATISTICS_IQR)

// One channel, and what a pair of them needs to know of each.
typedef struct {
    const void *data; // first sample
    uint32_t stride, n;
    int32_t field;    // of the exponent whose last place is the unit; 150 for int16, whose unit is 1
    int32_t centre;   // the mean in units, to one of them
    int32_t rest;     // sum of the distances from it
    eml_number_t spread; // n times the sum of squared distances from the mean
} eml_channel_t;

// In two's complement, in the order of the numbers; and back. -0 is 0.
static inline int32_t eml_statistics_key(uint32_t bits) {
    return bits << 1 ? (int32_t)(bits ^ (0u - (bits >> 31)) >> 1) : 0;
}

static inline int32_t eml_statistics_in_units(uint32_t bits, int32_t field) {
    const uint32_t own = bits >> 23 & 0xff;
    const int32_t mantissa = (int32_t)((bits & 0x7fffff) | (own ? 0x800000u : 0));
    const int32_t shift = field - (int32_t)(own ? own : 1);
    const int32_t magnitude = shift > 25 ? 0 : (mantissa + (1 << shift >> 1)) >> shift;
    return bits >> 31 ? -magnitude : magnitude;
}

// Sample i in units.
static inline int32_t eml_statistics_value(const eml_channel_t *c, int is_int16, uint32_t i) {
    i *= c->stride;
    return is_int16 ? ((const int16_t *)c->data)[i] : eml_statistics_in_units(eml_number_load((const float *)c->data + i), c->field);
}

// value * 2^exponent, rounded to float32.
static inline uint32_t eml_statistics_bits(int64_t value, int exponent) {
    return value == 0 ? 0
                      : (uint32_t)eml_round(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, exponent, 0, 24)
            | (value < 0 ? 0x80000000u : 0);
}

// The magnitude of n * sum - less, for |less| below 2^31, and whether it is negative: exact if it is below 2^62, else to 31 bits.
static inline eml_number_t eml_statistics_moment(int64_t sum, uint32_t n, int64_t less, int *negative) {
    int exponent = 0;
    if (sum >= (int64_t)1 << 47 || sum < -((int64_t)1 << 47)) {
        sum >>= 16;
        exponent = 16;
        less = 0;
    }
    sum = sum * (int32_t)n - less;
    *negative = sum < 0;
    return eml_number(sum < 0 ? 0 - (uint64_t)sum : (uint64_t)sum, exponent);
}

// Four times the quantile at quarter / 4, in units: digit by digit of 4 bits, so that no memory is needed.
static inline int32_t eml_statistics_quartile(const eml_channel_t *c, int is_int16, uint32_t quarter) {
    const uint32_t offset = is_int16 ? 0x8000 : 0x1000000; // to what is not negative: 16 bits, or 26
    uint32_t rank = quarter * (c->n - 1) >> 2, prefix = 0;
    const uint32_t rest = quarter * (c->n - 1) & 3;
    uint16_t count[16];
    for (int shift = is_int16 ? 12 : 24; shift >= 0; shift -= 4) {
        for (int digit = 0; digit < 16; digit++) {
            count[digit] = 0;
        }
        for (uint32_t i = 0; i < c->n; i++) {
            const uint32_t value = ((uint32_t)eml_statistics_value(c, is_int16, i) + offset) >> shift;
            if (value >> 4 == prefix) {
                count[value & 15]++;
            }
        }
        uint32_t digit = 0;
        for (; rank >= count[digit]; digit++) {
            rank -= count[digit];
        }
        prefix = prefix << 4 | digit;
    }
    const int32_t low = (int32_t)(prefix - offset);
    int32_t high = low;
    if (rest && rank + 1u >= count[prefix & 15]) { // the next is another
        high = INT32_MAX;
        for (uint32_t i = 0; i < c->n; i++) {
            const int32_t value = eml_statistics_value(c, is_int16, i);
            high = value > low && value < high ? value : high;
        }
    }
    return 4 * low + (int32_t)rest * (high - low);
}

// Statistics of a channel to out, of those in the mask; the number of them. SIZE_MAX if a sample is NaN or infinite.
static inline size_t eml_statistics_channel(eml_channel_t *c, int is_int16, uint32_t mask, float *out) {
    int32_t least = INT32_MAX, most = INT32_MIN, before = 0, crossings = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        int32_t key;
        if (is_int16) {
            key = ((const int16_t *)c->data)[i * c->stride];
        } else {
            const uint32_t bits = eml_number_load((const float *)c->data + i * c->stride);
            if ((bits & EML_INFINITY) == EML_INFINITY) {
                return SIZE_MAX;
            }
            key = eml_statistics_key(bits);
        }
        crossings += i && (key ^ before) < 0;
        before = key;
        least = key < least ? key : least;
        most = key > most ? key : most;
    }
    uint32_t bits[EML_STATISTICS_COUNT];
    bits[EML_STATISTICS_ZERO_CROSSINGS] = eml_float_from_int(crossings);
    if (is_int16) {
        bits[EML_STATISTICS_MIN] = eml_float_from_int(least);
        bits[EML_STATISTICS_MAX] = eml_float_from_int(most);
    } else {
        bits[EML_STATISTICS_MIN] = (uint32_t)least ^ (0u - ((uint32_t)least >> 31)) >> 1;
        bits[EML_STATISTICS_MAX] = (uint32_t)most ^ (0u - ((uint32_t)most >> 31)) >> 1;
    }
    const uint32_t low = bits[EML_STATISTICS_MIN] & 0x7fffffff, high = bits[EML_STATISTICS_MAX] & 0x7fffffff;
    const uint32_t largest = low > high ? low : high;
    c->field = is_int16 ? 150 : largest >> 23 ? (int32_t)(largest >> 23) : 1;
    const int unit = c->field - 150;
    int64_t sum = 0, squares = 0, distances = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const int64_t value = eml_statistics_value(c, is_int16, i);
        sum += value;
        squares += value * value;
    }
    bits[EML_STATISTICS_MEAN] = eml_float_from_ratio((uint64_t)(sum < 0 ? -sum : sum), (uint16_t)c->n, unit)
        | (sum < 0 ? 0x80000000u : 0);
    c->centre = eml_statistics_in_units(bits[EML_STATISTICS_MEAN], c->field);
    c->rest = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const int32_t distance = eml_statistics_value(c, is_int16, i) - c->centre;
        c->rest += distance;
        distances += (int64_t)distance * distance;
    }
    int negative;
    c->spread = eml_statistics_moment(distances, c->n, (int64_t)c->rest * c->rest, &negative);
    const eml_number_t n = eml_number(c->n, 0), square = eml_number((uint64_t)squares, 2 * unit);
    eml_number_t std = eml_number_root(eml_number_divide(c->spread, eml_number((uint64_t)c->n * c->n, 0)));
    std.exponent += unit;
    bits[EML_STATISTICS_STD] = eml_number_bits(std);
    const eml_number_t rms = eml_number_root(eml_number_divide(square, n));
    bits[EML_STATISTICS_RMS] = eml_number_bits(rms);
    bits[EML_STATISTICS_ENERGY] = eml_float_from_ratio((uint64_t)squares, (uint16_t)c->n, 2 * unit);
    bits[EML_STATISTICS_CREST] = largest ? eml_number_bits(eml_number_divide(eml_number_of(largest), rms)) : 0;
    if (mask & EML_STATISTICS_ORDER) {
        const int32_t spread = eml_statistics_quartile(c, is_int16, 3) - eml_statistics_quartile(c, is_int16, 1);
        bits[EML_STATISTICS_IQR] = eml_statistics_bits(spread, unit - 2);
        bits[EML_STATISTICS_MEDIAN] = eml_statistics_bits(eml_statistics_quartile(c, is_int16, 2), unit - 2);
    }
    size_t made = 0;
    for (int i = 0; i < EML_STATISTICS_COUNT; i++) {
        if (mask >> i & 1) {
            eml_number_store(out + made++, bits[i]);
        }
    }
    return made;
}

// Pearson's.
static inline uint32_t eml_statistics_correlation(const eml_channel_t *a, const eml_channel_t *b, int is_int16) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < a->n; i++) {
        sum += (int64_t)(eml_statistics_value(a, is_int16, i) - a->centre) * (eml_statistics_value(b, is_int16, i) - b->centre);
    }
    int negative;
    eml_number_t r = eml_statistics_moment(sum, a->n, (int64_t)a->rest * b->rest, &negative);
    const eml_number_t scale = eml_number_root(eml_number((uint64_t)a->spread.mantissa * b->spread.mantissa,
        a->spread.exponent + b->spread.exponent));
    if (r.mantissa == 0 || scale.mantissa == 0) {
        return 0;
    }
    return eml_number_bits(eml_number_divide(r, scale)) | (negative ? 0x80000000u : 0);
}

static inline uint32_t eml_statistics_columns(const uint32_t *words, uint32_t n_values) {
    (void)n_values;
    const uint32_t channels = words[0] >> 16;
    uint32_t count = 0;
    for (uint32_t mask = words[1]; mask; mask &= mask - 1) {
        count += channels;
    }
    return count + (words[0] >> 8 & EML_STATISTICS_CORRELATION ? channels * (channels - 1) / 2 : 0);
}

static inline uint32_t eml_statistics_check(const uint32_t *words, uint32_t room, uint32_t n_values) {
    if (room < 2 || (words[0] & 0xff) != 0 || (words[0] >> 8 & 0xff) > EML_STATISTICS_CORRELATION
        || words[1] >> EML_STATISTICS_COUNT) {
        return 0;
    }
    const uint32_t channels = words[0] >> 16;
    if (channels == 0 || channels > EML_STATISTICS_CHANNELS || eml_statistics_columns(words, n_values) == 0) {
        return 0;
    }
    const uint32_t n = n_values / channels;
    return n >= 1 && n <= EML_STATISTICS_SAMPLES && n * channels == n_values ? 2 : 0;
}

static inline size_t eml_statistics_size(const uint32_t *words, uint32_t n_values) {
    (void)n_values;
    const size_t size = words[0] >> 8 & EML_STATISTICS_CORRELATION ? (words[0] >> 16) * sizeof(eml_channel_t) : 0;
    return (size + 7) & ~(size_t)7;
}

static inline void eml_statistics_init(void *memory, const uint32_t *words, uint32_t n_values) {
    (void)memory;
    (void)words;
    (void)n_values;
}

static inline eml_err_t eml_statistics_run(const uint32_t *words, void *memory, const eml_array_t *window, float *out) {
    const int is_int16 = window->type == EML_INT16, correlation = words[0] >> 8 & EML_STATISTICS_CORRELATION;
    if (!is_int16 && window->type != EML_FLOAT32) {
        return EML_ERR_TYPE;
    }
    const uint32_t channels = words[0] >> 16;
    eml_channel_t one, *const all = (eml_channel_t *)memory;
    for (uint32_t k = 0; k < channels; k++) {
        eml_channel_t *const c = correlation ? all + k : &one;
        c->data = is_int16 ? (const void *)((const int16_t *)window->data + k) : (const void *)((const float *)window->data + k);
        c->stride = channels;
        c->n = (uint32_t)window->size / channels;
        if (c->n == 0 || c->n > EML_STATISTICS_SAMPLES) {
            return EML_ERR_SHAPE;
        }
        const size_t made = eml_statistics_channel(c, is_int16, words[1], out);
        if (made == SIZE_MAX) {
            return EML_ERR_RANGE;
        }
        out += made;
    }
    for (uint32_t i = 0; correlation && i < channels; i++) {
        for (uint32_t j = i + 1; j < channels; j++) {
            eml_number_store(out++, eml_statistics_correlation(all + i, all + j, is_int16));
        }
    }
    return EML_OK;
}

#endif // EML_STATISTICS_H
