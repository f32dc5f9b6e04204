"""Linear models, before (`LinearModel`) and after (`Linear`) rounding. See docs/formats.md#linear."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .document import Label, Output
from .schema import Schema, array, number

MAX_SHIFT = 400


class Link(IntEnum):
    """How decision values become outputs; `eml_linear_link_t` in src/emlearn/eml_linear.h."""

    IDENTITY = 0
    SIGMOID = 1
    SOFTMAX = 2
    OVR = 3


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Coefficients as the estimator has them.

    Attributes
    ----------
    coef : ndarray of float64, shape (n_rows, n_features)
        One row for two classes, else one a class; or one a value of regression.
    intercept : ndarray of float64, shape (n_rows,)
    n_classes : int
        0 for regression.
    link : Link
    labels : tuple of int or str, optional
        Class labels, unless they are 0, 1, 2...
    classes : ndarray, optional
        Class labels as the estimator has them.
    """

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    n_classes: int = 0
    link: Link = Link.IDENTITY
    labels: tuple[Label, ...] | None = None
    classes: NDArray[Any] | None = None

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.coef.shape[1])


@dataclass(frozen=True, eq=False, kw_only=True)
class Linear(Schema):
    """A device-ready linear model.

    Attributes
    ----------
    link : int
        A `Link`.
    n_rows : int
        Of coef.
    shift : ndarray of int16, shape (n_features + 1,)
        The coefficients of feature i are in units of 2^shift[i]; last, the intercepts.
    coef : ndarray of int32, shape (n_rows, n_features)
    intercept : ndarray of int32, shape (n_rows,)
    """

    FAMILY: ClassVar[str] = "linear"
    NUMBER: ClassVar[int] = 2

    link: int = number("u1")
    n_rows: int = number("u2")
    unused: int = number("u2", default=0)
    shift: NDArray[np.int16] = array("i2", "n_features+1")
    coef: NDArray[np.int32] = array("i4", "n_rows", "n_features")
    intercept: NDArray[np.int32] = array("i4", "n_rows")

    def validate(self) -> None:
        """Raise ValueError unless the device would accept this."""
        if self.link not in list(Link):
            raise ValueError(f"link is {self.link}, not 0..3")
        rows_of_classes = self.n_classes >= 2 and self.n_rows == self.n_classes
        binary = self.n_classes == 2 and self.n_rows == 1
        fits = {
            Link.IDENTITY: binary or rows_of_classes or self.n_classes == 0,
            Link.SIGMOID: binary,
            Link.SOFTMAX: rows_of_classes,
            Link.OVR: rows_of_classes,
        }
        if self.n_rows < 1 or not fits[Link(self.link)]:
            raise ValueError(f"{self.n_rows} rows do not go with {self.n_classes} classes and link {self.link}")
        if np.any(np.abs(self.shift.astype(int)) > MAX_SHIFT):
            raise ValueError("a shift is outside -400..400")

    @property
    def n_outputs(self) -> int:
        """Number of outputs: rows, or both probabilities of two classes."""
        return self.n_rows + (self.link == Link.SIGMOID)

    @property
    def output(self) -> Output:
        """What the outputs are."""
        if self.n_classes == 0:
            return Output.VALUES
        return Output.DECISION_VALUES if self.link == Link.IDENTITY else Output.PROBABILITIES

    def facts(self) -> dict[str, Any]:
        """Return facts about the model that only its family has, by name."""
        return super().facts() | {"link": Link(self.link).name.lower(), "n_coefficients": self.coef.size}
