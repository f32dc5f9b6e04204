"""Coefficients as the device has them: integers, with one power of two a feature."""

from __future__ import annotations

import numpy as np

from .. import _quantize as q
from ..errors import ConvertError
from ..ir.linear import Linear, LinearModel


def fix(model: LinearModel) -> Linear:
    """Round coefficients to 31 bits of the largest one of their feature.

    Raises
    ------
    ConvertError
        If a coefficient is NaN or infinite, or the model is larger than the format holds.
    """
    columns = np.concatenate((model.coef, model.intercept[:, None]), axis=1)
    if not np.all(np.isfinite(columns)):
        raise ConvertError("a coefficient is NaN or infinite; train on scaled features")
    integers, shift = q.columns_to_int32(columns)
    try:
        return Linear(
            n_features=model.n_features,
            n_classes=model.n_classes,
            labels=model.labels,
            link=int(model.link),
            n_rows=len(model.coef),
            shift=shift,
            coef=np.ascontiguousarray(integers[:, :-1]),
            intercept=integers[:, -1].copy(),
        )
    except ValueError as error:
        raise ConvertError(f"this linear model does not fit the format: {error}") from error
