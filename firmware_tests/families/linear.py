"""Linear models, in emllinear."""

from __future__ import annotations

import numpy as np
from sklearn import discriminant_analysis, linear_model, svm
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import emlearn

from ._data import LABELS, data, fitted, plain, same_classes, whole


def several():
    X, y = data("diabetes")
    return fitted("diabetes", linear_model.Ridge(), np.stack((y, -3 * y + X[:, 0], X[:, 1] ** 2), axis=1))


MODELS = {
    "linear_wine": lambda: fitted("wine", linear_model.LogisticRegression(max_iter=100), rows=60),
    "linear_cancer": lambda: fitted("breast_cancer", discriminant_analysis.LinearDiscriminantAnalysis(), rows=60),
    "linear_digits": lambda: fitted(
        "digits", make_pipeline(StandardScaler(), linear_model.LogisticRegression(max_iter=50)), rows=60
    ),
    "linear_ovr": lambda: fitted("wine", linear_model.SGDClassifier(loss="log_loss", random_state=0), rows=60),
    "linear_labels": lambda: fitted("iris", svm.LinearSVC(random_state=0), LABELS[data("iris")[1]], rows=50),
    "linear_regression": lambda: fitted("diabetes", linear_model.LinearRegression(), rows=60),
    "linear_several": several,
}
SMALL = ("linear_labels", "linear_regression")
agrees = same_classes


def corrupt():
    X, y = data("iris")
    models = [
        emlearn.convert(linear_model.LogisticRegression().fit(X, y)),
        emlearn.convert(linear_model.LogisticRegression().fit(X, y > 0)),
        emlearn.convert(linear_model.Ridge().fit(X, y)),
    ]
    yield from plain(models)
    yield whole(models[0])
