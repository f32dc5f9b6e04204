"""Scores of summed trees, in float64 from their exact sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir import sums
from ..ir.trees import LEAF_SUM, Trees
from .base import Scoring, scoring


class TreesScoring(Scoring):
    """Of trees that vote: none but their outputs."""

    def decision(self, core: Any, core_input: NDArray[Any]) -> NDArray[Any]:
        """Refuse: votes are no decision values."""
        raise ValueError("only summed trees have a decision function; use predict_proba")


class SumsScoring(Scoring):
    """Of boosted trees and isolation forests."""

    @property
    def detects_outliers(self) -> bool:  # type: ignore[override]
        """Whether it is an isolation forest."""
        return sums.link_of(self.tables.entry) == sums.ISOLATION

    def decision(self, core: Any, core_input: NDArray[Any]) -> NDArray[Any]:
        """Return the sums; of an isolation forest the score less the offset."""
        if self.detects_outliers:
            offset = -np.exp(-np.ldexp(float(self.tables.bases[0]), self.tables.exponent))
            return np.asarray(self.samples(core, core_input) - offset)
        found = self._sums(core, core_input)
        return found if found.shape[1] > 1 else found[:, 0]

    def samples(self, core: Any, core_input: NDArray[Any]) -> NDArray[np.float64]:
        """Return minus the anomaly score."""
        if not self.detects_outliers:
            return super().samples(core, core_input)
        return np.asarray(-np.exp(-self._sums(core, core_input)[:, 0]))

    def _sums(self, core: Any, core_input: NDArray[Any]) -> NDArray[np.float64]:
        tables = self.tables
        found = core.sums(core_input, sums.n_sums(tables.entry, tables.n_classes, tables.n_trees))
        return np.asarray(np.ldexp(found.astype(np.float64), int(tables.exponent)))


@scoring.register
def _(tables: Trees) -> Scoring:
    return SumsScoring(tables) if tables.leaf == LEAF_SUM else TreesScoring(tables)
