"""Linear models of scikit-learn -> `LinearModel`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts, find
from ..errors import ConvertError
from ..ir.linear import LinearModel, Link
from .common import check_fitted, class_labels
from .pipeline import Affine, folds


@converts(
    *(
        f"sklearn.linear_model.{name}"
        for name in (
            "ARDRegression BayesianRidge ElasticNet ElasticNetCV HuberRegressor Lars LarsCV Lasso LassoCV LassoLars "
            "LassoLarsCV LassoLarsIC LinearRegression MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso "
            "MultiTaskLassoCV OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV PassiveAggressiveRegressor "
            "QuantileRegressor Ridge RidgeCV SGDRegressor TheilSenRegressor"
        ).split()
    ),
    "sklearn.svm.LinearSVR",
)
def convert_regressor(estimator: Any) -> LinearModel:
    """Convert a regressor of one value or several."""
    coef, intercept = _coefficients(estimator)
    return LinearModel(coef, intercept)


@converts(
    "sklearn.linear_model.PassiveAggressiveClassifier",
    "sklearn.linear_model.Perceptron",
    "sklearn.linear_model.RidgeClassifier",
    "sklearn.linear_model.RidgeClassifierCV",
    "sklearn.svm.LinearSVC",
)
def convert_classifier(estimator: Any) -> LinearModel:
    """Convert a classifier that has decision values, but no probabilities."""
    check_fitted(estimator, "classes_")
    if np.ndim(estimator.classes_) != 1 or isinstance(estimator.classes_, list):
        raise ConvertError(f"this {type(estimator).__name__} predicts several labels; train one estimator for each")
    return _classifier(estimator, Link.IDENTITY)


@converts("sklearn.linear_model.LogisticRegression", "sklearn.linear_model.LogisticRegressionCV")
def convert_logistic(estimator: Any) -> LinearModel:
    """Convert a logistic regression: binary, multinomial, or one against the rest (older versions, liblinear)."""
    check_fitted(estimator, "classes_")
    multi_class = getattr(estimator, "multi_class", "auto")  # gone since 1.8
    if len(estimator.classes_) == 2:
        if multi_class == "multinomial":
            raise ConvertError("multi_class='multinomial' with two classes is not supported; leave multi_class out")
        return _classifier(estimator, Link.SIGMOID)
    one_against_rest = multi_class == "ovr" or estimator.solver == "liblinear"
    return _classifier(estimator, Link.OVR if one_against_rest else Link.SOFTMAX)


@converts("sklearn.discriminant_analysis.LinearDiscriminantAnalysis")
def convert_lda(estimator: Any) -> LinearModel:
    """Convert a linear discriminant analysis as a classifier."""
    check_fitted(estimator, "classes_")
    return _classifier(estimator, Link.SIGMOID if len(estimator.classes_) == 2 else Link.SOFTMAX)


@converts("sklearn.linear_model.SGDClassifier")
def convert_sgd(estimator: Any) -> LinearModel:
    """Convert a classifier trained by stochastic gradient descent; with loss="log_loss" it has probabilities."""
    check_fitted(estimator, "classes_")
    if estimator.loss == "modified_huber":
        raise ConvertError("loss='modified_huber' is not supported; the nearest is loss='log_loss'")
    if estimator.loss != "log_loss":
        return _classifier(estimator, Link.IDENTITY)
    return _classifier(estimator, Link.SIGMOID if len(estimator.classes_) == 2 else Link.OVR)


@converts("sklearn.multiclass.OneVsRestClassifier")
def convert_one_vs_rest(estimator: Any) -> LinearModel:
    """Convert one linear classifier a class."""
    check_fitted(estimator, "estimators_")
    if estimator.multilabel_:
        raise ConvertError("this OneVsRestClassifier predicts several labels; train one estimator for each")
    parts = []
    for member in estimator.estimators_:
        part = find(member)(member)
        if not isinstance(part, LinearModel) or len(part.coef) != 1:
            kind = type(member).__name__
            raise ConvertError(f"OneVsRestClassifier of {kind} is not supported; use a linear classifier")
        parts.append(part)
    has_probabilities = all(part.link == Link.SIGMOID for part in parts)
    if not has_probabilities and hasattr(estimator, "predict_proba"):
        raise ConvertError("OneVsRestClassifier of these classifiers is not supported; use LogisticRegression")
    coef = np.concatenate([part.coef for part in parts])
    intercept = np.concatenate([part.intercept for part in parts])
    links = (Link.SIGMOID, Link.OVR) if has_probabilities else (Link.IDENTITY, Link.IDENTITY)
    return _with_classes(estimator, coef, intercept, links[len(parts) > 1])


@folds
def _fold(model: LinearModel, affine: Affine) -> LinearModel:
    return replace(model, coef=model.coef @ affine.matrix, intercept=model.intercept + model.coef @ affine.offset)


def _classifier(estimator: Any, link: Link) -> LinearModel:
    return _with_classes(estimator, *_coefficients(estimator), link)


def _with_classes(estimator: Any, coef: NDArray[np.float64], intercept: NDArray[np.float64], link: Link) -> LinearModel:
    classes = np.asarray(estimator.classes_)
    return LinearModel(coef, intercept, len(classes), link, class_labels(classes), classes)


def _coefficients(estimator: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    check_fitted(estimator, "coef_")
    coef = estimator.coef_.toarray() if hasattr(estimator.coef_, "toarray") else np.asarray(estimator.coef_)
    coef = np.atleast_2d(coef).astype(np.float64)
    intercept = np.asarray(estimator.intercept_, np.float64).reshape(-1)
    return coef, np.broadcast_to(intercept, len(coef)).copy()
