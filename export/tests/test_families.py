"""Every family but trees: each estimator on each data set and through each format, all rows, beside the estimator.

A new family adds lines to CASES; what the estimator's outputs are decides how they are compared.
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest
from emlearn.certificate import reference_predictions
from sklearn import discriminant_analysis, linear_model, multiclass, svm
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from support import data

import emlearn

CLASSES = ["iris", "wine", "breast_cancer", "digits"]
NUMBERS = ["diabetes", "wine", "breast_cancer", "digits"]  # the class is a number, too
PROBABILITY = 1e-5
VALUE = 1e-5  # of the largest value, or decision value

SCALERS = {
    "": lambda: [],
    "standard ": lambda: [StandardScaler()],
    "min-max ": lambda: [MinMaxScaler((-1, 2))],
    "max-abs ": lambda: [MaxAbsScaler()],
    "robust ": lambda: [RobustScaler()],
    "PCA ": lambda: [StandardScaler(), PCA(3, whiten=True)],
    "select ": lambda: [VarianceThreshold(), StandardScaler(), "passthrough", SelectKBest(k=3)],
}
ESTIMATORS = {
    "logistic": lambda: linear_model.LogisticRegression(max_iter=200),
    "ovr": lambda: multiclass.OneVsRestClassifier(linear_model.LogisticRegression(max_iter=200)),
    "ovr svc": lambda: multiclass.OneVsRestClassifier(svm.LinearSVC(random_state=0)),
    "sgd log": lambda: linear_model.SGDClassifier(loss="log_loss", max_iter=50, random_state=0),
    "sgd": lambda: linear_model.SGDClassifier(max_iter=50, random_state=0),
    "svc": lambda: svm.LinearSVC(random_state=0),
    "perceptron": lambda: linear_model.Perceptron(max_iter=50, random_state=0),
    "ridge classifier": lambda: linear_model.RidgeClassifier(),
    "lda": lambda: discriminant_analysis.LinearDiscriminantAnalysis(),
    "least squares": lambda: linear_model.LinearRegression(),
    "ridge": lambda: linear_model.RidgeCV(),
    "lasso": lambda: linear_model.Lasso(0.01),
    "elastic net": lambda: linear_model.ElasticNet(0.01, fit_intercept=False),
    "svr": lambda: svm.LinearSVR(random_state=0),
    "sgd regressor": lambda: linear_model.SGDRegressor(max_iter=50, random_state=0),
    "huber": lambda: linear_model.HuberRegressor(),
    "several values": lambda: linear_model.Ridge(),
}
REGRESSORS = list(ESTIMATORS)[9:]

# (scaler, estimator, data set)
CASES = [
    *(("", name, dataset) for name in ESTIMATORS if name not in REGRESSORS for dataset in CLASSES),
    *(("standard ", name, dataset) for name in ESTIMATORS if name not in REGRESSORS for dataset in CLASSES),
    *(("", name, dataset) for name in REGRESSORS for dataset in NUMBERS),
    *((scaler, name, "wine") for scaler in list(SCALERS)[1:] for name in ("logistic", "svc", "svr")),
    *((scaler, "several values", "wine") for scaler in list(SCALERS)[1:-1]),
]


@cache
def fitted(scaler, name, dataset):
    X, y = data(dataset)
    if name == "several values":
        y = np.stack((y, -3 * y + X[:, 0], X[:, 1] ** 2), axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(*SCALERS[scaler](), ESTIMATORS[name]()).fit(X, y), X.astype(np.float32)


@cache
def converted(*case):
    return emlearn.convert(fitted(*case)[0])


@pytest.mark.parametrize("format", ["eml", "csv"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: "{}{}-{}".format(*case))
def test_all_rows(case, format, tmp_path):
    estimator, X = fitted(*case)
    model = converted(*case)
    file = tmp_path / f"model.{format}"
    model.save(file)
    loaded = emlearn.load(file)
    assert loaded.save(format="eml") == model.save(format="eml")
    expected = reference_predictions(estimator, X)
    outputs = model.predictions(X).outputs
    assert np.array_equal(loaded.predictions(X).outputs, outputs)
    if hasattr(estimator, "predict_proba"):
        assert np.array_equal(model.predict_proba(X), outputs)
        assert np.max(np.abs(outputs - expected.outputs)) <= PROBABILITY
    else:
        assert np.max(np.abs(outputs - expected.outputs)) <= VALUE * np.max(np.abs(expected.outputs))
    if hasattr(estimator, "classes_"):
        assert np.array_equal(model.predict(X), expected.labels)
        decision = estimator.decision_function(X)
        assert model.decision_function(X).shape == decision.shape
        assert np.max(np.abs(model.decision_function(X) - decision)) <= VALUE * np.max(np.abs(decision))
    else:
        assert model.predict(X).shape == expected.labels.shape
