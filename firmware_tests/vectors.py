"""Models for the devices, with rows and what the PC computes for them, in build/vectors/.

A file NAME.vec is a line `typecode rows features outputs`, then for each row its features, a u16 class (for exact
models the one that scikit-learn gives) and the float32 outputs of the host's core.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import lightgbm
import numpy as np
import signals
import xgboost
from emlearn._build import TOLERANCE as SUM_TOLERANCE
from emlearn._core import open_core
from emlearn._registry import find
from emlearn.certificate import reference_predictions
from emlearn.ir.document import Document
from sklearn import datasets, discriminant_analysis, linear_model, svm
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import emlearn

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "vectors"
GESTURE = ROOT / "examples" / "gesture"
PROBABILITY_TOLERANCE = 1e-6  # the contract of exact conversions, here and, of the largest value, for regression


@cache
def data(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X.astype(np.float32), y


def on_thresholds(estimator, X, n=150, seed=0):
    """Rows in which about half of the features lie on a threshold, or on the next float32 above it."""
    random = np.random.default_rng(seed)
    ensemble = find(estimator)(estimator)
    feature, threshold = ensemble.feature.copy(), ensemble.threshold
    rows = X[random.integers(0, len(X), n)].copy()
    feature[~np.isfinite(threshold)] = -2  # of nodes that only ask what is missing
    for f in np.unique(feature[feature >= 0]):
        chosen = random.choice(threshold[feature == f], n)
        below = chosen.astype(np.float32)
        below = np.where(below > chosen, np.nextafter(below, np.float32(-np.inf)), below)
        put, above = random.random(n) < 0.5, random.random(n) < 0.5
        rows[:, f] = np.where(put, np.where(above, np.nextafter(below, np.float32(np.inf)), below), rows[:, f])
    return rows


def digits(estimator, **options):
    X, y = data("digits")
    estimator.fit(X, y)
    model = emlearn.convert(estimator, **options)
    return model, X.astype(np.int16) if model.dtype == "int16" else X


def floats(name, estimator, **options):
    X, y = data(name)
    estimator.fit(X, y)
    return emlearn.convert(estimator, **options), np.concatenate((X, on_thresholds(estimator, X)))


def scaled():
    X, y = data("breast_cancer")
    return floats("breast_cancer", RandomForestClassifier(5, random_state=0), dtype="int16", data=X)


def missing():
    X, y = data("breast_cancer")
    X = X.copy()
    X[np.random.default_rng(0).random(X.shape) < 0.15] = np.nan
    estimator = RandomForestClassifier(7, min_samples_leaf=2, random_state=0).fit(X, y)
    return emlearn.convert(estimator), np.concatenate((X, on_thresholds(estimator, X)))


def labels():
    X, y = data("iris")
    estimator = RandomForestClassifier(2, max_depth=3, min_samples_leaf=5, random_state=0)
    estimator.fit(X, np.array(["\nblue", "gr\u00fcn", "red, \\"])[y])
    return emlearn.convert(estimator), np.concatenate((X, on_thresholds(estimator, X)))


def int16():
    X, y = data("iris")
    X = np.round(X * 10)
    estimator = DecisionTreeClassifier(max_depth=3, min_samples_leaf=8, random_state=0).fit(
        X, np.array([-5, 0, 700])[y]
    )
    return emlearn.convert(estimator, dtype="int16"), X.astype(np.int16)


def weighted():
    X, y = data("iris")
    weights = np.random.default_rng(0).random(len(X))
    estimator = ExtraTreesClassifier(6, min_samples_leaf=4, random_state=0).fit(X, y, sample_weight=weights)
    return emlearn.convert(estimator), np.concatenate((X, on_thresholds(estimator, X)))


def wide():
    X, y = data("iris")
    X = np.concatenate((np.zeros((len(X), 17000), np.float32), X), axis=1)  # more features than packed nodes can name
    estimator = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
    return emlearn.convert(estimator), np.ascontiguousarray(X[::5])


def summed(name, estimator, missing=False, **options):
    X, y = data(name)
    if missing:
        X = X.copy()
        X[np.random.default_rng(0).random(X.shape) < 0.15] = np.nan
    estimator.fit(X, y)
    return emlearn.convert(estimator, **options), np.concatenate((X, on_thresholds(estimator, X)))


def isolation():
    X = data("breast_cancer")[0]
    estimator = IsolationForest(n_estimators=20, contamination=0.1, random_state=0).fit(X)
    return emlearn.convert(estimator), np.concatenate((X, on_thresholds(estimator, X)))


def gesture():
    """The model of examples/gesture, as its demo trains it, and its test recordings."""
    sys.path.append(str(GESTURE))
    import demo

    demo.OUT.mkdir(parents=True, exist_ok=True)
    with open(demo.OUT / "data.lock", "w") as lock:  # it may be downloaded
        fcntl.flock(lock, fcntl.LOCK_EX)
        forest = demo.train_forest()
        windows, _ = demo.data.windows("TEST", demo.OUT)
    return emlearn.convert(forest, dtype="int16"), demo.feature_table(windows)


FOREST, BALANCED = {"n_estimators": 10, "random_state": 0}, {"class_weight": "balanced"}

# Each returns a model, and rows as the model takes them.
MODELS = {
    "digits_dt": lambda: digits(DecisionTreeClassifier(random_state=0)),
    "digits_dt_int16": lambda: digits(DecisionTreeClassifier(random_state=0), dtype="int16"),
    "digits_rf10": lambda: digits(RandomForestClassifier(**FOREST)),
    "digits_rf10_int16": lambda: digits(RandomForestClassifier(**FOREST), dtype="int16"),
    "digits_rf10_uint8": lambda: digits(RandomForestClassifier(max_depth=7, **FOREST), dtype="int16", leaf="uint8"),
    "digits_rf10_hard": lambda: digits(RandomForestClassifier(max_depth=7, **FOREST), dtype="int16", leaf="hard"),
    "digits_et10": lambda: digits(ExtraTreesClassifier(**FOREST), dtype="int16"),
    "digits_et7": lambda: digits(ExtraTreesClassifier(7, min_samples_leaf=3, random_state=0)),
    "digits_balanced": lambda: digits(RandomForestClassifier(**FOREST, **BALANCED), dtype="int16"),
    "iris_rf": lambda: floats("iris", RandomForestClassifier(**FOREST)),
    "cancer_et": lambda: floats("breast_cancer", ExtraTreesClassifier(min_samples_leaf=3, **FOREST)),
    "cancer_hard": lambda: floats("breast_cancer", RandomForestClassifier(**FOREST), leaf="hard"),
    "diabetes_dt": lambda: floats("diabetes", DecisionTreeRegressor(random_state=0)),
    "diabetes_rf": lambda: floats("diabetes", RandomForestRegressor(5, min_samples_leaf=3, random_state=0)),
    "diabetes_int16": lambda: floats(
        "diabetes", ExtraTreesRegressor(3, min_samples_leaf=2, random_state=0), dtype="int16", data=data("diabetes")[0]
    ),
    "scaled": scaled,
    "missing": missing,
    "labels": labels,
    "int16": int16,
    "weighted": weighted,
    "wide": wide,
    "gesture": gesture,
    "gb_binary": lambda: summed("breast_cancer", GradientBoostingClassifier(n_estimators=20, random_state=0)),
    "gb_classes": lambda: summed("iris", GradientBoostingClassifier(n_estimators=10, random_state=0)),
    "gb_int16": lambda: digits(GradientBoostingClassifier(n_estimators=3, random_state=0), dtype="int16"),
    "gb_value": lambda: summed("diabetes", GradientBoostingRegressor(n_estimators=20, random_state=0)),
    "hist_missing": lambda: summed("breast_cancer", HistGradientBoostingClassifier(max_iter=9, random_state=0), True),
    "hist_scaled": lambda: summed(
        "breast_cancer", HistGradientBoostingClassifier(max_iter=5, random_state=0), dtype="int16", scale=True
    ),
    "hist_categories": lambda: summed(
        "digits", HistGradientBoostingClassifier(max_iter=2, categorical_features=[28, 36, 43], random_state=0)
    ),
    "xgb": lambda: summed("breast_cancer", xgboost.XGBClassifier(n_estimators=20, n_jobs=1), True),
    # Leaves so large and so many that int32 would round a sum by more than it may be.
    "gb_long": lambda: summed(
        "breast_cancer", GradientBoostingClassifier(n_estimators=150, max_depth=1, learning_rate=1)
    ),
    "lgbm": lambda: summed("iris", lightgbm.LGBMClassifier(n_estimators=9, n_jobs=1, verbose=-1), True),
    "adaboost": lambda: summed("iris", AdaBoostClassifier(n_estimators=9, random_state=0)),
    "median": lambda: summed("diabetes", AdaBoostRegressor(n_estimators=15, random_state=0)),
    "isolation": isolation,
    "regression": lambda: floats("diabetes", ExtraTreesRegressor(2, max_depth=3, random_state=0)),
}


def linear(name, estimator, y=None):
    X, known = data(name)
    model = emlearn.convert(estimator.fit(X, known if y is None else y), data=X)
    odd = X[:20] * 2.0 ** np.random.default_rng(0).integers(-30, 30, X[:20].shape)
    return model, np.concatenate((X[::3], odd.astype(np.float32), -X[:5]))


def several():
    X, y = data("diabetes")
    return linear("diabetes", linear_model.Ridge(), np.stack((y, -3 * y + X[:, 0], X[:, 1] ** 2), axis=1))


def network(name, estimator, dtype="float", y=None):
    X, known = data(name)
    estimator = make_pipeline(StandardScaler(), estimator).fit(X, known if y is None else y)
    odd = X[:12] * 2.0 ** np.random.default_rng(0).integers(-30, 30, X[:12].shape)
    rows = np.concatenate((X[:: len(X) // 40], odd, -X[:3])).astype(np.float32)
    return emlearn.convert(estimator, data=X, dtype=dtype), rows


def several_of_network():
    X, y = data("diabetes")
    estimator = MLPRegressor(hidden_layer_sizes=(11, 4), activation="tanh", max_iter=50, random_state=0)
    return network("diabetes", estimator, y=np.stack((y, -3 * y + X[:, 0]), axis=1))


MODELS |= {
    "linear_wine": lambda: linear("wine", linear_model.LogisticRegression(max_iter=100)),
    "linear_cancer": lambda: linear("breast_cancer", discriminant_analysis.LinearDiscriminantAnalysis()),
    "linear_digits": lambda: linear(
        "digits", make_pipeline(StandardScaler(), linear_model.LogisticRegression(max_iter=50))
    ),
    "linear_ovr": lambda: linear("wine", linear_model.SGDClassifier(loss="log_loss", random_state=0)),
    "linear_labels": lambda: linear(
        "iris", svm.LinearSVC(random_state=0), np.array(["\nblue", "gr\u00fcn", "red, \\"])[data("iris")[1]]
    ),
    "linear_regression": lambda: linear("diabetes", linear_model.LinearRegression()),
    "linear_several": several,
    "net_wine": lambda: network("wine", MLPClassifier((12, 7), activation="tanh", max_iter=200, random_state=0)),
    "net_cancer": lambda: network("breast_cancer", MLPClassifier((5,), activation="logistic", random_state=0)),
    "net_digits": lambda: network("digits", MLPClassifier((16,), max_iter=40, random_state=0), "int16"),
    "net_iris": lambda: network("iris", MLPClassifier((9,), max_iter=300, random_state=0), "int8"),
    "net_several": several_of_network,
}


def neighbors(name, estimator, **options):
    """A model of every sixth row, and the others."""
    X, y = data(name)
    X = np.rint(X * 10).astype(np.int16) if options else X
    model = emlearn.convert(estimator.fit(X[::6], y[::6]), **options)
    return model, np.ascontiguousarray(X[3::6])


MODELS |= {
    "knn_int16": lambda: neighbors("iris", KNeighborsClassifier(3), dtype="int16"),
    "knn_int16_distance": lambda: neighbors("iris", KNeighborsClassifier(4, weights="distance"), dtype="int16"),
    "knn_float": lambda: neighbors("wine", KNeighborsClassifier(5, weights="distance")),
    "knn_manhattan": lambda: neighbors("iris", KNeighborsClassifier(3, p=1)),
    "knn_regression": lambda: neighbors("diabetes", KNeighborsRegressor(4, metric="chebyshev")),
    "knn_centroids": lambda: neighbors("wine", NearestCentroid()),
}


def package(name):
    """What runs the model of this name."""
    for family in ("linear", "net", "knn"):
        if family in name.split("_"):
            return f"eml{family}"
    return "emltrees"


def write(name, content):
    """In one step, for those who run at the same time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    temporary = FOLDER / f".{name}.{os.getpid()}"
    temporary.write_bytes(content)
    os.replace(temporary, FOLDER / name)


