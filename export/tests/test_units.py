"""Data in units of any size: what rounding, in scikit-learn or here, makes of it is no reason to refuse a model."""

import numpy as np
import pytest
from sklearn.datasets import load_wine, make_classification, make_regression
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

import emlearn

SCALERS = {"min max": MinMaxScaler, "standard": StandardScaler, "robust": RobustScaler}


def check(pipeline, X):
    """Scalers round to 2^-24 of terms, which may be 100 times as large as their sum."""
    X = X.astype(np.float32)
    expected, found = pipeline.predict(X), emlearn.convert(pipeline).predict(X)
    assert np.max(np.abs(expected - found)) <= 1e-5 * np.max(np.abs(expected))


@pytest.mark.parametrize("of_target", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("of_features", [1e-2, 1.0, 1e2])
@pytest.mark.parametrize("scaler", SCALERS)
def test_linear_models_behind_scalers(scaler, of_features, of_target):
    X, y = make_regression(100, 12, noise=5, random_state=24)
    check(make_pipeline(SCALERS[scaler](), LinearRegression()).fit(X * of_features, y * of_target), X * of_features)


@pytest.mark.parametrize("seed", range(5))
def test_scalers_after_scalers(seed):
    X, y = make_regression(160, 9, noise=5, random_state=seed)
    for model in (SVR(), Ridge()):
        check(make_pipeline(MinMaxScaler(), MinMaxScaler(), model).fit(X, y), X)


def test_probabilities_that_vanish():
    """One against the rest, all decision values so negative that exp(-d) is infinite: all classes are equal."""
    X, y = make_classification(200, 16, n_informative=8, n_classes=5, random_state=0)
    X = (100 * X).astype(np.float32)
    estimator = SGDClassifier(loss="log_loss", random_state=0).fit(X, y)
    expected = estimator.predict_proba(X)
    vanished = np.max(estimator.decision_function(X), axis=1) < -709.8
    model = emlearn.convert(estimator)
    assert np.all(expected[vanished] == 1 / 5)
    assert np.any(vanished)
    assert np.max(np.abs(expected - model.predict_proba(X))) < 1e-5
    assert np.array_equal(estimator.predict(X), model.predict(X))


def test_selection_before_imputation():
    X, y = load_wine(return_X_y=True)
    X[::7, 3] = np.nan
    chain = make_pipeline(VarianceThreshold(), SimpleImputer(), StandardScaler(), SGDClassifier(random_state=0))
    pipeline = chain.fit(X, y)
    X = X.astype(np.float32)
    assert np.array_equal(pipeline.predict(X), emlearn.convert(pipeline).predict(X))


def test_imputation_where_nothing_is_missing():
    """PCA refuses NaN, so that none can get to the imputer."""
    X, y = load_wine(return_X_y=True)
    pipeline = make_pipeline(PCA(3), SimpleImputer(), DecisionTreeClassifier(random_state=0)).fit(X, y)
    X = X.astype(np.float32)
    assert np.mean(pipeline.predict(X) == emlearn.convert(pipeline).predict(X)) >= 0.998


def test_trees_of_one_feature_each():
    X, y = load_wine(return_X_y=True)
    estimator = BaggingClassifier(DecisionTreeClassifier(), 5, max_features=1, random_state=0).fit(X[:, :2], y)
    X = X[:, :2].astype(np.float32)
    assert np.array_equal(estimator.predict(X), emlearn.convert(estimator).predict(X))


def test_a_pair_of_classes_beyond_all_others():
    """Training that has not converged can give one of a machine's decision values 2^30 times the size of the others."""
    X, y = load_wine(return_X_y=True)
    estimator = SVC(kernel="linear").fit(StandardScaler().fit_transform(X), y)
    of_pair = slice(0, int(np.sum(estimator.n_support_[:2])))
    for coef in (estimator.dual_coef_, estimator._dual_coef_):
        coef[0, of_pair] *= 2.0**30
    for intercept in (estimator.intercept_, estimator._intercept_):
        intercept[0] *= 2.0**30
    with pytest.raises(emlearn.ConvertError, match="terms of this SVC's decision values"):
        emlearn.convert(estimator)
