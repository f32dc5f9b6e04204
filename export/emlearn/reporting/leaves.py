"""How many leaves vote for each class, and how many different ones are stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..ir import trees as ir
from ..ir.trees import Ensemble, Trees


@dataclass(frozen=True)
class LeafRow:
    """Leaves of which a class is the most frequent.

    Attributes
    ----------
    label : str
    n_leaves : tuple of int
        Of all trees: of the estimator, and of the model.
    n_distinct : tuple of int
        How many of them differ in their proportions.
    """

    label: str
    n_leaves: tuple[int, int]
    n_distinct: tuple[int, int]


def leaf_rows(source: Ensemble, trees: Trees, labels: tuple[str, ...]) -> tuple[LeafRow, ...]:
    """Count the leaves of a forest of classes and of what was made of it."""
    all_before, distinct_before = _of_ensemble(source)
    all_after, distinct_after = _of_trees(trees)
    columns = (all_before, all_after, distinct_before, distinct_after)
    return tuple(
        LeafRow(label, (b, a), (distinct_b, distinct_a))
        for label, b, a, distinct_b, distinct_a in zip(labels, *(c.tolist() for c in columns), strict=True)
    )


def _of_ensemble(source: Ensemble) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    n = len(source.leaf_start) - 1
    proportions = np.zeros((n, source.n_classes))
    proportions[np.repeat(np.arange(n), np.diff(source.leaf_start)), source.leaf_class] = source.leaf_proportion
    distinct, place = np.unique(proportions, axis=0, return_inverse=True)
    own = np.argmax(distinct, axis=1)
    return _count(own[place.reshape(-1)], source.n_classes), _count(own, source.n_classes)


def _of_trees(trees: Trees) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # An element that is a leaf counts as often as it is referred to.
    element, decides = np.arange(trees.n_nodes), ~trees.is_leaf
    children = [(child[decides], element[decides] + child[decides]) for child in (trees.left, trees.right)]
    targets = np.concatenate([trees.roots.astype(np.int64), *(to[child > 0] for child, to in children)])
    numbers = [-1 - child[child < 0] for child, _ in children]
    numbers.append(-1 - trees.left[targets[trees.is_leaf[targets]]])
    number = np.concatenate(numbers).astype(np.int64)
    own = np.concatenate((np.arange(trees.n_classes), _largest(trees)))
    return _count(own[number], trees.n_classes), _count(own[np.unique(number)], trees.n_classes)


def _largest(trees: Trees) -> NDArray[np.int64]:
    """Of each record the class with the largest proportion, of equals the first."""
    value = trees.values[trees.entry_value] if trees.leaf == ir.LEAF_WEIGHTED else trees.entry_value
    table = np.zeros((trees.n_leaves, trees.n_classes))
    record = np.repeat(np.arange(trees.n_leaves), np.diff(trees.leaf_start).astype(np.int64))
    table[record, trees.entry_class] = value
    return np.asarray(np.argmax(table, axis=1), np.int64)


def _count(classes: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    return np.bincount(classes, minlength=n_classes)