@cache
def files(name):
    """Names of the files of a model, after making them."""
    if name == "signal":
        write("signal.txt", signals.lines())
        return ("signal.txt",)
    if name.startswith("corrupt_"):
        write(f"{name}.cases", b"".join(CORRUPT[name]()))
        return (f"{name}.cases",)
    model, X = MODELS[name]()
    estimator, tables = model.estimator, model.tables
    expected = model.predictions(X)
    numbers = np.zeros(len(X), np.int64)
    if model.is_classifier:
        numbers = np.searchsorted(model.classes_, expected.labels)
    if tables.FAMILY == "linear":
        assert not model.is_classifier or np.array_equal(model.predict(X[:-25]), estimator.predict(X[:-25]))
    elif model.leaf in ("counts", "weighted", "value", "sum") and model.dtype != "int16 scaled":
        check_against(model, X, expected)
    write(f"{name}.eml", model.save(format="eml"))
    write(f"{name}.csv", model.save(format="csv").encode())
    head = f"{'h' if X.dtype == np.int16 else 'f'} {len(X)} {tables.n_features} {tables.n_outputs}\n".encode()
    rows = zip(X, numbers.astype("<u2"), expected.outputs.astype("<f4"), strict=True)
    write(f"{name}.vec", head + b"".join(x.tobytes() + number.tobytes() + out.tobytes() for x, number, out in rows))
    return tuple(f"{name}.{suffix}" for suffix in ("eml", "csv", "vec"))


