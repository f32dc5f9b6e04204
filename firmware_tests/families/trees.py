"""Decision trees and ensembles of them, in emltrees."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

import lightgbm
import numpy as np
import xgboost
from emlearn._registry import find
from emlearn.builders.base import TOLERANCE as SUM_TOLERANCE
from emlearn.certificate import reference_predictions
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
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import emlearn

from ._data import LABELS, data, holed, plain, whole

GESTURE = Path(__file__).resolve().parents[2] / "examples" / "gesture"
PROBABILITY_TOLERANCE = 1e-6  # the contract of exact conversions, here and, of the largest value, for regression
FOREST, BALANCED = {"n_estimators": 10, "random_state": 0}, {"class_weight": "balanced"}


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


def floats(name, estimator, missing=False, **options):
    X, y = data(name)
    X = holed(X) if missing else X
    estimator.fit(X, y)
    return emlearn.convert(estimator, **options), np.concatenate((X, on_thresholds(estimator, X)))


def labels():
    X, y = data("iris")
    estimator = RandomForestClassifier(2, max_depth=3, min_samples_leaf=5, random_state=0)
    estimator.fit(X, LABELS[y])
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
    "scaled": lambda: floats(
        "breast_cancer", RandomForestClassifier(5, random_state=0), dtype="int16", data=data("breast_cancer")[0]
    ),
    "missing": lambda: floats(
        "breast_cancer", RandomForestClassifier(7, min_samples_leaf=2, random_state=0), missing=True
    ),
    "labels": labels,
    "int16": int16,
    "weighted": weighted,
    "wide": wide,
    "gesture": gesture,
    "packed8": lambda: digits(RandomForestClassifier(**FOREST), dtype="int16", layout="packed8"),
    "packed8_float": lambda: floats(
        "breast_cancer", RandomForestClassifier(7, min_samples_leaf=2, random_state=0), missing=True, layout="packed8"
    ),
    "packed8_scaled": lambda: floats(
        "iris", ExtraTreesClassifier(5, min_samples_leaf=3, random_state=0), dtype="int16", scale=True, layout="packed8"
    ),
    "packed8_far": lambda: floats("diabetes", DecisionTreeRegressor(random_state=0), layout="packed8"),
    "gb_binary": lambda: floats("breast_cancer", GradientBoostingClassifier(n_estimators=20, random_state=0)),
    "gb_classes": lambda: floats("iris", GradientBoostingClassifier(n_estimators=10, random_state=0)),
    "gb_int16": lambda: digits(GradientBoostingClassifier(n_estimators=3, random_state=0), dtype="int16"),
    "gb_value": lambda: floats("diabetes", GradientBoostingRegressor(n_estimators=20, random_state=0)),
    "hist_missing": lambda: floats(
        "breast_cancer", HistGradientBoostingClassifier(max_iter=9, random_state=0), missing=True
    ),
    "hist_scaled": lambda: floats(
        "breast_cancer", HistGradientBoostingClassifier(max_iter=5, random_state=0), dtype="int16", scale=True
    ),
    "hist_categories": lambda: floats(
        "digits", HistGradientBoostingClassifier(max_iter=2, categorical_features=[28, 36, 43], random_state=0)
    ),
    "xgb": lambda: floats("breast_cancer", xgboost.XGBClassifier(n_estimators=20, n_jobs=1), missing=True),
    # Leaves so large and so many that int32 would round a sum by more than it may be.
    "gb_long": lambda: floats(
        "breast_cancer", GradientBoostingClassifier(n_estimators=150, max_depth=1, learning_rate=1)
    ),
    "lgbm": lambda: floats("iris", lightgbm.LGBMClassifier(n_estimators=9, n_jobs=1, verbose=-1), missing=True),
    "adaboost": lambda: floats("iris", AdaBoostClassifier(n_estimators=9, random_state=0)),
    "median": lambda: floats("diabetes", AdaBoostRegressor(n_estimators=15, random_state=0)),
    "isolation": isolation,
    "regression": lambda: floats("diabetes", ExtraTreesRegressor(2, max_depth=3, random_state=0)),
}
SMALL = ()  # the cases name theirs: labels, regression, int16, scaled, gesture


def agrees(model, X, expected):
    """The PC's core agrees with the estimator on every row, so that the device does if it agrees with the core."""
    if model.leaf not in ("counts", "weighted", "value", "sum") or model.dtype == "int16 scaled":
        return  # rounded on purpose
    reference = reference_predictions(model.estimator, X.astype(np.float32))
    tolerance = SUM_TOLERANCE if model.leaf == "sum" else PROBABILITY_TOLERANCE
    if model.is_classifier:
        np.testing.assert_array_equal(reference.labels, expected.labels)
    else:
        tolerance *= np.max(np.abs(reference.labels))
    np.testing.assert_allclose(expected.outputs, reference.outputs, rtol=0, atol=tolerance)


def corrupt():
    X, y = data("iris")
    small = {"max_depth": 2, "random_state": 0}
    tree = DecisionTreeClassifier(min_samples_leaf=8, **small).fit(X, y)
    tens = DecisionTreeClassifier(min_samples_leaf=8, **small).fit(np.round(X * 10), y)
    weights = np.random.default_rng(0).random(len(X))
    heavy = ExtraTreesClassifier(1, min_samples_leaf=9, **small).fit(X, y, sample_weight=weights)
    models = [
        emlearn.convert(tens, dtype="int16"),
        emlearn.convert(tree, dtype="int16", data=X, leaf="uint8"),
        emlearn.convert(heavy),
        emlearn.convert(DecisionTreeRegressor(**small).fit(X, y)),
        emlearn.convert(GradientBoostingClassifier(n_estimators=1, **small).fit(X, y == 1)),
    ]
    yield from plain(models)
    yield whole(emlearn.convert(tree))
