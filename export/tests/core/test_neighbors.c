// eml_neighbors.h beside a search written down naively, and files with every byte wrong.
#include "eml_neighbors.h"

#define ATTEMPT(name) eml_neighbors_##name
#include "attempt_family.h"
#include "check.h"

__extension__ typedef unsigned __int128 wide_t;

#define MAX_FEATURES 5
#define MAX_ITEMS 24
#define MAX_CLASSES 12
#define MAX_K 7

typedef struct {
    uint32_t words[EML_FILE_HEADER / 4 + EML_NEIGHBORS_HEADER / 4 + MAX_ITEMS * (MAX_FEATURES + 1)];
    size_t size;
    eml_neighbors_t model; // opened
    int64_t item[MAX_ITEMS][MAX_FEATURES];
    uint32_t label[MAX_ITEMS];
    int32_t value[MAX_ITEMS];
} case_t;

// A random model as a file, in as many bytes as it says.
static void random_case(case_t *c, int is_float, uint32_t n_classes, uint32_t weights) {
    eml_neighbors_t m;
    memset(c, 0, sizeof(*c));
    memset(&m, 0, sizeof(m));
    const uint32_t n = 1 + random_below(MAX_FEATURES);
    const uint32_t n_items = weights == EML_WEIGHTS_NEAREST ? n_classes : 1 + random_below(MAX_ITEMS);
    m.n_features = (uint16_t)n;
    m.n_classes = (uint16_t)n_classes;
    m.n_outputs = (uint16_t)(n_classes ? n_classes : 1);
    m.output = (uint8_t)(weights == EML_WEIGHTS_NEAREST ? EML_DECISION_VALUES : n_classes ? EML_PROBABILITIES : EML_VALUES);
    m.metric = (uint8_t)random_below(3);
    m.weights = (uint16_t)weights;
    m.k = (uint16_t)(weights == EML_WEIGHTS_NEAREST ? n_items : 1 + random_below(MAX_K));
    m.exponent = (int16_t)(is_float ? (int)random_below(40) - 30 : 0);
    m.value_exponent = (int16_t)((int)random_below(60) - 40);
    m.n_items16 = is_float ? 0 : n_items;
    m.n_items32 = is_float ? n_items : 0;
    m.n_labels = n_classes ? n_items : 0;
    m.n_values = n_classes ? 0 : n_items;
    m.n_used = weights == EML_WEIGHTS_NEAREST ? n_items : 1 + random_below(n_items);
    const uint32_t items_size = eml_pad4(n_items * n * (is_float ? 4 : 2));
    m.size = EML_NEIGHBORS_HEADER + items_size + (n_classes ? eml_pad4(2 * n_items) : 4 * n_items);
    uint8_t *body = (uint8_t *)c->words + EML_FILE_HEADER + EML_NEIGHBORS_HEADER;
    const int small = (int)random_below(2); // few different numbers, so that distances tie
    for (uint32_t i = 0; i < n_items; i++) {
        for (uint32_t j = 0; j < n; j++) {
            const int32_t wide = (int32_t)random_runs() >> (is_float ? 1 : 16);
            const int32_t number = small ? (int32_t)random_below(4) : wide;
            c->item[i][j] = number;
            if (is_float) {
                memcpy(body + 4 * (i * n + j), &number, 4);
            } else {
                const int16_t half = (int16_t)number;
                memcpy(body + 2 * (i * n + j), &half, 2);
            }
        }
        c->label[i] = weights == EML_WEIGHTS_NEAREST ? i : n_classes ? random_below(n_classes) : 0;
        c->value[i] = (int32_t)random_runs();
        const uint16_t label = (uint16_t)c->label[i];
        if (n_classes) {
            memcpy(body + items_size + 2 * i, &label, 2);
        } else {
            memcpy(body + items_size + 4 * i, &c->value[i], 4);
        }
    }
    c->words[0] = EML_FILE_MAGIC;
    c->words[1] = EML_FILE_MAJOR | EML_FAMILY_NEIGHBORS << 16;
    memcpy(c->words + EML_FILE_HEADER / 4, &m, EML_NEIGHBORS_HEADER);
    c->size = EML_FILE_HEADER + m.size;
    attempt_seal((uint8_t *)c->words, c->size);
    uint32_t table[256];
    CHECK(eml_neighbors_open(&c->model, c->words, c->size, table) == EML_OK, is_float, n_classes, weights);
}

static wide_t distance(const case_t *c, const int64_t *x, uint32_t i) {
    wide_t sum = 0;
    for (uint32_t j = 0; j < c->model.n_features; j++) {
        const int64_t d = x[j] - c->item[i][j];
        const uint64_t size = (uint64_t)(d < 0 ? -d : d);
        if (c->model.metric == EML_EUCLIDEAN) {
            sum += (wide_t)size * size;
        } else if (c->model.metric == EML_MANHATTAN) {
            sum += size;
        } else {
            sum = size > sum ? size : sum;
        }
    }
    return sum;
}

// Whether the item at this place of the heap is farther than that item; all are nearer than none, MAX_ITEMS.
static int farther(const case_t *c, const int64_t *x, uint32_t a, uint32_t b) {
    return b != MAX_ITEMS && (a == MAX_ITEMS || distance(c, x, a) > distance(c, x, b));
}

