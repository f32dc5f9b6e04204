"""What the converters of summed trees share: trees of any library, joined into one `Ensemble`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir import sums
from ..ir.trees import Ensemble
from .common import class_labels


@dataclass(frozen=True, eq=False)
class Nodes:
    """One tree as libraries have it: a row a node, decision or leaf; the first is the root.

    Attributes
    ----------
    left, right : ndarray of int64
        Rows of the children; -1 in both of a leaf.
    feature : ndarray of int64
    threshold : ndarray of float64
        Features not above it go left.
    missing_left : ndarray of bool
        Whether NaN goes left.
    value : ndarray of float64
        Of leaves; anything else in decisions.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]


def of_sklearn(tree: Any, value: NDArray[np.float64], features: NDArray[Any] | None = None) -> Nodes:
    """Return scikit-learn's `tree_` with these values a node; features: what its feature numbers stand for."""
    nodes = tree.__getstate__()["nodes"]
    feature = nodes["feature"].astype(np.int64)
    if features is not None:
        feature = np.where(feature < 0, 0, np.asarray(features, np.int64)[feature])
    missing = "missing_go_to_left" in nodes.dtype.names
    return Nodes(
        left=nodes["left_child"].astype(np.int64),
        right=nodes["right_child"].astype(np.int64),
        feature=feature,
        threshold=nodes["threshold"].astype(np.float64),
        missing_left=nodes["missing_go_to_left"].astype(bool) if missing else np.zeros(len(nodes), bool),
        value=np.asarray(value, np.float64),
    )


def summed(
    trees: list[Nodes],
    link: int,
    bases: NDArray[np.float64] | list[float],
    *,
    n_features: int,
    classes: NDArray[Any] | None = None,
    random_thresholds: bool = False,
    allows_missing: bool = False,
    rounds_features: bool = True,
    equal_goes: str = "",
) -> Ensemble:
    """Join trees, which add to the sums in turn, into an `Ensemble`.

    Raises
    ------
    ConvertError
        If there are no trees, or a number in them is not finite or beyond float32.
    """
    if not trees:
        raise ConvertError("the model has no trees; train it for at least one iteration")
    columns = {name: np.concatenate([getattr(tree, name) for tree in trees]) for name in Nodes.__annotations__}
    first = np.concatenate(([0], np.cumsum([len(tree.left) for tree in trees])))
    leaf = columns["left"] < 0
    reference = np.where(leaf, -np.cumsum(leaf, dtype=np.int64), np.cumsum(~leaf, dtype=np.int64) - 1)
    start = np.repeat(first[:-1], np.diff(first))
    left, right = (reference[(columns[side] + start)[~leaf]] for side in ("left", "right"))
    values, bases = columns["value"][leaf], np.asarray(bases, np.float64)
    largest = np.finfo(np.float32).max
    if not (np.all(np.abs(values) <= largest) and np.all(np.abs(bases) <= largest)):  # NaN is not
        raise ConvertError("a leaf's value does not fit in float32 (largest 3.4e38); scale the target before training")
    if np.any(np.isnan(columns["threshold"][~leaf])):
        raise ConvertError("a threshold is NaN; train the model again")
    n_classes = 0 if classes is None else len(classes)
    n_leaves = int(leaf.sum())
    return Ensemble(
        n_features=n_features,
        n_classes=n_classes,
        feature=columns["feature"][~leaf],
        threshold=columns["threshold"][~leaf],
        left=left,
        right=right,
        missing_left=columns["missing_left"][~leaf],
        roots=reference[first[:-1]],
        leaf_start=np.zeros(n_leaves + 1, np.int64),
        leaf_class=np.zeros(0, np.int64),
        leaf_proportion=np.zeros(0),
        leaf_total=np.zeros(n_leaves),
        leaf_value=values,
        labels=None if classes is None else class_labels(classes),
        classes=classes,
        random_thresholds=random_thresholds,
        allows_missing=allows_missing,
        link=link,
        bases=bases,
        rounds_features=rounds_features,
        equal_goes=equal_goes,
    )


# Above it a sum means the second class; just below 0, so that 0 itself does.
NOT_BELOW_ZERO = -(2.0**-900)


def log_odds(
    trees: list[Nodes], start: NDArray[np.float64], classes: NDArray[Any], limit: float, **facts: Any
) -> Ensemble:
    """Join the trees of a classifier: one sum for two classes, a softmax of one for each otherwise.

    Parameters
    ----------
    start : ndarray of float64
        Where the sums begin.
    limit : float
        Above it the single sum means the second class.
    """
    if len(classes) == 2 and len(start) == 1:
        return summed(trees, sums.SIGMOID, [limit, float(start[0])], classes=classes, **facts)
    return summed(trees, sums.SOFTMAX, start, classes=classes, **facts)
