"""Compile the C core into the package: `emlearn._eml`, with cffi and the stable ABI.

Run by setup.py. The batch loops below are the only C that the device does not run.
"""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

_INCLUDE = Path(__file__).resolve().parents[2] / "src" / "emlearn"

_DECLARATIONS = """
typedef struct { ...; } eml_trees_t;
int core_trees_open(eml_trees_t *t, const uint8_t *data, size_t size);
uint32_t core_trees_n_features(const eml_trees_t *t);
uint32_t core_trees_n_outputs(const eml_trees_t *t);
int core_trees_classes(const eml_trees_t *t, const void *x, char type, size_t n_rows, int32_t *out);
int core_trees_outputs(const eml_trees_t *t, const void *x, char type, size_t n_rows, float *out);
int core_trees_sums(const eml_trees_t *t, const void *x, char type, size_t n_rows, int64_t *out);
int core_trees_work(
    const eml_trees_t *t, const void *x, char type, size_t n_rows, uint64_t *decisions, uint64_t *entries);
"""

_SOURCE = """
#include <stdlib.h>
#include "eml_trees_file.h"

static int core_trees_open(eml_trees_t *t, const uint8_t *data, size_t size) {
    uint32_t scratch[256];
    return eml_trees_open(t, data, size, scratch);
}

static uint32_t core_trees_n_features(const eml_trees_t *t) {
    return t->n_features;
}

static uint32_t core_trees_n_outputs(const eml_trees_t *t) {
    return eml_trees_n_outputs(t);
}

static eml_array_t core_row(const eml_trees_t *t, const void *x, char type, size_t row) {
    const size_t size = type == EML_INT16 ? sizeof(int16_t) : sizeof(float);
    eml_array_t array = { (const uint8_t *)x + row * t->n_features * size, t->n_features, type };
    return array;
}

// x: [n_rows][n_features] of float32 ('f') or int16 ('h').
static int core_trees_classes(const eml_trees_t *t, const void *x, char type, size_t n_rows, int32_t *out) {
    uint64_t *sums = malloc(sizeof(uint64_t) * eml_trees_n_outputs(t));
    int err = sums ? EML_OK : EML_ERR_FULL;
    for (size_t row = 0; row < n_rows && err == EML_OK; row++) {
        const eml_array_t array = core_row(t, x, type, row);
        uint32_t klass = 0;
        err = eml_trees_class(t, &array, sums, &klass);
        out[row] = (int32_t)klass;
    }
    free(sums);
    return err;
}

static int core_trees_outputs(const eml_trees_t *t, const void *x, char type, size_t n_rows, float *out) {
    const size_t n_out = eml_trees_n_outputs(t);
    uint64_t *sums = malloc(sizeof(uint64_t) * n_out);
    int err = sums ? EML_OK : EML_ERR_FULL;
    for (size_t row = 0; row < n_rows && err == EML_OK; row++) {
        const eml_array_t array = core_row(t, x, type, row);
        err = eml_trees_outputs(t, &array, sums, out + row * n_out, n_out);
    }
    free(sums);
    return err;
}

// Of models whose leaves are summed: the sums, one a row or one a class.
static int core_trees_sums(const eml_trees_t *t, const void *x, char type, size_t n_rows, int64_t *out) {
    for (size_t row = 0; row < n_rows; row++) {
        const eml_array_t array = core_row(t, x, type, row);
        const eml_err_t err = eml_trees_check_input(t, &array);
        if (err != EML_OK) {
            return err;
        }
        eml_trees_add_up(t, &array, (uint64_t *)out + row * eml_trees_n_sums(t));
    }
    return EML_OK;
}

// What prediction has to do for these rows: decisions taken, and entries of leaves with several classes.
static int core_trees_work(
    const eml_trees_t *t, const void *x, char type, size_t n_rows, uint64_t *decisions, uint64_t *entries) {
    *decisions = *entries = 0;
    for (size_t row = 0; row < n_rows; row++) {
        const eml_array_t array = core_row(t, x, type, row);
        const eml_err_t err = eml_trees_check_input(t, &array);
        if (err != EML_OK) {
            return err;
        }
        for (uint32_t tree = 0; tree < t->n_trees; tree++) {
            uint32_t ref = eml_trees_index(t, t->roots, tree);
            while (!(ref & EML_TREES_LEAF)) {
                const eml_trees_node_t node = eml_trees_node(t, ref);
                ref = eml_trees_next(t, &node, eml_trees_value(t, &array, node.feature));
                *decisions += node.left != node.right;
            }
            const uint32_t leaf = ref ^ EML_TREES_LEAF;
            if (eml_trees_has_records(t) && leaf >= t->n_classes) {
                *entries += eml_trees_index(t, t->leaf_start, leaf - t->n_classes + 1)
                    - eml_trees_index(t, t->leaf_start, leaf - t->n_classes);
            }
        }
    }
    return EML_OK;
}
"""

ffi = FFI()
ffi.cdef(_DECLARATIONS)
ffi.set_source(
    "emlearn._eml",
    _SOURCE,
    include_dirs=[str(_INCLUDE)],
    depends=[str(header) for header in sorted(_INCLUDE.glob("*.h"))],
    extra_compile_args=["-std=c99", "-O2", "-ffp-contract=off"],
    py_limited_api=True,
)
