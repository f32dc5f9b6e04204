"""The C core on the host: what the device computes, over NumPy arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

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
    -6: "NaN, infinity, or a number beyond its range",
    -7: "out of memory",
}

_TYPECODES = {np.dtype(np.float32): b"f", np.dtype(np.int16): b"h"}


def _check(err: int) -> None:
    if err:
        raise ValueError(_ERRORS.get(err, f"error {err} in the C core"))


def _rows(X: NDArray[Any], n_features: int) -> tuple[Any, bytes]:
    code = _TYPECODES.get(X.dtype)
    if code is None or X.ndim != 2 or X.shape[1] != n_features or not X.flags.c_contiguous:
        raise ValueError(
            f"expected a C-contiguous float32 or int16 array of shape (n, {n_features}), "
            f"got {X.dtype} of shape {X.shape}"
        )
    return ffi.from_buffer(X), code


class Core:
    """A model of any family, validated and run by the C core.

    Parameters
    ----------
    family : str
        Such as "trees".
    eml : bytes
        The content of an `.eml` file.

    Raises
    ------
    ValueError
        If the device would refuse the file.
    """

    def __init__(self, family: str, eml: bytes) -> None:
        self._family = family
        self._data = ffi.new("uint32_t[]", len(eml) // 4 + 1)  # aligned, as the device has it
        ffi.memmove(self._data, eml, len(eml))
        self._model = ffi.new(f"eml_{family}_t *")
        _check(self._call("open", ffi.cast("uint8_t *", self._data), len(eml)))
        self.n_features: int = self._call("n_features")
        self.n_outputs: int = self._call("n_outputs")
        self.scratch_size: int = self._call("scratch_size")  # bytes, here; elsewhere no more

    def _call(self, name: str, *args: Any) -> Any:
        return getattr(lib, f"core_{self._family}_{name}")(self._model, *args)

    def _input(self, X: NDArray[Any]) -> tuple[Any, bytes]:
        return _rows(X, self.n_features)

    def classes(self, X: NDArray[Any]) -> NDArray[np.int32]:
        """Class numbers, shape (n,), of X, shape (n, n_features), float32 or int16."""
        out = np.empty(len(X), np.int32)
        data, code = self._input(X)
        _check(self._call("classes", data, code, len(X), ffi.cast("int32_t *", ffi.from_buffer(out))))
        return out

    def _floats(self, name: str, X: NDArray[Any], columns: int) -> NDArray[np.float32]:
        out = np.empty((len(X), columns), np.float32)
        data, code = self._input(X)
        _check(self._call(name, data, code, len(X), ffi.cast("float *", ffi.from_buffer(out)), columns))
        return out

    def outputs(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities or values, shape (n, n_outputs), of X, shape (n, n_features), float32 or int16."""
        return self._floats("outputs", X, self.n_outputs)

    def decision(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Decision values, shape (n, 1 or n_classes), of X; ValueError where the family has none."""
        if not hasattr(lib, f"core_{self._family}_decision"):
            raise ValueError(f"a model of {self._family} has no decision function; use predict or predict_proba")
        return self._floats("decision", X, self._call("n_decision"))


class TreesWork(NamedTuple):
    """What trees do for a row, on average.

    Attributes
    ----------
    lefts, rights : float
        Decisions, by which child they lead to.
    records, entries : float
        Leaves with several classes, and entries of these.
    again, entries_again : float
        How often votes are so close that they are counted again, in float64; and the entries of such rows.
    """

    lefts: float
    rights: float
    records: float
    entries: float
    again: float
    entries_again: float

    @property
    def decisions(self) -> float:
        """All of them."""
        return self.lefts + self.rights


class TreesCore(Core):
    """A tree ensemble.

    Parameters
    ----------
    eml : bytes
        The content of an `.eml` file.
    """

    def __init__(self, eml: bytes) -> None:
        super().__init__("trees", eml)

    def work(self, X: NDArray[Any]) -> TreesWork:
        """Count what a row of X takes on average."""
        counts = ffi.new("uint64_t[6]")
        data, code = self._input(X)
        _check(self._call("work", data, code, len(X), counts))
        return TreesWork(*(count / max(len(X), 1) for count in counts))

    def sums(self, X: NDArray[Any], n_sums: int) -> NDArray[np.int64]:
        """Sums of leaves and bases, shape (n, n_sums), of a model that has them; X as for `outputs`."""
        out = np.empty((len(X), n_sums), np.int64)
        data, code = self._input(X)
        _check(self._call("sums", data, code, len(X), ffi.cast("int64_t *", ffi.from_buffer(out))))
        return out


class _Before:
    """What is before a model: methods of that model's core, `_model`, take what `apply` takes."""

    _model: Any = None

    def apply(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """What the model takes, shape (n, n_columns), for X, shape (n, n_features)."""
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.__dict__.get("_model"), name)
        if not callable(found):
            return found

        def of_raw(X: NDArray[Any], *args: Any) -> Any:
            return found(self.apply(X), *args)

        return of_raw


def _model_behind(file: bytes, family: int) -> Any:
    from .ir.schema import SCHEMAS

    return open_core(SCHEMAS[family].FAMILY if family in SCHEMAS else "trees", file)  # which that file says as well


class PipelineCore(_Before):
    """Steps, and the core of the model behind them.

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
        self._data = ffi.new("uint32_t[]", len(eml) // 4 + 1)
        ffi.memmove(self._data, eml, len(eml))
        self._steps = ffi.new("eml_pipeline_t *")
        _check(lib.core_pipeline_open(self._steps, ffi.cast("uint8_t *", self._data), len(eml)))
        self.n_features = int(self._steps.n_features)
        self.scratch_size = int(lib.core_pipeline_scratch_size(self._steps))
        self._n_columns = int(lib.core_pipeline_n_columns(self._steps))
        self._model = _model_behind(bytes(ffi.buffer(self._steps.model, 4 * self._steps.n_model)), eml[23])

    def apply(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the model behind the steps takes, shape (n, n_columns), for X, shape (n, n_features)."""
        if X.dtype != np.float32 or X.shape[1:] != (self.n_features,) or not X.flags.c_contiguous:
            raise ValueError(
                f"expected a C-contiguous float32 array of shape (n, {self.n_features}), got {X.dtype} {X.shape}"
            )
        out = np.empty((len(X), self._n_columns), np.float32)
        data, result = (ffi.cast("float *", ffi.from_buffer(array)) for array in (X, out))
        _check(lib.core_pipeline_apply(self._steps, data, len(X), result))
        return out


class FeaturesCore(_Before):
    """Blocks that make columns of windows, and the core of the model behind them, if there is one.

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
        self._data = ffi.new("uint32_t[]", len(eml) // 4 + 1)
        ffi.memmove(self._data, eml, len(eml))
        self._blocks = ffi.new("eml_features_t *")
        _check(lib.core_features_open(self._blocks, ffi.cast("uint8_t *", self._data), len(eml)))
        self.n_features = int(self._blocks.n_features)
        self.scratch_size = int(lib.core_features_memory_size(self._blocks))
        if self._blocks.n_model:
            self._model = _model_behind(bytes(ffi.buffer(self._blocks.model, 4 * self._blocks.n_model)), eml[23])
        else:
            self.n_outputs = int(self._blocks.n_columns)
            self.outputs = self.apply

    def apply(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Columns, shape (n, n_columns), of windows, shape (n, n_features), float32 or int16."""
        data, code = _rows(X, self.n_features)
        out = np.empty((len(X), int(self._blocks.n_columns)), np.float32)
        _check(lib.core_features_apply(self._blocks, data, code, len(X), ffi.cast("float *", ffi.from_buffer(out))))
        return out


def _words(words: NDArray[np.uint32]) -> Any:
    return ffi.cast("uint32_t *", ffi.from_buffer(np.ascontiguousarray(words, np.uint32)))


class Block(NamedTuple):
    """A block of features: its words begin at `at`, and its first one is `head`; bytes of memory."""

    at: int
    head: int
    columns: int
    size: int

    @property
    def name(self) -> str:
        """The middle of its names in C."""
        return "mel_q15" if self.head & 0x1FF == 0x102 else ("statistics", "spectrum", "mel")[self.head & 0xFF]


def blocks_of(words: NDArray[np.uint32], n_blocks: int, n_values: int) -> list[Block]:
    """Return these blocks for windows of n_values.

    Raises
    ------
    ValueError
        If a block is not valid, or they do not fill the words.
    """
    words = np.ascontiguousarray(words, np.uint32)
    start, at, found = _words(words), 0, list[Block]()
    for _ in range(n_blocks):
        used = int(lib.core_block_check(start + at, len(words) - at, n_values)) if at < len(words) else 0
        if not used:
            raise ValueError("the words of a block are inconsistent")
        columns, size = lib.core_block_columns(start + at, n_values), lib.core_block_size(start + at, n_values)
        found.append(Block(at, int(words[at]), int(columns), int(size)))
        at += used
    if at != len(words):
        raise ValueError("the blocks do not fill their words")
    return found


def block_columns(words: NDArray[np.uint32], n_blocks: int, n_values: int) -> int:
    """Return how many columns these blocks make of a window of n_values; ValueError as `blocks_of`."""
    return sum(block.columns for block in blocks_of(words, n_blocks, n_values))


def open_core(family: str, eml: bytes) -> Any:
    """Return the core of a model of this family: a `Core`, or what has the same methods and a model behind it."""
    if family == "pipeline":
        return PipelineCore(eml)
    if family == "features":
        return FeaturesCore(eml)
    return TreesCore(eml) if family == "trees" else Core(family, eml)
