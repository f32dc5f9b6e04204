"""The C core's convolutional networks on the host: what the device computes, over NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._eml_cnn import ffi, lib
from .ir.tmdl import Shape, Type

# eml_err_t, see eml_common.h
_ERRORS = {
    -1: "wrong number of inputs",
    -2: "this network does not take or give numbers of this type",
    -3: "inconsistent network",
    -4: "not a .tmdl file, or damaged",
    -5: "a .tmdl file of another version or type, or with a layer or an activation that is not implemented",
    -6: "NaN or infinity among the inputs",
}

_TYPECODES = {np.dtype(np.uint8): b"B", np.dtype(np.int8): b"b", np.dtype(np.float32): b"f"}
_TAKEN = {Type.INT8: b"Bbf", Type.FLOAT32: b"Bf"}


def _check(err: int) -> None:
    if err:
        raise ValueError(_ERRORS.get(err, f"error {err} in the C core"))


class CnnCore:
    """A convolutional network, validated and run by the C core.

    Parameters
    ----------
    file : bytes
        The content of a `.tmdl` file.

    Attributes
    ----------
    type : Type
        Of its weights and values.
    input_shape, output_shape : tuple of int
        h, w, c.
    buffer, work : int
        Bytes of the main buffer, and of what the layer that needs most has beside it.
    memory_size : int
        Bytes of both.
    size : int
        Of header and layers; the trailers follow.
    gives_floats : bool
        Whether the output is float32 and nothing else.

    Raises
    ------
    ValueError
        If the device would refuse the file.
    """

    def __init__(self, file: bytes) -> None:
        self._file = ffi.new("uint32_t[]", len(file) // 4 + 1)  # aligned, as the device has it
        ffi.memmove(self._file, file, len(file))
        self._model = ffi.new("eml_cnn_t *")
        _check(lib.cnn_open(self._model, self._file, len(file)))
        self.type = Type(self._model.type)
        self.input_shape: Shape = tuple(getattr(self._model, "in"))
        self.output_shape: Shape = tuple(self._model.out)
        self.size: int = self._model.size
        self.buffer: int = self._model.buffer
        self.work: int = self._model.work
        self.memory_size: int = lib.cnn_memory_size(self._model)
        self.gives_floats = bool(lib.cnn_gives_floats(self._model))

    @property
    def n_inputs(self) -> int:
        """Values of an input."""
        h, w, c = self.input_shape
        return h * w * c

    @property
    def n_outputs(self) -> int:
        """Values of an output."""
        h, w, c = self.output_shape
        return h * w * c

    def run(self, X: NDArray[Any], out: str = "f") -> NDArray[Any]:
        """Run the network.

        Parameters
        ----------
        X : ndarray of uint8, int8 or float32, shape (n, n_inputs)
            C-contiguous. int8 only for networks of int8.
        out : str
            'f' for float32; 'b' for int8, which networks of int8 give unless they end in a softmax or logistic function

        Returns
        -------
        ndarray of float32 or int8, shape (n, n_outputs)

        Raises
        ------
        ValueError
            For other arrays, and for NaN and infinity.
        """
        code = _TYPECODES.get(X.dtype, b"-")
        if code not in _TAKEN[self.type] or X.ndim != 2 or X.shape[1] != self.n_inputs or not X.flags.c_contiguous:
            names = "uint8, int8 or float32" if self.type == Type.INT8 else "uint8 or float32"
            raise ValueError(
                f"expected a C-contiguous {names} array of shape (n, {self.n_inputs}), got {X.dtype} of shape {X.shape}"
            )
        if out not in ("f", "b") or (out == "b" and self.gives_floats):
            expected = "'f', as this network gives float32" if self.gives_floats else "'f' or 'b'"
            raise ValueError(f"expected out={expected}, got {out!r}")
        result = np.empty((len(X), self.n_outputs), np.float32 if out == "f" else np.int8)
        memory = ffi.new("uint32_t[]", self.memory_size // 4 + 1)
        data, target = ffi.from_buffer(X), ffi.from_buffer(result)
        _check(lib.cnn_run(self._model, data, code, self.n_inputs, len(X), memory, target, out.encode()))
        return result
