"""Reports on models that are no forests, which have formats instead of variants; and what is refused."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from page_reader import Page
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from support import data

import emlearn
from emlearn import ConvertError


@cache
def split(name):
    X, y = data(name)
    return train_test_split(X, y, test_size=0.4, random_state=0, stratify=y)


MODELS = {
    "logistic": (LogisticRegression(max_iter=5000), "roc_auc", 1),
    "boosting": (GradientBoostingClassifier(n_estimators=5, random_state=0), "roc_auc", 2),
    "network": (MLPClassifier((8,), random_state=0, max_iter=50), "roc_auc", 3),
    "outliers": (IsolationForest(n_estimators=5, random_state=0), "accuracy", 2),
    "svc": (LinearSVC(random_state=0), "accuracy", 1),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", MODELS)
def test_other_families(name):
    estimator, metric, n_formats = MODELS[name]
    X, X_test, y, y_test = split("iris")
    if name == "outliers":
        y, y_test = (np.where(each == 0, -1, 1) for each in (y, y_test))
    report = emlearn.report(estimator.fit(X, y), X_test, y_test)
    page = Page(report.html())
    assert (report.search, report.leaves, report.metric, len(report.formats)) == (None, (), metric, n_formats)
    allowed = [row.nbytes for row in report.formats if row.loss <= 0.01]
    assert report.chosen.nbytes == min(allowed) == report.model.nbytes
    assert "there is no margin for chance" in page.text and "variants" not in page.text
    assert report.confusion.accuracy[0] == np.mean(estimator.predict(X_test.astype(np.float32)) == y_test)
    assert report.boards[0].instructions == report.model.certificate.instructions.get("armv6m")


def test_regression():
    X, X_test, _, _ = split("wine")
    estimator = Ridge().fit(X[:, 1:], X[:, 0])
    report = emlearn.report(estimator, X_test[:, 1:], X_test[:, 0])
    expected = estimator.score(X_test[:, 1:].astype(np.float32), X_test[:, 0])
    assert report.metric == "r2" and report.score == pytest.approx(expected, abs=1e-6) and report.confusion is None
    assert "Which class" not in report.html()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"X": np.zeros((3, 5))}, "X has 5 features, but the model was trained with 4"),
        ({"y": [0]}, "y has 1 labels for 60 rows"),
        ({"y": np.full(60, 7)}, "label np.int64(7) in row 0 is no class"),
        ({"y": np.zeros(60, int)}, "rows of one class only"),
        ({"max_loss": -0.1}, "max_loss=-0.1 is negative"),
        ({"metric": "speed"}, "metric='speed' is unknown"),
        ({"optimize": "beauty"}, "optimize='beauty' is unknown"),
    ],
)
def test_mistakes(change, message):
    X, X_test, y, y_test = split("iris")
    forest = RandomForestClassifier(2, random_state=0).fit(X, y)
    with pytest.raises(ConvertError, match=re.escape(message)):
        emlearn.report(forest, **{"X": X_test, "y": y_test, **change})


def test_metrics_that_do_not_fit():
    X, X_test, y, y_test = split("iris")
    with pytest.raises(ConvertError, match="takes probabilities, which this model has not; use 'accuracy'"):
        emlearn.report(LinearSVC(random_state=0).fit(X, y), X_test, y_test, metric="roc_auc")
    with pytest.raises(ConvertError, match="of a regression it is 'r2'"):
        emlearn.report(Ridge().fit(X, y), X_test, y_test, metric="accuracy")