def thinned(content, rows):
    """A .vec file with at most so many of its rows, from all over it."""
    head, body = content.split(b"\n", 1)
    code, n, *sizes = head.decode().split()
    chosen = np.unique(np.linspace(0, int(n) - 1, rows).astype(int))
    body = np.frombuffer(body, np.uint8).reshape(int(n), -1)[chosen]
    return " ".join((code, str(len(chosen)), *sizes)).encode() + b"\n" + body.tobytes()


def check_against(model, X, expected):
    """The PC's core agrees with the estimator on every row, so that the device does if it agrees with the core."""
    reference = reference_predictions(model.estimator, X.astype(np.float32))
    tolerance = SUM_TOLERANCE if model.leaf == "sum" else PROBABILITY_TOLERANCE
    if model.is_classifier:
        np.testing.assert_array_equal(reference.labels, expected.labels)
    else:
        tolerance *= np.max(np.abs(reference.labels))
    np.testing.assert_allclose(expected.outputs, reference.outputs, rtol=0, atol=tolerance)


def corrupt_trees():
    X, y = data("iris")
    small = {"max_depth": 2, "random_state": 0}
    tree = DecisionTreeClassifier(min_samples_leaf=8, **small).fit(X, y)
    whole = DecisionTreeClassifier(min_samples_leaf=8, **small).fit(np.round(X * 10), y)
    weights = np.random.default_rng(0).random(len(X))
    heavy = ExtraTreesClassifier(1, min_samples_leaf=9, **small).fit(X, y, sample_weight=weights)
    models = [
        emlearn.convert(whole, dtype="int16"),
        emlearn.convert(tree, dtype="int16", data=X, leaf="uint8"),
        emlearn.convert(heavy),
        emlearn.convert(DecisionTreeRegressor(**small).fit(X, y)),
        emlearn.convert(GradientBoostingClassifier(n_estimators=1, **small).fit(X, y == 1)),
    ]
    contents = [
        (emlearn.Model(Document(replace(model.trees, labels=None))).save(format="eml"), 1) for model in models
    ]
    contents.append((emlearn.convert(tree).save(format="eml"), 2))  # with golden rows
    yield from damaged_files("trees", contents)


