"""How good probabilities are, and how sure it is that others are no worse: both from rows that were not trained on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError

N_RESAMPLES = 100
N_DRAWS = 20
SMALLEST = 1e-15  # of a probability whose logarithm is taken

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions of a model.

    Attributes
    ----------
    probabilities : ndarray of float32, shape (n_rows, n_classes)
    classes : ndarray of int64, shape (n_rows,)
        Numbers of the classes that `predict` gives.
    """

    probabilities: NDArray[np.float32]
    classes: NDArray[np.int64]


class Metric:
    """A score, the greater the better.

    Attributes
    ----------
    name : str
    is_slow : bool
        Finding an error takes many scores.
    doubt : float
        How many standard deviations of a class that is another one with the probability by which probabilities moved
        are added to the error: docs/design.md.
    """

    name = ""
    is_slow = False
    doubt = 0.3

    def score(self, predicted: Predicted) -> float:
        """Return the score."""
        raise NotImplementedError

    def error(self, before: Predicted, after: Predicted) -> float:
        """Return the standard error of the difference of the scores of two models on these rows."""
        raise NotImplementedError

    def expected(self, before: Predicted, after: Predicted) -> float:
        """Return how much would be lost on these rows if labels were drawn by the probabilities before."""
        raise NotImplementedError


class _Mean(Metric):
    """A mean of what each row contributes."""

    def __init__(self, y: NDArray[np.int64]) -> None:
        self._y = y

    def _rows(self, predicted: Predicted) -> Floats:
        raise NotImplementedError

    def score(self, predicted: Predicted) -> float:
        """Return the mean."""
        return float(np.mean(self._rows(predicted)))

    def error(self, before: Predicted, after: Predicted) -> float:
        """Return the standard error of the mean difference."""
        difference = self._rows(after) - self._rows(before)
        return float(np.std(difference, ddof=1) / np.sqrt(len(difference)))


class Accuracy(_Mean):
    """The part of the rows whose class is right."""

    name = "accuracy"

    def _rows(self, predicted: Predicted) -> Floats:
        return np.asarray(predicted.classes == self._y, np.float64)

    def expected(self, before: Predicted, after: Predicted) -> float:
        """Return the mean difference of the two classes' probabilities before."""
        row = np.arange(len(self._y))
        right = (before.probabilities[row, each.classes].astype(np.float64) for each in (before, after))
        return float(np.mean(np.subtract(*right)))


class LogLoss(_Mean):
    """The mean logarithm of the right class's probability, limited to 1e-15 as a forest may say 0.

    Probabilities are divided by their sum, which of rounded leaves is not 1.
    """

    name = "neg_log_loss"

    def _rows(self, predicted: Predicted) -> Floats:
        rows = np.arange(len(self._y))
        return np.asarray(_logarithms(predicted)[rows, self._y])

    def expected(self, before: Predicted, after: Predicted) -> float:
        """Return the mean Kullback-Leibler divergence."""
        difference = _logarithms(before) - _logarithms(after)
        return float(np.mean(np.sum(before.probabilities * difference, axis=1)))


def _logarithms(predicted: Predicted) -> Floats:
    return np.asarray(np.log(np.clip(divided(predicted), SMALLEST, 1.0)))


def divided(predicted: Predicted) -> Floats:
    """Return the probabilities divided by their sum."""
    found = predicted.probabilities.astype(np.float64)
    return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), SMALLEST))


