"""Histogram gradient boosting of scikit-learn -> `Ensemble`, with missing values and categories."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts
from ..errors import ConvertError
from ..ir import sums
from ..ir.trees import Ensemble
from ._sums import Nodes, log_odds, summed
from .common import check_fitted


@converts("sklearn.ensemble.HistGradientBoostingClassifier", "sklearn.ensemble.HistGradientBoostingRegressor")
def convert_hist_gradient_boosting(estimator: Any) -> Ensemble:
    """Convert histogram gradient boosting. Categories have to be numbers."""
    check_fitted(estimator, "_predictors")
    columns = _columns(estimator)
    trees = [_nodes(predictor, *columns) for iteration in estimator._predictors for predictor in iteration]
    start = np.ravel(estimator._baseline_prediction).astype(np.float64)
    facts: dict[str, Any] = {"n_features": int(estimator.n_features_in_), "allows_missing": True}
    facts["rounds_features"] = False
    facts["equal_goes"] = "left"
    if hasattr(estimator, "classes_"):
        return log_odds(trees, start, estimator.classes_, 0.0, **facts)
    return summed(trees, sums.EXP if estimator.loss in ("poisson", "gamma") else sums.IDENTITY, start, **facts)


def _columns(estimator: Any) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    """What the trees' features are: which columns of X, and the categories of the first ones."""
    n_features = int(estimator.n_features_in_)
    categorical = getattr(estimator, "is_categorical_", None)
    if categorical is None:
        return np.arange(n_features), []
    categories = []
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    for column, own in zip(np.flatnonzero(categorical), encoder.categories_, strict=True):
        if np.asarray(own).dtype.kind not in "iufb":
            raise ConvertError(
                f"the categories of feature {column} are text, but a device has numbers; encode them before training"
            )
        categories.append(np.asarray(own, np.float64))
    return np.concatenate((np.flatnonzero(categorical), np.flatnonzero(~categorical))), categories


def _nodes(predictor: Any, columns: NDArray[np.int64], categories: list[NDArray[np.float64]]) -> Nodes:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    tree = Nodes(
        left=left,
        right=right,
        feature=columns[nodes["feature_idx"].astype(np.int64)],
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=nodes["value"].astype(np.float64),
    )
    sets = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf)
    chains = [_Chain() for _ in sets]
    for chain, node in zip(chains, sets.tolist(), strict=True):
        known = categories[int(nodes["feature_idx"][node])]
        words = predictor.raw_left_cat_bitsets[int(nodes["bitset_idx"][node])]
        goes_left = np.unpackbits(np.asarray(words, "<u4").view(np.uint8), bitorder="little")[: len(known)] > 0
        chain.split(known, goes_left, bool(tree.missing_left[node]))
    return _expand(tree, sets, chains) if len(sets) else tree


class _Chain:
    """A split by a set of categories, as a chain of thresholds from the highest to the lowest.

    Between two of its thresholds a value goes one way, between the next two the other. What is no category is taken for
    missing, as scikit-learn does it; the lowest values of all are none.
    """

    thresholds: NDArray[np.float64]
    missing_left: bool

    def split(self, categories: NDArray[np.float64], goes_left: NDArray[np.bool_], missing_left: bool) -> None:
        """Find the thresholds around the categories that do not go where missing values go."""
        exact = categories.astype(np.float32) == categories  # features are float32: others never occur; nor NaN
        own = categories[exact & (goes_left != missing_left)]
        below = np.nextafter(own.astype(np.float32), np.float32(-np.inf)).astype(np.float64)
        self.thresholds = np.sort(np.concatenate((below, own)))[::-1]
        self.missing_left = missing_left


def _expand(tree: Nodes, sets: NDArray[np.int64], chains: list[_Chain]) -> Nodes:
    """Put chains in place of nodes: each but the last is followed by the next one of its chain, on its left."""
    n = len(tree.left)
    extra = np.cumsum([0] + [max(len(chain.thresholds) - 1, 0) for chain in chains])
    columns = {name: getattr(tree, name) for name in Nodes.__annotations__}
    grown = {name: np.concatenate((own, np.zeros(extra[-1], own.dtype))) for name, own in columns.items()}
    for node, chain, first in zip(sets.tolist(), chains, (n + extra).tolist(), strict=False):
        outside, inside = int(tree.left[node]), int(tree.right[node])
        if not chain.missing_left:
            outside, inside = inside, outside
        if len(chain.thresholds) == 0:  # all go where missing values go
            inside, chain.thresholds = outside, np.zeros(1)
        rows = np.array([node, *range(first, first + len(chain.thresholds) - 1)])
        grown["feature"][rows] = tree.feature[node]
        grown["threshold"][rows] = chain.thresholds
        grown["missing_left"][rows] = True
        grown["left"][rows] = [*rows[1:], outside]
        grown["right"][rows] = np.where(np.arange(len(rows)) % 2 == 0, outside, inside)
    return Nodes(**grown)
