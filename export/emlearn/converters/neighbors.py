"""Nearest neighbours and centroids of scikit-learn -> `NeighborsModel`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts
from ..errors import ConvertError
from ..ir.neighbors import Metric, NeighborsModel, Weights
from .common import check_fitted, class_labels

_METRICS = {
    "euclidean": Metric.EUCLIDEAN,
    "l2": Metric.EUCLIDEAN,
    "manhattan": Metric.MANHATTAN,
    "cityblock": Metric.MANHATTAN,
    "l1": Metric.MANHATTAN,
    "chebyshev": Metric.CHEBYSHEV,
    "infinity": Metric.CHEBYSHEV,
}
_ORDERS = {1: Metric.MANHATTAN, 2: Metric.EUCLIDEAN, float("inf"): Metric.CHEBYSHEV}
_MAX_K = 65535


@converts("sklearn.neighbors.KNeighborsClassifier")
def convert_classifier(estimator: Any) -> NeighborsModel:
    """Convert a vote of the nearest neighbours."""
    check_fitted(estimator, "classes_")
    if estimator.outputs_2d_:
        raise ConvertError("this KNeighborsClassifier predicts several labels; train one estimator for each")
    classes = np.asarray(estimator.classes_)
    targets = np.asarray(estimator._y).reshape(-1)
    return _neighbors(estimator, targets, len(classes), class_labels(classes), classes)


@converts("sklearn.neighbors.KNeighborsRegressor")
def convert_regressor(estimator: Any) -> NeighborsModel:
    """Convert a mean of the nearest neighbours."""
    check_fitted(estimator, "_fit_X")
    y = np.asarray(estimator._y, np.float64)
    if y.ndim == 2 and y.shape[1] > 1:
        raise ConvertError("this KNeighborsRegressor predicts several values; train one estimator for each")
    return _neighbors(estimator, y.reshape(-1))


@converts("sklearn.neighbors.NearestCentroid")
def convert_centroids(estimator: Any) -> NeighborsModel:
    """Convert the nearest of one item a class. Its outputs are minus the distances."""
    check_fitted(estimator, "centroids_")
    if estimator.metric not in ("euclidean", "manhattan"):
        raise ConvertError(f"metric={estimator.metric!r} is not supported; the nearest is metric='euclidean'")
    classes = np.asarray(estimator.classes_)
    priors = getattr(estimator, "class_prior_", None)  # since 1.6
    if priors is not None and not np.allclose(priors, 1.0 / len(classes)):
        raise ConvertError(
            f"priors={estimator.priors!r} that are not alike are not supported; the nearest is priors='uniform'"
        )
    return NeighborsModel(
        np.asarray(estimator.centroids_, np.float64),
        np.arange(len(classes)),
        len(classes),
        _METRICS[estimator.metric],
        Weights.NEAREST,
        len(classes),
        class_labels(classes),
        classes,
    )


def _neighbors(estimator: Any, targets: NDArray[Any], n_classes: int = 0, *labels: Any) -> NeighborsModel:
    if hasattr(estimator._fit_X, "toarray"):
        raise ConvertError(f"this {type(estimator).__name__} was trained on a sparse matrix; train it on X.toarray()")
    if estimator.weights not in (None, "uniform", "distance"):
        raise ConvertError(
            "weights= as a function is not supported; the nearest choices are weights='uniform' and weights='distance'"
        )
    k = int(estimator.n_neighbors)
    items = np.asarray(estimator._fit_X, np.float64)
    if k > min(len(items), _MAX_K):
        raise ConvertError(f"n_neighbors={k} is more than there are items; the nearest is {min(len(items), _MAX_K)}")
    weights = Weights.DISTANCE if estimator.weights == "distance" else Weights.UNIFORM
    return NeighborsModel(items, targets, k, _metric(estimator), weights, n_classes, *labels)


def _metric(estimator: Any) -> Metric:
    metric, supported = estimator.metric, "'euclidean', 'manhattan' and 'chebyshev'"
    if metric in ("minkowski", "p"):
        order = (estimator.metric_params or {}).get("p", estimator.p)
        if order not in _ORDERS:
            nearest = 1 if order < 1.5 else 2
            raise ConvertError(f"p={order!r} is not supported; the nearest is p={nearest}")
        found = _ORDERS[order]
    elif metric in _METRICS:
        found = _METRICS[metric]
    else:
        raise ConvertError(f"metric={metric!r} is not supported; supported are {supported}: the nearest is 'euclidean'")
    if set(estimator.metric_params or {}) - {"p"}:
        names = ", ".join(sorted(set(estimator.metric_params) - {"p"}))
        raise ConvertError(f"metric_params with {names} is not supported; scale the features instead, and leave it out")
    return found
