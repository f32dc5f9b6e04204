"""Models of different sizes and shapes that prices of work are fitted to, a dozen or so for each kind of work."""

from itertools import product

import numpy as np
from families import neighbors
from random_forests import forests
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine, make_classification
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    IsolationForest,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, SVR

import emlearn

N_ROWS = 10
SETS = {
    "iris": load_iris,
    "wine": load_wine,
    "cancer": load_breast_cancer,
    "digits": load_digits,
    "diabetes": load_diabetes,
}


def data(name):
    """Features that are float32, labels or values, and rows."""
    X, y = SETS[name](return_X_y=True)
    X = X.astype(np.float32).astype(float)
    return X, y, X[:: len(X) // N_ROWS][:N_ROWS]


def made(features, classes, seed=0, n=400):
    """The same, made up: integers."""
    informative = min(features, 12)
    X, y = make_classification(
        n,
        features,
        n_informative=informative,
        n_redundant=0,
        n_classes=classes,
        n_clusters_per_class=1,
        random_state=seed,
    )
    X = np.round(X * 1000)
    return X, y, X[:N_ROWS]


def title(*parts):
    return " ".join(map(str, parts))


def cases():
    """Yield title, model and rows."""
    for group in (chance, summed, linear, net, nearest, kernel, gaussian, steps):
        yield from group()


def chance():
    rest = ("exact", "uint8", "hard")
    of_byte = ("byte",)
    for seed, n, many, regression, leaves in (
        (1000, 170, 0.0, 0.15, rest),
        (2000, 70, 1.0, 0.15, rest),
        (3000, 40, 0.6, 1.0, rest),
        (4000, 60, 0.25, 0.0, of_byte),
    ):
        for i, (name, *others) in enumerate(forests(seed, n, many, regression, leaves)):
            yield (f"chance {seed + i}, {name}", *others)


def summed():
    for n, depth, features, classes in (
        (5, 3, 16, 2),
        (20, 3, 32, 4),
        (10, 5, 8, 3),
        (40, 2, 64, 2),
        (10, 4, 32, 8),
        (60, 4, 12, 2),
    ):
        X, y, rows = made(features, classes, n)
        boosting = GradientBoostingClassifier(n_estimators=n, max_depth=depth, random_state=0).fit(X, y)
        regressor = GradientBoostingRegressor(n_estimators=n, max_depth=depth, random_state=0).fit(X, y)
        isolation = IsolationForest(n_estimators=n, max_samples=2**depth * 4, random_state=0).fit(X)
        for dtype in ("int16", "float"):
            yield title("boosting", n, depth, features, classes, dtype), emlearn.convert(boosting, dtype=dtype), rows
            yield title("regression boosting", n, depth, features, dtype), emlearn.convert(regressor, dtype=dtype), rows
            yield title("isolation", n, depth, features, dtype), emlearn.convert(isolation, dtype=dtype), rows


def linear():
    for features, classes in ((4, 3), (8, 2), (16, 8), (64, 4), (30, 2), (100, 10), (64, 2), (10, 10)):
        X, y, rows = made(features, classes)
        yield (
            title("logistic", features, classes),
            emlearn.convert(LogisticRegression(max_iter=50).fit(X / 1000, y)),
            rows / 1000,
        )
    for features in (4, 16, 64):
        X, y, rows = made(features, 2)
        yield title("regression", features), emlearn.convert(LinearRegression().fit(X, y)), rows
    for name in ("wine", "cancer"):
        X, y, rows = data(name)
        yield title("logistic", name), emlearn.convert(LogisticRegression(max_iter=50).fit(X, y)), rows


def net():
    shapes = (
        ("relu", (16,), 8, 4), ("relu", (8, 8), 16, 2), ("relu", (64,), 32, 10), ("relu", (32, 16, 8), 64, 3),
        ("relu", (4,), 100, 2), ("relu", (100,), 4, 3), ("relu", (10, 10, 10, 10), 10, 10),
        ("tanh", (16,), 32, 4), ("logistic", (40,), 16, 2), ("tanh", (24, 12), 8, 8),
    )  # fmt: skip
    for activation, hidden, features, classes in shapes:
        X, y, rows = made(features, classes)
        estimator = MLPClassifier(hidden, activation=activation, max_iter=3, random_state=0).fit(X / 1000, y)
        for dtype in ("float", "int16", "int8"):
            yield (
                title("net", activation, *hidden, features, classes, dtype),
                emlearn.convert(estimator, dtype=dtype),
                rows / 1000,
            )
    for hidden in ((12,), (30, 10)):
        X, y, rows = made(20, 2)
        estimator = MLPRegressor(hidden_layer_sizes=hidden, max_iter=3, random_state=0).fit(X / 1000, y)
        for dtype in ("float", "int16", "int8"):
            yield title("net regression", *hidden, dtype), emlearn.convert(estimator, dtype=dtype), rows / 1000


def nearest():
    shapes = ((20, 4, 1), (50, 8, 3), (200, 3, 5), (100, 30, 3), (60, 16, 10), (150, 64, 3), (40, 7, 20))
    for n, features, k in shapes:
        estimator, rows = neighbors(1000, 20, k, n, features)
        for dtype in ("int16", "float"):
            yield title("neighbours", n, features, k, dtype), emlearn.convert(estimator, dtype=dtype), rows
        X, y = estimator._fit_X, estimator.predict(estimator._fit_X)
        for metric in ("euclidean", "manhattan", "chebyshev"):
            options = {"metric": metric, "algorithm": "brute", "weights": "distance"}
            weighted = KNeighborsClassifier(k, **options).fit(X, y)
            values = KNeighborsRegressor(k, metric=metric, algorithm="brute").fit(X, X[:, 0])
            for dtype in ("int16", "float"):
                name = title(n, features, k, metric, dtype)
                if metric != "euclidean":
                    plain = KNeighborsClassifier(k, metric=metric, algorithm="brute").fit(X, y)
                    yield f"neighbours {name}", emlearn.convert(plain, dtype=dtype), rows
                yield f"neighbours by distance {name}", emlearn.convert(weighted, dtype=dtype), rows
                yield f"regression by neighbours {name}", emlearn.convert(values, dtype=dtype), rows


def kernel():
    shapes = ((4, 3, 60), (8, 2, 100), (16, 4, 150), (32, 2, 60), (64, 3, 100), (10, 8, 200), (20, 2, 200))
    for (features, classes, n), name in product(shapes, ("linear", "rbf", "poly", "sigmoid")):
        X, y, _ = made(features, classes, n=n + N_ROWS)
        scaled = X / 1000 / features**0.5
        for width, gamma, samples in (("float", 1.0, scaled), ("integers", 0.01, np.round(10 * scaled))):
            estimator = SVC(kernel=name, gamma=gamma).fit(samples[N_ROWS:], y[N_ROWS:])
            yield title("SVC", name, features, classes, n, width), emlearn.convert(estimator), samples[:N_ROWS]
        estimator = SVR(kernel=name, gamma=1.0).fit(scaled[N_ROWS:], y[N_ROWS:])
        yield title("SVR", name, features, n), emlearn.convert(estimator), scaled[:N_ROWS]


def gaussian():
    for features, classes in ((4, 3), (8, 2), (16, 8), (30, 4), (64, 2), (10, 10), (50, 5)):
        X, y, rows = made(features, classes, n=800)
        yield title("naive Bayes", features, classes), emlearn.convert(GaussianNB().fit(X, y)), rows
        yield title("QDA", features, classes), emlearn.convert(QuadraticDiscriminantAnalysis().fit(X, y)), rows
        for covariance in ("full", "tied", "diag", "spherical"):
            mixture = GaussianMixture(
                classes, covariance_type=covariance, reg_covar=1.0, random_state=0, max_iter=2
            ).fit(X)
            yield title("mixture", covariance, features, classes), emlearn.convert(mixture), rows
    for features, kept in ((16, 4), (30, 10), (64, 5)):
        X, _, rows = made(features, 4)
        reduced = make_pipeline(PCA(kept, random_state=0), GaussianMixture(3, random_state=0)).fit(X)
        yield title("PCA, mixture", features, kept), emlearn.convert(reduced), rows
    for features in (4, 16):
        X, _, rows = made(features, 2)
        yield title("envelope", features), emlearn.convert(EllipticEnvelope(random_state=0).fit(X)), rows


def steps():
    few = KNeighborsClassifier(1, algorithm="brute")
    for features in (4, 10, 30, 64):
        X, y, rows = made(features, 2, n=40)
        X, rows = X / 1000, rows / 1000
        codes = np.abs(np.round(X)).clip(0, 3)
        for name, before, samples in (
            ("scaler", [StandardScaler()], X),
            ("limits", [MinMaxScaler(clip=True)], X),
            ("imputer", [SimpleImputer()], X),
            ("PCA", [PCA(features // 2)], X),
            ("PCA to 2", [PCA(2)], X),
            ("scaler, PCA", [StandardScaler(), PCA(3)], X),
            ("codes", [OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)], codes),
        ):
            estimator = make_pipeline(*before, few).fit(samples, y)
            yield title(name, features), emlearn.convert(estimator), samples[:N_ROWS]
