"""Gaussian components, before (`GaussianModel`) and after (`Bayes`, `Mixture`) rounding.

See docs/formats.md#bayes-and-mixture.
"""

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
    """What matrices are; `eml_gaussian_kind_t` in src/emlearn/eml_gaussian_data.h."""

    DIAGONAL = 0
    TRIANGULAR = 1


@dataclass(frozen=True, eq=False)
class GaussianModel:
    """Components as the estimator has them: the score of one is constant - |factor @ (x - mean)|^2 / 2.

    Attributes
    ----------
    means : ndarray of float64, shape (n_components, n_features)
    factors : ndarray of float64
        Of shape (n_matrices, n_features), the diagonals; or (n_matrices, n_rows, n_features). n_matrices is
        n_components, or 1 for all.
    constants : ndarray of float64, shape (n_components,)
        Of an envelope, the threshold of |factor @ (x - mean)|^2 / 2.
    output : Output
        PROBABILITIES of classes, PROBABILITIES_AND_SCORE of a mixture, DECISION_VALUES of an envelope, which has one
        component and two classes.
    labels : tuple of int or str, optional
        Class labels, unless they are 0, 1, 2...
    classes : ndarray, optional
        Class labels as the estimator has them.
    """

    means: NDArray[np.float64]
    factors: NDArray[np.float64]
    constants: NDArray[np.float64]
    output: Output
    labels: tuple[Label, ...] | None = None
    classes: NDArray[Any] | None = None

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.means.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return 2 if self.output == Output.DECISION_VALUES else len(self.means)


@dataclass(frozen=True, eq=False, kw_only=True)
class Gaussian(Schema):
    """Device-ready components. x' is x - centre, rounded to units of 2^unit.

    Attributes
    ----------
    kind : int
        A `Kind`.
    n_components, n_matrices, n_rows, n_coef : int
        Lengths of arrays; n_rows are those of a matrix.
    base : int
        The score of a component is base - its constant - half its squared distance. Of an envelope it is the
        threshold of that half.
    base_fraction : int
        Of the base, in units of 2^-32.
    unit : ndarray of int16, shape (n_features,)
    centre : ndarray of uint32, shape (n_features,)
        Bits of float32.
    shift : ndarray of int16, shape (n_matrices, n_features)
        The coefficients of a feature are in units of 2^shift.
    mean : ndarray of int32, shape (n_components, n_features)
        What is subtracted from x'.
    constant, fraction : ndarray of uint32, shape (n_components,)
        The constant's whole part, and the rest in units of 2^-32.
    coef : ndarray of int32, shape (n_coef,)
        Of each matrix its diagonal, or row j from feature j on.
    """

    kind: int = number("u1")
    n_components: int = number("u2")
    n_matrices: int = number("u2")
    n_rows: int = number("u2")
    unused: int = number("u2", default=0)
    n_coef: int = number("u4")
    base: int = number("i4")
    base_fraction: int = number("u4")
    unit: NDArray[np.int16] = array("i2", "n_features")
    centre: NDArray[np.uint32] = array("u4", "n_features")
    shift: NDArray[np.int16] = array("i2", "n_matrices", "n_features")
    mean: NDArray[np.int32] = array("i4", "n_components", "n_features")
    constant: NDArray[np.uint32] = array("u4", "n_components")
    fraction: NDArray[np.uint32] = array("u4", "n_components")
    coef: NDArray[np.int32] = array("i4", "n_coef")

    def validate(self) -> None:
        """Raise ValueError unless the device would accept this."""
        if self.kind not in list(Kind):
            raise ValueError(f"kind is {self.kind}, not 0 or 1")
        n_rows = self.n_features if self.kind == Kind.DIAGONAL else min(self.n_rows, self.n_features)
        if self.n_rows < 1 or self.n_rows != n_rows:
            raise ValueError(f"{self.n_rows} rows do not go with {self.n_features} features and kind {self.kind}")
        if self.n_components < 1 or self.n_matrices not in (1, self.n_components):
            raise ValueError(f"{self.n_matrices} matrices do not go with {self.n_components} components")
        of_matrix = n_rows if self.kind == Kind.DIAGONAL else n_rows * self.n_features - n_rows * (n_rows - 1) // 2
        if self.n_coef != of_matrix * self.n_matrices:
            raise ValueError(f"{self.n_coef} coefficients, not {of_matrix} for each of {self.n_matrices} matrices")
        if max(self.n_coef, self.mean.size, self.shift.size) >= MAX_COUNT:
            raise ValueError(f"an array has {MAX_COUNT:,} elements or more")
        if self.n_classes != self.n_components and not self.is_envelope:
            raise ValueError(f"{self.n_classes} classes do not go with {self.n_components} components")
        shifts = np.concatenate((self.unit, self.shift.reshape(-1)))
        if np.any(np.abs(shifts.astype(int)) > MAX_SHIFT):
            raise ValueError("a shift is outside -400..400")

    @property
    def is_envelope(self) -> bool:
        """Whether the classes are outliers and inliers."""
        return False

    def facts(self) -> dict[str, Any]:
        """Return facts about the model that only its family has, by name."""
        own = {"n_components": self.n_components, "matrices": Kind(self.kind).name.lower()}
        return super().facts() | own

    @property
    def base_value(self) -> float:
        """The base, with its fraction."""
        return self.base + self.base_fraction * 2.0**-32


@dataclass(frozen=True, eq=False, kw_only=True)
class Bayes(Gaussian):
    """A class is a component. See `Gaussian`."""

    FAMILY: ClassVar[str] = "bayes"
    NUMBER: ClassVar[int] = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class Mixture(Gaussian):
    """A mixture; or an envelope, with one component and two classes. See `Gaussian`."""

    FAMILY: ClassVar[str] = "mixture"
    NUMBER: ClassVar[int] = 6

    @property
    def is_envelope(self) -> bool:
        """Whether the classes are outliers and inliers."""
        return self.n_components == 1 and self.n_classes == 2

    @property
    def n_outputs(self) -> int:
        """Number of outputs: probabilities of the components and the log-likelihood; an envelope's decision value."""
        return 1 if self.is_envelope else self.n_classes + 1

    @property
    def output(self) -> Output:
        """What the outputs are."""
        return Output.DECISION_VALUES if self.is_envelope else Output.PROBABILITIES_AND_SCORE
