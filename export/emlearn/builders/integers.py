"""Columns and thresholds as integers of 32 bits, for trees that compare more finely than float32 does.

A PCA that was fitted in float64 gives float64, of which some lie nearer than float32 tells apart. But trees compare the
order of bits only: so the last matrix gives integers, a column's thresholds fill 32 bits, and both are bits of float32.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..converters.pipeline import in_float64
from ..converters.steps import rounds_alike
from ..ir.pipeline import Matrix, Staged, Step
from ..ir.trees import Ensemble
from .margins import largest_terms

_LARGEST = 0x7F000000  # of a threshold; columns are limited above it
_FINEST = 2.0**-32  # of the largest term, of which features and coefficients have 30 and 31 bits


def in_integers(source: Staged, raw: NDArray[np.float32]) -> Staged | None:
    """Return steps and trees that compare integers; None where float32 does as well.

    Parameters
    ----------
    source : Staged
        Whose model are trees.
    raw : ndarray of float32, shape (n_rows, n_features)
        Rows, for how large terms are.
    """
    trees, step = source.source, source.steps[-1]
    if not isinstance(step, Matrix) or not in_float64(source.front):
        return None
    alike = rounds_alike(source.front, trees)
    if trees.rounds_features and (alike or not trees.equal_goes):  # float32, and midway between two of them
        return None
    sizes: NDArray[Any] = np.abs(raw)
    for each in source.steps[:-1]:
        sizes = largest_terms(each, sizes)
    threshold = trees.threshold
    if trees.rounds_features and len(source.behind) == 1:  # what rounds up to the next float32 is above it
        above = np.nextafter(threshold.astype(np.float32), np.float32(np.inf))
        threshold = threshold * 0.5 + above.astype(np.float64) * 0.5
    largest = np.append(np.max(sizes, axis=0), 1.0) * np.abs(step.rows)
    step = replace(step, units=_units(trees, threshold, np.max(largest, axis=1)))
    assert step.units is not None
    centre, unit = step.units[:, trees.feature]
    integers = (np.where(np.isfinite(threshold), threshold, centre) - centre) / unit
    if trees.equal_goes:
        error = np.full(step.n_out, 0.5) if alike else _errors(step, sizes)
        integers += {"left": 1.0, "right": -1.0}[trees.equal_goes] * error[trees.feature]
    codes = q.integers_to_float32(np.floor(integers)).astype(np.float64)
    codes = np.where(np.isfinite(threshold), codes, threshold)
    return replace(source, steps=[*source.steps[:-1], step], source=replace(trees, threshold=codes))


def values_of(step: Step, columns: NDArray[Any]) -> NDArray[Any]:
    """Return the values that a step's columns stand for."""
    if not isinstance(step, Matrix) or step.units is None:
        return columns
    return np.asarray(q.float32_to_integers(columns) * step.units[1] + step.units[0])


def limited(step: Step, values: NDArray[Any]) -> NDArray[Any]:
    """Return values, but for those beyond what a step's columns stand for the nearest of these."""
    if not isinstance(step, Matrix) or step.units is None:
        return values
    largest = np.full(step.n_out, q.FLOAT32_MAX, np.float32)
    return np.asarray(np.clip(values, values_of(step, -largest), values_of(step, largest)))


def _units(trees: Ensemble, threshold: NDArray[np.float64], largest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middle of a column's thresholds, and the unit in which they fill 32 bits, or which is as fine as sums are."""
    units = np.zeros((2, len(largest)))
    units[1] = _FINEST * largest
    for j in np.unique(trees.feature):
        own = threshold[(trees.feature == j) & np.isfinite(threshold)]
        if len(own):
            low, high = np.min(own), np.max(own)
            units[:, j] = (low + high) / 2.0, max((high - low) / 2.0 / _LARGEST, units[1, j])
    units[1, units[1] == 0.0] = 1.0
    return units


def _errors(step: Matrix, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the device's integers can be off in each column.

    By half in the end. Before, coefficients are rounded, and features to 30 bits of the largest term: many errors, of
    which each is evenly distributed, so that twice the root of the sum of their squares is 3.5 standard deviations.
    """
    rows = step.rows
    integers, shift = q.columns_to_int32(rows)
    scaled = np.ldexp(integers.astype(np.float64), shift.astype(np.int32))
    x = np.concatenate((sizes, np.ones((len(sizes), 1))), axis=1)
    level = np.where(x > 0.0, np.frexp(x)[1] + shift, -1000)
    top = np.max(level, axis=1, keepdims=True)
    rounded = np.where(top - level > 6, np.ldexp(1.0, np.clip(top - 31, -1000, 1000)), 0.0)  # 24 bits are within 30
    lost = np.sqrt((rows - scaled) ** 2 @ (x**2).T + integers.astype(np.float64) ** 2 @ (rounded**2).T)
    return np.asarray(0.5 + 2.0 * np.max(lost, axis=1))
