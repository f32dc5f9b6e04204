"""Networks, in emlnet."""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import emlearn

from ._data import data, odd, plain, whole


def network(name, estimator, dtype="float", y=None):
    X, known = data(name)
    estimator = make_pipeline(StandardScaler(), estimator).fit(X, known if y is None else y)
    return emlearn.convert(estimator, data=X, dtype=dtype), np.concatenate((X[:: len(X) // 40], odd(X, 12), -X[:3]))


def several():
    X, y = data("diabetes")
    estimator = MLPRegressor(hidden_layer_sizes=(11, 4), activation="tanh", max_iter=50, random_state=0)
    return network("diabetes", estimator, y=np.stack((y, -3 * y + X[:, 0]), axis=1))


MODELS = {
    "net_wine": lambda: network("wine", MLPClassifier((12, 7), activation="tanh", max_iter=200, random_state=0)),
    "net_cancer": lambda: network("breast_cancer", MLPClassifier((5,), activation="logistic", random_state=0)),
    "net_digits": lambda: network("digits", MLPClassifier((16,), max_iter=40, random_state=0), "int16"),
    "net_iris": lambda: network("iris", MLPClassifier((9,), max_iter=300, random_state=0), "int8"),
    "net_several": several,
}
SMALL = ("net_iris",)


def corrupt():
    X, y = data("iris")
    models = [
        emlearn.convert(MLPClassifier((3, 2), max_iter=9, random_state=0).fit(X, y)),
        emlearn.convert(MLPClassifier(3, activation="tanh", max_iter=9, random_state=0).fit(X, y > 0), dtype="int16"),
        emlearn.convert(MLPRegressor(hidden_layer_sizes=2, max_iter=9, random_state=0).fit(X, y), dtype="int8"),
    ]
    yield from plain(models)
    yield whole(models[0])
