"""Compile the C core into the package: `emlearn._eml`, with cffi and the stable ABI.

Run by setup.py. The batch loops below are the only C that the device does not run.
"""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

_INCLUDE = Path(__file__).resolve().parents[2] / "src" / "emlearn"

# Families, by the middle of their names in C, with the header that has all of these, and whether it has the last two:
# eml_F_t, eml_F_open, eml_F_n_outputs, eml_F_scratch_size, eml_F_class, eml_F_outputs; eml_F_n_decision,
# eml_F_decision.
FAMILIES = {
    "trees": ("eml_trees_file.h", False),
    "linear": ("eml_linear.h", True),
    "net": ("eml_net.h", False),
    "neighbors": ("eml_neighbors.h", False),
    "bayes": ("eml_bayes.h", True),
    "mixture": ("eml_mixture.h", True),
    "kernel": ("eml_kernel.h", True),
}

_DECLARE = """
typedef struct { ...; } eml_F_t;
int core_F_open(eml_F_t *m, const uint8_t *data, size_t size);
uint32_t core_F_n_features(const eml_F_t *m);
uint32_t core_F_n_outputs(const eml_F_t *m);
size_t core_F_scratch_size(const eml_F_t *m);
int core_F_classes(const eml_F_t *m, const void *x, char type, size_t n_rows, int32_t *out);
int core_F_outputs(const eml_F_t *m, const void *x, char type, size_t n_rows, float *out, size_t n_out);
"""
_DECLARE_DECISION = """
uint32_t core_F_n_decision(const eml_F_t *m);
int core_F_decision(const eml_F_t *m, const void *x, char type, size_t n_rows, float *out, size_t n_out);
"""
_DECLARE_WORK = """
int core_trees_sums(const eml_trees_t *t, const void *x, char type, size_t n_rows, int64_t *out);
int core_trees_work(const eml_trees_t *t, const void *x, char type, size_t n_rows, uint64_t *counts);
"""

_COMMON = """
#include <stdlib.h>

static eml_array_t core_row(const void *x, char type, size_t n_features, size_t row) {
    const size_t size = type == EML_INT16 ? sizeof(int16_t) : sizeof(float);
    eml_array_t array = { (const uint8_t *)x + row * n_features * size, n_features, type };
    return array;
}
"""

# x: [n_rows][n_features] of float32 ('f') or int16 ('h').
_DEFINE = """
static int core_F_open(eml_F_t *m, const uint8_t *data, size_t size) {
    uint32_t scratch[256];
    return eml_F_open(m, data, size, scratch);
}

static uint32_t core_F_n_features(const eml_F_t *m) {
    return m->n_features;
}

static uint32_t core_F_n_outputs(const eml_F_t *m) {
    return eml_F_n_outputs(m);
}

static size_t core_F_scratch_size(const eml_F_t *m) {
    return eml_F_scratch_size(m);
}

static int core_F_classes(const eml_F_t *m, const void *x, char type, size_t n_rows, int32_t *out) {
    void *scratch = malloc(eml_F_scratch_size(m));
    int err = scratch ? EML_OK : EML_ERR_FULL;
    for (size_t row = 0; row < n_rows && err == EML_OK; row++) {
        const eml_array_t array = core_row(x, type, m->n_features, row);
        uint32_t klass = 0;
        err = eml_F_class(m, &array, scratch, &klass);
        out[row] = (int32_t)klass;
    }
    free(scratch);
    return err;
}
"""
_DEFINE_FLOATS = """
static int core_F_WHAT(const eml_F_t *m, const void *x, char type, size_t n_rows, float *out, size_t n_out) {
    void *scratch = malloc(eml_F_scratch_size(m));
    int err = scratch ? EML_OK : EML_ERR_FULL;
    for (size_t row = 0; row < n_rows && err == EML_OK; row++) {
        const eml_array_t array = core_row(x, type, m->n_features, row);
        err = eml_F_WHAT(m, &array, scratch, out + row * n_out, n_out);
    }
    free(scratch);
    return err;
}
"""
_DEFINE_DECISION = """
static uint32_t core_F_n_decision(const eml_F_t *m) {
    return eml_F_n_decision(m);
}
"""

_WORK = """
// Of models whose leaves are summed: the sums, one a row or one a class.
static int core_trees_sums(const eml_trees_t *t, const void *x, char type, size_t n_rows, int64_t *out) {
    for (size_t row = 0; row < n_rows; row++) {
        const eml_array_t array = core_row(x, type, t->n_features, row);
        const eml_err_t err = eml_trees_check_input(t, &array);
        if (err != EML_OK) {
            return err;
        }
        eml_trees_add_up(t, &array, (uint64_t *)out + row * eml_trees_n_sums(t));
    }
    return EML_OK;
}

// What a class takes for these rows. counts: [6], as _core.TreesWork has them: decisions to the left and to the right,
// leaves with several classes, their entries, rows whose votes are close, and the entries of those.
static int core_trees_work(const eml_trees_t *t, const void *x, char type, size_t n_rows, uint64_t *counts) {
    uint64_t *sums = (uint64_t *)malloc(eml_trees_scratch_size(t));
    int err = sums ? EML_OK : EML_ERR_FULL;
    for (size_t row = 0; row < n_rows && err == EML_OK; row++) {
        const eml_array_t array = core_row(x, type, t->n_features, row);
        uint64_t entries = 0;
        err = eml_trees_check_input(t, &array);
        for (uint32_t tree = 0; tree < t->n_trees && err == EML_OK; tree++) {
            uint32_t ref = eml_trees_index(t, t->roots, tree);
            while (!(ref & EML_TREES_LEAF)) {
                const eml_trees_node_t node = eml_trees_node(t, ref);
                ref = eml_trees_next(t, &node, eml_trees_value(t, &array, node.feature));
                counts[ref != node.left] += node.left != node.right;
            }
            const uint32_t record = (ref ^ EML_TREES_LEAF) - t->n_classes;
            if (eml_trees_has_records(t) && !(record >> 31)) {
                counts[2]++;
                entries += eml_trees_index(t, t->leaf_start, record + 1) - eml_trees_index(t, t->leaf_start, record);
            }
        }
        counts[3] += entries;
        uint32_t klass;
        if (entries && eml_trees_votes(t, &array, (eml_trees_word_t *)(void *)sums)
            && eml_trees_is_close(t, (eml_trees_word_t *)(void *)sums, &klass)) {
            counts[4]++;
            counts[5] += entries;
        }
    }
    free(sums);
    return err;
}
"""

