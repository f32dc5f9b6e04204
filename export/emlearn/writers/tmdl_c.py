"""C of convolutional networks: the file as an array, which the core runs in place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ir.tmdl import Network, Type
from .c import wrap, writes_c
from .tmdl import write

_SOURCE = """// Made by emlearn: {summary}.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_{name}_H
#define EML_MODEL_{name}_H

{all_layers}#include "{header}.h"

// The .tmdl file: header and layers, little-endian.
static const uint32_t {name}_file[{n_words}] = {{
{words}
}};

// Once, before the rest. A run needs eml_cnn_memory_size(m) bytes, aligned to 4.
static inline eml_err_t {name}_open(eml_cnn_t *m) {{
    return eml_cnn_open(m, {name}_file, sizeof {name}_file, {type});
}}

// image: [{h}][{w}][{c}] bytes of 0 to 255{meaning}; out: [{n_outputs}]
static inline eml_err_t {name}_run(const eml_cnn_t *m, const uint8_t *image, void *memory, float *out) {{
    const eml_array_t x = {{ image, {n_inputs}, EML_UINT8 }};
    return {run}(m, &x, memory, out, EML_FLOAT32, {n_outputs});
}}

#endif // EML_MODEL_{name}_H
"""


@writes_c.register
def _(network: Network, name: str, method: str) -> str:
    """Return a C file with ``NAME_open(eml_cnn_t *)`` and ``NAME_run(m, image, memory, out)``."""
    data = write(replace(network, labels=None))
    words = np.frombuffer(data, "<u4").tolist()
    h, w, c = network.input_shape
    int8 = network.type == Type.INT8
    return _SOURCE.format(
        name=name,
        summary=network.summary,
        all_layers="#ifndef EML_CNN_ALL_LAYERS\n#define EML_CNN_ALL_LAYERS\n#endif\n" if network.has_own_kinds else "",
        header="eml_cnn" if int8 else "eml_cnn_f32",
        n_words=len(words),
        words=wrap(f"{word}u" for word in words),
        type="EML_CNN_INT8" if int8 else "EML_CNN_FLOAT32",
        **{"h": h, "w": w, "c": c, "n_inputs": network.n_features, "n_outputs": network.n_outputs},
        meaning="" if int8 else ", which become 0 to 1",
        run="eml_cnn_run" if int8 else "eml_cnn_f32_run",
    )
