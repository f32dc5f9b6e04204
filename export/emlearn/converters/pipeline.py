"""Pipelines of scikit-learn: what precedes a model folds into it where that is exact; the rest become steps.

Affine transformers fold, in float64, into families that say how (`folds`). Before trees, transformers that are monotone
in each column fold into thresholds (`thresholds`). What is left in front is for the device (`steps`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce, singledispatch
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._registry import converts, find
from ..errors import ConvertError
from ..ir.trees import Ensemble
from .common import check_fitted

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Affine:
    """x -> matrix @ x + offset.

    Attributes
    ----------
    matrix : ndarray of float64, shape (n_out, n_in)
    offset : ndarray of float64, shape (n_out,)
    """

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]

    def after(self, first: Affine) -> Affine:
        """Return this one applied to the result of `first`."""
        return Affine(self.matrix @ first.matrix, self.matrix @ first.offset + self.offset)


_TRANSFORMERS: dict[tuple[str, str], Callable[[Any], Affine]] = {}


def transforms(*class_paths: str) -> Callable[[F], F]:
    """Register a function that returns the `Affine` of fitted transformers of these classes."""

    def register(function: F) -> F:
        for path in class_paths:
            _TRANSFORMERS[path.split(".")[0], path.split(".")[-1]] = function
        return function

    return register


@singledispatch
def fold(model: Any, affine: Affine) -> Any:
    """Return the model that takes what the affine transformer takes; None where that would be another kind of model."""
    raise TypeError(f"nothing folds into a {type(model).__name__}")


folds = fold.register


def can_fold(model: Any) -> bool:
    """Tell whether affine transformers fold into it."""
    return fold.dispatch(type(model)) is not fold.dispatch(object)


@converts("sklearn.pipeline.Pipeline")
def convert_pipeline(pipeline: Any) -> Any:
    """Convert a pipeline that ends in an estimator."""
    from .features import featured, is_features
    from .steps import staged
    from .thresholds import Link, fold_thresholds, monotone

    steps = flat(pipeline)
    if steps and is_features(steps[0]):
        rest = [(str(i), step) for i, step in enumerate(steps[1:])]
        return featured(steps, type(pipeline)(rest) if rest else None)
    if any(map(is_features, steps)):
        raise ConvertError("transformers of windows take raw samples: put them first in the Pipeline")
    if not steps or not hasattr(steps[-1], "predict"):
        raise ConvertError("this Pipeline does not end in an estimator that predicts")
    front, last = steps[:-1], steps[-1]
    model = find(last)(last)
    if isinstance(model, Ensemble):
        links: list[Link] = []
        while front and (link := monotone(front[-1])) is not None:
            links.insert(0, link)
            front.pop()
        model = fold_thresholds(model, links)
    elif can_fold(model):
        n = len(front)
        while n and is_affine(front[n - 1]):
            n -= 1
        affine = reduce(lambda first, own: own.after(first), map(affine_of, front[n:])) if front[n:] else None
        folded = model if affine is None else fold(model, affine)
        if folded is not None:
            front, model = front[:n], folded
    return staged(front, model, steps) if front else model


def flat(pipeline: Any) -> list[Any]:
    """Return the steps of a pipeline, those of pipelines inside it among them, without those that do nothing."""
    found: list[Any] = []
    for _, step in pipeline.steps:
        if hasattr(step, "named_steps"):
            found += flat(step)
        elif step is not None and not (isinstance(step, str) and step == "passthrough"):
            found.append(step)
    return found


def lookup(table: dict[tuple[str, str], F], step: Any) -> F | None:
    """Return what is registered for the class of a transformer, or for its nearest base class."""
    for cls in type(step).__mro__:
        found = table.get((cls.__module__.split(".")[0], cls.__name__))
        if found is not None:
            return found
    return None


def is_affine(step: Any) -> bool:
    """Tell whether `affine_of` knows what a transformer does."""
    return lookup(_TRANSFORMERS, step) is not None and not getattr(step, "clip", False)


def affine_of(step: Any) -> Affine:
    """Return what a fitted transformer does, but for clipping."""
    found = lookup(_TRANSFORMERS, step)
    assert found is not None
    check_fitted(step, "n_features_in_")
    affine: Affine = found(step)
    return affine


def _diagonal(step: Any, scale: Any, offset: Any) -> Affine:
    n = int(step.n_features_in_)
    factors = np.broadcast_to(np.asarray(scale, np.float64), n)
    return Affine(np.diag(factors), np.broadcast_to(np.asarray(offset, np.float64), n).copy())


@transforms("sklearn.preprocessing.StandardScaler", "sklearn.preprocessing.RobustScaler")
def _center_and_scale(step: Any) -> Affine:
    centre = step.mean_ if hasattr(step, "mean_") else step.center_
    centres = hasattr(step, "mean_") and step.with_mean or hasattr(step, "center_") and step.with_centering
    scale = 1.0 if step.scale_ is None else 1.0 / np.asarray(step.scale_, np.float64)
    return _diagonal(step, scale, -centre * scale if centres and centre is not None else 0.0)


@transforms("sklearn.preprocessing.MinMaxScaler")
def _min_max(step: Any) -> Affine:
    return _diagonal(step, step.scale_, step.min_)


@transforms("sklearn.preprocessing.MaxAbsScaler")
def _max_abs(step: Any) -> Affine:
    return _diagonal(step, 1.0 / step.scale_, 0.0)


@transforms("sklearn.decomposition.PCA")
def _pca(step: Any) -> Affine:
    matrix = np.asarray(step.components_, np.float64)
    if step.whiten:
        scale = np.sqrt(np.asarray(step.explained_variance_, np.float64))
        smallest = np.finfo(scale.dtype).eps
        matrix = matrix / np.where(scale < smallest, smallest, scale)[:, None]
    return Affine(matrix, -matrix @ np.asarray(step.mean_, np.float64))


@transforms(
    "sklearn.feature_selection.GenericUnivariateSelect",
    "sklearn.feature_selection.SelectFdr",
    "sklearn.feature_selection.SelectFpr",
    "sklearn.feature_selection.SelectFromModel",
    "sklearn.feature_selection.SelectFwe",
    "sklearn.feature_selection.SelectKBest",
    "sklearn.feature_selection.SelectPercentile",
    "sklearn.feature_selection.VarianceThreshold",
)
def _select(step: Any) -> Affine:
    matrix = np.eye(int(step.n_features_in_))[step.get_support()]
    return Affine(matrix, np.zeros(len(matrix)))
