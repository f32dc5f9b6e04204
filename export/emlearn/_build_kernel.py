"""From a `KernelModel` to a `Model` that has been compared with its estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._build import N_PROBES, TOLERANCE, Options, build, build_tables
from .errors import ConvertError
from .ir.kernel import KernelModel
from .model import Model
from .passes.kernel import decision, fix


@build.register
def _(source: KernelModel, estimator: Any, options: Options) -> Model:
    if options.scale is not None:
        raise ConvertError(f"scale= is for trees; for {type(estimator).__name__} leave it out")
    rows = source.rows if len(source.rows) else np.zeros((1, source.n_features))
    pairs = np.random.default_rng(0).integers(0, len(rows), (2, N_PROBES))
    rows = rows[pairs[0]] * 0.5 + rows[pairs[1]] * 0.5

    def undecided(raw: NDArray[Any]) -> NDArray[np.bool_]:
        """Where a decision value is within rounding of 0: a vote, which counts 1, hangs on it."""
        if source.n_classes == 0:
            return np.zeros(len(raw), bool)
        values = np.abs(decision(source, raw.astype(np.float32)))
        return np.asarray(np.any(values <= TOLERANCE * np.max(values, initial=0.0), axis=1))

    return build_tables(fix(source), estimator, options, rows, source.classes, undecided)
