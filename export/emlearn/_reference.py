"""How estimators that are not asked as scikit-learn's classifiers are predict for themselves, by class path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Predict = Callable[[Any, NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]


def isolation_forest(estimator: Any, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels -1 and 1, and the anomaly score beside 1 minus that."""
    score = -estimator.score_samples(X)
    return np.asarray(estimator.predict(X)), np.stack((score, 1.0 - score), axis=1)


def mixture(estimator: Any, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Components; their probabilities and the log-likelihood. In float64: it subtracts squares of features."""
    X = X.astype(np.float64)
    return np.asarray(estimator.predict(X)), np.column_stack((estimator.predict_proba(X), estimator.score_samples(X)))


def envelope(estimator: Any, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels -1 and 1, and the decision value."""
    X = X.astype(np.float64)
    return np.asarray(estimator.predict(X)), np.asarray(estimator.decision_function(X))[:, None]


def one_class(estimator: Any, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels -1 and 1, and the decision value."""
    return np.asarray(estimator.predict(X)), np.asarray(estimator.decision_function(X))[:, None]


def columns(transformer: Any, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """What a transformer of windows makes of them."""
    found = np.asarray(transformer.transform(X))
    return found, found


def xgboost_booster(booster: Any, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Class numbers and probabilities, or values; the objective tells which."""
    found = np.asarray(booster.inplace_predict(X))
    objective = booster.save_config().partition('"objective":{"name":"')[2].partition('"')[0]
    if objective == "multi:softmax":
        margin = np.asarray(booster.inplace_predict(X, predict_type="margin"), np.float64)
        scores = np.exp(margin - margin.max(axis=1, keepdims=True))
        return found.astype(np.int64), scores / scores.sum(axis=1, keepdims=True)
    return _by_probability(found, objective == "binary:logistic")


def lightgbm_booster(booster: Any, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Class numbers and probabilities, or values; the objective tells which."""
    return _by_probability(np.asarray(booster.predict(X)), booster.dump_model()["objective"].startswith("binary"))


def _by_probability(found: NDArray[Any], binary: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    if binary:
        return (found > 0.5).astype(np.int64), np.stack((1.0 - found, found), axis=1)
    return (np.argmax(found, axis=1), found) if found.ndim == 2 else (found, found[:, None])


PREDICT: dict[tuple[str, str], Predict] = {
    ("sklearn", "IsolationForest"): isolation_forest,
    ("sklearn", "GaussianMixture"): mixture,
    ("sklearn", "BayesianGaussianMixture"): mixture,
    ("sklearn", "EllipticEnvelope"): envelope,
    ("sklearn", "OneClassSVM"): one_class,
    **dict.fromkeys([("emlearn", name) for name in ("Statistics", "Spectrum", "MelSpectrogram", "MFCC")], columns),
    ("sklearn", "FeatureUnion"): columns,
    ("xgboost", "Booster"): xgboost_booster,
    ("lightgbm", "Booster"): lightgbm_booster,
}


def find(estimator: object) -> Predict | None:
    """Return the function for a class, or its nearest base class that has one; of a pipeline for its last step's."""
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    for cls in type(last).__mro__:
        found = PREDICT.get((cls.__module__.partition(".")[0], cls.__name__))
        if found is not None:
            return found
    return None
