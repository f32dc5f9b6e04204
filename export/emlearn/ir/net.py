"""Dense networks, before (`Network`) and after (`Net`) rounding. See docs/formats.md#net."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .document import Label, Output
from .schema import MAX_COUNT, Schema, array, number

MAX_SHIFT = 400


class Kind(IntEnum):
    """What weights are; `eml_net_kind_t` in src/emlearn/eml_net_data.h."""

    INT32 = 0
    INT16 = 1
    INT8 = 2


class Activation(IntEnum):
    """What follows the sums of a layer; `eml_net_activation_t` in src/emlearn/eml_net_data.h."""

    IDENTITY = 0
    RELU = 1
    SIGMOID = 2
    TANH = 3
    EXP = 4
    SOFTMAX = 5


@dataclass(frozen=True, eq=False)
class Layer:
    """A dense layer as the estimator has it.

    Attributes
    ----------
    coef : ndarray of float64, shape (n_out, n_in)
    intercept : ndarray of float64, shape (n_out,)
    activation : Activation
    """

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    activation: Activation = Activation.IDENTITY


@dataclass(frozen=True, eq=False)
class Network:
    """Layers, one after the other.

    Attributes
    ----------
    layers : tuple of Layer
        The last one of a classifier: one output and SIGMOID for two classes, or one output a class and SOFTMAX.
    n_classes : int
        0 for regression.
    labels : tuple of int or str, optional
        Class labels, unless they are 0, 1, 2...
    classes : ndarray, optional
        Class labels as the estimator has them.
    """

    layers: tuple[Layer, ...]
    n_classes: int = 0
    labels: tuple[Label, ...] | None = None
    classes: NDArray[Any] | None = None

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.layers[0].coef.shape[1])


@dataclass(frozen=True, eq=False, kw_only=True)
class Net(Schema):
    """A device-ready network: the layers' numbers, one layer after the other.

    Attributes
    ----------
    kind : int
        A `Kind`.
    n_layers, width : int
        Number of layers; outputs of the widest, or the number of features where that is larger.
    n_columns, n_rows, n_scales, n_int32, n_int16, n_int8 : int
        Lengths of arrays.
    sizes : ndarray of uint16, shape (n_layers,)
        Outputs of each layer.
    activations : ndarray of uint8, shape (n_layers,)
        An `Activation` each.
    shift : ndarray of int16, shape (n_columns,)
        The weights of input i are in units of 2^shift[i]; after those of a layer, its biases.
    scale : ndarray of uint16, shape (n_scales,)
        The weights of an output are in units of this as well; for int16 and int8.
    bias : ndarray of int32, shape (n_rows,)
    weights32, weights16, weights8 : ndarray
        Of each layer (outputs, inputs); those of another kind than `kind` are empty.
    """

    FAMILY: ClassVar[str] = "net"
    NUMBER: ClassVar[int] = 7

    kind: int = number("u1")
    n_layers: int = number("u2")
    width: int = number("u2")
    n_columns: int = number("u4")
    n_rows: int = number("u4")
    n_scales: int = number("u4")
    n_int32: int = number("u4")
    n_int16: int = number("u4")
    n_int8: int = number("u4")
    sizes: NDArray[np.uint16] = array("u2", "n_layers")
    activations: NDArray[np.uint8] = array("u1", "n_layers")
    shift: NDArray[np.int16] = array("i2", "n_columns")
    scale: NDArray[np.uint16] = array("u2", "n_scales")
    bias: NDArray[np.int32] = array("i4", "n_rows")
    weights32: NDArray[np.int32] = array("i4", "n_int32")
    weights16: NDArray[np.int16] = array("i2", "n_int16")
    weights8: NDArray[np.int8] = array("i1", "n_int8")

    def validate(self) -> None:
        """Raise ValueError unless the device would accept this."""
        if self.kind not in list(Kind):
            raise ValueError(f"kind is {self.kind}, not 0..2")
        sizes = [self.n_features, *self.sizes.tolist()]
        if len(sizes) == 1 or min(sizes) == 0:
            raise ValueError("there are no layers, or one is empty")
        n_weights = sum(n_in * n_out for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True))
        if n_weights >= MAX_COUNT:
            raise ValueError(f"{n_weights:,} weights; there is room for {MAX_COUNT - 1:,}")
        counts = [0, 0, 0]
        counts[self.kind] = n_weights
        n_rows = sum(sizes[1:])
        n_scales = 0 if self.kind == Kind.INT32 else n_rows
        expected = (max(sizes), sum(sizes[:-1]) + self.n_layers, n_rows, n_scales, *counts)
        lengths = (self.width, self.n_columns, self.n_rows, self.n_scales, self.n_int32, self.n_int16, self.n_int8)
        if lengths != expected:
            raise ValueError(f"lengths {lengths} do not go with layers of {sizes}; expected {expected}")
        *hidden, last = self.activations.tolist()
        if last > Activation.SOFTMAX or any(activation > Activation.EXP for activation in hidden):
            raise ValueError("an activation is unknown, or softmax is not the last")
        binary = self.n_classes == 2 and last == Activation.SIGMOID and sizes[-1] == 1
        one_a_class = self.n_classes >= 2 and last == Activation.SOFTMAX and sizes[-1] == self.n_classes
        if not (binary or one_a_class if self.n_classes else last != Activation.SOFTMAX):
            raise ValueError(f"{sizes[-1]} outputs, activation {last} do not go with {self.n_classes} classes")
        if np.any(np.abs(self.shift.astype(int)) > MAX_SHIFT):
            raise ValueError("a shift is outside -400..400")

    @property
    def n_outputs(self) -> int:
        """Number of outputs: of the last layer, or both probabilities of two classes; 0 without a layer."""
        return self.n_classes or sum(self.sizes[-1:].tolist())

    @property
    def output(self) -> Output:
        """What the outputs are."""
        return Output.PROBABILITIES if self.n_classes else Output.VALUES

    @property
    def dtype_name(self) -> str:
        """What the model computes with, in words."""
        return ("float", "int16", "int8")[self.kind]

    @property
    def summary(self) -> str:
        """The model in a few words."""
        layers = "-".join(map(str, [self.n_features, *self.sizes.tolist()]))
        task = f"{self.n_classes} classes" if self.n_classes else "regression"
        return f"net {layers}, {task}, {self.dtype_name}"

    def facts(self) -> dict[str, Any]:
        """Return facts about the model that only its family has, by name."""
        names = [Activation(activation).name.lower() for activation in self.activations.tolist()]
        return super().facts() | {"layers": [self.n_features, *self.sizes.tolist()], "activations": names}