_DECLARE_PIPELINE = """
typedef struct { uint16_t n_features; uint32_t n_model; const uint32_t *model; ...; } eml_pipeline_t;
int core_pipeline_open(eml_pipeline_t *m, const uint8_t *data, size_t size);
uint32_t core_pipeline_n_columns(const eml_pipeline_t *m);
size_t core_pipeline_scratch_size(const eml_pipeline_t *m);
int core_pipeline_apply(const eml_pipeline_t *m, const float *x, size_t n_rows, float *out);
"""
# Steps before a model of another family.
_PIPELINE = """
#include "eml_pipeline.h"

static int core_pipeline_open(eml_pipeline_t *m, const uint8_t *data, size_t size) {
    uint32_t scratch[256];
    return eml_pipeline_open(m, data, size, scratch);
}

static uint32_t core_pipeline_n_columns(const eml_pipeline_t *m) {
    return eml_pipeline_n_columns(m);
}

static size_t core_pipeline_scratch_size(const eml_pipeline_t *m) {
    return eml_pipeline_scratch_size(m);
}

static int core_pipeline_apply(const eml_pipeline_t *m, const float *x, size_t n_rows, float *out) {
    void *scratch = malloc(eml_pipeline_scratch_size(m));
    int err = scratch ? EML_OK : EML_ERR_FULL;
    for (size_t row = 0; row < n_rows && err == EML_OK; row++) {
        const eml_array_t array = core_row(x, EML_FLOAT32, m->n_features, row);
        err = eml_pipeline_apply(m, &array, scratch, out + row * eml_pipeline_n_columns(m));
    }
    free(scratch);
    return err;
}
"""

_DECLARE_FEATURES = """
typedef struct { uint16_t n_features; uint16_t n_columns; uint32_t n_model; const uint32_t *model; ...; }
    eml_features_t;
int core_features_open(eml_features_t *m, const uint8_t *data, size_t size);
size_t core_features_memory_size(const eml_features_t *m);
int core_features_apply(const eml_features_t *m, const void *x, char type, size_t n_rows, float *out);
uint32_t core_block_check(const uint32_t *words, uint32_t room, uint32_t n_values);
uint32_t core_block_columns(const uint32_t *words, uint32_t n_values);
size_t core_block_size(const uint32_t *words, uint32_t n_values);
"""
# Blocks that make columns of a window. Those of the second part are one alone, whose words have been checked.
_FEATURES = """
#include "eml_features.h"

static int core_features_open(eml_features_t *m, const uint8_t *data, size_t size) {
    uint32_t scratch[256];
    return eml_features_open(m, data, size, scratch);
}

static size_t core_features_memory_size(const eml_features_t *m) {
    return eml_features_memory_size(m);
}

static int core_features_apply(const eml_features_t *m, const void *x, char type, size_t n_rows, float *out) {
    void *memory = malloc(eml_features_memory_size(m));
    int err = memory ? EML_OK : EML_ERR_FULL;
    if (memory) {
        eml_features_init(m, memory);
    }
    for (size_t row = 0; row < n_rows && err == EML_OK; row++) {
        const eml_array_t array = core_row(x, type, m->n_features, row);
        err = eml_features_apply(m, memory, &array, out + row * m->n_columns);
    }
    free(memory);
    return err;
}

static uint32_t core_block_check(const uint32_t *words, uint32_t room, uint32_t n_values) {
    return eml_features_check_block(words, room, n_values);
}

static uint32_t core_block_columns(const uint32_t *words, uint32_t n_values) {
    return eml_features_block_columns(words, n_values);
}

static size_t core_block_size(const uint32_t *words, uint32_t n_values) {
    return eml_features_block_size(words, n_values);
}
"""


def _declarations() -> str:
    text = ""
    for family, (_, decides) in FAMILIES.items():
        text += (_DECLARE + (_DECLARE_DECISION if decides else "")).replace("_F_", f"_{family}_")
    return text + _DECLARE_WORK + _DECLARE_PIPELINE + _DECLARE_FEATURES


def _source() -> str:
    text = "".join(f'#include "{header}"\n' for header, _ in FAMILIES.values()) + _COMMON
    for family, (_, decides) in FAMILIES.items():
        part = _DEFINE + _DEFINE_FLOATS.replace("WHAT", "outputs")
        if decides:
            part += _DEFINE_DECISION + _DEFINE_FLOATS.replace("WHAT", "decision")
        text += part.replace("_F_", f"_{family}_")
    return text + _WORK + _PIPELINE + _FEATURES


ffi = FFI()
ffi.cdef(_declarations())
ffi.set_source(
    "emlearn._eml",
    _source(),
    include_dirs=[str(_INCLUDE)],
    depends=[str(header) for header in sorted(_INCLUDE.glob("*.h"))],
    extra_compile_args=["-std=c99", "-O2", "-ffp-contract=off"],
    py_limited_api=True,
)
