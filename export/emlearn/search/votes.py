"""Predictions of many variants of a forest on the same rows: trees are walked once, then variants are tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..ir import trees as ir
from ..ir.trees import Ensemble
from ..passes.leaves import LeafTable
from ..passes.prune import Pruning
from ..passes.quantise import Decisions, quantise
from .metrics import Predicted


class Votes:
    """The leaves to which rows come, with thresholds of one kind.

    Parameters
    ----------
    ensemble : Ensemble
        Classification.
    dtype : int
        As in the file header.
    rows : ndarray, shape (n_rows, n_features)
        Raw features, as float32, or as int16 for DTYPE_INT16.

    Attributes
    ----------
    dtype : int
    """

    def __init__(self, ensemble: Ensemble, dtype: int, rows: NDArray[Any]) -> None:
        self.dtype = dtype
        self._decisions = quantise(ensemble, dtype, rows)
        self._n_classes = ensemble.n_classes
        self._leaves = _walk(self._decisions, rows)

    def decisions(self, pruning: Pruning) -> Decisions:
        """Return the decisions that a pruning leaves."""
        of = self._decisions
        left, right, roots = (pruning.refer(refs) for refs in (of.left, of.right, of.roots))
        return replace(of, left=left, right=right, roots=roots)

    def predict(self, pruning: Pruning, table: LeafTable) -> Predicted:
        """Return what the core does, to the bit, with these leaves of what a pruning leaves."""
        shares = _shares(table, self._n_classes)
        number = table.number[pruning.leaf_leaf]
        sums = np.zeros((self._leaves.shape[1], self._n_classes))
        whole = np.zeros(sums.shape, np.int64)
        in_255ths = np.rint(shares * 255.0).astype(np.int64) if table.leaf == ir.LEAF_UINT8 else None
        for leaves in self._leaves:  # in the order of the trees, as float64 are rounded
            own = number[leaves]
            sums += shares[own]
            if in_255ths is not None:
                whole += in_255ths[own]
        n_trees = len(self._leaves)
        # Rounded twice, and still the nearest: a mean midway between two float32 has 25 bits and times n_trees 41, so
        # that its sum is a float64, and sums beside that have means more than half of a float64's step away.
        means = sums / n_trees
        decided = means if in_255ths is None else whole
        return Predicted(means.astype(np.float32), np.argmax(decided, axis=1))


def _walk(decisions: Decisions, rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return the leaf of each tree for each row, shape (n_trees, n_rows)."""
    if decisions.dtype == ir.DTYPE_FLOAT:
        compared, last = q.float32_keys(rows).astype(np.int64), q.KEY_INFINITY
    elif decisions.dtype == ir.DTYPE_SCALED:
        compared, last = q.scale_features(rows, decisions.shift, decisions.offset).astype(np.int64), q.SCALED_MAX
    else:
        compared, last = rows.astype(np.int64), q.INT16_MAX
    found = np.empty((len(decisions.roots), len(rows)), np.int64)
    for tree, root in enumerate(decisions.roots.tolist()):
        refs, row = np.full(len(rows), root), np.arange(len(rows))
        while len(row):
            at_leaf = refs < 0
            found[tree, row[at_leaf]] = -1 - refs[at_leaf]
            refs, row = refs[~at_leaf], row[~at_leaf]
            value = compared[row, decisions.feature[refs]]
            left = np.where(value > last, decisions.missing_left[refs], value <= decisions.threshold[refs])
            refs = np.where(left, decisions.left[refs], decisions.right[refs])
    return found


def _shares(table: LeafTable, n_classes: int) -> NDArray[np.float64]:
    """Proportions of each leaf number, as the core has them."""
    n_records = max(len(table.leaf_start) - 1, 0)
    shares = np.zeros((n_classes + n_records, n_classes))
    np.fill_diagonal(shares, 1.0)
    if n_records:
        record = np.repeat(np.arange(n_records), np.diff(table.leaf_start))
        if table.leaf == ir.LEAF_WEIGHTED:
            value = table.values[table.entry_value]
        else:
            totals = np.bincount(record, table.entry_value, n_records)
            value = table.entry_value / (totals[record] if table.leaf == ir.LEAF_COUNTS else 255.0)
        shares[n_classes + record, table.entry_class] = value
    return shares
