"""Leaves without their small proportions: records of leaves are shorter, and more of them alike."""

from __future__ import annotations

import numpy as np

from ..ir.trees import Ensemble
from .prune import proportions, with_leaves


def trim(ensemble: Ensemble, least: float) -> Ensemble:
    """Return the ensemble without proportions below `least`; a leaf's others grow to a sum of 1.

    Parameters
    ----------
    ensemble : Ensemble
        Classification.
    least : float
        At most 1. A leaf's largest proportion always stays.
    """
    table = proportions(ensemble)
    kept = (table >= least) | (table == np.max(table, axis=1, keepdims=True))
    table = np.where(kept, table, 0.0)
    return with_leaves(ensemble, table / np.sum(table, axis=1, keepdims=True), ensemble.leaf_total)
