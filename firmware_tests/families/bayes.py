"""Gaussian discriminants, in emlbayes."""

from __future__ import annotations

from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB

import emlearn

from ._data import LABELS, data, fitted, plain, same_classes

MODELS = {
    "bayes_digits": lambda: fitted("digits", GaussianNB(), rows=60),
    "bayes_labels": lambda: fitted("iris", GaussianNB(priors=[0.2, 0.7, 0.1]), LABELS[data("iris")[1]], rows=50),
    "bayes_wine": lambda: fitted("wine", QuadraticDiscriminantAnalysis(), rows=60),
}
SMALL = ("bayes_labels",)
agrees = same_classes


def corrupt():
    X, y = data("iris")
    yield from plain([emlearn.convert(GaussianNB().fit(X[:, 1:3], y > 0))])
