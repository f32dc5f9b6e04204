"""Sums of trees: what the library says on every row, on and beside every threshold, the model says in every format."""

from __future__ import annotations

import importlib.util
from array import array
from functools import cache

import lightgbm
import numpy as np
import pytest
import xgboost
from emlearn._features import as_raw
from emlearn.certificate import reference_predictions
from sklearn import ensemble, tree
from sklearn.linear_model import LinearRegression
from support import data, rows_around, thresholds_of, with_missing
from twin_models import outputs_of, twin

import emlearn

SEED = {"random_state": 0}
STUMPS = tree.DecisionTreeClassifier(max_depth=2, random_state=0)
CLASSIFIERS = {
    "GB": lambda: ensemble.GradientBoostingClassifier(n_estimators=20, **SEED),
    "GB subsample": lambda: ensemble.GradientBoostingClassifier(
        n_estimators=9, subsample=0.5, init="zero", learning_rate=0.3, max_leaf_nodes=6, **SEED
    ),
    "HistGB": lambda: ensemble.HistGradientBoostingClassifier(max_iter=15, **SEED),
    "AdaBoost": lambda: ensemble.AdaBoostClassifier(STUMPS, n_estimators=15, **SEED),
    "XGB": lambda: xgboost.XGBClassifier(n_estimators=20, n_jobs=1),
    "XGB parallel": lambda: xgboost.XGBClassifier(n_estimators=5, num_parallel_tree=3, subsample=0.5, n_jobs=1),
    "XGB dart": lambda: xgboost.XGBClassifier(n_estimators=10, booster="dart", rate_drop=0.3, n_jobs=1),
    "LGBM": lambda: lightgbm.LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1),
}
REGRESSORS = {
    "GB": lambda: ensemble.GradientBoostingRegressor(n_estimators=30, **SEED),
    "GB huber": lambda: ensemble.GradientBoostingRegressor(n_estimators=30, loss="huber", **SEED),
    "HistGB": lambda: ensemble.HistGradientBoostingRegressor(max_iter=30, **SEED),
    "HistGB poisson": lambda: ensemble.HistGradientBoostingRegressor(max_iter=30, loss="poisson", **SEED),
    "AdaBoost": lambda: ensemble.AdaBoostRegressor(n_estimators=20, **SEED),
    "AdaBoost deep": lambda: ensemble.AdaBoostRegressor(tree.DecisionTreeRegressor(), n_estimators=7, **SEED),
    "XGB": lambda: xgboost.XGBRegressor(n_estimators=30, n_jobs=1),
    "XGB gamma": lambda: xgboost.XGBRegressor(n_estimators=30, objective="reg:gamma", n_jobs=1),
    "XGB absolute": lambda: xgboost.XGBRegressor(n_estimators=30, objective="reg:absoluteerror", n_jobs=1),
    "LGBM": lambda: lightgbm.LGBMRegressor(n_estimators=30, n_jobs=1, verbose=-1),
    "LGBM tweedie": lambda: lightgbm.LGBMRegressor(n_estimators=30, objective="tweedie", n_jobs=1, verbose=-1),
}
DATASETS = ["iris", "wine", "breast_cancer", "digits", "scaled digits", "diabetes"]
TAKES_MISSING = ("HistGB", "XGB", "LGBM")
FORMATS = ["eml", "csv"]

# A probability is rounded to float32, and so is the exponent before it; XGBoost itself computes in float32.
PROBABILITY = 1e-6
# XGBoost adds in float32: half a unit of the sum for each of 30 trees, and then it may take an exponential of it.
REGRESSION = 1e-5


def target(dataset, classifier):
    y = data(dataset)[1]
    if not classifier:
        return y + 1.0  # positive, as some of the objectives ask
    return np.digitize(y, np.quantile(y, [0.33, 0.67])) if dataset == "diabetes" else y


