"""How variants of a forest do: size, score and instructions side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, overload

from . import search
from ._features import as_table
from ._registry import find
from .errors import ConvertError
from .search import Tried, Wanted

__all__ = ["Table", "pareto"]


@dataclass(frozen=True)
class Table(Sequence[Tried]):
    """Variants of a forest, from the smallest on.

    Attributes
    ----------
    metric : str
    score : float
        Of the exact model.
    rows : tuple of Tried
        Each with its kind, its size in bytes (`size`), score, loss and instructions.
    """

    metric: str
    score: float
    rows: tuple[Tried, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Tried: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Tried, ...]: ...

    def __getitem__(self, index: int | slice) -> Tried | tuple[Tried, ...]:
        return self.rows[index]

    def __iter__(self) -> Iterator[Tried]:
        return iter(self.rows)

    @property
    def front(self) -> list[Tried]:
        """Those that none of the smaller ones equals."""
        return search.pareto_front(self.rows)

    def __str__(self) -> str:
        """Return the front, a line for each."""
        boards = sorted({board for row in self.rows for board in row.instructions})
        head = ["bytes", self.metric, *boards, "variant"]
        lines = [head]
        for row in self.front:
            counts = [f"{row.instructions[board]:,}" if board in row.instructions else "" for board in boards]
            lines.append([f"{row.nbytes:,}", f"{row.score:.4f}", *counts, str(row.kind)])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        shown = []
        for line in lines:
            numbers = [cell.rjust(width) for cell, width in zip(line[:-1], widths[:-1], strict=True)]
            shown.append("  ".join([*numbers, line[-1]]))
        return "\n".join(shown)

    def plot(self, ax: Any = None) -> Any:
        """Draw score over bytes, by leaf, and the Pareto front as a line.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default of a new figure.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib is missing and needed.
        """
        if ax is None:
            try:
                pyplot = import_module("matplotlib.pyplot")
            except ImportError as error:
                raise ImportError("plotting needs matplotlib: pip install matplotlib") from error
            ax = pyplot.subplots()[1]
        for leaf in dict.fromkeys(row.kind.leaf for row in self.rows):
            own = [row for row in self.rows if row.kind.leaf == leaf]
            ax.scatter([row.nbytes for row in own], [row.score for row in own], s=9, alpha=0.6, label=leaf)
        front = self.front
        sizes, scores = [row.nbytes for row in front], [row.score for row in front]
        ax.plot(sizes, scores, drawstyle="steps-post", linewidth=1, color="black", label="Pareto front")
        ax.axhline(self.score, linestyle=":", linewidth=1, color="gray", label="exact model")
        ax.set_xscale("log")
        ax.set_xlabel("bytes of the .eml file")
        ax.set_ylabel(self.metric)
        ax.legend(fontsize="small")
        return ax


def pareto(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    metric: Any = "roc_auc",
    dtype: str | None = None,
    leaf: str | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> Table:
    """Measure the variants among which `convert(optimize=...)` chooses, but those with fewer thresholds.

    Parameters
    ----------
    estimator : object
        A fitted decision tree, forest, extra trees or bagged trees; a classifier.
    X : array-like, shape (n_rows, n_features)
        Rows that were not trained on.
    y : array-like, shape (n_rows,)
    metric, seed, progress
        As of `convert`.
    dtype : {"float", "int16"}, optional
        The only kind of thresholds to try.
    leaf : str, optional
        The only kind of leaves: "exact", "uint8", "byte", "clustered 8" (leaves a class; or 4, 2, 1), "hard".

    Returns
    -------
    Table

    Raises
    ------
    ConvertError
        As of `convert`.
    """
    source = find(estimator)(estimator)
    if leaf is not None and leaf not in search.LEAVES:
        raise ConvertError(f"leaf={leaf!r} is unknown; use one of {', '.join(search.LEAVES)}")
    try:
        rows = as_table(X, source.n_features)
    except ValueError as error:
        raise ConvertError(f"X: {error}") from error
    wanted = Wanted(metric=metric, dtype=dtype, leaf=leaf, seed=seed, progress=progress)
    _, bound, tried = search.measure(source, type(estimator).__name__, rows, y, wanted)
    ordered = tuple(sorted(tried, key=lambda row: (row.nbytes, -row.score)))
    return Table(bound.metric.name, bound.score, ordered)
