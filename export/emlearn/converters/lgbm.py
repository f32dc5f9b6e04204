"""LightGBM, both its scikit-learn classes and `Booster` -> `Ensemble`, from what `dump_model` says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts
from ..errors import ConvertError
from ..ir import sums
from ..ir.trees import Ensemble
from ._sums import Nodes, log_odds, summed

_EXP = ("poisson", "gamma", "tweedie")
_IDENTITY = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
_CLASSES = ("binary", "multiclass")
_ZERO = float(np.float32(1e-35))  # what is not farther from 0 counts as 0 when LightGBM predicts
_INFINITY = 1e300  # infinite features count as this, and thresholds are at most this
_BELOW_ZERO = float(np.nextafter(np.float32(-1e-35), np.float32(-1)))


@converts("lightgbm.LGBMClassifier", "lightgbm.LGBMRegressor", "lightgbm.LGBMRanker")
def convert_lightgbm(estimator: Any) -> Ensemble:
    """Convert an estimator of LightGBM's scikit-learn API, with the trees up to its best iteration."""
    try:
        booster = estimator.booster_
    except Exception as error:  # LightGBM's own NotFittedError
        raise ConvertError(f"this {type(estimator).__name__} is not fitted; call fit(X, y) first") from error
    return _convert(booster, np.asarray(estimator.classes_) if hasattr(estimator, "classes_") else None)


@converts("lightgbm.Booster")
def convert_booster(booster: Any) -> Ensemble:
    """Convert a Booster, with the trees up to its best iteration, as it predicts itself."""
    return _convert(booster, None)


def _convert(booster: Any, classes: NDArray[Any] | None) -> Ensemble:
    model = booster.dump_model()
    objective, *options = model.get("objective", "none").split(" ")
    if objective not in (*_EXP, *_IDENTITY, *_CLASSES):
        raise ConvertError(
            f"objective={objective!r} is not supported; train with one of {', '.join((*_CLASSES, *_IDENTITY, *_EXP))}"
        )
    if model["average_output"]:
        raise ConvertError("boosting_type='rf' averages its trees, which is not supported; train with 'gbdt'")
    for option in options:
        if option == "sqrt" or (option.startswith("sigmoid:") and float(option[8:]) != 1.0):
            name = "reg_sqrt=True" if option == "sqrt" else option.replace(":", "=")
            raise ConvertError(f"{name} is not supported; train without it")
    trees = [_nodes(tree["tree_structure"]) for tree in model["tree_info"]]
    start = np.zeros(int(model["num_tree_per_iteration"]))
    facts: dict[str, Any] = {"n_features": int(model["max_feature_idx"]) + 1, "allows_missing": True}
    facts["rounds_features"] = False
    if objective in _CLASSES:
        if classes is None:
            classes = np.arange(max(int(model["num_class"]), 2))
        return log_odds(trees, start, classes, 0.0, **facts)
    return summed(trees, sums.EXP if objective in _EXP else sums.IDENTITY, start, **facts)


def _nodes(root: dict[str, Any]) -> Nodes:
    rows: list[tuple[int, int, int, float, bool, float]] = []
    waiting = [(root, -1, 0)]  # node, its parent's row, 0 left or 1 right
    children: list[list[int]] = []
    while waiting:
        node, parent, side = waiting.pop()
        if parent >= 0:
            children[parent][side] = len(children)
        if "leaf_value" not in node:
            waiting += [(node["right_child"], len(children), 1), (node["left_child"], len(children), 0)]
            rows.append((0, 0, *_decision(node), 0.0))
        else:
            if "leaf_coeff" in node:
                raise ConvertError("linear_tree=True is not supported; train without it")
            rows.append((0, 0, 0, 0.0, False, float(node["leaf_value"])))
        children.append([-1, -1])
    _, _, feature, threshold, missing_left, value = zip(*rows, strict=True)
    links = np.array(children, np.int64)
    return Nodes(
        left=links[:, 0],
        right=links[:, 1],
        feature=np.array(feature, np.int64),
        threshold=np.array(threshold, np.float64),
        missing_left=np.array(missing_left, bool),
        value=np.array(value, np.float64),
    )


def _decision(node: dict[str, Any]) -> tuple[int, float, bool]:
    """Feature, threshold, and whether NaN goes left."""
    if node["decision_type"] != "<=":
        raise ConvertError(
            "categorical_feature= makes splits by sets of categories, which the device does not have; "
            "train without it behind an OrdinalEncoder"
        )
    if node["missing_type"] == "Zero":
        raise ConvertError("zero_as_missing=True is not supported; train with NaN for what is missing")
    threshold = float(node["threshold"])
    if -_ZERO <= threshold <= _ZERO:
        threshold = _BELOW_ZERO if threshold < 0.0 else _ZERO
    elif abs(threshold) >= _INFINITY:
        threshold = float(np.copysign(np.inf, threshold))
    # Where no value was missing in training, NaN counts as 0.
    missing_left = bool(node["default_left"]) if node["missing_type"] == "NaN" else threshold >= 0.0
    return int(node["split_feature"]), threshold, missing_left
