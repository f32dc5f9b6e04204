// eml_cnn.h: its numbers beside exact ones, and files with every byte wrong. test_cnn_core.py has the layers.
#include "attempt_cnn.h"
#include "check.h"
#include "eml_cnn.h"
#include "eml_cnn_f32.h"

__extension__ typedef __int128 wide_t;

static wide_t floor_shift(wide_t x, int s) {
    return x >= 0 ? x >> s : -((-x + ((wide_t)1 << s) - 1) >> s);
}

static int cut(wide_t q) {
    return q > 127 ? 127 : q < -128 ? -128 : (int)q;
}

static void test_scaled(void) {
    const eml_cnn_cut_t whole = { 0, -128, 127 };
    for (int round = 0; round < 200000; round++) {
        const uint32_t m = random_below(8) ? 0x800000 | random_below(0x800000) : random_below(2) ? 0xffffff : 0x800000;
        const uint32_t s = 1 + random_below(62);
        int32_t a = (int32_t)random_runs() >> random_below(32);
        if (random_below(4) == 0) { // next to where it is rounded
            const wide_t near = floor_shift((2 * (wide_t)random_below(260) - 259) * ((wide_t)1 << s) / m, 1) + random_below(3) - 1;
            a = near > INT32_MAX || near < -INT32_MAX ? a : (int32_t)near;
        }
        a = a == INT32_MIN ? INT32_MAX : a;
        const int32_t multiplier = eml_cnn_usable(m << 8 | s);
        const wide_t exact = floor_shift((wide_t)a * m + ((wide_t)1 << (s - 1)), (int)s);
        CHECK(eml_cnn_clamp(&whole, eml_cnn_scaled(a, multiplier)) == cut(exact), a, m, s);
        const int32_t high = (int32_t)floor_shift((wide_t)a * m, 25);
        CHECK(eml_cnn_high(a, multiplier) == high && eml_cnn_high_by_parts(a, multiplier) == high, a, m, s);
    }
}

// m, s for ratio * scale in float64 of 53 bits, which hold the product of 32 and 24 only if few of them are set.
static void test_multiplier(void) {
    for (int round = 0; round < 100000; round++) {
        const int digits = 1 + (int)random_below(24);
        const eml_number_t ratio = eml_number(random64() >> 35 | 1, (int)random_below(80) - 60); // 29 bits
        const float scale = ldexpf((float)(1 + random_below(1u << digits)), (int)random_below(90) - 80);
        const wide_t product = (wide_t)ratio.mantissa * (wide_t)((bits_of_float(scale) & 0x7fffff) | 0x800000); // of a normal number
        int bits = 0;
        while (product >> bits) {
            bits++;
        }
        wide_t m = (product + ((wide_t)1 << (bits - 25))) >> (bits - 24);
        int s = -(ratio.exponent + (int)(bits_of_float(scale) >> 23) - 150 + bits - 24);
        if (m >> 24) {
            m >>= 1;
            s--;
        }
        s = s > 62 ? 62 : s;
        const uint32_t expected = s < 1 ? 0 : (uint32_t)m << 8 | (uint32_t)s;
        CHECK(eml_cnn_multiplier(ratio, bits_of_float(scale)) == expected, ratio.mantissa, bits_of_float(scale), expected);
        CHECK(eml_cnn_multiplier(ratio, 0) == 62, ratio.mantissa, 0, 0);
    }
}

// x is k / 2 times the scale, or the float32 next to that: the scale has 14 bits, so that their product is exact.
static void test_quantise(void) {
    for (int round = 0; round < 100000; round++) {
        const float scale = ldexpf((float)(1 + random_below(1 << 14)), (int)random_below(200) - 100);
        const int k = (int)random_below(1020) - 510;
        const float tie = (float)k * scale / 2;
        const int side = (int)random_below(3) - 1;
        const float x = side ? nextafterf(tie, side < 0 ? -INFINITY : INFINITY) : tie;
        const int half = (k & 1) != 0, whole = (k - half) / 2; // k / 2, rounded down
        const int expected = half ? whole + (side >= 0) : whole;
        CHECK(eml_cnn_quantise(bits_of_float(x), bits_of_float(scale)) == expected, k, side, bits_of_float(scale));
    }
    const uint32_t large[2] = { bits_of_float(3e38f), bits_of_float(-3e38f) };
    CHECK(eml_cnn_quantise(large[0], 1) >= 256 && eml_cnn_quantise(large[1], 1) <= -256, 0, 0, 0);
    CHECK(eml_cnn_quantise(0x80000000u, 1) == 0 && eml_cnn_quantise(1, large[0]) == 0, 0, 0, 0);
}