def corrupt_linear():
    X, y = data("iris")
    models = [
        emlearn.convert(linear_model.LogisticRegression().fit(X, y)),
        emlearn.convert(linear_model.LogisticRegression().fit(X, y > 0)),
        emlearn.convert(linear_model.Ridge().fit(X, y)),
    ]
    contents = [(emlearn.Model(Document(replace(m.tables, labels=None))).save(format="eml"), 1) for m in models]
    yield from damaged_files("linear", [*contents, (models[0].save(format="eml"), 2)])


def corrupt_net():
    X, y = data("iris")
    models = [
        emlearn.convert(MLPClassifier((3, 2), max_iter=9, random_state=0).fit(X, y)),
        emlearn.convert(MLPClassifier(3, activation="tanh", max_iter=9, random_state=0).fit(X, y > 0), dtype="int16"),
        emlearn.convert(MLPRegressor(hidden_layer_sizes=2, max_iter=9, random_state=0).fit(X, y), dtype="int8"),
    ]
    contents = [(emlearn.Model(Document(replace(m.tables, labels=None))).save(format="eml"), 1) for m in models]
    yield from damaged_files("net", [*contents, (models[0].save(format="eml"), 2)])


CORRUPT = {"corrupt_trees": corrupt_trees, "corrupt_linear": corrupt_linear, "corrupt_net": corrupt_net}


def damaged_files(family, contents):
    """For corrupt.py on the device: u16 size, u16 verdict, file; sizes are even, so that all stay aligned there."""
    for content, known in contents:
        yield struct.pack("<HH", len(content), 1) + content
        for i in range(len(content)):
            for mask in (1, 0xFF):
                damaged = bytearray(content)
                damaged[i] ^= mask
                if i % 8 == 0:  # the CRC tells
                    yield struct.pack("<HH", len(content), 0) + damaged
                damaged[12:16] = struct.pack("<I", zlib.crc32(damaged[16:], zlib.crc32(damaged[:12])))
                yield struct.pack("<HH", len(content), verdict(family, bytes(damaged)) if known == 1 else 2) + damaged


def verdict(family, content):
    try:
        open_core(family, content)
    except ValueError:
        return 0
    return 1
