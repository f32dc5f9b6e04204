"""Boosted trees of scikit-learn -> `Ensemble`: GradientBoosting, HistGradientBoosting, AdaBoostClassifier."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts
from ..errors import ConvertError
from ..ir import sums
from ..ir.trees import Ensemble
from ._sums import NOT_BELOW_ZERO, Nodes, log_odds, of_sklearn, summed
from .common import check_fitted


@converts("sklearn.ensemble.GradientBoostingClassifier", "sklearn.ensemble.GradientBoostingRegressor")
def convert_gradient_boosting(estimator: Any) -> Ensemble:
    """Convert gradient boosting. `init` may be anything that predicts the same for every row."""
    check_fitted(estimator, "estimators_")
    init = estimator.init_
    if not (isinstance(init, str) and init == "zero") and not type(init).__name__.startswith("Dummy"):
        raise ConvertError(f"init={type(init).__name__} predicts from the features; train with init=None or 'zero'")
    start = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), np.float32))[0]
    trees = [
        of_sklearn(member.tree_, member.tree_.value[:, 0, 0] * estimator.learning_rate)
        for member in np.ravel(estimator.estimators_)
    ]
    facts: dict[str, Any] = {"n_features": int(estimator.n_features_in_)}
    if not hasattr(estimator, "classes_"):
        return summed(trees, sums.IDENTITY, start, **facts)
    ensemble = log_odds(trees, start, estimator.classes_, NOT_BELOW_ZERO, **facts)
    return replace(ensemble, link=sums.HALF_SIGMOID) if estimator.loss == "exponential" else ensemble


@converts("sklearn.ensemble.HistGradientBoostingClassifier", "sklearn.ensemble.HistGradientBoostingRegressor")
def convert_hist_gradient_boosting(estimator: Any) -> Ensemble:
    """Convert histogram gradient boosting, with missing values; without categorical features."""
    check_fitted(estimator, "_predictors")
    if getattr(estimator, "is_categorical_", None) is not None:
        raise ConvertError(
            "categorical_features= makes splits by sets of categories, which the device does not have; "
            "train with categorical_features=None behind an OrdinalEncoder"
        )
    trees = [_hist_nodes(predictor) for iteration in estimator._predictors for predictor in iteration]
    start = np.ravel(estimator._baseline_prediction).astype(np.float64)
    facts: dict[str, Any] = {"n_features": int(estimator.n_features_in_), "allows_missing": True}
    facts["rounds_features"] = False
    if hasattr(estimator, "classes_"):
        return log_odds(trees, start, estimator.classes_, 0.0, **facts)
    return summed(trees, sums.EXP if estimator.loss in ("poisson", "gamma") else sums.IDENTITY, start, **facts)


def _hist_nodes(predictor: Any) -> Nodes:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    return Nodes(
        left=left,
        right=right,
        feature=nodes["feature_idx"].astype(np.int64),
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=nodes["value"].astype(np.float64),
    )


@converts("sklearn.ensemble.AdaBoostClassifier")
def convert_adaboost(estimator: Any) -> Ensemble:
    """Convert AdaBoost (SAMME) of decision trees: votes of classes, weighted."""
    check_fitted(estimator, "estimators_")
    members, classes = estimator.estimators_, np.asarray(estimator.classes_)
    if not all(hasattr(member, "tree_") and hasattr(member, "classes_") for member in members):
        raise ConvertError("estimator= is no decision tree; train AdaBoostClassifier with a DecisionTreeClassifier")
    if len(classes) < 2:
        raise ConvertError("the model knows one class only; train with two classes or more")
    n = len(classes)
    weights = np.asarray(estimator.estimator_weights_, np.float64)[: len(members)]
    weights = weights / weights.sum()
    trees: list[Nodes] = []
    for member, weight in zip(members, weights.tolist(), strict=True):
        votes = member.classes_.take(np.argmax(member.tree_.value[:, 0, :], axis=1))
        if n == 2:
            trees.append(of_sklearn(member.tree_, np.where(votes == classes[1], 2.0, -2.0) * weight))
            continue
        # A tree for each class: what the others vote is one leaf, which the layout merges.
        trees += [of_sklearn(member.tree_, (votes == c) * weight * n / (n - 1) ** 2) for c in classes]
    tags = estimator.__sklearn_tags__() if hasattr(estimator, "__sklearn_tags__") else None
    facts: dict[str, Any] = {
        "n_features": int(estimator.n_features_in_),
        "random_thresholds": any(member.splitter == "random" for member in members),
        "allows_missing": bool(tags is not None and tags.input_tags.allow_nan),
    }
    start: NDArray[np.float64] = np.zeros(1) if n == 2 else np.full(n, -1.0 / (n - 1) ** 2)
    return log_odds(trees, start, classes, 0.0, **facts)


@converts("sklearn.ensemble.AdaBoostRegressor")
def refuse_adaboost_regressor(estimator: Any) -> Ensemble:
    """Refuse: its prediction is a weighted median, which sums cannot say."""
    raise ConvertError(
        "AdaBoostRegressor predicts a weighted median of its trees, which is not supported; "
        "use GradientBoostingRegressor(loss='absolute_error') or a forest"
    )
