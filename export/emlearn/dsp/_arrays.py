"""NumPy arrays as the C core takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._eml_dsp import ffi


def pointer(array: NDArray[Any]) -> Any:
    """Return the address of a C-contiguous array's first element, as its type."""
    kind = {"f": "float *", "h": "int16_t *", "i": "int32_t *", "d": "double *"}[array.dtype.char]
    return ffi.cast(kind, ffi.from_buffer(array))


def as_float32(x: ArrayLike) -> NDArray[np.float32]:
    """Return x as C-contiguous float32, with one axis or more."""
    return np.ascontiguousarray(x, np.float32)


def as_int16(x: ArrayLike) -> NDArray[np.int16]:
    """Return x as C-contiguous int16, with one axis or more; ValueError for what is no int16."""
    array = np.asarray(x)
    if array.dtype != np.int16:
        if array.dtype.kind not in "iub" or (array.size and not -32768 <= array.min() <= array.max() <= 32767):
            raise ValueError(f"expected int16 samples, got {array.dtype}; scale and round them, such as by 32767")
    return np.ascontiguousarray(array, np.int16)
