"""Transformers of a Pipeline that fold into nothing -> steps that the device takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir.pipeline import Encode, Fill, Matrix, Scale, Staged, Step
from ..ir.trees import Ensemble
from .common import check_fitted
from .pipeline import _TRANSFORMERS, Affine, affine_of, in_float64, lookup
from .thresholds import categories_of, kept_columns

__all__ = ["staged"]

_COLUMNS = ("ColumnTransformer", "FeatureUnion")
_OWN = ("OrdinalEncoder", "Quantizer", "SimpleImputer")


_SCALERS = ("StandardScaler", "RobustScaler", "MinMaxScaler", "MaxAbsScaler")


@dataclass(frozen=True, eq=False)
class _Limit:
    """What follows a scale: rounding to integers, and the range."""

    integers: bool
    low: float
    high: float


Part = Affine | _Limit | Step


def staged(front: list[Any], model: Any, steps: list[Any]) -> Any:
    """Return the model behind what the transformers `front`, the first of `steps`, do.

    Raises
    ------
    ConvertError
        If one of them is not supported, or not fitted.
    """
    n_features = int(_check(front[0]).n_features_in_)
    one_by_one = rounds_alike(front, model)
    found: list[Step] = []
    affine: Affine | None = None
    for transformer in front:
        one_by_one = one_by_one and not hasattr(transformer, "components_")
        for part in _operations(_check(transformer)) if one_by_one else _parts(_check(transformer)):
            if isinstance(part, Affine):
                affine = part if affine is None else part.after(affine)
                continue
            n = found[-1].n_out if found else n_features
            if isinstance(part, _Limit):
                if affine is not None and not _is_scale(affine):
                    found.append(_step(affine))
                    n, affine = found[-1].n_out, None
                scale = _scale(Affine(np.eye(n), np.zeros(n)) if affine is None else affine, part)
                found.append(scale)
            else:
                found += [] if affine is None else [_step(affine)]
                found.append(part)
            affine = None
    found += [] if affine is None else [_step(affine)]
    return Staged(n_features, found, model, front, steps[len(front) :])


def _check(step: Any) -> Any:
    check_fitted(step, "n_features_in_")
    return step


def rounds_alike(front: list[Any], model: Any) -> bool:
    """Tell whether scalers before a PCA are steps that round as scikit-learn does: to float32, after each operation.

    Fitted in float64, they have not rounded so; then that tells on which side of XGBoost's thresholds, which are
    training values, scikit-learn finds these rows.
    """
    if not (isinstance(model, Ensemble) and model.equal_goes and in_float64(front)):
        return False
    first = next((i for i, step in enumerate(front) if hasattr(step, "components_")), 0)
    return any(_scaler(step) for step in front[:first])


def _scaler(step: Any) -> str:
    return next((cls.__name__ for cls in type(step).__mro__ if cls.__name__ in _SCALERS), "")


def _operations(step: Any) -> list[Part]:
    """Return the subtractions, divisions... of a scaler as steps of their own; other transformers as they are."""
    name = _scaler(step)
    if not name:
        return _parts(step)
    factor: list[Any] = [] if step.scale_ is None else [1.0 / np.asarray(step.scale_, np.float64)]
    offset: list[Any] = []
    if name == "StandardScaler":  # the only one that rounds its own numbers as well
        factor = [] if step.scale_ is None else [1.0 / step.scale_.astype(np.float32).astype(np.float64)]
        offset = [-step.mean_.astype(np.float32).astype(np.float64)] if step.with_mean else []
    elif name == "RobustScaler":
        offset = [-step.center_] if step.with_centering else []
    elif name == "MinMaxScaler":
        factor, offset = [step.scale_], [step.min_]
    n = int(step.n_features_in_)
    scales: list[Part] = [Scale(np.arange(n), own, np.zeros(n)) for own in factor]
    shifts: list[Part] = [Scale(np.arange(n), np.ones(n), own) for own in offset]
    limits = [part for part in _parts(step) if isinstance(part, _Limit)]
    return [*scales, *shifts, *limits] if name == "MinMaxScaler" else [*shifts, *scales, *limits]


def _parts(step: Any) -> list[Part]:
    name = next((cls.__name__ for cls in type(step).__mro__ if cls.__name__ in (*_OWN, *_COLUMNS)), "")
    if name == "SimpleImputer":
        return _imputer(step)
    if name == "OrdinalEncoder":
        return [_encoder(step)]
    if name == "Quantizer":
        return [_diagonal(step.scale_), _Limit(True, -step.limit, step.limit)]
    if lookup(_TRANSFORMERS, step) is not None:
        limits = getattr(step, "feature_range", (-1.0, 1.0))
        return [affine_of(step), *([_Limit(False, *limits)] if getattr(step, "clip", False) else [])]
    if name in _COLUMNS:
        raise ConvertError(
            f"{name} in a Pipeline is not supported: give all columns the same transformers, one after the other, "
            "or transform the features before fit and on the device"
        )
    names = ", ".join(sorted({name for _, name in _TRANSFORMERS} | set(_OWN)))
    raise ConvertError(f"{type(step).__name__} in a Pipeline is not supported; supported: {names}")


def _diagonal(factors: NDArray[np.float64]) -> Affine:
    return Affine(np.diag(factors), np.zeros(len(factors)))


def _imputer(step: Any) -> list[Part]:
    if step.add_indicator:
        raise ConvertError("SimpleImputer(add_indicator=True) is not supported; the nearest is add_indicator=False")
    kept = kept_columns(step)
    try:
        missing = np.full(int(step.n_features_in_), step.missing_values, np.float32)
        value = np.asarray(step.statistics_, np.float64)
    except (TypeError, ValueError) as error:
        raise ConvertError("SimpleImputer of text is not supported: the device takes numbers only") from error
    # What it has seen nothing of is dropped, unless it is kept as 0.
    filled = np.nan_to_num(value).astype(np.float32)
    if len(kept) == len(filled):
        return [Fill(missing, filled)]
    return [Affine(np.eye(len(filled))[kept], np.zeros(len(kept))), Fill(missing[kept], filled[kept])]


def _encoder(step: Any) -> Encode:
    known = categories_of(step)
    unknown = np.inf if step.handle_unknown == "error" else float(step.unknown_value)
    missing = [
        float(step.encoded_missing_value) if len(categories) > len(numbers) else unknown
        for categories, numbers in zip(step.categories_, known, strict=True)
    ]
    return Encode(known, [unknown] * len(known), missing)


def _is_scale(affine: Affine) -> bool:
    return bool(np.all(np.count_nonzero(affine.matrix, axis=1) <= 1))


def _step(affine: Affine) -> Step:
    return _scale(affine) if _is_scale(affine) else Matrix(affine.matrix, affine.offset)


def _scale(affine: Affine, limit: _Limit | None = None) -> Scale:
    source = np.argmax(np.abs(affine.matrix), axis=1)
    factor = affine.matrix[np.arange(len(source)), source]
    if limit is None:
        return Scale(source, factor, affine.offset)
    low, high = (np.full(len(source), bound, np.float32) for bound in (limit.low, limit.high))
    return Scale(source, factor, affine.offset, limit.integers, low, high)
