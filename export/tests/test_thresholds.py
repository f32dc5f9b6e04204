"""Transformers that fold into the thresholds of trees: the pipeline's classes, on all rows and beside thresholds."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest
from emlearn.certificate import reference_predictions
from emlearn.preprocessing import Quantizer
from lightgbm import LGBMClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OrdinalEncoder,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier
from support import data, rows_around, thresholds_of, with_missing
from xgboost import XGBClassifier

import emlearn

CHAINS = {
    "standard": lambda: [StandardScaler()],
    "min-max clip": lambda: [MinMaxScaler((-3, 0.7), clip=True)],
    "max-abs robust": lambda: [MaxAbsScaler(), RobustScaler(quantile_range=(5, 60))],
    "quantizer": lambda: [Quantizer("int8", max_quantile=0.1)],
    "select": lambda: [VarianceThreshold(), StandardScaler(), "passthrough", SelectKBest(k=3)],
    "mean": lambda: [SimpleImputer()],
    "median standard": lambda: [SimpleImputer(strategy="median"), StandardScaler()],
    "frequent quantizer": lambda: [make_pipeline(SimpleImputer(strategy="most_frequent"), "passthrough"), Quantizer()],
    "constant": lambda: [StandardScaler(), SimpleImputer(strategy="constant", fill_value=-9.5)],
}
WITH_MISSING = ("mean", "median standard", "frequent quantizer", "constant")
MODELS = {
    "tree": lambda: DecisionTreeClassifier(random_state=0),
    "forest": lambda: RandomForestClassifier(7, min_samples_leaf=2, random_state=0),
    "extra": lambda: ExtraTreesClassifier(7, max_depth=6, random_state=0, n_jobs=2),
    "regression": lambda: RandomForestRegressor(5, max_depth=7, random_state=0),
    "gradient": lambda: GradientBoostingClassifier(n_estimators=8, random_state=0),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=8, random_state=0),
    "adaboost": lambda: AdaBoostClassifier(n_estimators=8, random_state=0),
    "xgboost": lambda: XGBClassifier(n_estimators=6, n_jobs=1),
    "lightgbm": lambda: LGBMClassifier(n_estimators=6, n_jobs=1, verbose=-1),
    "isolation": lambda: IsolationForest(n_estimators=15, random_state=0),
}
DATASETS = ["iris", "wine", "breast_cancer", "digits"]
CASES = [
    *((chain, "forest", dataset) for chain in CHAINS for dataset in DATASETS),
    *((chain, model, "wine") for chain in CHAINS for model in MODELS if model != "forest"),
]


@cache
def fitted(chain, name, dataset):
    X, y = data(dataset)
    X = with_missing(X) if chain in WITH_MISSING else X.astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(*CHAINS[chain](), MODELS[name]()).fit(X, y), X


@pytest.mark.filterwarnings("ignore:X does not have valid feature names", "ignore:Skipping features")
@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_all_rows(case, tmp_path):
    pipeline, X = fitted(*case)
    X = np.concatenate((X, rows_around(thresholds_of(pipeline), X)))
    model = emlearn.convert(pipeline)
    assert model.tables.FAMILY == "trees" and model.n_features_in_ == X.shape[1]
    model.save(tmp_path / "model.csv")
    expected, found = reference_predictions(pipeline, X), emlearn.load(tmp_path / "model.csv").predictions(X)
    size = 1.0 if model.is_classifier else np.max(np.abs(expected.labels))
    assert np.max(np.abs(found.outputs - expected.outputs)) <= 1e-5 * size
    if model.is_classifier:
        assert np.array_equal(model.predict(X), expected.labels)


def test_thresholds_are_the_last_numbers_that_go_left():
    """What bisection finds, beside the fitted transformer and tree at each threshold and the next number."""
    pipeline, _ = fitted("max-abs robust", "tree", "breast_cancer")
    tree = pipeline[-1].tree_
    inner = np.flatnonzero(tree.feature >= 0)
    ours = thresholds_of(pipeline)
    for f in np.unique(tree.feature[inner]):
        last = ours[f].astype(np.float32)
        for raw, left in ((last, True), (np.nextafter(last, np.float32(np.inf)), False)):
            X = np.zeros((len(raw), tree.n_features), np.float32)
            X[:, f] = raw
            transformed = pipeline[:-1].transform(X)[:, f].astype(np.float32)
            assert np.array_equal(transformed <= tree.threshold[inner][tree.feature[inner] == f], [left] * len(raw))


def test_int16_of_raw_features():
    X, y = data("digits")
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(X, y)
    model = emlearn.convert(pipeline, dtype="int16")  # thresholds tell that the raw features were integers
    assert model.dtype == "int16" and np.array_equal(model.predict(X), pipeline.predict(X.astype(np.float32)))
    assert emlearn.convert(pipeline, dtype="auto", data=X).dtype == "int16"
    X, y = data("wine")
    pipeline = make_pipeline(MinMaxScaler(), RandomForestClassifier(5, random_state=0)).fit(X, y)
    model = emlearn.convert(pipeline, dtype="int16", data=X)
    assert model.dtype == "int16 scaled" and model.certify(X, y).agreement > 0.97


def test_categories():
    """Numbers that are no category have no code: scikit-learn refuses them, the device takes the one below."""
    X, y = data("wine")
    X = np.rint(X[:, [0, 1, 4]]).astype(np.float32)
    pipeline = make_pipeline(OrdinalEncoder(), StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(X, y)
    model = emlearn.convert(pipeline)
    assert np.array_equal(model.predict_proba(X), pipeline.predict_proba(X).astype(np.float32))
    assert np.array_equal(model.predict(X + 0.25), pipeline.predict(X))
    with pytest.raises(ValueError, match="unknown categories"):
        pipeline.predict(X + 0.25)
    text = make_pipeline(OrdinalEncoder(), RandomForestClassifier(2)).fit(X.astype(str), y)
    with pytest.raises(emlearn.ConvertError, match="of text is not supported: the device takes numbers"):
        emlearn.convert(text)
    thirds = make_pipeline(OrdinalEncoder(), RandomForestClassifier(2)).fit(X.astype(float) / 3, y)
    with pytest.raises(emlearn.ConvertError, match="no float32 number"):
        emlearn.convert(thirds)


def test_order_is_checked():
    """A transformer that claims to keep the order, but does not."""

    class Quantizer(StandardScaler):
        __module__ = "emlearn.preprocessing"

        def transform(self, X):
            return -super().transform(X)

    X, y = data("iris")
    pipeline = make_pipeline(Quantizer(), DecisionTreeClassifier(max_depth=2)).fit(X, y)
    with pytest.raises(emlearn.ConvertError, match="does not keep the order"):
        emlearn.convert(pipeline)


def test_without_decisions():
    X, y = data("iris")
    pipeline = make_pipeline(StandardScaler(), SelectKBest(k=2), DecisionTreeClassifier(max_leaf_nodes=2)).fit(X, y)
    pipeline[-1].fit(pipeline[:-1].transform(X), np.zeros(len(X)))
    assert emlearn.convert(pipeline).n_features_in_ == 4


def test_what_is_not_supported():
    X, y = data("iris")
    pipeline = make_pipeline(PowerTransformer(), DecisionTreeClassifier()).fit(X, y)
    with pytest.raises(emlearn.ConvertError, match="PowerTransformer"):
        emlearn.convert(pipeline)
