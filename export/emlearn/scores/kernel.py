"""Scores of support vector machines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.kernel import Kernel, Kind, Rule
from .base import Scoring, scoring


class OneClassScoring(Scoring):
    """Of one-class machines."""

    detects_outliers = True

    def samples(self, core: Any, core_input: NDArray[Any]) -> NDArray[np.float64]:
        """Return the sums of kernels: decision values, rounded to float32 as they are, before the offset."""
        tables = self.tables
        constant = np.ldexp(float(tables.intercept[0]), tables.intercept_exponent)
        if tables.kernel == Kind.LINEAR:
            unit = np.ldexp(1.0, int(tables.shift[-1]))
            if abs(constant) < unit:  # what rounding left: the constant is within the offset
                constant += float(tables.offset[0]) * unit
        return np.asarray(self.decision(core, core_input) - constant)


@scoring.register
def _(tables: Kernel) -> Scoring:
    return OneClassScoring(tables) if tables.rule == Rule.OUTLIER else Scoring(tables)
