"""Support vector machines, before (`KernelModel`) and after (`Kernel`) rounding. See docs/formats.md#kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .document import Label, Output
from .schema import Schema, array, number

MAX_SHIFT = 400
MAX_DEGREE = 15
MAX_LEFT = 30
MAX_SUMS = 65535


class Kind(IntEnum):
    """The kernel; `eml_kernel_kind_t` in src/emlearn/eml_kernel_data.h."""

    LINEAR = 0
    RBF = 1
    POLY = 2
    SIGMOID = 3


class Rule(IntEnum):
    """What is made of decision values; `eml_kernel_rule_t` in src/emlearn/eml_kernel_data.h."""

    VALUE = 0
    BINARY = 1
    OUTLIER = 2
    PLATT = 3
    OVO = 4
    OVR = 5
    BREAK_TIES = 6
    OVO_COUPLED = 7
    OVR_COUPLED = 8
    BREAK_TIES_COUPLED = 9


@dataclass(frozen=True, eq=False)
class KernelModel:
    """Vectors and coefficients as the estimator has them.

    A decision value is the sum over the vectors s of coef * K(x, s), plus the intercept. K is a function of gamma and
    of ``x @ s + offset``, for rbf of ``x - s``. Where there are several classes, vectors are in the order of theirs,
    and rows of coef are for the other classes, as in libsvm.

    Attributes
    ----------
    kernel : Kind
    rule : Rule
    vectors : ndarray of float64, shape (n_vectors, n_features)
        For a linear kernel the sums over support vectors: one for each decision value.
    offset : ndarray of float64, shape (n_vectors,)
        What folding adds; 0 for rbf.
    coef : ndarray of float64, shape (n_rows, n_vectors)
        No rows for a linear kernel.
    intercept : ndarray of float64, shape (n_sums,)
        For several classes one for each pair of them.
    rows : ndarray of float64, shape (n, n_features)
        Samples as in training, to compare on.
    gamma, coef0 : float
    degree : int
    sizes : ndarray, optional
        Vectors of each class, where there are several.
    platt : ndarray, shape (2, n_sums), optional
        Slopes and biases of the probability of the first class of each pair.
    n_classes : int
        0 for regression.
    labels : tuple of int or str, optional
        Class labels, unless they are 0, 1, 2...
    classes : ndarray, optional
        Class labels as the estimator has them.
    """

    kernel: Kind
    rule: Rule
    vectors: NDArray[np.float64]
    offset: NDArray[np.float64]
    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    rows: NDArray[np.float64]
    gamma: float = 1.0
    coef0: float = 0.0
    degree: int = 1
    sizes: NDArray[Any] | None = None
    platt: NDArray[np.float64] | None = None
    n_classes: int = 0
    labels: tuple[Label, ...] | None = None
    classes: NDArray[Any] | None = None

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.vectors.shape[1])


@dataclass(frozen=True, eq=False, kw_only=True)
class Kernel(Schema):
    """A device-ready support vector machine.

    Attributes
    ----------
    kernel : int
        A `Kind`.
    rule : int
        A `Rule`.
    degree : int
        Of poly.
    left : int
        vectors16 count 2^left.
    exponent : int
        Of rbf: vectors are in units of 2^exponent, after that.
    intercept_exponent : int
        Intercepts are in units of 2^intercept_exponent.
    gamma_exponent, gamma : int
        ``gamma * 2^gamma_exponent`` is gamma / log(2) for rbf, gamma for sigmoid.
    slope_exponent, bias_exponent, slope, bias : int
        The first of two classes has about the probability ``1 / (1 + exp(slope * 2^slope_exponent * d +
        bias * 2^bias_exponent))``, d the decision value.
    n_vectors16, n_vectors32, n_vectors, n_shifts, n_centers, n_offsets, n_sizes, n_rows, n_sums : int
        Elements, or rows, of the arrays.
    shift : ndarray of int16, shape (n_shifts,)
        Numbers of vectors are in units of 2^shift[i]; last, the offsets.
    center : ndarray of float32, shape (n_centers,)
        Of rbf: vectors are differences from it.
    sizes : ndarray of uint32, shape (n_sizes,)
        Vectors of each class.
    intercept : ndarray of int32, shape (n_sums,)
    offset : ndarray of int32, shape (n_offsets,)
    coef_shift : ndarray of int16, shape (n_vectors,)
        Coefficients of vector i are in units of 2^coef_shift[i].
    platt_shift : ndarray of int16, shape (n_platt,)
        platt[i] is in units of 2^platt_shift[i].
    platt : ndarray of int32, shape (n_platt,)
        With rules from 7 on slopes and biases as above: all slopes of pairs, then their biases.
    coef : ndarray of int32, shape (n_rows, n_vectors)
        Of a linear kernel 2^30 each, and no rows.
    vectors16 : ndarray of int16, shape (n_vectors16, n_features)
    vectors32 : ndarray of int32, shape (n_vectors32, n_features)
    """

    FAMILY: ClassVar[str] = "kernel"
    NUMBER: ClassVar[int] = 4

    kernel: int = number("u1")
    rule: int = number("u2")
    degree: int = number("u2")
    left: int = number("u2")
    exponent: int = number("i2")
    intercept_exponent: int = number("i2")
    gamma_exponent: int = number("i2")
    slope_exponent: int = number("i2")
    bias_exponent: int = number("i2")
    slope: int = number("i4")
    bias: int = number("i4")
    gamma: int = number("u4")
    n_vectors16: int = number("u4")
    n_vectors32: int = number("u4")
    n_vectors: int = number("u4")
    n_shifts: int = number("u4")
    n_centers: int = number("u4")
    n_offsets: int = number("u4")
    n_sizes: int = number("u4")
    n_rows: int = number("u4")
    n_sums: int = number("u4")
    shift: NDArray[np.int16] = array("i2", "n_shifts")
    center: NDArray[np.float32] = array("f4", "n_centers")
    sizes: NDArray[np.uint32] = array("u4", "n_sizes")
    intercept: NDArray[np.int32] = array("i4", "n_sums")
    offset: NDArray[np.int32] = array("i4", "n_offsets")
    coef_shift: NDArray[np.int16] = array("i2", "n_vectors")
    platt_shift: NDArray[np.int16] = array("i2", "n_platt")
    platt: NDArray[np.int32] = array("i4", "n_platt")
    coef: NDArray[np.int32] = array("i4", "n_rows", "n_vectors")
    vectors16: NDArray[np.int16] = array("i2", "n_vectors16", "n_features")
    vectors32: NDArray[np.int32] = array("i4", "n_vectors32", "n_features")

    def validate(self) -> None:
        """Raise ValueError unless the device would accept this."""
        if self.kernel not in list(Kind) or self.rule not in list(Rule):
            raise ValueError(f"kernel {self.kernel} is not 0..3, or rule {self.rule} not 0..9")
        classes, rbf, linear = self.n_classes, self.kernel == Kind.RBF, self.kernel == Kind.LINEAR
        votes = self.rule >= Rule.OVO
        fits = classes >= 3 if votes else classes == (0 if self.rule == Rule.VALUE else 2)
        if not fits:
            raise ValueError(f"rule {self.rule} does not go with {classes} classes")
        n_sums = classes * (classes - 1) // 2 if votes else 1
        if n_sums > MAX_SUMS:
            raise ValueError(f"{classes} classes make {n_sums} pairs, more than {MAX_SUMS}")
        n = self.n_features
        expected = {
            "n_sums": n_sums,
            "n_vectors": n_sums if linear else self.n_vectors,
            "n_shifts": 0 if rbf else n + 1,
            "n_centers": n if rbf else 0,
            "n_offsets": 0 if rbf else self.n_vectors,
            "n_sizes": classes if votes and not linear else 0,
            "n_rows": 0 if linear else classes - 1 if votes else 1,
        }
        for name, count in expected.items():
            if getattr(self, name) != count:
                raise ValueError(f"{name} is {getattr(self, name)}, not {count}")
        if self.n_vectors not in (self.n_vectors16, self.n_vectors32) or self.n_vectors16 + self.n_vectors32 != (
            self.n_vectors
        ):
            raise ValueError(f"{self.n_vectors16} and {self.n_vectors32} vectors are not {self.n_vectors} of one kind")
        if self.degree > MAX_DEGREE or self.left > MAX_LEFT:
            raise ValueError(f"degree {self.degree} is above {MAX_DEGREE}, or left {self.left} above {MAX_LEFT}")
        if self.n_sizes and int(np.sum(self.sizes, dtype=np.uint64)) != self.n_vectors:
            raise ValueError("the sizes of classes do not add up to the vectors")
        if np.any(np.abs(self.shift.astype(int)) > MAX_SHIFT):
            raise ValueError("a shift is outside -400..400")
        if not np.all(np.isfinite(self.center)):
            raise ValueError("a centre is not finite")

    @classmethod
    def derived(cls, numbers: Mapping[str, int]) -> dict[str, int]:
        """Return n_platt: a slope and a bias for each pair of classes."""
        return {"n_platt": 2 * numbers["n_sums"] if numbers["rule"] >= Rule.OVO_COUPLED else 0}

    @property
    def n_platt(self) -> int:
        """Elements of platt."""
        return self.derived({"n_sums": self.n_sums, "rule": self.rule})["n_platt"]

    @property
    def n_outputs(self) -> int:
        """Number of outputs: one, two probabilities, or one a pair of classes or a class."""
        if self.rule <= Rule.OUTLIER:
            return 1
        return self.n_sums if self.rule == Rule.OVO else self.n_classes

    @property
    def output(self) -> Output:
        """What the outputs are."""
        if self.rule == Rule.VALUE:
            return Output.VALUES
        coupled = self.rule == Rule.PLATT or self.rule >= Rule.OVO_COUPLED
        return Output.PROBABILITIES if coupled else Output.DECISION_VALUES

    def facts(self) -> dict[str, Any]:
        """Return facts about the model that only its family has, by name."""
        return super().facts() | {
            "kernel": Kind(self.kernel).name.lower(),
            "n_vectors": self.n_vectors,
            "vectors": "int16" if self.n_vectors16 else "int32",
        }
