"""The layers of a `.tmdl` file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int, int]  # h, w, c


class Type(IntEnum):
    """What values and weights are."""

    INT8 = 0
    FLOAT32 = 2


class Kind(IntEnum):
    """Of a layer; from 0x100 on, those that TinyMaix has not."""

    CONV = 0
    GLOBAL_AVERAGE = 1
    DENSE = 2
    SOFTMAX = 3
    RESHAPE = 4
    DEPTHWISE = 5
    ADD = 6
    MAX_POOL = 0x100
    AVERAGE_POOL = 0x101
    ADD_ACTIVATED = 0x102
    LOGISTIC = 0x103


WITH_WEIGHTS = (Kind.CONV, Kind.DEPTHWISE, Kind.DENSE)
WITH_WINDOW = (Kind.CONV, Kind.DEPTHWISE, Kind.MAX_POOL, Kind.AVERAGE_POOL)
WITH_SECOND = (Kind.ADD, Kind.ADD_ACTIVATED)
LAST = (Kind.SOFTMAX, Kind.LOGISTIC)  # whose output is float32, in place of their input if need be
OURS = 0x100  # kinds from here on


class Activation(IntEnum):
    """What follows a layer's sums."""

    NONE = 0
    RELU = 1
    RELU6 = 3


class Quantisation(NamedTuple):
    """Of an int8 value q: real = scale * (q - zero_point)."""

    scale: float = 1.0
    zero_point: int = 0


class Window(NamedTuple):
    """What a kernel sees.

    Attributes
    ----------
    kernel, stride : tuple of int
        h, w.
    padding : tuple of int
        top, bottom, left, right.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    def output_size(self, h: int, w: int) -> tuple[int, int]:
        """Return how many windows an input has."""
        top, bottom, left, right = self.padding
        return (
            (h + top + bottom - self.kernel[0]) // self.stride[0] + 1,
            (w + left + right - self.kernel[1]) // self.stride[1] + 1,
        )


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer.

    Attributes
    ----------
    kind : Kind
    input_shape, output_shape : tuple of int
        h, w, c.
    input_offset, output_offset : int
        In the main buffer.
    input_q, output_q : Quantisation
        Of int8 only.
    window : Window, optional
        Of convolutions and pooling.
    activation : Activation
    depth_multiplier : int
        Of a depthwise convolution; else 0.
    weights : ndarray of int8 or float32, optional
        Shape (outputs, inputs, kernel h, kernel w), depthwise with 1 for inputs; dense (outputs, inputs).
    weight_scales : ndarray of float32, optional
        Shape (outputs,), dense (1,). Of int8 only.
    bias : ndarray of int32 or float32, optional
        Shape (outputs,).
    second_offset : int
        Of the second input of an addition.
    second_q : Quantisation
    """

    kind: Kind
    input_shape: Shape
    output_shape: Shape
    input_offset: int
    output_offset: int
    input_q: Quantisation = Quantisation()
    output_q: Quantisation = Quantisation()
    window: Window | None = None
    activation: Activation = Activation.NONE
    depth_multiplier: int = 0
    weights: NDArray[Any] | None = None
    weight_scales: NDArray[np.float32] | None = None
    bias: NDArray[Any] | None = None
    second_offset: int = 0
    second_q: Quantisation = Quantisation()

    @property
    def macs(self) -> int:
        """Multiplications that a run does, each with an addition."""
        if self.weights is None:
            return 0
        places = 1 if self.kind == Kind.DENSE else self.output_shape[0] * self.output_shape[1]
        return places * int(self.weights.size)

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return sum(int(array.size) for array in (self.weights, self.bias) if array is not None)