static void test_real(void) {
    for (int32_t q = -255; q < 256; q++) {
        for (int round = 0; round < 50; round++) { // a product of 24 and 8 bits is exact in float64
            const float scale = ldexpf((float)(1 + random_below(1 << 24)), (int)random_below(240) - 149);
            CHECK(eml_cnn_real(bits_of_float(scale), q) == bits_of_float((float)((double)scale * q)), q, bits_of_float(scale), 0);
        }
    }
}

// ---- Files

typedef struct {
    uint32_t words[500];
    uint32_t size; // so far
    uint32_t type;
    uint32_t n_layers;
    uint32_t last;
} net_t;

static void *end_of(net_t *f) {
    return (uint8_t *)f->words + f->size;
}

static eml_cnn_layer_t *add_layer(net_t *f, uint32_t kind, const uint16_t *in, const uint16_t *out, uint32_t input, uint32_t output) {
    eml_cnn_layer_t *l = (eml_cnn_layer_t *)end_of(f);
    f->last = f->size;
    f->n_layers++;
    l->kind = (uint16_t)kind;
    l->input = input;
    l->output = output;
    l->in[0] = l->out[0] = 3;
    memcpy(l->in + 1, in, 6);
    memcpy(l->out + 1, out, 6);
    l->in_scale = l->out_scale = bits_of_float(0.125f);
    l->in_zero = l->out_zero = 3;
    l->size = kind == EML_CNN_CONV || kind == EML_CNN_DEPTHWISE ? 80
        : kind == EML_CNN_DENSE || kind == EML_CNN_ADD || (kind >= EML_CNN_MAX_POOL && kind < EML_CNN_LOGISTIC) ? 64
                                                                                                                : 48;
    f->size += l->size;
    return l;
}

static void add_window(eml_cnn_layer_t *l, uint8_t kernel, uint8_t stride, uint8_t padding) {
    for (int axis = 0; axis < 2; axis++) {
        l->kernel[axis] = kernel;
        l->stride[axis] = stride;
        l->dilation[axis] = 1;
        l->padding[axis] = l->padding[axis + 2] = padding;
    }
    l->activation = EML_CNN_RELU6;
}

// n_out outputs of n weights, and what follows to a multiple of 8.
static void add_arrays(net_t *f, eml_cnn_layer_t *l, uint32_t *arrays, uint32_t n_out, uint32_t n) {
    arrays[0] = l->size;
    for (uint32_t i = 0; f->type == EML_CNN_INT8 && i < n_out; i++) {
        const uint32_t scale = bits_of_float(ldexpf((float)(1 + random_below(255)), -12));
        memcpy((uint8_t *)l + l->size, &scale, 4);
        l->size += 4;
    }
    arrays[1] = l->size;
    const uint32_t item = f->type == EML_CNN_INT8 ? 1 : 4;
    for (uint32_t i = 0; i < n_out * n; i++, l->size += item) {
        const float weight = (float)random_below(256) / 128 - 1;
        const uint32_t bits = item == 1 ? random_below(256) : bits_of_float(weight);
        memcpy((uint8_t *)l + l->size, &bits, item);
    }
    l->size = eml_pad4(l->size);
    arrays[2] = l->size;
    l->size += 4 * n_out; // biases of 0
    l->size = (l->size + 7) & ~7u;
    f->size = f->last + l->size;
}

