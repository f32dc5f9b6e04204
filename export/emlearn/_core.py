"""The C core on the host: what the device computes, over NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._eml import ffi, lib

# eml_err_t, see eml_common.h
_ERRORS = {
    -1: "wrong number of features",
    -2: "this model does not take features of this type",
    -3: "inconsistent model",
    -4: "not an .eml file, or damaged",
    -5: "an .eml file of another version or family",
    -7: "out of memory",
}

_TYPECODES = {np.dtype(np.float32): b"f", np.dtype(np.int16): b"h"}


def _check(err: int) -> None:
    if err:
        raise ValueError(_ERRORS.get(err, f"error {err} in the C core"))


class TreesCore:
    """A tree ensemble, validated and run by the C core.

    Parameters
    ----------
    eml : bytes
        The content of an `.eml` file.

    Raises
    ------
    ValueError
        If the device would refuse the file.
    """

    def __init__(self, eml: bytes) -> None:
        self._data = ffi.new("uint32_t[]", len(eml) // 4 + 1)  # aligned, as the device has it
        ffi.memmove(self._data, eml, len(eml))
        self._trees = ffi.new("eml_trees_t *")
        _check(lib.core_trees_open(self._trees, ffi.cast("uint8_t *", self._data), len(eml)))
        self.n_features: int = lib.core_trees_n_features(self._trees)
        self.n_outputs: int = lib.core_trees_n_outputs(self._trees)

    def _input(self, X: NDArray[Any]) -> tuple[Any, bytes]:
        code = _TYPECODES.get(X.dtype)
        if code is None or X.ndim != 2 or X.shape[1] != self.n_features or not X.flags.c_contiguous:
            raise ValueError(
                f"expected a C-contiguous float32 or int16 array of shape (n, {self.n_features}), "
                f"got {X.dtype} of shape {X.shape}"
            )
        return ffi.from_buffer(X), code

    def classes(self, X: NDArray[Any]) -> NDArray[np.int32]:
        """Class numbers, shape (n,), of X, shape (n, n_features), float32 or int16."""
        out = np.empty(len(X), np.int32)
        data, code = self._input(X)
        _check(lib.core_trees_classes(self._trees, data, code, len(X), ffi.cast("int32_t *", ffi.from_buffer(out))))
        return out

    def work(self, X: NDArray[Any]) -> tuple[float, float]:
        """Decisions, and entries of leaves with several classes, that a row of X takes on average."""
        counts = ffi.new("uint64_t[2]")
        data, code = self._input(X)
        _check(lib.core_trees_work(self._trees, data, code, len(X), counts, counts + 1))
        rows = max(len(X), 1)
        return counts[0] / rows, counts[1] / rows

    def outputs(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities or values, shape (n, n_outputs), of X, shape (n, n_features), float32 or int16."""
        out = np.empty((len(X), self.n_outputs), np.float32)
        data, code = self._input(X)
        _check(lib.core_trees_outputs(self._trees, data, code, len(X), ffi.cast("float *", ffi.from_buffer(out))))
        return out

    def sums(self, X: NDArray[Any], n_sums: int) -> NDArray[np.int64]:
        """Sums of leaves and bases, shape (n, n_sums), of a model that has them; X as for `outputs`."""
        out = np.empty((len(X), n_sums), np.int64)
        data, code = self._input(X)
        _check(lib.core_trees_sums(self._trees, data, code, len(X), ffi.cast("int64_t *", ffi.from_buffer(out))))
        return out
