"""Every family but trees: each estimator on each data set and through each format, all rows, beside the estimator.

A new family adds lines to CASES; what the estimator's outputs are decides how they are compared.
"""

from __future__ import annotations

import subprocess
import warnings
from array import array
from functools import cache, partial

import numpy as np
import pytest
from emlearn.certificate import reference_predictions
from emlearn.writers.c import FUNCTIONS
from sklearn import discriminant_analysis, linear_model, mixture, multiclass, naive_bayes, svm
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from support import data

import emlearn

CLASSES = ["iris", "wine", "breast_cancer", "digits"]
NUMBERS = ["diabetes", "wine", "breast_cancer", "digits"]  # the class is a number, too
PROBABILITY = 1e-5
VALUE = 1e-5  # of the largest value, or decision value
SCORE = 1e-4  # of a log-likelihood, or of 1 where that crosses 0

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
NETWORKS = {
    "net relu": lambda: MLPClassifier((20,), max_iter=80, random_state=0),
    "net tanh": lambda: MLPClassifier((12, 9), activation="tanh", max_iter=80, random_state=0),
    "net logistic": lambda: MLPClassifier((10,), activation="logistic", max_iter=80, random_state=0),
    "net identity": lambda: MLPClassifier((5,), activation="identity", max_iter=80, random_state=0),
    "net regressor": lambda: MLPRegressor(hidden_layer_sizes=(20, 10), max_iter=80, random_state=0),
    "net several values": lambda: MLPRegressor(hidden_layer_sizes=9, activation="tanh", max_iter=80, random_state=0),
}
ESTIMATORS |= NETWORKS
REGRESSORS += list(NETWORKS)[4:]

BAYES = {
    "naive bayes": lambda: naive_bayes.GaussianNB(),
    "qda": lambda: discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.01),
}
MIXTURES = {
    f"{kind} mixture": lambda kind=kind: mixture.GaussianMixture(3, covariance_type=kind, max_iter=20, random_state=0)
    for kind in ("full", "tied", "diag", "spherical")
}
MIXTURES |= {
    "bayesian mixture": lambda: mixture.BayesianGaussianMixture(n_components=3, max_iter=20, random_state=0),
    "envelope": lambda: EllipticEnvelope(support_fraction=0.9, random_state=0),
}
ESTIMATORS |= BAYES
MACHINES = {"SVC": svm.SVC, "SVR": svm.SVR}
MACHINES["NuSVC"] = partial(svm.NuSVC, nu=0.02, decision_function_shape="ovo")
KERNELS = {
    f"{name} {kernel}": partial(machine, kernel=kernel)
    for kernel in ("linear", "rbf", "poly", "sigmoid")
    for name, machine in MACHINES.items()
}
KERNELS |= {
    f"coupled {kernel}": partial(svm.SVC, kernel=kernel, probability=True, random_state=0)
    for kernel in ("linear", "rbf", "poly", "sigmoid")
}

CLASSIFIERS = [name for name in ESTIMATORS if name not in REGRESSORS]
ESTIMATORS |= MIXTURES

# (scaler, estimator, data set)
CASES = [
    *(("", name, dataset) for name in CLASSIFIERS for dataset in CLASSES),
    *(("standard ", name, dataset) for name in CLASSIFIERS for dataset in CLASSES),
    *(("", name, dataset) for name in REGRESSORS for dataset in NUMBERS),
    *((scaler, name, "wine") for scaler in list(SCALERS)[1:] for name in ("logistic", "svc", "svr")),
    *((scaler, "several values", "wine") for scaler in list(SCALERS)[1:-1]),
    *((scaler, "net relu", "wine") for scaler in list(SCALERS)[2:]),
    *(("", f"SVC {kernel}", dataset) for kernel in ("rbf", "poly", "sigmoid") for dataset in CLASSES),
    *(("scaled ", name, dataset) for name in KERNELS if "SVC" in name for dataset in CLASSES),
    *(("scaled ", f"coupled {kernel}", dataset) for kernel in ("linear", "rbf", "poly") for dataset in CLASSES),
    *(("standard ", f"coupled {kernel}", "iris") for kernel in ("linear", "sigmoid")),
    *(("scaled ", name, dataset) for name in KERNELS if name[:3] == "SVR" for dataset in ("diabetes", "wine")),
    *((scaler, "SVC poly", "wine") for scaler in ("standard ", "PCA ")),
    *(("standard ", name, "breast_cancer") for name in ("SVC linear", "SVC sigmoid")),
    *(("standard ", name, dataset) for name in ("net regressor", "net several values") for dataset in NUMBERS),
    *((scaler, name, "wine") for scaler in list(SCALERS)[2:] for name in (*BAYES, "full mixture", "diag mixture")),
    *(("", name, dataset) for name in list(MIXTURES)[:4] for dataset in CLASSES),
    *(("standard ", name, dataset) for name in list(MIXTURES)[:4] for dataset in CLASSES),
    *((scaler, "envelope", "wine") for scaler in SCALERS),
    *(("", name, dataset) for name in list(MIXTURES)[4:] for dataset in ("iris", "breast_cancer")),
]


