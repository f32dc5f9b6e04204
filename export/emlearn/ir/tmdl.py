"""Convolutional networks as a `.tmdl` file has them: layers and their places. docs/formats.md has the layout."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from .document import Label, Output, check_labels
from .tmdl_layers import (
    LAST,
    OURS,
    WITH_SECOND,
    WITH_WEIGHTS,
    WITH_WINDOW,
    Activation,
    Kind,
    Layer,
    Quantisation,
    Shape,
    Type,
    Window,
)
from .tmdl_rules import check_network

__all__ = [
    "LAST",
    "OURS",
    "WITH_SECOND",
    "WITH_WEIGHTS",
    "WITH_WINDOW",
    "Activation",
    "Kind",
    "Layer",
    "Network",
    "Quantisation",
    "Shape",
    "Type",
    "Window",
]


@dataclass(frozen=True, eq=False)
class Network:
    """A network whose layers run in this order, the last one's output being the network's.

    Raises ValueError when made of layers that a device would refuse.

    Attributes
    ----------
    type : Type
    input_shape : tuple of int
        h, w, c.
    layers : tuple of Layer
    buffer : int
        Bytes of the main buffer.
    labels : tuple of int or str, optional
        Class labels, unless they are 0, 1, 2...
    """

    FAMILY: ClassVar[str] = "cnn"

    type: Type
    input_shape: Shape
    layers: tuple[Layer, ...]
    buffer: int
    labels: tuple[Label, ...] | None = None

    def __post_init__(self) -> None:
        check_network(self.type, self.input_shape, self.layers, self.buffer)
        check_labels(self.labels, self.n_classes or self.n_outputs)

    @property
    def n_features(self) -> int:
        """Values of an input."""
        return math.prod(self.input_shape)

    @property
    def n_outputs(self) -> int:
        """Values of an output."""
        return math.prod(self.layers[-1].output_shape)

    @property
    def n_classes(self) -> int:
        """Number of classes: 2 for a single probability; 0 where the outputs are none, and there are no labels."""
        if self.output == Output.PROBABILITIES:
            return max(self.n_outputs, 2)
        return 0 if self.labels is None else self.n_outputs

    @property
    def output(self) -> Output:
        """What the outputs are."""
        last = self.layers[-1].kind
        if last == Kind.SOFTMAX or (last == Kind.LOGISTIC and self.n_outputs == 1):  # of several each is of its own
            return Output.PROBABILITIES
        return Output.VALUES if self.labels is None else Output.DECISION_VALUES

    @property
    def gives_floats(self) -> bool:
        """Whether the output is of float32 in files of int8 too."""
        return self.type == Type.FLOAT32 or self.layers[-1].kind in LAST

    @property
    def typecode(self) -> str:
        """Of the inputs as the network was trained on them: always "f"."""
        return "f"

    @property
    def dtype_name(self) -> str:
        """What the network computes with, in words."""
        return "int8" if self.type == Type.INT8 else "float"

    @property
    def macs(self) -> int:
        """Multiplications of a run, each with an addition."""
        return sum(layer.macs for layer in self.layers)

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return sum(layer.n_parameters for layer in self.layers)

    @property
    def has_own_kinds(self) -> bool:
        """Whether it has layers that TinyMaix has not."""
        return any(layer.kind >= OURS for layer in self.layers)

    @property
    def summary(self) -> str:
        """The network in a few words."""
        shape = "x".join(map(str, self.input_shape))
        return f"{len(self.layers)} layers, {shape} -> {self.n_outputs}, {self.macs:,} MACs, {self.dtype_name}"

    def facts(self) -> dict[str, Any]:
        """Return facts about the network that only its family has, by name."""
        return {
            "input_shape": list(self.input_shape),
            "output_shape": list(self.layers[-1].output_shape),
            "n_layers": len(self.layers),
            "n_parameters": self.n_parameters,
            "n_macs": self.macs,
            "n_buffer_bytes": self.buffer,
        }
