"""Gaussian naive Bayes and quadratic discriminant analysis of scikit-learn -> `GaussianModel`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts
from ..errors import ConvertError
from ..ir.document import Output
from ..ir.gaussian import GaussianModel
from . import _gaussian  # noqa: F401  (how transformers fold)
from .common import check_fitted, class_labels


@converts("sklearn.naive_bayes.GaussianNB")
def convert_naive_bayes(estimator: Any) -> GaussianModel:
    """Convert a naive Bayes classifier of Gaussian features, with priors given or learned."""
    check_fitted(estimator, "theta_")
    variances = np.asarray(estimator.var_ if hasattr(estimator, "var_") else estimator.sigma_, np.float64)
    if not np.all(variances > 0.0):
        raise ConvertError("a variance of this GaussianNB is 0; use a larger var_smoothing")
    constants = _log_priors(estimator, estimator.class_prior_) - 0.5 * np.sum(np.log(2 * np.pi * variances), axis=1)
    return _classifier(estimator, estimator.theta_, variances**-0.5, constants)


@converts("sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis")
def convert_qda(estimator: Any) -> GaussianModel:
    """Convert a quadratic discriminant analysis, whatever its solver and regularization."""
    check_fitted(estimator, "rotations_")
    means = np.asarray(estimator.means_, np.float64)
    scalings = [np.asarray(s, np.float64) for s in estimator.scalings_]
    if any(np.any(s <= 0.0) for s in scalings):
        raise ConvertError("a class of this QuadraticDiscriminantAnalysis has no variance; use a larger reg_param")
    factors = np.zeros((len(means), max(map(len, scalings)), means.shape[1]))
    for factor, rotation, scaling in zip(factors, estimator.rotations_, scalings, strict=True):
        factor[: len(scaling)] = (np.asarray(rotation, np.float64) * scaling**-0.5).T
    logs = np.array([np.sum(np.log(s)) for s in scalings])
    return _classifier(estimator, means, factors, _log_priors(estimator, estimator.priors_) - 0.5 * logs)


def _log_priors(estimator: Any, priors: Any) -> NDArray[np.float64]:
    values = np.asarray(priors, np.float64)
    if np.any(values <= 0.0):
        name = type(estimator).__name__
        raise ConvertError(f"a class of this {name} has prior 0 and is never predicted; train without that class")
    return np.asarray(np.log(values))


def _classifier(estimator: Any, means: Any, factors: Any, constants: NDArray[np.float64]) -> GaussianModel:
    classes = np.asarray(estimator.classes_)
    return GaussianModel(
        np.asarray(means, np.float64), factors, constants, Output.PROBABILITIES, class_labels(classes), classes
    )