@cache
def fitted(scaler, name, dataset):
    X, y = data(dataset)
    if "several values" in name:
        y = np.stack((y, -3 * y + X[:, 0], X[:, 1] ** 2), axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FutureWarning)  # probability=True is deprecated
        if scaler == "scaled ":  # beforehand: rbf has no scaler in its file
            X = StandardScaler().fit_transform(X)
            return KERNELS[name]().fit(X, y), X.astype(np.float32)
        estimator = (ESTIMATORS | KERNELS)[name]()
        return make_pipeline(*SCALERS[scaler](), estimator).fit(X, y), X.astype(np.float32)


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
        n = model.tables.n_classes  # of mixtures, another output follows
        assert np.array_equal(model.predict_proba(X), outputs[:, :n])
        assert np.max(np.abs(outputs - expected.outputs)[:, :n]) <= PROBABILITY
    else:
        assert np.max(np.abs(outputs - expected.outputs)) <= VALUE * np.max(np.abs(expected.outputs))
    if hasattr(estimator, "score_samples"):
        assert np.array_equal(model.predict(X), expected.labels)
        scores = estimator.score_samples(X.astype(np.float64))
        limit = SCORE * np.maximum(np.abs(scores), 1.0)
        assert np.all(np.abs(model.score_samples(X) - scores) <= limit)
        if model.tables.n_outputs > 1:
            assert np.all(np.abs(outputs[:, -1] - scores) <= limit)
    elif hasattr(estimator, "classes_"):
        assert np.array_equal(model.predict(X), expected.labels)
        if not hasattr(estimator, "decision_function"):
            return
        decision = estimator.decision_function(X)
        assert model.decision_function(X).shape == decision.shape
        assert np.max(np.abs(model.decision_function(X) - decision)) <= VALUE * np.max(np.abs(decision))
    else:
        assert model.predict(X).shape == expected.labels.shape


# ---- What generated code predicts, and the device's own Python

COMPILE = "gcc -std=c99 -O1 -ffp-contract=off -pedantic -Wall -Wextra -Wconversion -Wdouble-promotion -Werror".split()
GENERATED = [
    ("", "logistic", "wine"),
    ("standard ", "logistic", "breast_cancer"),
    ("", "sgd log", "wine"),
    ("", "svc", "iris"),
    ("", "svc", "breast_cancer"),
    ("", "ridge", "diabetes"),
    ("", "several values", "diabetes"),
    ("", "net relu", "digits"),
    ("", "net tanh", "breast_cancer"),
    ("standard ", "net logistic", "wine"),
    ("standard ", "net regressor", "diabetes"),
    ("standard ", "net several values", "diabetes"),
    ("", "naive bayes", "digits"),
    ("PCA ", "qda", "wine"),
    ("", "full mixture", "wine"),
    ("standard ", "tied mixture", "breast_cancer"),
    ("", "spherical mixture", "iris"),
    ("", "envelope", "breast_cancer"),
    ("", "SVC rbf", "iris"),
    ("scaled ", "NuSVC sigmoid", "wine"),
    ("standard ", "SVC linear", "breast_cancer"),
    ("scaled ", "NuSVC linear", "iris"),
    ("scaled ", "SVC poly", "wine"),
    ("scaled ", "SVR rbf", "diabetes"),
    ("scaled ", "coupled rbf", "breast_cancer"),
    ("scaled ", "coupled poly", "wine"),
    ("standard ", "coupled linear", "iris"),
]
MAIN = """
#include <stdio.h>
#include "golden.h"
int main(void) {{
    float x[{n}], out[{n_out}];
    while (fread(x, sizeof x, 1, stdin) == 1) {{
        {body}
        fwrite(out, sizeof out, 1, stdout);
    }}
    return 0;
}}
"""


@pytest.mark.parametrize("case", GENERATED, ids=lambda case: "{}{}-{}".format(*case))
def test_c(case, tmp_path):
    _, X = fitted(*case)
    model = converted(*case)
    (tmp_path / "golden.h").write_text(model.save(format="c", name="golden"))
    n, n_out = X.shape[1], model.tables.n_outputs
    function = FUNCTIONS[model.tables.output]
    body = f"if (golden_{function}(x, {n}, out, {n_out})) {{ return 1; }}\n"
    if not model.is_classifier and n_out == 1:
        body = f"out[0] = golden_predict(x, {n});"
    if model.is_classifier:
        body += f' printf("%c", (char)golden_predict(x, {n}));'
    main = tmp_path / "main.c"
    main.write_text(MAIN.format(n=n, n_out=n_out, body=body))
    command = [*COMPILE, f"-I{emlearn.includedir}", "-o", tmp_path / "main", main]
    subprocess.run(command, check=True)
    said = subprocess.run([tmp_path / "main"], input=X.tobytes(), capture_output=True, check=True).stdout
    row = np.dtype([("class", "u1", int(model.is_classifier)), ("out", "<f4", n_out)])
    rows = np.frombuffer(said, row)
    assert np.array_equal(rows["out"], model.predictions(X).outputs)
    if model.is_classifier:
        assert np.array_equal(model.classes_[rows["class"][:, 0]], model.predict(X))


@pytest.mark.parametrize("case", GENERATED, ids=lambda case: "{}{}-{}".format(*case))
def test_python(case, tmp_path):
    """Bit for bit, on rows that hurt as well."""
    _, X = fitted(*case)
    model = converted(*case)
    scope = {}
    exec(compile(model.save(format="py"), "model.py", "exec"), scope)
    twin = scope["model"]
    random = np.random.default_rng(0)
    odd = X[:40] * 2.0 ** random.integers(-40, 40, (40, X.shape[1])).astype(np.float32)
    tiny = np.full((1, X.shape[1]), 1e-42, np.float32)
    rows = np.concatenate((X[:60], odd, -odd, np.zeros_like(tiny), tiny)).astype(np.float32)
    expected = model.predictions(rows)
    for x, label, outputs in zip(rows, expected.labels, expected.outputs, strict=True):
        x, out = array("f", x.tobytes()), array("f", bytes(4 * len(outputs)))
        twin.predict(x, out)
        assert out.tobytes() == outputs.tobytes()
        if model.is_classifier:
            assert scope["predict"](x) == label
    assert twin.selftest() == (len(model.golden.features),) * 2
