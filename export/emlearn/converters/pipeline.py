"""Pipelines of scikit-learn: transformers that are affine fold into the model behind them, in float64.

A family says how an `Affine` folds into its representation (`folds`). Transformers that are not affine, or models into
which nothing folds, would need steps of their own in the file; there are none yet, and they are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._registry import converts, find
from ..errors import ConvertError
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
    """Return the model that takes what the affine transformer takes."""
    raise ConvertError(
        "a Pipeline of transformers before this estimator is not supported; transform the features first"
    )


folds = fold.register


@converts("sklearn.pipeline.Pipeline")
def convert_pipeline(pipeline: Any) -> Any:
    """Convert a pipeline that ends in an estimator."""
    steps = [step for _, step in pipeline.steps if step is not None and step != "passthrough"]
    if not steps or not hasattr(steps[-1], "predict"):
        raise ConvertError("this Pipeline does not end in an estimator that predicts")
    affine: Affine | None = None
    for step in steps[:-1]:
        own = affine_of(step)
        affine = own if affine is None else own.after(affine)
    model = find(steps[-1])(steps[-1])
    return model if affine is None else fold(model, affine)


def affine_of(step: Any) -> Affine:
    """Return what a fitted transformer does; ConvertError if it is not affine."""
    for cls in type(step).__mro__:
        found = _TRANSFORMERS.get((cls.__module__.split(".")[0], cls.__name__))
        if found is not None:
            check_fitted(step, "n_features_in_")
            return found(step)
    names = ", ".join(sorted(name for _, name in _TRANSFORMERS))
    raise ConvertError(f"{type(step).__name__} in a Pipeline is not supported; supported: {names}")


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
    if step.clip:
        raise ConvertError("MinMaxScaler(clip=True) in a Pipeline is not supported; the nearest is clip=False")
    return _diagonal(step, step.scale_, step.min_)


@transforms("sklearn.preprocessing.MaxAbsScaler")
def _max_abs(step: Any) -> Affine:
    if getattr(step, "clip", False):
        raise ConvertError("MaxAbsScaler(clip=True) in a Pipeline is not supported; the nearest is clip=False")
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
