"""Steps and the model behind them, before (`Staged`) and after (`Pipeline`) rounding. See docs/formats.md#pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .document import Output
from .schema import Schema, array, number
from .trees import Trees


@dataclass(frozen=True, eq=False)
class Fill:
    """In each column, a number or NaN that becomes another number.

    Attributes
    ----------
    missing, value : ndarray of float32, shape (n,)
    """

    missing: NDArray[np.float32]
    value: NDArray[np.float32]

    KIND: ClassVar[int] = 0
    NAME: ClassVar[str] = "fill"

    @property
    def n_out(self) -> int:
        """Number of columns."""
        return len(self.value)


@dataclass(frozen=True, eq=False)
class Scale:
    """Column source[i] times factor[i], plus offset[i]; then rounded to integers, then limited.

    Attributes
    ----------
    source : ndarray of int64, shape (n_out,)
    factor, offset : ndarray of float64, shape (n_out,)
    integers : bool
    low, high : ndarray of float32, shape (n_out,), or None
    """

    source: NDArray[np.int64]
    factor: NDArray[np.float64]
    offset: NDArray[np.float64]
    integers: bool = False
    low: NDArray[np.float32] | None = None
    high: NDArray[np.float32] | None = None

    KIND: ClassVar[int] = 1
    NAME: ClassVar[str] = "scale"

    @property
    def n_out(self) -> int:
        """Number of columns."""
        return len(self.source)


@dataclass(frozen=True, eq=False)
class Matrix:
    """x -> matrix @ x + offset.

    Attributes
    ----------
    matrix : ndarray of float64, shape (n_out, n)
    offset : ndarray of float64, shape (n_out,)
    units : ndarray of float64, shape (2, n_out), or None
        Columns are integers for trees to compare: the value, less units[0], in units[1]. None: they are float32.
    """

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]
    units: NDArray[np.float64] | None = None

    KIND: ClassVar[int] = 2
    NAME: ClassVar[str] = "matrix"

    @property
    def n_out(self) -> int:
        """Number of columns."""
        return len(self.matrix)

    @property
    def rows(self) -> NDArray[np.float64]:
        """The matrix and the offset beside it, as the device multiplies with them."""
        rows = np.concatenate((self.matrix, self.offset[:, None]), axis=1)
        if self.units is not None:
            rows[:, -1] -= self.units[0]
            rows /= self.units[1][:, None]
        return rows


@dataclass(frozen=True, eq=False)
class Encode:
    """The number of the category that a column equals.

    Attributes
    ----------
    categories : list of ndarray of float32
        Increasing.
    unknown, missing : float
        Of what is no category, and of NaN; infinite where that is refused.
    """

    categories: list[NDArray[np.float32]]
    unknown: list[float]
    missing: list[float]

    KIND: ClassVar[int] = 3
    NAME: ClassVar[str] = "encode"

    @property
    def n_out(self) -> int:
        """Number of columns."""
        return len(self.categories)


Step = Fill | Scale | Matrix | Encode
NAMES = tuple(kind.NAME for kind in (Fill, Scale, Matrix, Encode))


@dataclass(frozen=True, eq=False)
class Staged:
    """A model, and the steps before it.

    Attributes
    ----------
    n_features : int
        That the steps take.
    steps : list of Step
    source : Any
        What a converter has returned for the model.
    front, behind : list
        The transformers that the steps stand for; those after them, which have been folded, and the estimator.
    """

    n_features: int
    steps: list[Step]
    source: Any
    front: list[Any]
    behind: list[Any]

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return int(self.source.n_classes)


@dataclass(frozen=True, eq=False, kw_only=True)
class Pipeline(Schema):
    """Device-ready steps, and the model behind them. What is asked of that model is asked of this one.

    Attributes
    ----------
    family : int
        Number of the model's family.
    n_steps : int
    width : int
        The largest number of columns at any place.
    n_words, n_model : int
    steps : ndarray of uint32, shape (n_words,)
    model : ndarray of uint32, shape (n_model,)
        A whole `.eml` file.
    """

    FAMILY: ClassVar[str] = "pipeline"
    NUMBER: ClassVar[int] = 8

    family: int = number("u1")
    n_steps: int = number("u2")
    width: int = number("u2")
    n_words: int = number("u4")
    n_model: int = number("u4")
    steps: NDArray[np.uint32] = array("u4", "n_words")
    model: NDArray[np.uint32] = array("u4", "n_model")

    def validate(self) -> None:
        """Raise ValueError unless the device would accept this."""
        found = self.inner
        if found.FAMILY == self.FAMILY or found.NUMBER != self.family:
            raise ValueError(f"a model of family {found.NUMBER} is behind the steps, not of {self.family}")
        n, width = self.n_features, self.n_features
        for step in self.outline:
            n, width = step[1], max(width, step[1])
        if (found.n_features, found.n_classes, width) != (n, self.n_classes, self.width):
            raise ValueError("the steps do not give what the model behind them takes")

    @cached_property
    def inner(self) -> Any:
        """The tables of the model behind the steps."""
        from ..readers.eml import read  # which knows all families

        if self.family == self.NUMBER:
            raise ValueError("steps before steps: a pipeline is behind a pipeline")
        return read(self.model.astype("<u4").tobytes()).tables

    @cached_property
    def outline(self) -> list[tuple[str, int]]:
        """Each step's kind, and its number of columns. Raises ValueError if they do not fill the words."""
        found, at, n, words = list[tuple[str, int]](), 0, self.n_features, self.steps.tolist()
        for i in range(self.n_steps):
            if at >= len(words):
                raise ValueError("the steps end too early")
            kind, flags, n_out = words[at] & 0xFF, words[at] >> 8 & 0xFF, words[at] >> 16
            if kind >= len(NAMES) or n_out == 0 or (kind in (Fill.KIND, Encode.KIND) and n_out != n):
                raise ValueError("an unknown step, or one with a wrong number of columns")
            if kind == Matrix.KIND and flags and (i + 1 < self.n_steps or self.family != Trees.NUMBER):
                raise ValueError("only trees take the integers of a matrix, and only of the last step")
            at += 1
            if kind == Encode.KIND:
                for _ in range(n):
                    at += 3 + (words[at] if at < len(words) else 0)
            else:
                at += {
                    Fill.KIND: 2 * n,
                    Scale.KIND: (7 if flags & 1 else 5) * n_out,
                    Matrix.KIND: (n + 2) // 2 + (n + 1) * n_out,
                }[kind]
            n = n_out
            found.append((NAMES[kind], n_out))
        if at != len(words):
            raise ValueError("the steps do not fill their words")
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "model" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.inner, name)

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return int(self.inner.n_outputs)

    @property
    def output(self) -> Output:
        """What the outputs are."""
        return Output(self.inner.output)

    @property
    def dtype_name(self) -> str:
        """What the model computes with, in words."""
        return str(self.inner.dtype_name)

    @property
    def summary(self) -> str:
        """The model in a few words."""
        steps = ", ".join(name for name, _ in self.outline)
        return f"{self.n_features} features, {steps}, then {self.inner.summary}"

    def facts(self) -> dict[str, Any]:
        """Return facts about the model that only its family has, by name."""
        steps = ", ".join(f"{name} to {n}" for name, n in self.outline)
        return {"steps": steps, "model": self.inner.FAMILY, **self.inner.facts()}
