"""Decision trees and forests of scikit-learn (1.3 or newer) -> `Ensemble`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts
from ..errors import ConvertError
from ..ir.trees import Ensemble
from .common import class_labels


@converts(
    "sklearn.tree.DecisionTreeClassifier",
    "sklearn.tree.DecisionTreeRegressor",
    "sklearn.tree.ExtraTreeClassifier",
    "sklearn.tree.ExtraTreeRegressor",
)
def convert_tree(estimator: Any) -> Ensemble:
    """Convert a single decision tree."""
    _check_fitted(estimator, "tree_")
    return convert_members(estimator, [estimator])


@converts(
    "sklearn.ensemble.RandomForestClassifier",
    "sklearn.ensemble.RandomForestRegressor",
    "sklearn.ensemble.ExtraTreesClassifier",
    "sklearn.ensemble.ExtraTreesRegressor",
)
def convert_forest(estimator: Any) -> Ensemble:
    """Convert a forest, whose prediction is the mean of its trees'."""
    _check_fitted(estimator, "estimators_")
    return convert_members(estimator, estimator.estimators_)


def _check_fitted(estimator: Any, attribute: str) -> None:
    name = type(estimator).__name__
    if not hasattr(estimator, attribute):
        raise ConvertError(f"this {name} is not fitted; call fit(X, y) before converting it")
    if estimator.n_outputs_ != 1:
        raise ConvertError(
            f"this {name} predicts {estimator.n_outputs_} outputs; train one estimator for each, and convert each"
        )


def convert_members(estimator: Any, members: list[Any], features: list[NDArray[Any]] | None = None) -> Ensemble:
    """Convert trees whose mean is meant; features: what the feature numbers of each stand for."""
    trees = [member.tree_ for member in members]
    n_classes = int(getattr(estimator, "n_classes_", 0))
    # The state, since 1.3; older versions have no missing_go_to_left, nor proportions in `value`.
    nodes = [tree.__getstate__()["nodes"] for tree in trees]
    if "missing_go_to_left" not in nodes[0].dtype.names:
        raise ConvertError(
            "this estimator was trained by a scikit-learn older than 1.3; train it again with a newer one"
        )
    arrays = np.concatenate(nodes)
    first = np.concatenate(([0], np.cumsum([len(n) for n in nodes])))
    is_leaf = arrays["left_child"] == -1

    # Number decision nodes and leaves separately, across all trees: a reference >= 0 is a node, -1 - n is leaf n.
    reference = np.where(is_leaf, -np.cumsum(is_leaf), np.cumsum(~is_leaf) - 1)
    tree_start = np.repeat(first[:-1], np.diff(first))
    left, right = (reference[(arrays[side] + tree_start)[~is_leaf]] for side in ("left_child", "right_child"))

    feature = arrays["feature"].astype(np.int64)
    if features is not None:
        own = [
            np.asarray(chosen, np.int64)[np.maximum(n["feature"], 0)] for chosen, n in zip(features, nodes, strict=True)
        ]
        feature = np.concatenate(own)  # of leaves, whose number is negative, anything
    threshold = arrays["threshold"][~is_leaf].astype(np.float64)
    if not np.all(threshold >= -np.finfo(np.float32).max):
        raise ConvertError("a threshold is NaN or below the range of float32; train on float32 data")
    proportions, values = _leaf_values(trees, nodes, n_classes)
    leaf, leaf_class = np.nonzero(proportions)
    leaf_proportion = proportions[leaf, leaf_class]
    if np.any((leaf_proportion < 0) | (leaf_proportion > 1)) or not np.all(np.isfinite(leaf_proportion)):
        raise ConvertError("a leaf's proportions are outside 0..1; train without negative sample weights")
    n_leaves = int(is_leaf.sum())
    tags = getattr(estimator, "__sklearn_tags__", None)
    return Ensemble(
        n_features=int(estimator.n_features_in_),
        n_classes=n_classes,
        feature=feature[~is_leaf],
        threshold=threshold,
        left=left,
        right=right,
        missing_left=arrays["missing_go_to_left"][~is_leaf].astype(bool),
        roots=reference[first[:-1]],
        leaf_start=np.searchsorted(leaf, np.arange(n_leaves + 1)).astype(np.int64),
        leaf_class=leaf_class.astype(np.int64),
        leaf_proportion=leaf_proportion,
        leaf_total=arrays["weighted_n_node_samples"][is_leaf].astype(np.float64),
        leaf_value=values,
        labels=class_labels(estimator.classes_) if n_classes else None,
        classes=np.asarray(estimator.classes_) if n_classes else None,
        random_thresholds=any(getattr(member, "splitter", "best") == "random" for member in members),
        allows_missing=bool(tags is not None and tags().input_tags.allow_nan),
    )


def _leaf_values(
    trees: list[Any], nodes: list[NDArray[Any]], n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Proportions, shape (n_leaves, n_classes), and values, shape (n_leaves,). What the task lacks is empty."""
    rows = np.concatenate([tree.value[n["left_child"] == -1, 0, :] for tree, n in zip(trees, nodes, strict=True)])
    if n_classes:
        return rows[:, :n_classes].astype(np.float64), np.zeros(0)
    return np.zeros((len(rows), 0)), rows[:, 0].astype(np.float64)
