"""Nearest neighbours, in emlknn."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid

import emlearn

from ._data import data, plain, whole


def neighbors(name, estimator, **options):
    """A model of every sixth row, and of the others as many."""
    X, y = data(name)
    X = np.rint(X * 10).astype(np.int16) if options else X
    return emlearn.convert(estimator.fit(X[::6], y[::6]), **options), np.ascontiguousarray(X[3::6])


MODELS = {
    "knn_int16": lambda: neighbors("iris", KNeighborsClassifier(3), dtype="int16"),
    "knn_int16_distance": lambda: neighbors("iris", KNeighborsClassifier(4, weights="distance"), dtype="int16"),
    "knn_float": lambda: neighbors("wine", KNeighborsClassifier(5, weights="distance")),
    "knn_manhattan": lambda: neighbors("iris", KNeighborsClassifier(3, p=1)),
    "knn_regression": lambda: neighbors("diabetes", KNeighborsRegressor(4, metric="chebyshev")),
    "knn_centroids": lambda: neighbors("wine", NearestCentroid()),
}
SMALL = ("knn_int16", "knn_manhattan")


def corrupt():
    X, y = data("iris")
    X, y = np.rint(X[::25] * 10), y[::25]
    models = [
        emlearn.convert(KNeighborsClassifier(2).fit(X, y), dtype="int16"),
        emlearn.convert(KNeighborsClassifier(2, weights="distance", p=1).fit(X, y)),
        emlearn.convert(KNeighborsRegressor(2, metric="chebyshev").fit(X, y)),
        emlearn.convert(NearestCentroid().fit(X, y)),
    ]
    yield from plain(models)
    yield whole(models[0])
