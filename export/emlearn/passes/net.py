"""Weights as the device has them: integers, with one power of two an input; small ones with a scale an output, too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..errors import ConvertError
from ..ir.net import Kind, Layer, Net, Network

_DTYPES = {Kind.INT32: np.int32, Kind.INT16: np.int16, Kind.INT8: np.int8}


def fix(model: Network, kind: Kind) -> Net:
    """Round weights: to 31 bits of the largest one of their input (INT32), or as `rows_to_integers` does.

    Raises
    ------
    ConvertError
        If a weight is NaN or infinite, or the model is larger than the format holds.
    """
    parts = [_integers(layer, kind) for layer in model.layers]
    weights = np.concatenate([part[0].reshape(-1) for part in parts]).astype(_DTYPES[kind])
    none = {k: np.zeros(0, dtype) for k, dtype in _DTYPES.items()} | {kind: weights}
    shift, scale, bias = (np.concatenate([part[i] for part in parts]) for i in (1, 2, 3))
    sizes = [len(layer.coef) for layer in model.layers]
    try:
        return Net(
            n_features=model.n_features,
            n_classes=model.n_classes,
            labels=model.labels,
            kind=int(kind),
            n_layers=len(sizes),
            width=max(model.n_features, *sizes),
            n_columns=len(shift),
            n_rows=len(bias),
            n_scales=len(scale),
            n_int32=len(none[Kind.INT32]),
            n_int16=len(none[Kind.INT16]),
            n_int8=len(none[Kind.INT8]),
            sizes=np.array(np.clip(sizes, 0, 65535), np.uint16),
            activations=np.array([layer.activation for layer in model.layers], np.uint8),
            shift=shift,
            scale=scale,
            bias=bias,
            weights32=none[Kind.INT32],
            weights16=none[Kind.INT16],
            weights8=none[Kind.INT8],
        )
    except ValueError as error:
        raise ConvertError(f"this network does not fit the format: {error}") from error


def _integers(layer: Layer, kind: Kind) -> tuple[NDArray[Any], ...]:
    """Weights, shifts, scales, biases."""
    if not (np.all(np.isfinite(layer.coef)) and np.all(np.isfinite(layer.intercept))):
        raise ConvertError("a weight is NaN or infinite; train on scaled features")
    bias, bias_shift = q.columns_to_int32(layer.intercept[:, None])
    if kind == Kind.INT32:
        weights, shift = q.columns_to_int32(layer.coef)
        scale = np.zeros(0, np.uint16)
    else:
        weights, shift, scale = q.rows_to_integers(layer.coef, 16 if kind == Kind.INT16 else 8)
    return weights, np.concatenate((shift, bias_shift)), scale, bias[:, 0].copy()
