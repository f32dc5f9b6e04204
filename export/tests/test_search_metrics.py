"""What scores of `convert(optimize=...)` are, how far off they may be, and what is expected of them."""

from __future__ import annotations

import numpy as np
import pytest
from emlearn.search import metrics
from emlearn.search.metrics import Predicted
from sklearn import metrics as sklearn_metrics


def predicted(random, y, n_classes, levels=8):
    """Better than chance, with many ties."""
    p = random.integers(0, levels, (len(y), n_classes)) + 2.0 * (y[:, None] == np.arange(n_classes))
    p = (p + 0.5) / (p + 0.5).sum(axis=1, keepdims=True)
    return Predicted(p.astype(np.float32), np.argmax(p, axis=1))


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_metrics_are_those_of_scikit_learn(n_classes):
    random = np.random.default_rng(n_classes)
    y = random.integers(0, n_classes, 400)
    classes = np.arange(n_classes)
    for _ in range(5):
        p = predicted(random, y, n_classes)
        binary = p.probabilities[:, 1] if n_classes == 2 else None
        areas = [sklearn_metrics.roc_auc_score(y == c, p.probabilities[:, c]) for c in classes]
        auc = sklearn_metrics.roc_auc_score(y, binary) if n_classes == 2 else np.mean(areas)
        assert metrics.find("roc_auc", y, classes, 0).score(p) == pytest.approx(auc, abs=1e-12)
        assert metrics.find("accuracy", y, classes, 0).score(p) == np.mean(p.classes == y)
        proba = p.probabilities.astype(np.float64)
        loss = -sklearn_metrics.log_loss(y, proba / proba.sum(axis=1, keepdims=True))
        # As float32 probabilities add up to 1 to 2^-22.
        assert metrics.find("neg_log_loss", y, classes, 0).score(p) == pytest.approx(loss, abs=1e-6)
        f1 = sklearn_metrics.f1_score(y, p.classes, average="macro")
        assert metrics.find("f1_macro", y, classes, 0).score(p) == pytest.approx(f1, abs=1e-12)
        own = metrics.find(lambda truth, proba: float(np.mean(proba[:, 0])), y, classes, 0)
        assert own.score(p) == float(np.mean(p.probabilities[:, 0]))


@pytest.mark.parametrize("name", ["roc_auc", "accuracy", "neg_log_loss"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_errors_are_those_of_resampled_rows(name, n_classes):
    random = np.random.default_rng(0)
    y = random.integers(0, n_classes, 600)
    classes = np.arange(n_classes)
    before, noise = predicted(random, y, n_classes), predicted(random, y, n_classes)
    mixed = (2 * before.probabilities + noise.probabilities) / 3
    after = Predicted(mixed, np.argmax(mixed, axis=1))
    metric = metrics.find(name, y, classes, 0)
    slow = metrics.Scorer(name, lambda truth, p: metrics.find(name, truth, classes, 0).score(p), y, classes, seed=1)
    # Of 100 resamplings a standard deviation is off by 1 / sqrt(200), 7 %, as a rule; thrice that.
    assert metric.error(before, after) == pytest.approx(slow.error(before, after), rel=0.22)
    assert metric.error(before, before) == slow.error(before, before) == 0.0


@pytest.mark.parametrize("name", ["roc_auc", "accuracy", "neg_log_loss"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_what_is_expected_is_the_mean_over_labels_that_are_drawn(name, n_classes):
    random = np.random.default_rng(1)
    classes = np.arange(n_classes)
    y = random.integers(0, n_classes, 300)
    before, after = predicted(random, y, n_classes), predicted(random, y, n_classes)
    losses = []
    for _ in range(200):
        drawn = np.array([random.choice(n_classes, p=p / p.sum()) for p in before.probabilities.astype(np.float64)])
        metric = metrics.find(name, drawn, classes, 0)
        losses.append(metric.score(before) - metric.score(after))
    metric = metrics.find(name, y, classes, 0)
    assert np.mean(losses) > 0.02  # before is right, so after is worse
    # Four standard errors of that mean; an area's expectation is a quotient's, off by order 1 / n of itself.
    error = 4 * np.std(losses) / np.sqrt(len(losses))
    assert metric.expected(before, after) == pytest.approx(np.mean(losses), abs=error + np.mean(losses) / 100)
    assert metric.expected(before, before) == 0.0
    slow = metrics.Scorer(name, lambda truth, p: metrics.find(name, truth, classes, 0).score(p), y, classes, seed=1)
    # Of 20 draws only.
    assert slow.expected(before, after) == pytest.approx(np.mean(losses), abs=4 * np.std(losses) / np.sqrt(20))


def test_classes_that_no_row_has_do_not_count():
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 100)
    p = predicted(random, y, 5)
    areas = [sklearn_metrics.roc_auc_score(y == c, p.probabilities[:, c]) for c in range(3)]
    assert metrics.find("roc_auc", y, np.arange(5), 0).score(p) == pytest.approx(np.mean(areas), abs=1e-12)


@pytest.mark.parametrize("name", ["neg_log_loss", "roc_auc_ovr", "neg_brier_score"])
def test_probabilities_are_divided_by_their_sum(name):
    """Those of rounded leaves do not add up to 1; what they add up to says nothing of how good they are."""
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 100)
    p = predicted(random, y, 3)
    half = Predicted(p.probabilities / np.float32(2.0), p.classes)
    metric = metrics.find(name, y, np.arange(3), 0)
    assert metric.score(half) == metric.score(p)
