"""What a family's core says of decision values and scores, beyond classes and outputs."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Scoring:
    """Of families that know no more than their outputs.

    Attributes
    ----------
    detects_outliers : bool
        Whether the classes are -1, outliers, and 1.
    """

    detects_outliers = False

    def __init__(self, tables: Any) -> None:
        self.tables = tables

    def decision(self, core: Any, core_input: NDArray[Any]) -> NDArray[Any]:
        """Return what decision_function does, shape (n_rows,) or (n_rows, n_values)."""
        found: NDArray[Any] = core.decision(core_input)
        return found if found.shape[1] > 1 else found[:, 0]

    def samples(self, core: Any, core_input: NDArray[Any]) -> NDArray[np.float64]:
        """Return what score_samples does, shape (n_rows,)."""
        raise ValueError("only mixtures and outlier detectors score samples; use predict")

    def log_proba(self, core: Any, core_input: NDArray[Any]) -> NDArray[np.float64]:
        """Return logarithms of probabilities, shape (n_rows, n_classes)."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(core.outputs(core_input)[:, : self.tables.n_classes].astype(np.float64)))


@singledispatch
def scoring(tables: Any) -> Scoring:
    """Return the scoring of these tables."""
    return Scoring(tables)
