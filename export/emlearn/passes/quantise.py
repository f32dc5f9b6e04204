"""Thresholds as the integers that the device compares, and which integers those are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..errors import ConvertError
from ..ir.trees import DTYPE_FLOAT, DTYPE_INT16, DTYPE_SCALED, Ensemble


@dataclass(frozen=True, eq=False)
class Decisions:
    """Decision nodes with integer thresholds; references as in `Ensemble`, but nodes may be unused.

    Attributes
    ----------
    dtype : int
    feature, left, right, roots : ndarray of int64
    threshold : ndarray of int64, shape (n_nodes,)
    missing_left : ndarray of bool, shape (n_nodes,)
    shift, offset : ndarray of int32, shape (n_features,)
        Empty unless dtype is int16 scaled.
    """

    dtype: int
    feature: NDArray[np.int64]
    threshold: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    roots: NDArray[np.int64]
    shift: NDArray[np.int32]
    offset: NDArray[np.int32]


def choose_dtype(ensemble: Ensemble, dtype: str, scale: bool | None, data: NDArray[Any] | None) -> int:
    """Tell which header dtype the user's words mean for this model.

    Parameters
    ----------
    ensemble : Ensemble
    dtype : {"float", "int16"}
    scale : bool, optional
        For int16: True scales the features, False takes them as they are; None decides by the data, or else by the
        model.
    data : ndarray of shape (n_rows, n_features), optional

    Raises
    ------
    ConvertError
        If `scale` is False and the data are no int16 integers.
    """
    if dtype == "float":
        return DTYPE_FLOAT
    if scale:
        return DTYPE_SCALED
    if data is not None and not q.is_int16(data):
        if scale is False:
            raise ConvertError(
                "scale=False says that features are int16 integers, but data= has other values; leave scale= out"
            )
        return DTYPE_SCALED
    if scale is False or data is not None or trained_on_int16(ensemble):
        return DTYPE_INT16
    return DTYPE_SCALED


def trained_on_int16(ensemble: Ensemble) -> bool:
    """Tell from the thresholds whether the model can have been trained on integers that fit in int16.

    Training data passed through every branch, so each branch must have room for an integer; and a split that was not
    drawn at random lies midway between two training values, at a multiple of 0.5. Infinite thresholds split NaN from
    the rest.
    """
    threshold = ensemble.threshold
    if not np.all(np.isfinite(threshold)):
        return False
    if not ensemble.random_thresholds and bool(np.any(np.floor(threshold * 2.0) != threshold * 2.0)):
        return False
    floors = q.integer_floor(threshold)
    low, high = _reach(ensemble, floors, q.INT16_MIN, q.INT16_MAX)
    return bool(np.all((floors >= low) & (floors < high)))


def quantise(ensemble: Ensemble, dtype: int, rows: NDArray[Any] | None = None) -> Decisions:
    """Round thresholds to integers and drop the branches that no feature value can take any more.

    Parameters
    ----------
    ensemble : Ensemble
    dtype : int
        DTYPE_FLOAT keeps every comparison of float32 features as it was, DTYPE_INT16 every comparison of integers.
        DTYPE_SCALED rounds features and thresholds alike.
    rows : ndarray of shape (n_rows, n_features), optional
        Raw features. With DTYPE_SCALED, values that round to the same integer as a threshold go where more of the rows
        belong that do so; without rows to the left.
    """
    missing_left = ensemble.missing_left
    shift = offset = np.zeros(0, np.int32)
    left, right, roots = ensemble.left, ensemble.right, ensemble.roots
    if dtype == DTYPE_FLOAT:
        threshold = q.float32_keys(q.float32_floor(ensemble.threshold)).astype(np.int64)
    else:
        if dtype == DTYPE_INT16:
            missing_left = np.zeros_like(missing_left)
            threshold, top = q.integer_floor(ensemble.threshold), q.INT16_MAX
        else:
            threshold, shift, offset = _scaled_thresholds(ensemble)
            if rows is not None:
                with np.errstate(over="ignore"):
                    raw = np.asarray(rows, np.float32)
                threshold = threshold - _belong_right(ensemble, threshold, raw, q.scale_features(raw, shift, offset))
            top = q.SCALED_MAX
        low, high = _reach(ensemble, threshold, q.INT16_MIN, top)
        always_left, always_right = threshold >= high, threshold < low
        if dtype == DTYPE_SCALED:  # NaN must go the same way
            always_left &= missing_left
            always_right &= ~missing_left
        decided = np.where(always_left, left, np.where(always_right, right, np.arange(len(left))))
        left, right, roots = (_follow(decided, refs) for refs in (left, right, roots))
        threshold = np.clip(threshold, q.INT16_MIN, top)  # of NaN splits and unused nodes
    return Decisions(dtype, ensemble.feature, threshold, left, right, missing_left, roots, shift, offset)


def _scaled_thresholds(ensemble: Ensemble) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    floors = q.float32_floor(ensemble.threshold)
    shift = np.zeros(ensemble.n_features, np.int32)
    offset = np.zeros(ensemble.n_features, np.int32)
    by_feature = np.argsort(ensemble.feature, kind="stable")
    used, first = np.unique(ensemble.feature[by_feature], return_index=True)
    for feature, nodes in zip(used, np.split(by_feature, first[1:]), strict=False):
        shift[feature], offset[feature] = q.choose_scale(floors[nodes])
    scaled = np.floor(np.ldexp(floors.astype(np.float64), shift[ensemble.feature]))
    return q.integer_floor(scaled) - offset[ensemble.feature], shift, offset


def _belong_right(
    ensemble: Ensemble, threshold: NDArray[np.int64], raw: NDArray[np.float32], scaled: NDArray[np.int16]
) -> NDArray[np.bool_]:
    """Tell of each node whether most of the rows whose scaled feature equals its threshold are above it."""
    found = np.zeros(len(threshold), bool)
    for feature in np.unique(ensemble.feature):
        nodes = np.flatnonzero(ensemble.feature == feature)
        column, values = np.sort(scaled[:, feature]), np.sort(raw[:, feature])
        first, end = (np.searchsorted(column, threshold[nodes], side) for side in ("left", "right"))
        # Scaling keeps the order, so that it is the same rows that equal the threshold in both.
        above = end - np.clip(np.searchsorted(values, ensemble.threshold[nodes], "right"), first, end)
        found[nodes] = 2 * above > end - first
    return found


def _reach(
    ensemble: Ensemble, threshold: NDArray[np.int64], low: int, high: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Smallest and largest value of a node's own feature that the nodes above let through, given its overall range.

    Of the nodes above one with several parents nothing is known.
    """
    n = len(threshold)
    parent = np.full(n, -1, np.int64)
    from_left = np.zeros(n, bool)
    for children, is_left in ((ensemble.left, True), (ensemble.right, False)):
        inner = np.flatnonzero(children >= 0)
        parent[children[inner]] = inner
        from_left[children[inner]] = is_left
    references = np.concatenate((ensemble.left, ensemble.right))
    parent[np.bincount(references[references >= 0], minlength=n) > 1] = -1
    lowest, highest = np.full(n, low, np.int64), np.full(n, high, np.int64)
    node = climber = np.arange(n)
    while node.size:
        above = parent[climber]
        inside = above >= 0
        node, climber, above = node[inside], climber[inside], above[inside]
        same = ensemble.feature[above] == ensemble.feature[node]
        to_left = same & from_left[climber]
        to_right = same & ~from_left[climber]
        highest[node[to_left]] = np.minimum(highest[node[to_left]], threshold[above[to_left]])
        lowest[node[to_right]] = np.maximum(lowest[node[to_right]], threshold[above[to_right]] + 1)
        climber = above
    return lowest, highest


def _follow(decided: NDArray[np.int64], refs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Replace references to decided nodes by where those lead, to the end of the chain."""
    while True:
        inner = refs >= 0
        followed = refs.copy()
        followed[inner] = decided[refs[inner]]
        if np.array_equal(followed, refs):
            return refs
        refs = followed