// All kinds but one of the two that end a network, each once.
static void make(net_t *f, uint32_t type, uint32_t final) {
    static const uint16_t first[3] = { 3, 4, 2 }, conv[3] = { 3, 4, 3 }, wide[3] = { 1, 2, 3 }, pooled[3] = { 1, 1, 3 },
                          three[3] = { 1, 3, 1 }, dense[3] = { 1, 1, 5 };
    memset(f, 0, sizeof(*f));
    f->size = EML_CNN_HEADER;
    f->type = type;
    const uint32_t item = type == EML_CNN_INT8 ? 1 : 4, half = 36 * item, end = 2 * half;
    eml_cnn_layer_t *l = add_layer(f, EML_CNN_CONV, first, conv, 0, half);
    add_window(l, 3, 1, 1);
    add_arrays(f, l, l->arrays, 3, 18);
    l = add_layer(f, EML_CNN_DEPTHWISE, conv, wide, half, 0);
    add_window(l, 2, 2, 0);
    l->depth = 1;
    add_arrays(f, l, l->arrays, 3, 4);
    l = add_layer(f, EML_CNN_MAX_POOL, wide, wide, 0, half);
    add_window(l, 3, 1, 1);
    l = add_layer(f, EML_CNN_AVERAGE_POOL, wide, wide, half, 0);
    add_window(l, 3, 1, 1);
    for (uint32_t kind = EML_CNN_ADD; kind <= EML_CNN_ADD_ACTIVATED; kind += EML_CNN_ADD_ACTIVATED - EML_CNN_ADD) {
        l = add_layer(f, kind, wide, wide, kind == EML_CNN_ADD ? 0 : half, kind == EML_CNN_ADD ? half : 0);
        const uint32_t body[4] = { l->input, bits_of_float(0.25f), 5, kind == EML_CNN_ADD ? 0u : (uint32_t)EML_CNN_RELU };
        memcpy((uint8_t *)l + EML_CNN_LAYER, body, sizeof(body));
    }
    add_layer(f, EML_CNN_GLOBAL_AVERAGE, wide, pooled, 0, half);
    add_layer(f, EML_CNN_RESHAPE, pooled, three, half, half);
    l = add_layer(f, EML_CNN_DENSE, three, dense, half, 0);
    uint32_t arrays[3];
    add_arrays(f, l, arrays, 5, 3);
    memcpy((uint8_t *)l + EML_CNN_LAYER, arrays, sizeof(arrays));
    l = final == EML_CNN_RESHAPE ? add_layer(f, final, dense, dense, 0, half) : add_layer(f, final, dense, dense, 0, 0);
    l->is_output = 1;
    eml_cnn_file_t *head = (eml_cnn_file_t *)(void *)f->words;
    head->magic = EML_CNN_MAGIC;
    head->type = (uint8_t)type;
    head->n_inputs = head->n_outputs = 1;
    head->n_layers = (uint16_t)f->n_layers;
    head->buffer = end;
    memcpy(head->in + 1, first, 6);
    head->mark = EML_CNN_MARK;
    head->major = EML_CNN_MAJOR;
    head->size = f->size;
    CHECK(f->size <= sizeof(f->words), f->size, 0, 0);
}

// Every truncation is refused; every byte is changed in 8 ways.
static void test_damage(void) {
    const uint32_t types[2] = { EML_CNN_INT8, EML_CNN_FLOAT32 };
    const uint32_t finals[3] = { EML_CNN_SOFTMAX, EML_CNN_LOGISTIC, EML_CNN_RESHAPE };
    for (int i = 0; i < 6; i++) {
        net_t f;
        make(&f, types[i & 1], finals[i / 2]);
        uint8_t *bytes = (uint8_t *)f.words;
        CHECK(attempt_cnn(bytes, f.size, f.type), i, 0, 0);
        CHECK(!attempt_cnn(bytes, f.size, types[!(i & 1)]), i, 0, 0);
        for (uint32_t cut_at = 0; cut_at < f.size; cut_at++) {
            CHECK(!attempt_cnn(bytes, cut_at, f.type), i, cut_at, 0);
        }
        uint32_t opens = 0, refused = 0;
        for (uint32_t at = 0; at < f.size; at++) {
            for (unsigned flip = 1; flip < 256; flip = flip * 2 + 1) {
                bytes[at] ^= (uint8_t)flip;
                const int open = attempt_cnn(bytes, f.size, f.type);
                bytes[at] ^= (uint8_t)flip;
                opens += (uint32_t)open;
                refused += (uint32_t)!open;
            }
        }
        CHECK(opens > 500 && refused > 500, opens, refused, 0);
    }
}

int main(void) {
    test_scaled();
    test_multiplier();
    test_quantise();
    test_real();
    test_damage();
    printf("%lu checks\n", checks_made);
    return 0;
}
