"""Items as the device has them: integers, in units of one power of two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..errors import ConvertError
from ..ir.neighbors import MAX_EXPONENT, MIN_EXPONENT, Metric, Neighbors, NeighborsModel, Weights

_ROWS = 256  # of which distances are computed at a time


def fix(model: NeighborsModel, int16: bool) -> Neighbors:
    """Round items to 31 bits of the largest number; or, as int16, take them as they are.

    Raises
    ------
    ConvertError
        If an item is NaN, infinite, or beyond float32 or int16; or the model is larger than the format holds.
    """
    items, n_items = model.items, len(model.items)
    if not np.all(np.abs(items) <= q.FLOAT32_MAX):
        raise ConvertError("an item is NaN, infinite or beyond float32; clean the data, then train again")
    if int16 and not q.is_int16(items):
        raise ConvertError(
            "dtype='int16' takes features as they are, integers from -32768 to 32767, and the estimator was trained on "
            "others; leave dtype out"
        )
    items32, exponent = q.values_to_int32(items.reshape(-1))
    if exponent < MIN_EXPONENT or not np.any(items32):
        exponent = MIN_EXPONENT
        items32 = np.rint(np.ldexp(items.reshape(-1), -exponent)).astype(np.int32)
    values, value_exponent = q.values_to_int32(np.zeros(0) if model.n_classes else model.targets)
    items16 = items.astype(np.int16) if int16 else np.zeros((0, model.n_features), np.int16)
    try:
        return Neighbors(
            n_features=model.n_features,
            n_classes=model.n_classes,
            labels=model.labels,
            metric=int(model.metric),
            weights=int(model.weights),
            k=model.k,
            exponent=0 if int16 else min(exponent, MAX_EXPONENT),
            value_exponent=value_exponent,
            n_items16=n_items if int16 else 0,
            n_items32=0 if int16 else n_items,
            n_labels=n_items if model.n_classes else 0,
            n_values=len(values),
            n_used=n_items,
            items16=items16,
            items32=items32.reshape(items.shape) if not int16 else np.zeros((0, model.n_features), np.int32),
            class_numbers=(model.targets if model.n_classes else np.zeros(0)).astype(np.uint16),
            values=values,
        )
    except ValueError as error:
        raise ConvertError(f"this model of neighbours does not fit the format: {error}") from error


def undecided(model: NeighborsModel, X: NDArray[np.float32], tolerance: float = 1e-7) -> NDArray[np.bool_]:
    """Tell the rows whose prediction hangs on a tie: of distances at the k-th, of votes, or within rounding of one.

    Of such rows scikit-learn's own algorithms (brute, kd_tree) predict different classes; a device predicts what
    brute does, unless the distances differ by its rounding.

    Parameters
    ----------
    X : ndarray of float32, shape (n_rows, n_features)
    tolerance : float
        Part of the largest number by which two distances may differ and count as tied.
    """
    scale = max(float(np.max(np.abs(model.items), initial=0.0)), float(np.max(np.abs(X), initial=0.0)))
    k = 1 if model.weights == Weights.NEAREST else model.k
    parts = [_undecided(model, rows.astype(np.float64), k, tolerance * scale) for rows in _split(X)]
    return np.concatenate(parts) if parts else np.zeros(0, bool)


def _split(X: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [X[i : i + _ROWS] for i in range(0, len(X), _ROWS)]


def _undecided(model: NeighborsModel, X: NDArray[np.float64], k: int, margin: float) -> NDArray[np.bool_]:
    distances = np.stack([_distances(model.metric, model.items, x) for x in X])
    order = np.argsort(distances, axis=1, kind="stable")[:, : k + 1]
    nearest = np.take_along_axis(distances, order, axis=1)
    tied = nearest[:, k] - nearest[:, k - 1] <= margin if nearest.shape[1] > k else np.zeros(len(X), bool)
    if model.n_classes == 0 or model.weights == Weights.NEAREST:
        return tied
    weights = np.ones((len(X), k))
    if model.weights == Weights.DISTANCE:
        zero = np.asarray(nearest[:, :k] <= margin)
        with np.errstate(divide="ignore"):
            weights = np.where(np.any(zero, axis=1, keepdims=True), zero, 1.0 / nearest[:, :k])
    votes = np.zeros((len(X), model.n_classes))
    np.add.at(votes, (np.arange(len(X))[:, None], model.targets[order[:, :k]]), weights)
    votes.sort(axis=1)
    if model.n_classes > 1:
        tied = tied | (votes[:, -1] - votes[:, -2] <= 1e-6 * votes[:, -1]) & (model.weights == Weights.DISTANCE)
    return tied


def _distances(metric: Metric, items: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    difference = np.abs(items - x)
    if metric == Metric.EUCLIDEAN:
        return np.asarray(np.sqrt(np.sum(difference * difference, axis=1)))
    return np.asarray(np.sum(difference, axis=1) if metric == Metric.MANHATTAN else np.max(difference, axis=1))
