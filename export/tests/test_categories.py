"""Histogram gradient boosting with categories, whose sets become chains of thresholds."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from support import data, with_missing
from test_boosting import check

import emlearn

CATEGORIES = [20, 28, 36, 42, 43]  # pixels of digits, with 17 values each
SEED = {"random_state": 0, "max_iter": 6, "categorical_features": CATEGORIES}


def rows_of(X, missing):
    """All rows; and such with values that are categories of no pixel, or of others."""
    random = np.random.default_rng(1)
    odd = X[:400].copy()
    odd[:, CATEGORIES] = random.choice([-3.0, -0.5, 0.0, 1.0, 2.5, 7.0, 9.0, 15.0, 16.0, 16.5, 17.0, 3e9], (400, 5))
    odd = odd.astype(np.float32)
    beside = np.nextafter(X[:400].astype(np.float32), np.where(random.random((400, 64)) < 0.5, -1e9, 1e9))
    parts = [X.astype(np.float32), odd, beside.astype(np.float32)]
    return np.concatenate([*parts, *([with_missing(odd)] if missing else [])])


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("shift", [0.0, -8.0, 0.5])
def test_classifiers(shift, missing, tmp_path):
    X, y = data("digits")
    X = X + shift
    trained = with_missing(X, 1).astype(np.float64) if missing else X
    estimator = HistGradientBoostingClassifier(**SEED).fit(trained, y)
    model = emlearn.convert(estimator)
    check(estimator, model, rows_of(X, missing), tmp_path)


def test_categories_that_float32_does_not_have(tmp_path):
    X, y = data("digits")
    X = X * 0.1
    estimator = HistGradientBoostingClassifier(**SEED).fit(X, y)
    check(estimator, emlearn.convert(estimator), rows_of(X, False), tmp_path)


@pytest.mark.parametrize("leaves", [2, 8, 31])
def test_regressors(leaves, tmp_path):
    X, y = data("digits")
    estimator = HistGradientBoostingRegressor(max_leaf_nodes=leaves, **SEED).fit(X, 10.0 * y)
    check(estimator, emlearn.convert(estimator), rows_of(X, True), tmp_path)


def test_many_categories_beside_each_other(tmp_path):
    """Up to 255 of them, in no order: chains are long, and in trees deeper than one they share what is below them."""
    random = np.random.default_rng(0)
    X = np.column_stack([random.integers(0, 250, 4000), random.integers(0, 90, 4000), random.integers(0, 9, 4000)])
    effect = random.normal(size=(3, 250))
    y = effect[0][X[:, 0]] * effect[1][X[:, 1]] + effect[2][X[:, 2]]
    estimator = HistGradientBoostingRegressor(max_iter=5, categorical_features=[0, 1, 2], random_state=0).fit(X, y)
    model = emlearn.convert(estimator)
    check(estimator, model, np.concatenate([X, X + 1, X - 0.5]).astype(np.float32), tmp_path)
    # Two thresholds a category that does not go where missing values go; what is below is there once.
    nodes = np.concatenate([predictor.nodes for (predictor,) in estimator._predictors])
    assert model.trees.n_nodes <= 250 * np.sum(nodes["is_categorical"]) + len(nodes)


def test_integers(tmp_path):
    """Between two integers there is none: chains are half as long."""
    X, y = data("digits")
    estimator = HistGradientBoostingClassifier(**SEED).fit(X, y)
    model = emlearn.convert(estimator, dtype="int16", data=X)
    assert model.trees.n_nodes < emlearn.convert(estimator).trees.n_nodes
    rows = np.concatenate([X, np.random.default_rng(0).integers(-4, 22, X.shape)]).astype(np.float32)
    check(estimator, model, rows, tmp_path)


def test_text_is_refused():
    X = np.array([["red", 1.0], ["blue", 2.0]] * 30, object)
    estimator = HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]).fit(X, [0, 1] * 30)
    with pytest.raises(emlearn.ConvertError, match="categories of feature 0 are text"):
        emlearn.convert(estimator)
