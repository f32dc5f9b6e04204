"""What a conversion changed, measured on the user's data."""

from __future__ import annotations

import copy
import json
import platform
import warnings
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _reference
from ._registry import reference

# Predictions of a regression that differ by less than this part of the largest one count as equal: float32 can do no
# better.
REGRESSION_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Certificate:
    """Estimator and converted model, compared row by row.

    Attributes
    ----------
    estimator : str
        Class of the estimator.
    dtype, leaf : str
        What the model computes with, and what leaves of trees hold.
    rows : int
        Number of rows compared.
    agreeing : int
        Rows with the same class; for regression, with values that differ by at most 1e-6 of the largest.
    worst_row : int
        The row with the largest error, among those that disagree if there are any.
    worst_before, worst_after : tuple of float
        That row's probabilities, or value, by the estimator and by the model.
    max_error : float
        Largest difference of a probability, or of a value.
    score : str
        Name of the score below: "accuracy", "R2", or "" if no y was given.
    score_before, score_after : float or None
    auc_before, auc_after : float or None
        Area under the ROC curve, one class against the rest, averaged; None where y does not have every class.
    nbytes : int
        Size of the model, without trailers.
    instructions : dict of str to int
        Estimated instructions of a `predict`, by architecture; empty if unknown. On boards they were at most 7 %
        off for the models that they are fitted to, and 7 % for others; but 14 % for steps of a pipeline, and 25 %
        for Gaussians with a diagonal, on digits, where many features are 0. `_cost_table.ERRORS` has all.
    environment : dict of str to str
        Versions that took part.
    search : dict
        Of a model that was searched for under a bound: what was asked, what was chosen, its score on the validation
        data before and after, and, as (variant, bytes, score), the best of what was tried; otherwise empty.
    """

    estimator: str
    dtype: str
    leaf: str
    rows: int
    agreeing: int
    worst_row: int
    worst_before: tuple[float, ...]
    worst_after: tuple[float, ...]
    max_error: float
    score: str
    score_before: float | None
    score_after: float | None
    auc_before: float | None
    auc_after: float | None
    nbytes: int
    instructions: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    search: dict[str, Any] = field(default_factory=dict)

    @property
    def agreement(self) -> float:
        """Part of the rows that agree."""
        return self.agreeing / self.rows

    def to_json(self) -> str:
        """Return the certificate as JSON, on one line."""
        content = asdict(self)
        if not self.search:
            del content["search"]
        return json.dumps(content, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Certificate:
        """Read what `to_json` wrote; ValueError if it is something else."""
        try:
            content = json.loads(text)
            for name in ("worst_before", "worst_after"):
                content[name] = tuple(content[name])
            content.setdefault("search", {})
            return cls(**{f.name: content[f.name] for f in fields(cls)})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a certificate: {error}") from error

    def __str__(self) -> str:
        percent = 100 * self.agreement
        leaves = f", leaves {self.leaf}" if self.leaf else ""
        lines = [
            ("model", f"{self.estimator}, dtype {self.dtype}{leaves}, {self.nbytes:,} bytes"),
            ("agreement", f"{self.agreeing:,}/{self.rows:,} rows ({percent:.4g} %)"),
            ("largest error", f"{self.max_error:.3g} (row {self.worst_row})"),
        ]
        if self.agreeing < self.rows:
            lines.append(("  estimator says", _numbers(self.worst_before)))
            lines.append(("  model says", _numbers(self.worst_after)))
        for name, before, after in (
            (self.score, self.score_before, self.score_after),
            ("AUC", self.auc_before, self.auc_after),
        ):
            if before is not None and after is not None:
                lines.append((name, f"{before:.4f} -> {after:.4f}"))
        lines += [("instructions", text) for text in instructions_in_words(self.instructions)]
        lines += [("search", text) for text in _search_in_words(self.search)]
        lines.append(("with", ", ".join(f"{name} {number}" for name, number in self.environment.items())))
        return "\n".join(f"{name:<16} {text}" for name, text in lines)


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions for some rows.

    Attributes
    ----------
    labels : ndarray, shape (n_rows,)
        Class labels; the values for regression.
    outputs : ndarray, shape (n_rows, n_outputs)
        Probabilities, or the values; decision values where a classifier has no probabilities.
    """

    labels: NDArray[Any]
    outputs: NDArray[Any]


def reference_predictions(estimator: Any, X: NDArray[Any]) -> Predictions:
    """Predict with the estimator itself, on float32 features and in one thread.

    A forest with several jobs sums its trees' votes in the order in which threads happen to end, so that its exact
    ties are decided by chance; with one job it is in tree order, which is what the device does.
    Neighbours get features of the type that they were trained with: scikit-learn searches those of another type in
    another way, which decides ties otherwise.
    """
    if hasattr(estimator, "named_steps"):  # a Pipeline: what is said here of its last step
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            X = np.asarray(estimator[:-1].transform(X)) if len(estimator) > 1 else X
        return reference_predictions(estimator[-1], X)
    own = _reference.find(estimator)
    if own is not None:
        return Predictions(*own(estimator, X))
    estimator = reference(estimator)
    if hasattr(estimator, "_fit_X") and estimator._fit_X.dtype.kind == "f":
        X = np.asarray(X, estimator._fit_X.dtype)
    if hasattr(estimator, "n_jobs"):
        estimator = copy.copy(estimator)
        estimator.n_jobs = 1
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        labels = np.asarray(estimator.predict(X))
        if hasattr(estimator, "centroids_"):  # its predict_proba is of another rule than its predict
            order = 1 if estimator.metric == "manhattan" else 2
            differences = np.asarray(X, np.float64)[:, None, :] - np.asarray(estimator.centroids_, np.float64)
            outputs = -np.linalg.norm(differences, order, axis=2)
        elif hasattr(estimator, "predict_proba"):
            outputs = np.asarray(estimator.predict_proba(X))
        else:
            outputs = np.asarray(estimator.decision_function(X)) if hasattr(estimator, "classes_") else labels
    return Predictions(labels, outputs.reshape(len(X), -1))


def agreeing_rows(before: Predictions, after: Predictions, classifier: bool) -> NDArray[np.bool_]:
    """Tell which rows count as equal, see `Certificate.agreeing`."""
    if classifier:
        return np.asarray(before.labels == after.labels)
    largest = float(np.max(np.abs(before.labels), initial=0.0))
    errors = np.abs(before.outputs - after.outputs)
    return np.asarray(np.all(errors <= REGRESSION_TOLERANCE * largest, axis=1))


def certify(
    estimator: Any,
    X: NDArray[Any],
    y: NDArray[Any] | None,
    after: Predictions,
    *,
    classifier: bool,
    dtype: str,
    leaf: str,
    nbytes: int,
    instructions: dict[str, int],
) -> Certificate:
    """Compare the model's predictions `after` with the estimator's on the same rows."""
    before = reference_predictions(estimator, X)
    agree = agreeing_rows(before, after, classifier)
    errors = np.max(np.abs(before.outputs - after.outputs), axis=1)
    worst = int(np.lexsort((-errors, agree))[0])
    score = ""
    scores = aucs = _NO_SCORE
    if y is not None:
        score, scores = _scores(y, before, after, classifier)
        if classifier and hasattr(estimator, "classes_"):
            aucs = (_auc(y, before, estimator), _auc(y, after, estimator))
    return Certificate(
        estimator=type(estimator).__name__,
        dtype=dtype,
        leaf=leaf,
        rows=len(X),
        agreeing=int(np.sum(agree)),
        worst_row=worst,
        worst_before=tuple(map(float, before.outputs[worst])),
        worst_after=tuple(map(float, after.outputs[worst])),
        max_error=float(np.max(errors)),
        score=score,
        score_before=scores[0],
        score_after=scores[1],
        auc_before=aucs[0],
        auc_after=aucs[1],
        nbytes=nbytes,
        instructions=instructions,
        environment=environment(),
    )


def instructions_in_words(instructions: dict[str, int]) -> list[str]:
    """Say `Certificate.instructions`, a line for each architecture, with the CPU that was measured."""
    cpus = {"armv6m": " (Cortex-M0)", "armv7m": " (Cortex-M3)", "armv7emsp": " (Cortex-M4F)"}
    return [f"about {count:,} on {name}{cpus.get(name, '')}" for name, count in instructions.items()]


def _search_in_words(search: dict[str, Any]) -> list[str]:
    """Say `Certificate.search`: a line of the choice, and one of the bound."""
    if not search:
        return []
    bound = f"at most {search['max_loss']:g} lost, by {search['margin']:g} standard errors, on {search['rows']:,} rows"
    return [
        f"{search['chosen']}: the best for {search['optimize']} of {search['tried']:,} variants",
        f"{search['metric']} {search['before']:.4f} -> {search['after']:.4f}, {bound}",
    ]


Pair = tuple[float | None, float | None]
_NO_SCORE: Pair = (None, None)


def _scores(y: NDArray[Any], before: Predictions, after: Predictions, classifier: bool) -> tuple[str, Pair]:
    if len(y) != before.labels.size:
        raise ValueError(f"y has {len(y)} values for {len(before.labels)} rows of X")
    if classifier:
        return "accuracy", (float(np.mean(before.labels == y)), float(np.mean(after.labels == y)))
    spread = float(np.sum((y - np.mean(y)) ** 2))
    if spread == 0.0:
        return "", _NO_SCORE
    before_r2, after_r2 = (1.0 - float(np.sum((y - p.labels.ravel()) ** 2)) / spread for p in (before, after))
    return "R2", (before_r2, after_r2)


def _auc(y: NDArray[Any], predictions: Predictions, estimator: Any) -> float | None:
    from sklearn.metrics import roc_auc_score

    estimator = reference(estimator)
    n_classes = len(estimator.classes_)
    if n_classes < 2 or set(np.unique(y).tolist()) != set(estimator.classes_.tolist()):
        return None
    if n_classes == 2:
        return float(roc_auc_score(y == estimator.classes_[1], predictions.outputs[:, -1]))
    one_against_rest = [roc_auc_score(y == c, predictions.outputs[:, i]) for i, c in enumerate(estimator.classes_)]
    return float(np.mean(one_against_rest))


def environment() -> dict[str, str]:
    """Return the versions that take part, by name."""
    names = {"emlearn-mpy": "emlearn-mpy", "scikit-learn": "scikit-learn", "numpy": "numpy"}
    found = {"python": platform.python_version()}
    for name, package in names.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _numbers(values: tuple[float, ...]) -> str:
    shown = ", ".join(f"{value:.6g}" for value in values[:10])
    return shown + (", ..." if len(values) > 10 else "")
