"""Isolation forests and bagged trees of scikit-learn -> `Ensemble`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts
from ..errors import ConvertError
from ..ir import sums
from ..ir.trees import Ensemble
from ._sums import of_sklearn, summed
from .trees import convert_members


@converts("sklearn.ensemble.IsolationForest")
def convert_isolation_forest(estimator: Any) -> Ensemble:
    """Convert an isolation forest, as a classifier of -1 (outliers) and 1.

    The anomaly score is 2^-(mean path length / c), here exp of minus a sum of path lengths times log(2) / (n c).
    """
    if not hasattr(estimator, "estimators_"):
        raise ConvertError("this IsolationForest is not fitted; call fit(X) before converting it")
    members, features = estimator.estimators_, estimator.estimators_features_
    unit = float(np.log(2.0) / (len(members) * _average_path(np.array([estimator.max_samples_]))[0]))
    if not np.isfinite(unit):
        raise ConvertError("max_samples= is 1, so that every row has the same score; train with more samples a tree")
    trees = []
    for member, chosen in zip(members, features, strict=True):
        tree = member.tree_
        nodes = of_sklearn(tree, np.zeros(tree.node_count), chosen)
        length = _depths(nodes.left, nodes.right) + _average_path(tree.n_node_samples)
        trees.append(replace(nodes, value=length * unit))
    # The second class, inliers, from the offset on, which may be the very score of a training row. Leaves are rounded
    # to 2^-32 of the largest at worst; a sum less than twice that below the offset is taken for the offset.
    largest = max(float(np.max(tree.value)) for tree in trees)
    limit = -float(np.log(-estimator.offset_)) - 2.0**-31 * len(trees) * largest if estimator.offset_ < 0 else 0.0
    return summed(
        trees,
        sums.ISOLATION,
        [limit, 0.0],
        n_features=int(estimator.n_features_in_),
        classes=np.array([-1, 1]),
        random_thresholds=True,
    )


def _depths(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """Edges from the root; children come after their parents."""
    depth = np.zeros(len(left))
    for node in np.flatnonzero(left >= 0).tolist():
        depth[left[node]] = depth[right[node]] = depth[node] + 1
    return depth


def _average_path(n_samples: NDArray[Any]) -> NDArray[np.float64]:
    """Average length of an unsuccessful search in a binary tree of so many samples: Liu et al. 2008, equation 1."""
    n = np.asarray(n_samples, np.float64)
    many = np.maximum(n, 3.0)
    average = 2.0 * (np.log(many - 1.0) + np.euler_gamma) - 2.0 * (many - 1.0) / many
    return np.where(n <= 1, 0.0, np.where(n == 2, 1.0, average))


@converts("sklearn.ensemble.BaggingClassifier", "sklearn.ensemble.BaggingRegressor")
def convert_bagging(estimator: Any) -> Ensemble:
    """Convert bagged decision trees, which may have been given some of the features each."""
    name = type(estimator).__name__
    if not hasattr(estimator, "estimators_"):
        raise ConvertError(f"this {name} is not fitted; call fit(X, y) before converting it")
    members = estimator.estimators_
    if not all(hasattr(member, "tree_") for member in members):
        raise ConvertError(f"estimator= is no decision tree; train {name} with trees")
    n_classes = int(getattr(estimator, "n_classes_", 0))
    if any(getattr(member, "n_outputs_", 1) != 1 for member in members):
        raise ConvertError(f"this {name} predicts several outputs; train one estimator for each, and convert each")
    if any(n_classes and len(member.classes_) != n_classes for member in members):
        raise ConvertError("a tree has not seen every class; train with more samples a tree (max_samples=)")
    return convert_members(estimator, members, estimator.estimators_features_)
