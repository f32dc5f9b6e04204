"""Convolutional networks as they were trained: a graph of layers of float64. `ir.tmdl` has what devices run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tmdl import WITH_WEIGHTS, Activation, Kind, Shape, Window

__all__ = ["INPUT", "Activation", "Kind", "Layer", "Network", "Shape", "Source", "Window"]

INPUT = -1  # as an input of a layer: the network's


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer.

    Attributes
    ----------
    kind : Kind
        ADD_ACTIVATED and RESHAPE do not occur: an addition has an activation, shapes are how a layer sees its input.
    inputs : tuple of int
        Indices of the layers whose outputs it takes; INPUT for the network's input.
    input_shape, output_shape : tuple of int
        h, w, c.
    name : str
        What the model calls it.
    window : Window, optional
        Of convolutions and pooling.
    activation : Activation
    weights : ndarray of float64, optional
        Shape (outputs, inputs, kernel h, kernel w), depthwise with 1 for inputs; dense (outputs, inputs).
    bias : ndarray of float64, optional
        Shape (outputs,).
    """

    kind: Kind
    inputs: tuple[int, ...]
    input_shape: Shape
    output_shape: Shape
    name: str
    window: Window | None = None
    activation: Activation = Activation.NONE
    weights: NDArray[np.float64] | None = None
    bias: NDArray[np.float64] | None = None

    @property
    def is_weighted(self) -> bool:
        """Whether it is a convolution or dense."""
        return self.kind in WITH_WEIGHTS

    @property
    def is_affine(self) -> bool:
        """Whether each output is its own channel's input times a number, plus one, and nothing is after that."""
        return self.is_scaling and self.activation == Activation.NONE

    @property
    def is_scaling(self) -> bool:
        """Whether it is affine but for an activation."""
        return (
            self.kind == Kind.DEPTHWISE
            and self.window == Window((1, 1))
            and self.input_shape[2] == len(self.parameters[1])
        )

    @property
    def parameters(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weights and biases of a layer that has them."""
        assert self.weights is not None and self.bias is not None
        return self.weights, self.bias


@dataclass(frozen=True, eq=False)
class Network:
    """Layers, each after those that it takes its input from; the last one's output is the network's.

    Attributes
    ----------
    input_shape : tuple of int
        h, w, c.
    layers : tuple of Layer
    """

    input_shape: Shape
    layers: tuple[Layer, ...]

    @property
    def n_features(self) -> int:
        """Values of an input."""
        return math.prod(self.input_shape)

    @property
    def n_classes(self) -> int:
        """Outputs of softmax; 2 of a single logistic function, whose output is the second one's probability; else 0."""
        n = math.prod(self.layers[-1].output_shape)
        if self.layers[-1].kind == Kind.SOFTMAX:
            return n
        return 2 if self.layers[-1].kind == Kind.LOGISTIC and n == 1 else 0

    def consumers(self, index: int) -> list[int]:
        """Return which layers take the output of layer `index`, or the network's input."""
        return [i for i, layer in enumerate(self.layers) if index in layer.inputs]


@dataclass(frozen=True, eq=False)
class Source:
    """What a converter returns: a network whose input's shape may be known by data only.

    Attributes
    ----------
    read : callable
        Takes the shape of a row of data, or None, and returns a Network.
    outputs : callable
        Takes rows as the model does, shape (n, ...), and returns its outputs, shape (n, n_outputs).
    channels_first : bool
        Whether rows are (c, h, w).
    n_dimensions : int
        Of a row where channels are first: 3 of images, 2 of sequences, 1 where the model makes images of them.
    """

    read: Callable[[tuple[int, ...] | None], Network]
    outputs: Callable[[NDArray[Any]], NDArray[Any]]
    channels_first: bool = False
    n_dimensions: int = 3
