"""A converted convolutional network: `Model` for what has images as inputs and a `.tmdl` file."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _cnn_info
from ._cnn_core import CnnCore
from ._cnn_cost import instructions
from ._registry import find
from .certificate import Certificate
from .ir.cnn import Shape, Source
from .ir.document import Document, Golden
from .ir.tmdl import Network, Type
from .model import Model
from .writers import tmdl


class Taken(NamedTuple):
    """How the model that was converted takes its input: the file takes (x + shift) * factor.

    Attributes
    ----------
    shape : tuple of int
        h, w, c.
    channels_first : bool
        Whether rows are (c, h, w).
    n_dimensions : int
        Of a row where channels are first: see `Source`.
    bytes : bool
        Whether bytes mean what the model was trained on.
    shift, factor : float
    """

    shape: Shape
    channels_first: bool = False
    n_dimensions: int = 3
    bytes: bool = True
    shift: float = 0.0
    factor: float = 1.0


class CnnModel(Model):
    """A convolutional network that `convert` or `load` made.

    It has the methods of `Model`. X is images as the model that was converted takes them, of shape (n, h, w, c), or
    (n, c, h, w) of PyTorch, without h for sequences; or rows of h * w * c values in this order, channels last. Floats
    are as that model takes them, of a loaded file as the file does. uint8 are bytes as a device takes them: 0 to 255
    for what was 0 to 255, or 0 to 1, when it was converted.
    """

    def __init__(self, document: Document, *, estimator: Any = None, taken: Taken | None = None) -> None:
        self._taken = Taken(document.tables.input_shape) if taken is None else taken
        super().__init__(document, estimator=estimator)

    def info(self) -> dict[str, Any]:
        """Return facts about the model, by name: sizes in bytes, counts, labels; layers, memory, and usual chips.

        What it takes to run is estimated, see `emlearn info`.
        """
        labels = self.classes_.tolist() if self.is_classifier else []
        return _cnn_info.info(self.document()) | {"labels": labels, "certificate": self.certificate}

    def certify(self, X: Any, y: Any = None, *, estimator: Any = None) -> Certificate:
        """Compare with the model that was converted on every row: see `Model.certify`.

        Rows kept for `save` take at most a quarter of the file, but there is one.
        """
        certificate = super().certify(X, y, estimator=estimator)
        name = type(self.estimator if estimator is None else estimator).__name__
        self.certificate = replace(certificate, estimator=name)
        return self.certificate

    def golden_of(self, raw: NDArray[Any]) -> Golden:
        """Return these rows, as bytes where the network is of int8, with their outputs, for the device to replay."""
        if self.tables.type == Type.INT8 and raw.dtype != np.uint8:
            q = self.tables.layers[0].input_q
            values = np.floor(raw.astype(np.float64) / q.scale + 0.5) + q.zero_point
            raw = (np.clip(values, -128, 127) + 128).astype(np.uint8)
        classes = self._core.classes(raw) if self.is_classifier else np.zeros(len(raw), np.int32)
        return Golden(raw, classes.astype(np.uint32), self._core.run(raw))

    def check_format(self, name: str) -> None:
        """Raise ValueError unless the format holds networks."""
        if name not in ("tmdl", "c"):
            raise ValueError(f"format {name!r} holds no convolutional networks; save them as 'tmdl', in x.tmdl, or 'c'")

    def _open(self) -> tuple[int, Any]:
        file = tmdl.write(replace(self.tables, labels=None))
        return len(file), _Core(file, self.tables)

    def _raw(self, X: Any) -> NDArray[Any]:
        """Rows as the file takes them, of uint8 or float32."""
        rows = as_rows(X, self._taken)
        if rows.dtype == np.uint8:
            if not self._taken.bytes:
                raise ValueError("this model was converted with data that is not bytes; pass floats like those")
            return rows
        return ((rows.astype(np.float64) + self._taken.shift) * self._taken.factor).astype(np.float32)

    _input = _raw

    def _for_estimator(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Rows as the model that was converted takes their values, channels last."""
        numbers = raw.astype(np.float64)
        if raw.dtype == np.uint8 and self.tables.type == Type.INT8:
            q = self.tables.layers[0].input_q
            numbers = (numbers - 128 - q.zero_point) * q.scale
        elif raw.dtype == np.uint8:
            numbers = numbers / 255.0
        return (numbers / self._taken.factor - self._taken.shift).astype(np.float32)

    def _reference(self, estimator: Any) -> Any:
        source = find(estimator)(estimator)
        if not isinstance(source, Source):
            raise ValueError(f"{type(estimator).__name__} is no convolutional network, which this was converted from")
        return _Reference(source, self._taken.shape, self.tables)

    def _estimated(self, raw: NDArray[Any]) -> dict[str, int]:
        return instructions(self.tables)

    def _most_golden(self, raw: NDArray[Any], most: int) -> int:
        size = 1 if self.tables.type == Type.INT8 else raw.itemsize
        row: int = self.n_features_in_ * size + 4 + 4 * self.tables.n_outputs
        return max(1, min(most, self.nbytes // 4 // row))


class _Core:
    """The C core with a column for each class of two."""

    def __init__(self, file: bytes, network: Network) -> None:
        self._core, self._network = CnnCore(file), network

    def run(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(self._core.run(raw))

    def outputs(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        return of_classes(self.run(raw), self._network.n_classes)

    def decision(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        return self.outputs(raw)

    def classes(self, raw: NDArray[Any]) -> NDArray[np.int32]:
        return np.asarray(np.argmax(self.outputs(raw), axis=1), np.int32)


class _Reference:
    """The model that was converted, with scikit-learn's methods, for rows with channels last."""

    def __init__(self, source: Source, shape: Shape, network: Network) -> None:
        self._source, self._shape, self._network = source, shape, network
        if network.n_classes:
            self.classes_ = np.arange(network.n_classes) if network.labels is None else np.array(network.labels)
            self.predict_proba = self._outputs

    def _outputs(self, rows: NDArray[Any]) -> NDArray[Any]:
        found = self._source.outputs(as_taken(rows, self._shape, self._source))
        return of_classes(found.reshape(len(rows), -1), self._network.n_classes)

    def predict(self, rows: NDArray[Any]) -> NDArray[Any]:
        outputs = self._outputs(rows)
        if self._network.n_classes:
            return np.asarray(self.classes_[np.argmax(outputs, axis=1)])
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs


def of_classes(outputs: NDArray[Any], n_classes: int) -> NDArray[Any]:
    """Return probabilities of both classes where there is one number."""
    if n_classes == 2 and outputs.shape[1] == 1:
        return np.concatenate((1.0 - outputs, outputs), axis=1).astype(outputs.dtype)
    return outputs


def as_rows(X: Any, taken: Taken) -> NDArray[Any]:
    """Return X as numbers of shape (n, h * w * c), channels last.

    Raises
    ------
    ValueError
        If X has another shape or is not numeric.
    """
    images = np.asarray(X)
    if images.dtype.kind not in "biuf":
        raise ValueError(f"X must be numeric, not of dtype {images.dtype}")
    (h, w, c), n = taken.shape, math.prod(taken.shape)
    if taken.channels_first:
        whole = (c, h, w) if taken.n_dimensions == 3 else (c, w)
        matches = images.shape[1:] == whole
        images = np.moveaxis(images, 1, -1) if matches else images
    else:
        whole = (h, w, c)
        matches = [size for size in images.shape[1:] if size > 1] == [size for size in whole if size > 1]
    if images.ndim < 2 or not (images.shape[1:] == (n,) or matches):
        wanted = ("n", *whole)
        hint = "; for one image pass X[None]" if images.size == n else ""
        raise ValueError(f"X must have shape ({', '.join(map(str, wanted))}), got {np.shape(X)}{hint}")
    return np.ascontiguousarray(images.reshape(len(images), n))


def as_taken(rows: NDArray[Any], shape: Shape, source: Source) -> NDArray[Any]:
    """Return rows with channels last as the model that was converted takes them."""
    if not source.channels_first:
        return rows
    h, w, c = shape
    images = np.ascontiguousarray(np.moveaxis(rows.reshape(-1, h, w, c), -1, 1))
    return images.reshape(len(rows), *{1: (h * w * c,), 2: (c, w), 3: (c, h, w)}[source.n_dimensions])
