"""Compile the core's convolutional networks into the package: `emlearn._eml_cnn`, as `_core_build.py` does with models.

Run by setup.py. The functions below are what a native module's binding is on the device.
"""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

_INCLUDE = Path(__file__).resolve().parents[2] / "src" / "emlearn"

_DECLARE = """
typedef struct {
    uint32_t size;
    uint32_t buffer;
    uint32_t work;
    uint8_t type;
    uint16_t in[3];
    uint16_t out[3];
    ...;
} eml_cnn_t;
int cnn_open(eml_cnn_t *m, const void *file, size_t size);
size_t cnn_memory_size(const eml_cnn_t *m);
int cnn_gives_floats(const eml_cnn_t *m);
int cnn_run(
    const eml_cnn_t *m, const void *x, char type, size_t n, size_t rows, void *memory, void *out, char out_type);
"""

_DEFINE = """
#define EML_CNN_ALL_LAYERS
#include "eml_cnn.h"
#include "eml_cnn_f32.h"

// Of the type that the file says.
static int cnn_open(eml_cnn_t *m, const void *file, size_t size) {
    const uint8_t type = size > 4 ? ((const uint8_t *)file)[4] : 0;
    return eml_cnn_open(m, file, size, type == EML_CNN_FLOAT32 ? EML_CNN_FLOAT32 : EML_CNN_INT8);
}

static size_t cnn_memory_size(const eml_cnn_t *m) {
    return eml_cnn_memory_size(m);
}

static int cnn_gives_floats(const eml_cnn_t *m) {
    return eml_cnn_gives_floats(m);
}

static int cnn_run(
    const eml_cnn_t *m, const void *x, char type, size_t n, size_t rows, void *memory, void *out, char out_type) {
    const size_t n_out = eml_cnn_n_outputs(m);
    for (size_t row = 0; row < rows; row++) {
        const eml_array_t input = { (const char *)x + row * n * (type == 'f' ? 4 : 1), n, type };
        void *result = (char *)out + row * n_out * (out_type == 'f' ? 4 : 1);
        const int error = m->type == EML_CNN_INT8 ? eml_cnn_run(m, &input, memory, result, out_type, n_out)
                                                  : eml_cnn_f32_run(m, &input, memory, result, out_type, n_out);
        if (error) {
            return error;
        }
    }
    return 0;
}
"""

ffi = FFI()
ffi.cdef(_DECLARE)
ffi.set_source(
    "emlearn._eml_cnn",
    _DEFINE,
    include_dirs=[str(_INCLUDE)],
    depends=[str(header) for header in sorted(_INCLUDE.glob("*.h"))],
    extra_compile_args=["-std=c99", "-O2", "-ffp-contract=off"],
    py_limited_api=True,
)