def all_rows(estimator, X, missing):
    """Every row of the data set, rows on and beside thresholds, and rows with NaN."""
    around = rows_around(thresholds_of(estimator), X)
    parts = [X.astype(np.float32), around, *([with_missing(around)] if missing else [])]
    return np.concatenate(parts)


@cache
def fitted(kind, name, dataset, missing):
    X = with_missing(data(dataset)[0], 1) if missing else data(dataset)[0]
    make = (CLASSIFIERS if kind == "classifier" else REGRESSORS)[name]
    estimator = make().fit(X, target(dataset, kind == "classifier"))
    return estimator, emlearn.convert(estimator), all_rows(estimator, X, name.startswith(TAKES_MISSING))


def each_format(model, tmp_path):
    """The model after a journey through each format, which must not change a byte of it."""
    original = model.save(tmp_path / "model.eml")
    for suffix in FORMATS:
        model.save(tmp_path / f"model.{suffix}")
        loaded = emlearn.load(tmp_path / f"model.{suffix}")
        assert loaded.save(format="eml") == original
        yield loaded


def check(estimator, model, rows, tmp_path):
    expected = reference_predictions(estimator, rows)
    for each in (model, *each_format(model, tmp_path)):
        found = each.predictions(as_raw(rows, each.trees))
        if each.is_classifier:
            numbers = np.searchsorted(each.classes_, found.labels)
            assert np.array_equal(model.classes_[numbers], expected.labels)
            assert np.max(np.abs(found.outputs - expected.outputs)) <= PROBABILITY
        else:
            assert np.max(np.abs(found.labels - expected.labels)) <= REGRESSION * np.max(np.abs(expected.labels))


def each_with_and_without_missing(names):
    """Name and whether it is trained on rows with NaN: those that refuse them are not."""
    cases = [(name, missing) for name in names for missing in (False, True)[: 1 + name.startswith(TAKES_MISSING)]]
    return pytest.mark.parametrize("name, missing", cases, ids=[f"{n}-{'missing' if m else 'whole'}" for n, m in cases])


