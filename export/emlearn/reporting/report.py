"""A report, as data and as a page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .._convert import convert
from .._features import as_table
from .._registry import find
from ..certificate import environment
from ..errors import ConvertError
from ..ir import cnn
from ..ir.trees import Ensemble
from ..model import Model
from ..passes.prune import is_tree
from ..search import Search
from . import formats
from .boards import BoardRow, board_rows
from .classes import Confusion, confusion_of, numbers_of
from .formats import FormatRow, Scale
from .leaves import LeafRow, leaf_rows

__all__ = ["Report", "report"]


@dataclass(frozen=True, eq=False)
class Report:
    """What is known of an estimator and of the smaller model that was made of it.

    Attributes
    ----------
    title : str
    estimator : str
        Its class.
    n_features, n_rows : int
    facts : dict of str to str or int
        Of the estimator's exact model, by name, such as the number of trees.
    metric : str
    score : float
        Of the estimator.
    max_loss : float
    seed : int
    formats : tuple of FormatRow
        The exact model, other formats, and the chosen one.
    model : Model
        The chosen one, certified on the rows.
    file_bytes : int
        Of its file: model, labels, rows to check it with, certificate.
    search : Search or None
        Of forests: all variants that were tried.
    leaves : tuple of LeafRow
        Of forests.
    confusion : Confusion or None
        Of classifiers: the estimator's and the chosen model's classes.
    boards : tuple of BoardRow
    environment : dict of str to str
        Versions that took part.
    first_row : tuple of float
        Of the data, to try the model with.
    file : str
        Where the model is, or is to be.
    converting : str
        The command, or the Python, that makes it.
    """

    title: str
    estimator: str
    n_features: int
    n_rows: int
    facts: dict[str, Any]
    metric: str
    score: float
    max_loss: float
    seed: int
    formats: tuple[FormatRow, ...]
    model: Model
    file_bytes: int
    search: Search | None
    leaves: tuple[LeafRow, ...]
    confusion: Confusion | None
    boards: tuple[BoardRow, ...]
    environment: dict[str, str]
    first_row: tuple[float, ...]
    file: str
    converting: str

    @property
    def chosen(self) -> FormatRow:
        """The model that was chosen."""
        return next(row for row in self.formats if row.chosen)

    @property
    def exact(self) -> FormatRow:
        """The model that predicts what the estimator does."""
        return self.formats[0]

    def html(self) -> str:
        """Return the page: it refers to nothing outside of itself, and holds no script."""
        from .page import render

        return render(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, replacing a file of this name in one step.

        Raises
        ------
        FileNotFoundError
            If its folder does not exist.
        """
        from ..model import write_file

        write_file(Path(path), self.html().encode())
        return Path(path)


def report(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    max_loss: float = 0.01,
    metric: Any = None,
    optimize: str = "size",
    seed: int = 0,
    progress: bool | None = None,
    title: str | None = None,
) -> Report:
    """Find a smaller model that keeps a bound, and tell what it is, what it loses, and where it runs.

    Forests and trees of classes are searched as `convert(optimize=...)` does. Of other models the smallest format is
    taken that loses at most `max_loss` on these rows, without a margin for chance.

    Parameters
    ----------
    estimator : object
        Fitted, as for `convert`.
    X : array-like, shape (n_rows, n_features)
        Rows that were not trained on.
    y : array-like, shape (n_rows,)
        Their labels or values.
    max_loss : float
        How much of the metric may be lost.
    metric : str or callable, optional
        As of `convert`; by default "roc_auc", without probabilities "accuracy", of regression "r2".
    optimize, seed, progress
        As of `convert`.
    title : str, optional
        Of the page; by default the estimator's class.

    Returns
    -------
    Report
        With `save("report.html")`.

    Raises
    ------
    ConvertError
        As of `convert`.
    """
    source = find(estimator)(estimator)
    network = isinstance(source, cnn.Source)
    try:
        rows = np.asarray(X) if network else as_table(X, source.n_features)
    except ValueError as error:
        raise ConvertError(str(error)) from error
    labels = np.asarray(y)
    labels = labels.reshape(-1) if labels.ndim < 2 or labels.shape[-1] == 1 else labels
    if len(rows) == 0 or len(labels) != len(rows):
        raise ConvertError(f"y has {len(labels)} labels for {len(rows)} rows of X; a report needs a label for each row")
    if not max_loss >= 0.0:
        raise ConvertError(f"max_loss={max_loss!r} is negative; a model cannot be asked to be better than it is")
    is_forest = isinstance(source, Ensemble) and source.n_classes > 0 and source.link is None and is_tree(source)
    models = formats.models_of(estimator, source, rows, labels, is_forest)
    exact = next(iter(models.values()))
    scale = Scale(exact, labels, metric, seed)
    said = formats.before(exact, estimator, rows)
    score = scale.score(said)
    found = tuple(formats.row_of(name, model, rows, scale, score) for name, model in models.items())
    search = None
    if is_forest:
        model = convert(
            estimator,
            data=(rows, labels),
            optimize=optimize,
            max_loss=max_loss,
            metric="roc_auc" if metric is None else metric,
            seed=seed,
            progress=progress,
        )
        search = model.search
        assert search is not None
        name = str(search.chosen.kind)
    else:
        name = min((row for row in found if row.loss <= max_loss), key=lambda row: row.nbytes, default=found[0]).name
        model = models[name]
        model.certify(rows, labels if labels.ndim == 1 else None)
    chosen = formats.row_of(name, model, rows, scale, score, chosen=True)
    confusion = None
    if model.is_classifier:
        numbers = (numbers_of(each, model.classes_) for each in (labels, said.labels, model.predict(rows)))
        confusion = confusion_of(model.classes_, *numbers)
    file_bytes = int(model.info()["nbytes"])
    file = f"model.{'tmdl' if network else 'eml'}"
    listed = (*found, chosen) if is_forest else tuple(chosen if row.name == name else row for row in found)
    return Report(
        title=type(estimator).__name__ if title is None else title,
        estimator=type(estimator).__name__,
        n_features=int(model.n_features_in_),
        n_rows=len(rows),
        facts=exact.tables.facts(),
        metric=scale.name,
        score=score,
        max_loss=max_loss,
        seed=seed,
        formats=listed,
        model=model,
        file_bytes=file_bytes,
        search=search,
        leaves=leaf_rows(source, model.tables, confusion.labels) if is_forest and confusion else (),
        confusion=confusion,
        boards=board_rows(model, file_bytes, chosen.instructions),
        environment=environment(),
        first_row=tuple(map(float, np.asarray(rows[0], np.float64).reshape(-1))),
        file=file,
        converting=f"report.model.save({file!r})",
    )
