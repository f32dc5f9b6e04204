"""Blocks that make columns of a window, and the model behind them: `Featured`, then `Features`. See docs/formats.md."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .document import Output
from .schema import Schema, array, number

MAX_GOLDEN_BYTES = 4096  # a window may be larger than all the rest of a file


@dataclass(frozen=True, eq=False)
class Featured:
    """Transformers that take windows, and a model.

    Attributes
    ----------
    n_features : int
        Values of a window.
    blocks : list of ndarray of uint32
        The words of each.
    typecode : str
        Of the windows that the transformers were fitted with: "f" or "h".
    source : Any
        What a converter has returned for the model; None without one.
    front, behind : list
        What makes all columns, one transformer; those after it, and the estimator.
    windows : ndarray, shape (n, n_features)
        Some of those that it was fitted with.
    """

    n_features: int
    blocks: list[NDArray[np.uint32]]
    typecode: str
    source: Any
    front: list[Any]
    behind: list[Any]
    windows: NDArray[Any]

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression, and without a model."""
        return 0 if self.source is None else int(self.source.n_classes)


@dataclass(frozen=True, eq=False, kw_only=True)
class Features(Schema):
    """Device-ready blocks, and the model behind them. What is asked of that model is asked of this one.

    Attributes
    ----------
    family : int
        Number of the model's family; 0 without a model, whose outputs are the columns.
    n_blocks : int
    type : int
        Of the windows: the code of "f" or "h".
    n_columns, n_words, n_model : int
    blocks : ndarray of uint32, shape (n_words,)
    model : ndarray of uint32, shape (n_model,)
        A whole `.eml` file.
    """

    FAMILY: ClassVar[str] = "features"
    NUMBER: ClassVar[int] = 9

    family: int = number("u1")
    n_blocks: int = number("u1")
    type: int = number("u1")
    n_columns: int = number("u2")
    n_words: int = number("u4")
    n_model: int = number("u4")
    blocks: NDArray[np.uint32] = array("u4", "n_words")
    model: NDArray[np.uint32] = array("u4", "n_model")

    def validate(self) -> None:
        """Raise ValueError unless the device would accept this."""
        from .._core import block_columns  # which knows the IR

        if self.typecode not in ("f", "h"):
            raise ValueError(f"windows are of type {self.type}, neither 'f' nor 'h'")
        if block_columns(self.blocks, self.n_blocks, self.n_features) != self.n_columns:
            raise ValueError("the blocks are inconsistent")
        found = self.inner
        if found is None:
            if self.family or self.n_classes:
                raise ValueError("there is no model behind the blocks")
        elif found.FAMILY == self.FAMILY or found.NUMBER != self.family:
            raise ValueError(f"a model of family {found.NUMBER} is behind the blocks, not of {self.family}")
        elif (found.n_features, found.n_classes) != (self.n_columns, self.n_classes):
            raise ValueError("the blocks do not give what the model behind them takes")

    @cached_property
    def inner(self) -> Any:
        """The tables of the model behind the blocks; None without one."""
        from ..readers.eml import read  # which knows all families

        if self.family == self.NUMBER:
            raise ValueError("blocks before blocks: a model of windows is behind another")
        return read(self.model.astype("<u4").tobytes()).tables if self.n_model else None

    @cached_property
    def outline(self) -> list[tuple[str, int]]:
        """Each block's kind, and its number of columns."""
        from .._core import blocks_of

        return [(block.name, block.columns) for block in blocks_of(self.blocks, self.n_blocks, self.n_features)]

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return self.n_columns if self.inner is None else int(self.inner.n_outputs)

    @property
    def output(self) -> Output:
        """What the outputs are."""
        return Output.VALUES if self.inner is None else Output(self.inner.output)

    @property
    def typecode(self) -> str:
        """Of the windows."""
        return chr(self.type)

    @property
    def dtype_name(self) -> str:
        """What the model computes with, in words."""
        return "float" if self.inner is None else str(self.inner.dtype_name)

    @property
    def summary(self) -> str:
        """The model in a few words."""
        blocks = ", ".join(kind for kind, _ in self.outline)
        behind = f"{self.n_columns} columns" if self.inner is None else f"then {self.inner.summary}"
        return f"windows of {self.n_features} values, {blocks}, {behind}"

    def facts(self) -> dict[str, Any]:
        """Return facts about the model that only its family has, by name."""
        blocks = ", ".join(f"{kind} to {n}" for kind, n in self.outline)
        own = {"blocks": blocks, "windows": "int16" if self.typecode == "h" else "float32"}
        return own if self.inner is None else {**own, "model": self.inner.FAMILY, **self.inner.facts()}