@each_with_and_without_missing(CLASSIFIERS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_classifiers(dataset, name, missing, tmp_path):
    check(*fitted("classifier", name, dataset, missing), tmp_path)


@each_with_and_without_missing(REGRESSORS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_regressors(dataset, name, missing, tmp_path):
    check(*fitted("regressor", name, dataset, missing), tmp_path)


@pytest.mark.parametrize("name", ["GB", "HistGB", "XGB", "LGBM"])
def test_integers(name, tmp_path):
    X, y = data("digits")
    estimator = CLASSIFIERS[name]().set_params(**{"max_iter" if name == "HistGB" else "n_estimators": 4}).fit(X, y)
    model = emlearn.convert(estimator, dtype="int16", data=X)
    assert model.dtype == "int16"
    rows = np.concatenate([X, rows_around(thresholds_of(estimator), X, integers=True)])
    check(estimator, model, rows, tmp_path)


def test_exponential_loss_is_half_the_log_odds(tmp_path):
    X, y = data("breast_cancer")
    estimator = ensemble.GradientBoostingClassifier(n_estimators=20, loss="exponential", **SEED).fit(X, y)
    model, rows = emlearn.convert(estimator), all_rows(estimator, X, False)
    check(estimator, model, rows, tmp_path)
    assert np.allclose(model.decision_function(rows), estimator.decision_function(rows), rtol=0, atol=1e-6)


def test_leaves_of_64_bits(tmp_path):
    X, y = data("breast_cancer")
    estimator = ensemble.GradientBoostingClassifier(n_estimators=150, max_depth=1, learning_rate=1.0, **SEED).fit(X, y)
    model = emlearn.convert(estimator)
    assert model.trees.values.dtype == np.int64
    check(estimator, model, all_rows(estimator, X, False), tmp_path)


def test_a_tie_is_decided_as_the_library_does():
    """Sums of exactly 0: scikit-learn's gradient boosting says the second class, the others the first."""
    X = np.array([[0.0], [0.0], [1.0], [1.0]])
    y = np.array([0, 1, 0, 1])
    gradient = ensemble.GradientBoostingClassifier(n_estimators=2, **SEED).fit(X, y)
    histogram = ensemble.HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=1, **SEED).fit(X, y)
    boosted = xgboost.XGBClassifier(n_estimators=2, base_score=0.5).fit(X, y)
    for estimator, expected in ((gradient, 1), (histogram, 0), (boosted, 0)):
        assert estimator.predict(X).tolist() == [expected] * 4
        assert emlearn.convert(estimator).predict(X).tolist() == [expected] * 4


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(
    "options",
    [{}, {"contamination": 0.1, "max_features": 0.5}, {"contamination": 0.3, "max_samples": 20, "n_estimators": 7}],
    ids=["plain", "part of the features", "few trees"],
)
def test_isolation_forests(dataset, options, tmp_path):
    X, _ = data(dataset)
    estimator = ensemble.IsolationForest(**{"n_estimators": 30, **SEED, **options}).fit(X)
    model, rows = emlearn.convert(estimator), all_rows(estimator, X, False)
    check(estimator, model, rows, tmp_path)
    for each in (model, *each_format(model, tmp_path)):
        assert np.max(np.abs(each.score_samples(rows) - estimator.score_samples(rows))) <= 1e-8
        assert np.max(np.abs(each.decision_function(rows) - estimator.decision_function(rows))) <= 1e-8
        with pytest.raises(ValueError, match="use score_samples"):
            each.predict_proba(rows)
    assert set(model.predict(rows).tolist()) == {-1, 1}


@pytest.mark.parametrize("options", [{}, {"max_features": 0.6}, {"bootstrap_features": True, "max_samples": 0.7}])
@pytest.mark.parametrize("dataset", ["iris", "breast_cancer", "digits", "diabetes"])
def test_bagged_trees(dataset, options):
    X, _ = data(dataset)
    classifier = ensemble.BaggingClassifier(n_estimators=7, **SEED, **options).fit(X, target(dataset, True))
    regressor = ensemble.BaggingRegressor(n_estimators=7, **SEED, **options).fit(X, target(dataset, False))
    for estimator in (classifier, regressor):
        rows = all_rows(estimator, X, True)
        expected, found = reference_predictions(estimator, rows), emlearn.convert(estimator).predictions(rows)
        if estimator is classifier:
            assert np.array_equal(found.labels, expected.labels)
        assert np.max(np.abs(found.outputs - expected.outputs)) <= 1e-6 * np.max(np.abs(expected.outputs))


@pytest.mark.parametrize("name", ["GB", "HistGB", "XGB", "LGBM"])
@pytest.mark.parametrize("dataset", ["iris", "breast_cancer"])
def test_decision_function(dataset, name):
    estimator, model, rows = fitted("classifier", name, dataset, False)
    if name == "XGB":
        expected = estimator.predict(rows, output_margin=True)
    elif name == "LGBM":
        expected = estimator.predict(rows, raw_score=True)
    else:
        expected = estimator.decision_function(rows)
    found = model.decision_function(rows)
    assert found.shape == expected.shape
    shift = np.mean(found - expected, axis=1, keepdims=True) if name == "XGB" and found.ndim == 2 else 0.0
    assert np.max(np.abs(found - expected - shift)) <= 2e-6


def test_what_has_no_decision_function():
    X, y = data("diabetes")
    model = emlearn.convert(ensemble.GradientBoostingRegressor(n_estimators=2).fit(X, y))
    with pytest.raises(ValueError, match="no decision function"):
        model.decision_function(X)
    with pytest.raises(ValueError, match="only mixtures and outlier detectors"):
        model.score_samples(X)


BOOSTERS = [
    {"objective": "multi:softmax", "num_class": 3},
    {"objective": "multi:softprob", "num_class": 3, "num_parallel_tree": 2, "subsample": 0.5},
    {"objective": "binary:logistic"},
    {"objective": "reg:squarederror", "base_score": 3.0},
    {"objective": "reg:tweedie"},
    {"objective": "count:poisson"},
]


@pytest.mark.parametrize("parameters", BOOSTERS, ids=lambda p: p["objective"])
def test_xgboost_boosters(parameters, tmp_path):
    X, y = data("iris")
    y = y > 0 if parameters["objective"].startswith("binary") else y
    booster = xgboost.train({**parameters, "nthread": 1}, xgboost.DMatrix(X, y), 12)
    check(booster, emlearn.convert(booster), all_rows(booster, X, True), tmp_path)


@pytest.mark.parametrize("objective", ["binary", "multiclass", "regression", "quantile", "gamma"])
def test_lightgbm_boosters(objective, tmp_path):
    X, y = data("iris")
    parameters = {"objective": objective, "verbose": -1, "num_threads": 1, "zero_as_missing": False}
    if objective == "multiclass":
        parameters["num_class"] = 3
    y = y > 0 if objective == "binary" else y + 1.0 if objective == "gamma" else y
    booster = lightgbm.train(parameters, lightgbm.Dataset(X, y), 12)
    check(booster, emlearn.convert(booster), all_rows(booster, X, True), tmp_path)


def test_early_stopping():
    X, y = data("breast_cancer")
    held = [(X[300:], y[300:])]
    boosted = xgboost.XGBClassifier(n_estimators=90, early_stopping_rounds=3, learning_rate=1.0)
    boosted.fit(X[:300], y[:300], eval_set=held, verbose=False)
    light = lightgbm.LGBMClassifier(n_estimators=90, learning_rate=1.0, verbose=-1)
    light.fit(X[:300], y[:300], eval_set=held, callbacks=[lightgbm.early_stopping(3, verbose=False)])
    for estimator, best in ((boosted, boosted.best_iteration + 1), (light, light.best_iteration_)):
        model = emlearn.convert(estimator)
        assert model.trees.n_trees == best < 90
        assert np.array_equal(model.predict(X), estimator.predict(X.astype(np.float32)))


def test_labels_and_certificate():
    X, y = data("iris")
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    for estimator in (CLASSIFIERS["GB"](), CLASSIFIERS["HistGB"](), CLASSIFIERS["LGBM"]()):
        model = emlearn.convert(estimator.fit(X, names))
        assert np.array_equal(model.predict(X), estimator.predict(X.astype(np.float32)))
        certificate = model.certify(X, names)
        assert certificate.agreement == 1.0 and certificate.leaf == "sum" and certificate.auc_after is not None
    forest = ensemble.IsolationForest(n_estimators=9, **SEED).fit(X)
    assert emlearn.convert(forest).certify(X, forest.predict(X)).score_after == 1.0


def fit(estimator, classes=2, **options):
    X, y = data("iris")
    return estimator.fit(X, np.minimum(y, classes - 1), **options)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ensemble.GradientBoostingClassifier(), r"not fitted; call fit\(X, y\)"),
        (lambda: ensemble.IsolationForest(), r"not fitted; call fit\(X\)"),
        (lambda: xgboost.XGBClassifier(), r"not fitted; call fit\(X, y\)"),
        (lambda: lightgbm.LGBMRegressor(), r"not fitted; call fit\(X, y\)"),
        (lambda: fit(ensemble.GradientBoostingClassifier(init=STUMPS, n_estimators=2)), "init=DecisionTreeClassifier"),
        (lambda: fit(ensemble.AdaBoostRegressor(LinearRegression(), n_estimators=2)), "no decision tree"),
        (
            lambda: fit(ensemble.BaggingRegressor(lightgbm.LGBMRegressor(verbose=-1), n_estimators=2)),
            "no decision tree",
        ),
        (lambda: fit(ensemble.IsolationForest(max_samples=1, n_estimators=2)), "max_samples= is 1"),
        (lambda: fit(xgboost.XGBRanker(n_estimators=1), group=[150]), "objective='rank:ndcg' is not supported"),
        (lambda: fit(xgboost.XGBRegressor(objective="reg:logistic", n_estimators=1)), "objective='reg:logistic'"),
        (lambda: fit(xgboost.XGBClassifier(booster="gblinear", n_estimators=1)), "booster='gblinear'"),
        (lambda: fit(xgboost.XGBClassifier(missing=0.0, n_estimators=1)), "missing=0.0"),
        (lambda: fit(lightgbm.LGBMRanker(n_estimators=1, verbose=-1), group=[150]), "objective='lambdarank'"),
        (
            lambda: fit(lightgbm.LGBMClassifier(boosting_type="rf", subsample=0.5, subsample_freq=1, verbose=-1)),
            "boosting_type='rf'",
        ),
        (lambda: fit(lightgbm.LGBMRegressor(reg_sqrt=True, n_estimators=1, verbose=-1)), "reg_sqrt=True"),
        (lambda: fit(lightgbm.LGBMClassifier(zero_as_missing=True, verbose=-1)), "zero_as_missing=True"),
        (lambda: fit(lightgbm.LGBMClassifier(sigmoid=2.0, verbose=-1)), "sigmoid=2"),
        (lambda: fit(lightgbm.LGBMRegressor(linear_tree=True, verbose=-1)), "linear_tree=True"),
        (lambda: fit(lightgbm.LGBMClassifier(verbose=-1), categorical_feature=[3]), "categorical_feature="),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_refused(make, message):
    with pytest.raises(emlearn.ConvertError, match=message):
        emlearn.convert(make())


