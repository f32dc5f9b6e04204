"""XGBoost (2.0 or newer), both its scikit-learn classes and `Booster` -> `Ensemble`, from its JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts
from ..errors import ConvertError
from ..ir import sums
from ..ir.trees import Ensemble
from ._sums import Nodes, log_odds, summed

_EXP = ("count:poisson", "reg:gamma", "reg:tweedie")
_IDENTITY = (
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:pseudohubererror",
    "reg:absoluteerror",
    "reg:quantileerror",
    "reg:linear",
)
_CLASSES = ("binary:logistic", "multi:softprob", "multi:softmax")
# XGBoost predicts the second class where 1 / (1 + exp(-x)), in float32, is above 0.5: from the first x on for which
# 1 + exp(-x) rounds to less than 2.
_LIMIT = 1.5 * 2.0**-24


@converts(
    "xgboost.XGBClassifier",
    "xgboost.XGBRegressor",
    "xgboost.XGBRFClassifier",
    "xgboost.XGBRFRegressor",
    "xgboost.XGBRanker",
)
def convert_xgboost(estimator: Any) -> Ensemble:
    """Convert an estimator of xgboost's scikit-learn API, with the trees up to its best iteration."""
    try:
        booster = estimator.get_booster()
    except Exception as error:  # xgboost's own NotFittedError, or scikit-learn's
        raise ConvertError(f"this {type(estimator).__name__} is not fitted; call fit(X, y) first") from error
    if estimator.missing is not None and not np.isnan(estimator.missing):
        raise ConvertError(f"missing={estimator.missing!r}: the device knows NaN as missing only; train with that")
    best = booster.attr("best_iteration")
    classes = np.asarray(estimator.classes_) if hasattr(estimator, "classes_") else None
    return _convert(booster, None if best is None else int(best) + 1, classes)


@converts("xgboost.Booster")
def convert_booster(booster: Any) -> Ensemble:
    """Convert a Booster, with all its trees, which is what it predicts with itself."""
    return _convert(booster, None, None)


def _convert(booster: Any, n_iterations: int | None, classes: NDArray[Any] | None) -> Ensemble:
    learner = json.loads(booster.save_raw("json"))["learner"]
    objective, parameters = learner["objective"]["name"], learner["learner_model_param"]
    if objective not in (*_EXP, *_IDENTITY, *_CLASSES):
        raise ConvertError(
            f"objective={objective!r} is not supported; train with one of {', '.join((*_CLASSES, *_IDENTITY, *_EXP))}"
        )
    if int(parameters.get("num_target", 1)) > 1:
        raise ConvertError("the model predicts several targets; train one model for each, and convert each")
    gbtree, weights = learner["gradient_booster"], None
    if gbtree["name"] == "dart":
        weights, gbtree = np.array(gbtree["weight_drop"], np.float32), gbtree["gbtree"]
    if "model" not in gbtree or "trees" not in gbtree["model"]:
        raise ConvertError(f"booster={gbtree['name']!r} has no trees; train with booster='gbtree'")
    n_groups = max(int(parameters["num_class"]), 1)
    trees, group = gbtree["model"]["trees"], np.array(gbtree["model"]["tree_info"], int)
    if n_iterations is not None:
        trees = trees[: gbtree["model"]["iteration_indptr"][n_iterations]]
        group = group[: len(trees)]
    nodes = [_nodes(tree, 1.0 if weights is None else weights[i]) for i, tree in enumerate(trees)]
    facts: dict[str, Any] = {"n_features": int(parameters["num_feature"]), "allows_missing": True}
    facts["equal_goes"] = "right"
    start = _start(parameters["base_score"], objective, n_groups)
    if objective in _CLASSES:
        if classes is None:
            classes = np.arange(max(n_groups, 2))
        return log_odds(_in_turn(nodes, group, n_groups), start, classes, _LIMIT, **facts)
    return summed(nodes, sums.EXP if objective in _EXP else sums.IDENTITY, start, **facts)


def _nodes(tree: dict[str, Any], weight: Any) -> Nodes:
    if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise ConvertError("multi_strategy='multi_output_tree' is not supported; train with 'one_output_per_tree'")
    if any(tree.get("split_type", ())):
        raise ConvertError(
            "enable_categorical= makes splits by sets of categories, which the device does not have; "
            "train with enable_categorical=False behind an OrdinalEncoder"
        )
    left, right = (np.array(tree[f"{side}_children"], np.int64) for side in ("left", "right"))
    # In leaves, the condition is their value. x < t is x <= the float32 below t.
    condition = np.array(tree["split_conditions"], np.float32)
    below = np.nextafter(condition, np.float32(-np.inf))
    return Nodes(
        left=left,
        right=right,
        feature=np.array(tree["split_indices"], np.int64),
        threshold=below.astype(np.float64),
        missing_left=np.array(tree["default_left"]).astype(bool),
        value=(condition * np.float32(weight)).astype(np.float64),
    )


def _in_turn(nodes: list[Nodes], group: NDArray[np.int64], n_groups: int) -> list[Nodes]:
    """Order the trees so that they add to the groups in turn; a round may have trained several for each."""
    trees_of = [np.flatnonzero(group == g) for g in range(n_groups)]
    if len({len(trees) for trees in trees_of}) != 1:
        raise ConvertError("the classes have unequal numbers of trees, which XGBoost does not train; is it damaged?")
    return [nodes[i] for i in np.stack(trees_of, axis=1).reshape(-1).tolist()]


def _start(base_score: str, objective: str, n_groups: int) -> NDArray[np.float64]:
    """Margins that the sums begin at. The text is a number, or since 3.1 a list of them; in units of the output."""
    scores = np.array([float(text) for text in base_score.strip("[]").split(",")], np.float32).astype(np.float64)
    if objective == "binary:logistic":
        scores = np.log(scores / (1.0 - scores))
    elif objective in _EXP:
        scores = np.log(scores)
    return np.broadcast_to(scores, n_groups) if len(scores) == 1 else scores