// The k nearest, nearest first: their indices. Which of equal ones they are is as a heap of scikit-learn decides, here with its
// root at 0 and swaps. Returns how many.
static uint32_t nearest(const case_t *c, const int64_t *x, uint32_t *found, double *length) {
    const eml_neighbors_t *m = &c->model;
    const uint32_t count = m->k < m->n_used ? m->k : m->n_used;
    for (uint32_t i = 0; i < count; i++) {
        found[i] = MAX_ITEMS;
    }
    for (uint32_t i = 0; i < m->n_used; i++) {
        uint32_t at = 0, swap = 0;
        if (!farther(c, x, found[0], i)) {
            continue;
        }
        found[0] = i;
        do {
            at = swap;
            const uint32_t left = 2 * at + 1, right = left + 1;
            if (left < count && (right >= count || !farther(c, x, found[right], found[left]))) {
                swap = farther(c, x, found[left], i) ? left : at;
            } else if (right < count) {
                swap = farther(c, x, found[right], i) ? right : at;
            }
            found[at] = found[swap];
            found[swap] = i;
        } while (swap != at);
    }
    for (uint32_t i = 0; i < count; i++) { // by distance, then by index
        uint32_t first = i;
        for (uint32_t j = i + 1; j < count; j++) {
            if (farther(c, x, found[first], found[j]) || (!farther(c, x, found[j], found[first]) && found[j] < found[first])) {
                first = j;
            }
        }
        const uint32_t index = found[first];
        found[first] = found[i];
        found[i] = index;
        const double d = (double)distance(c, x, index);
        length[i] = m->metric == EML_EUCLIDEAN ? sqrt(d) : d;
    }
    return count;
}

static void check_sample(const case_t *c, int is_float) {
    const eml_neighbors_t *m = &c->model;
    int64_t x[MAX_FEATURES];
    float floats[MAX_FEATURES], out[MAX_CLASSES];
    int16_t halves[MAX_FEATURES];
    for (uint32_t j = 0; j < m->n_features; j++) { // of 24 bits, so that a float32 holds them in the model's units
        x[j] = is_float ? ((int32_t)random_runs() >> 8) * (random_below(2) ? 64 : 1) : (int16_t)random_runs();
        x[j] = random_below(2) ? (int64_t)random_below(4) : x[j];
        floats[j] = ldexpf((float)x[j], m->exponent);
        halves[j] = (int16_t)x[j];
    }
    const eml_array_t features = { is_float ? (const void *)floats : halves, m->n_features, is_float ? 'f' : 'h' };
    void *scratch = malloc(eml_neighbors_scratch_size(m));
    uint32_t found[MAX_K + MAX_CLASSES], klass = 99;
    double length[MAX_K + MAX_CLASSES], share[MAX_CLASSES] = { 0 }, total = 0, value = 0;
    const uint32_t count = nearest(c, x, found, length);
    CHECK(eml_neighbors_outputs(m, &features, scratch, out, m->n_outputs) == EML_OK, is_float, m->metric, m->weights);
    CHECK(m->n_classes == 0 || eml_neighbors_class(m, &features, scratch, &klass) == EML_OK, 0, 0, 0);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(((const eml_neighbor_t *)scratch)[i + 1].index == found[i], i, found[i], m->metric);
        const double w = m->weights != EML_WEIGHTS_DISTANCE ? 1 : length[0] == 0 ? length[i] == 0 : length[0] / length[i];
        share[c->label[found[i]]] += w;
        value += w * ldexp(c->value[found[i]], m->value_exponent);
        total += w;
    }
    free(scratch);
    if (m->n_classes == 0) {
        // Weights are cut to 2^-31 of the largest, of 7; the mean cannot exceed the largest value, below 2^31 units.
        CHECK(fabs((double)out[0] - value / total) <= ldexp(1, m->value_exponent + 31 - 23), bits_of_float(out[0]), count, m->weights);
        return;
    }
    if (m->weights == EML_WEIGHTS_NEAREST) {
        CHECK(klass == found[0], klass, found[0], 0);
        for (uint32_t i = 0; i < count; i++) { // a relative error of 2^-31, and float32's own
            const double expected = -ldexp(length[i], m->exponent);
            CHECK(fabs((double)out[found[i]] - expected) <= -expected * ldexp(1, -23), found[i], bits_of_float(out[found[i]]), m->metric);
        }
        return;
    }
    uint32_t best = 0;
    double second = -1;
    for (uint32_t k = 0; k < m->n_classes; k++) {
        CHECK(fabs((double)out[k] - share[k] / total) <= ldexp(1, -23), k, bits_of_float(out[k]), m->weights);
        best = share[k] > share[best] ? k : best;
    }
    for (uint32_t k = 0; k < m->n_classes; k++) {
        second = k != best && share[k] > second ? share[k] : second;
    }
    // With weights 1 votes are integers, and the first of equals wins; else what is closer than their error says nothing.
    CHECK(klass == best || (m->weights == EML_WEIGHTS_DISTANCE && share[best] - second < 1e-7), klass, best, m->weights);
}

static void test_search(void) {
    static case_t c;
    for (int round = 0; round < 6000; round++) {
        const uint32_t weights = (uint32_t)round % 3;
        const uint32_t n_classes = weights == EML_WEIGHTS_NEAREST || random_below(2) ? 2 + random_below(MAX_CLASSES - 1) : 0;
        const int is_float = (int)random_below(2);
        random_case(&c, is_float, n_classes, weights);
        for (int row = 0; row < 8; row++) {
            check_sample(&c, is_float);
        }
    }
}

static void test_damage(void) {
    static case_t c;
    unsigned opens = 0;
    for (uint32_t kind = 0; kind < 10; kind++) {
        const uint32_t weights = kind / 2 % 3;
        random_case(&c, (int)(kind & 1), weights == EML_WEIGHTS_NEAREST || kind < 6 ? 3 : 0, weights);
        opens += attempt_damage(c.words, c.size);
    }
    CHECK(opens > 100, opens, 0, 0);
}

int main(void) {
    test_search();
    test_damage();
    printf("%lu checks\n", checks_made);
    return 0;
}
