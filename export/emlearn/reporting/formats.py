"""A model in each of its formats: what it takes, and how it does on the user's rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import certificate as cert
from .._convert import convert
from ..certificate import Predictions
from ..errors import ConvertError
from ..ir import cnn
from ..ir.document import Output
from ..model import Model
from ..search import metrics
from ..search.metrics import Metric, Predicted
from .classes import numbers_of

FOREST: dict[str, dict[str, Any]] = {
    "exact": {"dtype": "float"},
    "int16": {"dtype": "int16"},
    "int16, hard leaves": {"dtype": "int16", "leaf": "hard"},
}
OTHERS: dict[str, dict[str, Any]] = {name: {"dtype": name} for name in ("float", "int16", "int8")}


@dataclass(frozen=True)
class FormatRow:
    """A model in a format.

    Attributes
    ----------
    name : str
    nbytes : int
        Of the `.eml` or `.tmdl` file without trailers.
    score : float
    loss : float
        How much less that is than the estimator's.
    instructions : dict of str to int
        Estimated for a `predict`, by architecture.
    chosen : bool
        It is the one that the report is about.
    """

    name: str
    nbytes: int
    score: float
    loss: float
    instructions: dict[str, int] = field(default_factory=dict)
    chosen: bool = False


class Scale:
    """What formats are measured by: a metric of classes, or R2.

    Parameters
    ----------
    model : Model
        In any format.
    y : ndarray, shape (n_rows,)
    wanted : str or callable, optional
        As of `convert`; by default "roc_auc" for models with probabilities, "accuracy" for other classes, and "r2".
    seed : int

    Attributes
    ----------
    name : str
    """

    def __init__(self, model: Model, y: NDArray[Any], wanted: Any, seed: int) -> None:
        self._y = y
        self._metric: Metric | None = None
        if not model.is_classifier:
            if wanted not in (None, "r2"):
                raise ConvertError(f"metric={wanted!r} is for classifiers; of a regression it is 'r2'")
            self.name = "r2"
            return
        sure = model.tables.output in (Output.PROBABILITIES, Output.PROBABILITIES_AND_SCORE)
        sure = sure and not model.is_outlier_detector
        if not sure and wanted not in (None, "accuracy"):
            raise ConvertError(f"metric={wanted!r} takes probabilities, which this model has not; use 'accuracy'")
        default = "roc_auc" if sure else "accuracy"
        self.classes = model.classes_
        self._metric = metric = metrics.find(default if wanted is None else wanted, y, self.classes, seed)
        self.name = metric.name

    def score(self, predicted: Predictions) -> float:
        """Return the score of predictions for all rows."""
        if self._metric is not None:
            own = predicted.outputs[:, : len(self.classes)].astype(np.float32)
            return self._metric.score(Predicted(own, numbers_of(predicted.labels, self.classes)))
        spread = float(np.sum((self._y - np.mean(self._y, axis=0)) ** 2))
        if spread == 0.0:
            raise ConvertError("data= has one value only, of which R2 tells nothing; add rows of others")
        return 1.0 - float(np.sum((self._y - predicted.labels.reshape(self._y.shape)) ** 2)) / spread


def models_of(estimator: Any, source: Any, X: Any, y: Any, is_forest: bool) -> dict[str, Model]:
    """Convert into every format that there is for the estimator; the first is exact, or nearest to it."""
    network = isinstance(source, cnn.Source)
    formats = FOREST if is_forest else OTHERS
    found: dict[str, Model] = {}
    for name, options in formats.items():
        if network and name == "int16":
            continue
        rows = (X, y) if network else None if options["dtype"] == "float" else X
        try:
            found[name] = convert(estimator, data=rows, **options)
        except ConvertError:
            if not found:  # the reason is the estimator or its features, not the format
                raise
    return found


def before(model: Model, estimator: Any, X: Any) -> Predictions:
    """Return what the estimator says about rows as the model takes them."""
    raw = model._raw(X)
    return cert.reference_predictions(model._reference(estimator), model._for_estimator(raw))


def after(model: Model, X: Any) -> Predictions:
    """Return what the model says."""
    return model.predictions(model._raw(X))


def row_of(name: str, model: Model, X: Any, scale: Scale, reference: float, chosen: bool = False) -> FormatRow:
    """Measure a model."""
    score = scale.score(after(model, X))
    return FormatRow(name, model.nbytes, score, reference - score, model._estimated(model._raw(X)), chosen)
