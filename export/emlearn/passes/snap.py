"""Thresholds moved so that each feature has few of them: what nodes with 8-bit thresholds will need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.trees import Ensemble
from .layout import levels


def snap(ensemble: Ensemble, limit: int, rows: NDArray[Any] | None = None) -> Ensemble:
    """Return the ensemble with at most `limit` different finite thresholds a feature.

    Thresholds between which no row has a value are one to these rows, and become one. If more are left than the limit,
    neighbours are joined so that each group decides about as many samples as the others; a group gets the threshold in
    its middle. A threshold never passes another one. Features within the limit are left alone.

    Parameters
    ----------
    ensemble : Ensemble
        Classification, as nodes are weighed by their leaves' samples.
    limit : int
        1 or more.
    rows : ndarray, shape (n_rows, n_features), optional
        Of training or validation: if the limit allows it, none of them changes side.
    """
    if limit < 1:
        raise ValueError(f"limit is {limit}; a feature needs one threshold at least")
    threshold, weight = ensemble.threshold.copy(), _samples(ensemble)
    for feature in np.unique(ensemble.feature):
        nodes = np.flatnonzero((ensemble.feature == feature) & np.isfinite(ensemble.threshold) & (weight > 0))
        values, of_node = np.unique(ensemble.threshold[nodes], return_inverse=True)
        if len(values) <= limit:
            continue
        of_value = np.bincount(of_node, weights=weight[nodes], minlength=len(values)).astype(np.float64)
        group = np.arange(len(values))
        if rows is not None:
            column = np.unique(rows[:, feature].astype(np.float64))
            below = np.searchsorted(column[~np.isnan(column)], values, side="right")  # rows' values that go left
            group = np.unique(below, return_inverse=True)[1]
        if group[-1] >= limit:
            of_group = np.bincount(group, of_value)
            middle = np.cumsum(of_group) - of_group / 2.0
            joined = np.minimum((middle / np.sum(of_group) * limit).astype(np.int64), limit - 1)
            group = joined[group]
        threshold[nodes] = _middles(values, of_value, group)[of_node]
    return replace(ensemble, threshold=threshold)


def _middles(values: NDArray[np.float64], weight: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for each value the weighted median of its group: of two, the lower."""
    found = np.empty(len(values))
    for number in np.unique(group):
        own = np.flatnonzero(group == number)
        upto = np.cumsum(weight[own])
        found[own] = values[own[np.searchsorted(upto, upto[-1] / 2.0)]]
    return found


def _samples(ensemble: Ensemble) -> NDArray[np.float64]:
    """Samples that came to each node, which are those of its leaves; 0 of nodes that nothing refers to."""
    found = np.zeros(len(ensemble.left))
    for level in reversed(levels(ensemble.left, ensemble.right, ensemble.roots)):
        for refs in (ensemble.left[level], ensemble.right[level]):
            inner = refs >= 0
            found[level[inner]] += found[refs[inner]]
            found[level[~inner]] += ensemble.leaf_total[-1 - refs[~inner]]
    return found
