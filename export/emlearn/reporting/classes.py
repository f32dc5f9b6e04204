"""Which classes are taken for which, by the estimator and by the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassRow:
    """How a class fares.

    Attributes
    ----------
    label : str
    n_rows : int
        That are of this class.
    recall : tuple of float or None
        Part of them that are found, by the estimator and by the model; None without rows.
    precision : tuple of float or None
        Part of those found that are right; None where none are found.
    """

    label: str
    n_rows: int
    recall: tuple[float | None, float | None]
    precision: tuple[float | None, float | None]


@dataclass(frozen=True, eq=False)
class Confusion:
    """Rows by true class, down, and predicted class, across.

    Attributes
    ----------
    labels : tuple of str
    before, after : ndarray of int64, shape (n_classes, n_classes)
        By the estimator, and by the model.
    agreeing : int
        Rows to which both give the same class.
    """

    labels: tuple[str, ...]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    agreeing: int

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.before.sum())

    @property
    def accuracy(self) -> tuple[float, float]:
        """Part of the rows that are right, before and after."""
        before, after = (float(np.trace(counts)) / self.n_rows for counts in (self.before, self.after))
        return before, after

    @property
    def rows(self) -> tuple[ClassRow, ...]:
        """Recall and precision of each class."""
        return tuple(
            ClassRow(
                label,
                int(self.before[k].sum()),
                (_part(self.before[k], k), _part(self.after[k], k)),
                (_part(self.before[:, k], k), _part(self.after[:, k], k)),
            )
            for k, label in enumerate(self.labels)
        )


def confusion_of(
    classes: NDArray[Any], y: NDArray[np.int64], before: NDArray[np.int64], after: NDArray[np.int64]
) -> Confusion:
    """Count; y, before and after are numbers of classes."""
    n = len(classes)
    own, others = (np.bincount(y * n + found, minlength=n * n).reshape(n, n) for found in (before, after))
    return Confusion(tuple(map(str, classes.tolist())), own, others, int(np.sum(before == after)))


def numbers_of(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    """Return the numbers of labels that are all among the classes."""
    number = {label: k for k, label in enumerate(classes.tolist())}
    return np.array([number[label] for label in np.asarray(labels).reshape(-1).tolist()], np.int64)


def _part(counts: NDArray[np.int64], k: int) -> float | None:
    total = int(counts.sum())
    return int(counts[k]) / total if total else None
