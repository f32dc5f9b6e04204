"""Gaussian mixtures and elliptic envelopes of scikit-learn -> `GaussianModel`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts
from ..ir.document import Output
from ..ir.gaussian import GaussianModel
from . import _gaussian  # noqa: F401  (how transformers fold)
from .common import check_fitted


@converts("sklearn.mixture.GaussianMixture")
def convert_mixture(estimator: Any) -> GaussianModel:
    """Convert a Gaussian mixture of any covariance type. Its classes are the numbers of the components."""
    check_fitted(estimator, "precisions_cholesky_")
    return _mixture(estimator, np.log(np.asarray(estimator.weights_, np.float64)))


@converts("sklearn.mixture.BayesianGaussianMixture")
def convert_bayesian_mixture(estimator: Any) -> GaussianModel:
    """Convert a variational mixture: expected logarithms of weights and precisions take the place of logarithms."""
    from scipy.special import digamma

    check_fitted(estimator, "precisions_cholesky_")
    concentration = estimator.weight_concentration_
    if estimator.weight_concentration_prior_type == "dirichlet_process":
        a, b = (np.asarray(each, np.float64) for each in concentration)
        rest = digamma(b) - digamma(a + b)
        log_weights = digamma(a) - digamma(a + b) + np.concatenate(([0.0], np.cumsum(rest)[:-1]))
    else:
        log_weights = digamma(concentration) - digamma(np.sum(concentration))
    n_features = estimator.means_.shape[1]
    freedom = np.asarray(estimator.degrees_of_freedom_, np.float64)
    log_lambda = n_features * np.log(2.0) + np.sum(digamma(0.5 * (freedom - np.arange(n_features)[:, None])), axis=0)
    log_weights = log_weights - 0.5 * n_features * np.log(freedom)
    return _mixture(estimator, log_weights + 0.5 * (log_lambda - n_features / estimator.mean_precision_))


@converts("sklearn.covariance.EllipticEnvelope")
def convert_envelope(estimator: Any) -> GaussianModel:
    """Convert an elliptic envelope: outliers are class -1, inliers 1."""
    check_fitted(estimator, "offset_")
    # Whose half square is the squared distance, which is compared with minus the offset.
    factor = np.sqrt(2.0) * _root(np.asarray(estimator.get_precision(), np.float64))
    return GaussianModel(
        means=np.asarray(estimator.location_, np.float64)[None],
        factors=factor[None],
        constants=np.array([-float(estimator.offset_)]),
        output=Output.DECISION_VALUES,
        labels=(-1, 1),
        classes=np.array([-1, 1]),
    )


def _root(precision: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return R with R.T @ R = precision, which may be singular; of features of any size."""
    diagonal = np.diag(precision)
    size = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(precision / size[:, None] / size)
    root: NDArray[np.float64] = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T * size
    return root


def _mixture(estimator: Any, log_weights: NDArray[np.float64]) -> GaussianModel:
    means = np.asarray(estimator.means_, np.float64)
    n_components, n_features = means.shape
    cholesky = np.asarray(estimator.precisions_cholesky_, np.float64)
    kind = estimator.covariance_type
    if kind in ("full", "tied"):
        factors = np.swapaxes(cholesky if kind == "full" else cholesky[None], 1, 2)
        logs = np.sum(np.log(np.diagonal(factors, axis1=1, axis2=2)), axis=1)
    else:
        factors = cholesky if kind == "diag" else np.repeat(cholesky[:, None], n_features, axis=1)
        logs = np.sum(np.log(factors), axis=1)
    constants = log_weights + logs - 0.5 * n_features * np.log(2 * np.pi)
    return GaussianModel(means, factors, constants, Output.PROBABILITIES_AND_SCORE, None, np.arange(n_components))
