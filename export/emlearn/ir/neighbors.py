"""Nearest neighbours, before (`NeighborsModel`) and after (`Neighbors`) rounding. See docs/formats.md#neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .document import Label, Output
from .schema import Schema, array, number

MIN_EXPONENT, MAX_EXPONENT = -156, 97
MAX_VALUE_EXPONENT = 400


class Metric(IntEnum):
    """How distances are measured; `eml_metric_t` in src/emlearn/eml_neighbors_data.h."""

    EUCLIDEAN = 0
    MANHATTAN = 1
    CHEBYSHEV = 2


class Weights(IntEnum):
    """How neighbours vote; `eml_weights_t` in src/emlearn/eml_neighbors_data.h."""

    UNIFORM = 0
    DISTANCE = 1
    NEAREST = 2


@dataclass(frozen=True, eq=False)
class NeighborsModel:
    """Items as the estimator has them.

    Attributes
    ----------
    items : ndarray of float64, shape (n_items, n_features)
    targets : ndarray, shape (n_items,)
        Class numbers, integers; or values, float64.
    k : int
        Neighbours that decide.
    metric : Metric
    weights : Weights
    n_classes : int
        0 for regression.
    labels : tuple of int or str, optional
        Class labels, unless they are 0, 1, 2...
    classes : ndarray, optional
        Class labels as the estimator has them.
    """

    items: NDArray[np.float64]
    targets: NDArray[Any]
    k: int
    metric: Metric
    weights: Weights
    n_classes: int = 0
    labels: tuple[Label, ...] | None = None
    classes: NDArray[Any] | None = None

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.items.shape[1])


@dataclass(frozen=True, eq=False, kw_only=True)
class Neighbors(Schema):
    """A device-ready model of nearest neighbours.

    Attributes
    ----------
    metric : int
        A `Metric`.
    weights : int
        A `Weights`.
    k : int
    exponent : int
        items32 are in units of 2^exponent.
    value_exponent : int
        Values are in units of 2^value_exponent.
    n_items16, n_items32 : int
        Room for items: one of the two is 0.
    n_labels, n_values : int
        As many as items: one of the two is 0.
    n_used : int
        Items that are there; a device may learn more.
    items16 : ndarray of int16, shape (n_items16, n_features)
    items32 : ndarray of int32, shape (n_items32, n_features)
    class_numbers : ndarray of uint16, shape (n_labels,)
    values : ndarray of int32, shape (n_values,)
    """

    FAMILY: ClassVar[str] = "neighbors"
    NUMBER: ClassVar[int] = 3

    metric: int = number("u1")
    weights: int = number("u2")
    k: int = number("u2")
    exponent: int = number("i2")
    value_exponent: int = number("i2")
    n_items16: int = number("u4")
    n_items32: int = number("u4")
    n_labels: int = number("u4")
    n_values: int = number("u4")
    n_used: int = number("u4")
    items16: NDArray[np.int16] = array("i2", "n_items16", "n_features")
    items32: NDArray[np.int32] = array("i4", "n_items32", "n_features")
    class_numbers: NDArray[np.uint16] = array("u2", "n_labels")
    values: NDArray[np.int32] = array("i4", "n_values")

    def validate(self) -> None:
        """Raise ValueError unless the device would accept this."""
        n_items = self.n_items16 + self.n_items32
        if self.metric not in list(Metric) or self.weights not in list(Weights):
            raise ValueError(f"metric {self.metric} and weights {self.weights} are not both 0..2")
        if self.k < 1 or self.n_used > n_items or (self.n_items16 and self.n_items32):
            raise ValueError(f"k is {self.k}, with {self.n_used} of {self.n_items16} and {self.n_items32} items")
        if (self.n_labels, self.n_values) != ((n_items, 0) if self.n_classes else (0, n_items)):
            raise ValueError(f"{self.n_labels} labels and {self.n_values} values for {n_items} items")
        in_range = MIN_EXPONENT <= self.exponent <= MAX_EXPONENT and abs(self.value_exponent) <= MAX_VALUE_EXPONENT
        if not in_range:
            raise ValueError(f"exponent {self.exponent} or value_exponent {self.value_exponent} is out of range")
        if self.n_classes and np.any(self.class_numbers[: self.n_used] >= self.n_classes):
            raise ValueError("a class number is too large")
        if self.weights == Weights.NEAREST:
            one_each = self.n_classes == n_items == self.n_used == self.k
            if not one_each or not np.array_equal(self.class_numbers, np.arange(n_items)):
                raise ValueError("weights 2 go with one item a class, in their order")

    @property
    def output(self) -> Output:
        """What the outputs are."""
        return Output.DECISION_VALUES if self.weights == Weights.NEAREST else super().output

    @property
    def typecode(self) -> str:
        """Of the raw features: "h" for items of int16."""
        return "h" if self.n_items16 else "f"

    @property
    def dtype_name(self) -> str:
        """What the model computes with, in words."""
        return "int16" if self.n_items16 else "float"

    def facts(self) -> dict[str, Any]:
        """Return facts about the model that only its family has, by name."""
        return super().facts() | {
            "metric": Metric(self.metric).name.lower(),
            "weights": Weights(self.weights).name.lower(),
            "k": self.k,
            "n_items": self.n_used,
        }