@pytest.mark.parametrize("value", [0.0, 2.5, -1e9, 0.1])
def test_nothing_to_learn(value):
    X, _ = data("iris")
    for make in (REGRESSORS["GB"], REGRESSORS["HistGB"], REGRESSORS["XGB"]):
        estimator = make().fit(X, np.full(len(X), value))
        found, expected = emlearn.convert(estimator).predict(X), estimator.predict(X.astype(np.float32))
        assert np.max(np.abs(found - expected)) <= 1e-6 * abs(value)


def test_leaves_too_large_to_sum():
    """Newton's step in a leaf where the model is already sure: 1e15, of log odds."""
    wild = ensemble.GradientBoostingClassifier(
        n_estimators=9, subsample=0.5, learning_rate=1.0, init="zero", max_leaf_nodes=6, **SEED
    )
    with pytest.raises(emlearn.ConvertError, match=r"one leaf is .*e\+1., too large .* learning_rate"):
        emlearn.convert(fit(wild, classes=3))


def test_leaf_options_are_for_votes():
    for options in ({"leaf": "hard"}, {"leaf_bits": 8}):
        with pytest.raises(emlearn.ConvertError, match="is for votes of classes"):
            emlearn.convert(fit(ensemble.GradientBoostingClassifier(n_estimators=2)), **options)


TWINS = [("classifier", name, "iris") for name in CLASSIFIERS] + [
    ("regressor", name, "diabetes") for name in REGRESSORS
]


@pytest.mark.parametrize("kind, name, dataset", TWINS)
def test_the_twin_has_the_same_bits(kind, name, dataset, tmp_path):
    _, model, rows = fitted(kind, name, dataset, False)
    rows = np.concatenate([rows[:40], rows[-40:], rows[:5] * np.float32(1e30)])
    expected = model.predictions(rows)
    model.save(tmp_path / "boosted.py")
    spec = importlib.util.spec_from_file_location("boosted", tmp_path / "boosted.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for each in (twin.load(model.save(format="eml")), twin.load(model.save(format="csv").encode()), module.model):
        agreeing, golden = each.selftest()
        assert agreeing == golden > 0
        for row, outputs, label in zip(rows, expected.outputs, expected.labels, strict=True):
            x = array("f", row.tobytes())
            assert outputs_of(each, x).tobytes() == outputs.tobytes()
            assert not model.is_classifier or model.classes_[each.predict(x)] == label