class Auc(Metric):
    """Area under the ROC curve: of two classes, or the mean over classes of one against the rest.

    Its standard error is that of DeLong, DeLong and Clarke-Pearson 1988, whose contributions of the rows are summed
    over the classes.
    """

    name = "roc_auc"
    doubt = 0.05  # a row moves an area by less

    def __init__(self, y: NDArray[np.int64], n_classes: int) -> None:
        counts = np.bincount(y, minlength=n_classes)
        known = np.flatnonzero((counts > 0) & (counts < len(y)))
        self._classes = known[-1:] if n_classes == 2 else known
        self._y = y
        self._first: _Areas | None = None  # of what all are compared with
        self._last: _Areas | None = None  # of what has several questions asked about it
        self._expected: tuple[Any, float] | None = None

    def _areas(self, predicted: Predicted) -> _Areas:
        for known in (self._first, self._last):
            if known is not None and known.predicted is predicted:
                return known
        found = _Areas(predicted, self._y, self._classes)
        if self._first is None:
            self._first = found
        self._last = found
        return found

    def score(self, predicted: Predicted) -> float:
        """Return the area."""
        return self._areas(predicted).score

    def error(self, before: Predicted, after: Predicted) -> float:
        """Return the standard error of the difference."""
        difference = self._areas(after).moved - self._areas(before).moved
        n = len(difference)
        return float(np.sqrt(np.sum(difference**2) * n / (n - 1)))

    def expected(self, before: Predicted, after: Predicted) -> float:
        """Return the difference of the areas where a row is of a class in part."""
        if self._expected is None or self._expected[0] is not before:
            self._expected = before, self._area_expected(before, before)
        return self._expected[1] - self._area_expected(before, after)

    def _area_expected(self, before: Predicted, after: Predicted) -> float:
        areas = []
        for number, place in zip(self._classes.tolist(), self._areas(after).places, strict=True):
            part = before.probabilities[:, number].astype(np.float64)
            total, rest = float(np.sum(part)), float(np.sum(1.0 - part))
            if total > 0.0 and rest > 0.0:
                own, others = np.bincount(place, part), np.bincount(place, 1.0 - part)
                below = np.cumsum(others) - others / 2.0  # and half of the equal ones
                areas.append(float(np.sum(own * below)) / (total * rest))
        return float(np.mean(areas)) if areas else 0.0


class _Areas:
    """What areas under the curves of predictions take.

    Attributes
    ----------
    predicted : Predicted
    places : list of ndarray of int, shape (n_rows,)
        Of each class: the rows' order by its probability, of equals the same number.
    score : float
        The mean area.
    moved : ndarray of float64, shape (n_rows,)
        How far each row alone would move it.
    """

    def __init__(self, predicted: Predicted, y: NDArray[np.int64], classes: NDArray[np.int64]) -> None:
        self.predicted = predicted
        self.places: list[NDArray[np.int64]] = []
        total, moved = 0.0, np.zeros(len(y))
        for number in classes.tolist():
            place = np.unique(predicted.probabilities[:, number], return_inverse=True)[1]
            area, part = _auc_parts(place, y == number)
            self.places.append(place)
            total, moved = total + area, moved + part
        self.score, self.moved = total / len(classes), moved / len(classes)


def _auc_parts(place: NDArray[np.int64], positive: NDArray[np.bool_]) -> tuple[float, Floats]:
    n_places, n_positive = int(np.max(place)) + 1, int(np.sum(positive))
    n_negative = len(place) - n_positive
    counts = [np.bincount(place[side], minlength=n_places) for side in (~positive, positive)]
    # Of the rows of the other side, how many are below, and half of the equal ones.
    below_positive, below_negative = ((np.cumsum(count) - count / 2.0)[place] for count in counts)
    placed = np.where(positive, below_positive / n_negative, 1.0 - below_negative / n_positive)
    area = float(np.mean(placed[positive]))
    return area, (placed - area) / np.where(positive, n_positive, n_negative)


