"""Scores of support vector machines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.kernel import Kernel, Rule
from .base import Scoring, scoring


class OneClassScoring(Scoring):
    """Of one-class machines."""

    detects_outliers = True

    def samples(self, core: Any, core_input: NDArray[Any]) -> NDArray[np.float64]:
        """Return the sums of kernels: decision values, rounded to float32 as they are, before the offset."""
        offset = np.ldexp(float(self.tables.intercept[0]), self.tables.intercept_exponent)
        return np.asarray(self.decision(core, core_input) - offset)


@scoring.register
def _(tables: Kernel) -> Scoring:
    return OneClassScoring(tables) if tables.rule == Rule.OUTLIER else Scoring(tables)
