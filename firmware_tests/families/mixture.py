"""Gaussian mixtures and envelopes, in emlmixture."""

from __future__ import annotations

from sklearn import mixture
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

import emlearn

from ._data import data, fitted, plain, same_classes

BAYESIAN = mixture.BayesianGaussianMixture(n_components=4, covariance_type="tied", random_state=0)
MODELS = {
    "mixture_wine": lambda: fitted("wine", mixture.GaussianMixture(3, random_state=0), rows=60),
    "mixture_pca": lambda: fitted("digits", make_pipeline(PCA(5), BAYESIAN), rows=60),
    "mixture_one": lambda: fitted("iris", mixture.GaussianMixture(1, covariance_type="diag"), rows=50),
    "mixture_envelope": lambda: fitted("breast_cancer", EllipticEnvelope(random_state=0), rows=60),
}
SMALL = ("mixture_one",)
agrees = same_classes


def corrupt():
    X = data("iris")[0]
    models = [  # small, for the slowest board's twin
        emlearn.convert(mixture.GaussianMixture(1, covariance_type="diag").fit(X[:, :3])),
        emlearn.convert(EllipticEnvelope(random_state=0).fit(X[:, 1:3])),
    ]
    yield from plain(models)
