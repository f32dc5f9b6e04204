"""Support vector machines, in emlkernel."""

from __future__ import annotations

from sklearn import svm
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import emlearn

from ._data import LABELS, data, fitted, plain, same_classes, whole

SIGMOID = svm.SVC(kernel="sigmoid", probability=True, random_state=0)
MODELS = {
    "kernel_wine": lambda: fitted("wine", make_pipeline(StandardScaler(), svm.SVC(kernel="poly"))),
    "kernel_digits": lambda: fitted("digits", svm.SVC(), every=40),
    "kernel_labels": lambda: fitted("iris", svm.SVC(break_ties=True), LABELS[data("iris")[1]]),
    "kernel_pairs": lambda: fitted("iris", svm.SVC(kernel="linear", decision_function_shape="ovo")),
    "kernel_cancer": lambda: fitted("breast_cancer", make_pipeline(StandardScaler(), SIGMOID)),
    "kernel_coupled": lambda: fitted("wine", make_pipeline(StandardScaler(), SIGMOID), LABELS[data("wine")[1]]),
    "kernel_chances": lambda: fitted("iris", svm.NuSVC(probability=True, random_state=0)),
    "kernel_outliers": lambda: fitted("iris", svm.OneClassSVM(nu=0.1)),
    "kernel_value": lambda: fitted("diabetes", svm.SVR(C=100), every=3),
}
SMALL = ("kernel_pairs",)
agrees = same_classes


def corrupt():
    X, y = data("iris")
    models = [
        emlearn.convert(svm.SVC(max_iter=1).fit(X[::30], y[::30])),
        emlearn.convert(svm.SVC(kernel="poly", decision_function_shape="ovo").fit(X[::30], y[::30])),
        emlearn.convert(svm.SVR(kernel="sigmoid").fit(X[::50], y[::50])),
        emlearn.convert(svm.SVC(kernel="linear", probability=True, random_state=0).fit(X[::6], y[::6])),
    ]
    yield from plain(models)
    yield whole(models[0])
