"""Thresholds of trees behind steps that do not round as the transformers do.

Thresholds of XGBoost and of histogram gradient boosting are values of the training data, on which rounding alone would
decide. So a threshold moves by what rounding can be, and what equals it goes where it went.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..converters.pipeline import in_float64
from ..converters.steps import rounds_alike
from ..ir.pipeline import Encode, Fill, Matrix, Scale, Staged, Step
from ..ir.trees import Ensemble


def keep_training_values(source: Staged, raw: NDArray[np.float32]) -> Staged | None:
    """Return the trees with thresholds for what the steps give; None where those are right as they are.

    Parameters
    ----------
    source : Staged
        Whose model are trees.
    raw : ndarray of float32, shape (n_rows, n_features)
        Rows, for how large terms are.
    """
    trees: Ensemble = source.source
    error = margins(source, raw)
    if not trees.equal_goes or rounds_alike(source.front, trees) or not np.any(error > 0.0):
        return None
    of_node = error[trees.feature]
    if trees.equal_goes == "right":
        # What is above the threshold, less the error and rounded, is still above this.
        moved = np.nextafter(q.float32_nearest(trees.threshold - of_node), np.float32(-np.inf))
    else:
        moved = q.float32_nearest(trees.threshold + of_node)
    moved = np.where(of_node > 0.0, moved, q.float32_floor(trees.threshold))
    moved = np.where(np.isfinite(trees.threshold), moved, trees.threshold)
    return replace(source, source=replace(trees, threshold=moved))


def margins(source: Staged, raw: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how far steps and transformers can be apart in each column, 0 where nothing is rounded.

    Roundings of a sum of n terms add up to about sqrt(n) of them: n would be the bound, but so wide that other rows
    come within it. Of float32, each is at most 2^-24 of the largest partial sum. Where transformers end in float64,
    only the steps round: features and coefficients, each to 2^-31 of the largest term or, with its power of two, 2^-30.
    """
    double = in_float64(source.front)
    sizes: NDArray[Any] = np.abs(raw)
    error = np.zeros(raw.shape[1])
    for step in source.steps:
        before, sizes = sizes, largest_terms(step, sizes)
        rounding = 0.0 if double else 2.0**-24 * np.max(sizes, axis=0)
        if isinstance(step, Encode):
            error = np.zeros(step.n_out)
        elif isinstance(step, Scale):
            exact = (step.factor == 1.0) & (step.offset == 0.0)
            error = np.abs(step.factor) * error[step.source] + np.where(exact, 0.0, 2.0 * rounding)
        elif isinstance(step, Matrix):
            columns = np.concatenate((step.matrix, step.offset[:, None]), axis=1)
            ones = np.ones((len(before), 1))
            if double:
                rounding = 2.0**-30 * np.max(np.concatenate((before, ones), axis=1) * np.max(np.abs(columns), axis=0))
            error = np.abs(step.matrix) @ error + np.sqrt(columns.shape[1]) * rounding
    return error


def largest_terms(step: Step, sizes: NDArray[Any]) -> NDArray[np.float64]:
    """How large what is added up in each column can be."""
    sizes = np.nan_to_num(sizes.astype(np.float64))
    if isinstance(step, Fill):
        return np.asarray(np.maximum(sizes, np.abs(np.nan_to_num(step.value))))
    if isinstance(step, Encode):
        return np.asarray(np.broadcast_to([len(numbers) + 1.0 for numbers in step.categories], sizes.shape))
    if isinstance(step, Scale):
        return np.asarray(sizes[:, step.source] * np.abs(step.factor) + np.abs(step.offset))
    return np.asarray(sizes @ np.abs(step.matrix).T + np.abs(step.offset))