class Scorer(Metric):
    """The user's own function of (y, probabilities), or a scorer of scikit-learn; its error is found by bootstrap."""

    def __init__(
        self,
        name: str,
        function: Callable[[Any, Predicted], float],
        y: NDArray[Any],
        labels: NDArray[Any],
        seed: int,
    ) -> None:
        self.name, self.is_slow = name, True
        self._function, self._y, self._labels, self._seed = function, y, labels, seed
        self._then: tuple[Predicted, Floats] | None = None  # of what all are compared with

    def score(self, predicted: Predicted) -> float:
        """Return what the function says."""
        found = float(self._function(self._y, predicted))
        if not np.isfinite(found):
            raise ConvertError(f"metric={self.name!r} is {found} for data=; use one that is a number")
        return found

    def error(self, before: Predicted, after: Predicted) -> float:
        """Return the standard deviation of the difference over resampled rows."""
        if self._then is None or self._then[0] is not before:
            self._then = before, self._resampled(before)
        differences = self._resampled(after) - self._then[1]
        kept = differences[np.isfinite(differences)]
        return float(np.std(kept, ddof=1)) if len(kept) > 1 else float("inf")

    def expected(self, before: Predicted, after: Predicted) -> float:
        """Return the mean difference of scores for labels that are drawn."""
        random = np.random.default_rng(self._seed)
        upto = np.cumsum(before.probabilities.astype(np.float64), axis=1)
        differences = []
        for _ in range(N_DRAWS):
            drawn = np.sum(random.random((len(upto), 1)) * upto[:, -1:] >= upto, axis=1)
            with contextlib.suppress(ValueError):  # a class that is not drawn
                labels = self._labels[drawn]
                differences.append(self._function(labels, before) - self._function(labels, after))
        kept = np.array(differences, np.float64)
        kept = kept[np.isfinite(kept)]
        return float(np.mean(kept)) if len(kept) else float("inf")

    def _resampled(self, predicted: Predicted) -> Floats:
        """Return scores of resampled rows, NaN of such as lack a class that the function needs."""
        random = np.random.default_rng(self._seed)
        found = np.full(N_RESAMPLES, np.nan)
        for i in range(N_RESAMPLES):
            chosen = random.integers(0, len(self._y), len(self._y))
            with contextlib.suppress(ValueError):
                rows = Predicted(predicted.probabilities[chosen], predicted.classes[chosen])
                found[i] = float(self._function(self._y[chosen], rows))
        return found


def find(metric: Any, y: NDArray[Any], classes: NDArray[Any], seed: int) -> Metric:
    """Return the metric that a name or a function means.

    Parameters
    ----------
    metric : str or callable
        "roc_auc", "accuracy", "neg_log_loss", the name of a scorer of scikit-learn, or a function of the true labels
        and the probabilities.
    y : ndarray, shape (n_rows,)
        Labels.
    classes : ndarray, shape (n_classes,)
        Labels in the order of the probabilities.

    Raises
    ------
    ConvertError
        If the labels are of one class or unknown, or there is no such metric.
    """
    order = np.argsort(classes, kind="stable")
    try:
        at = np.minimum(np.searchsorted(classes[order], y), len(classes) - 1)
        numbers = order[at]
        unknown = np.flatnonzero(classes[numbers] != y)
    except (TypeError, ValueError) as error:
        raise ConvertError(f"data=: the labels are not of the estimator's kind: {error}") from error
    if len(unknown):
        raise ConvertError(f"data=: label {y[unknown[0]]!r} in row {unknown[0]} is no class of the estimator")
    if len(np.unique(numbers)) < 2:
        raise ConvertError("data= has rows of one class only, which tell nothing about the others; add rows of those")
    if callable(metric):
        return Scorer(getattr(metric, "__name__", "own"), lambda y, p: metric(y, p.probabilities), y, classes, seed)
    if metric == "roc_auc":
        return Auc(numbers, len(classes))
    if metric in ("accuracy", "neg_log_loss"):
        return (Accuracy if metric == "accuracy" else LogLoss)(numbers)
    return Scorer(str(metric), _of_sklearn(metric, classes), y, classes, seed)


def _of_sklearn(name: Any, classes: NDArray[Any]) -> Callable[[Any, Predicted], float]:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.metrics import get_scorer

    try:
        scorer = get_scorer(name)
    except (ValueError, TypeError) as error:
        raise ConvertError(
            f"metric={name!r} is unknown; use 'roc_auc', 'accuracy', 'neg_log_loss', the name of a scorer of "
            "scikit-learn, or a function of (y, probabilities)"
        ) from error

    class Known(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        """Knows predictions by heart: of rows 0, 1, 2..."""

        def __init__(self, predicted: Predicted | None = None) -> None:
            self.predicted, self.classes_ = predicted, classes

        def predict(self, X: Any) -> Any:
            """Return labels."""
            return classes[self.predicted.classes]  # type: ignore[union-attr]

        def predict_proba(self, X: Any) -> Any:
            """Return probabilities, which add up to 1."""
            return divided(self.predicted)  # type: ignore[arg-type]

    return lambda y, predicted: float(scorer(Known(predicted), np.zeros((len(y), 1)), y))
