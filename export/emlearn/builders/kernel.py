"""From a `KernelModel` to a `Model` that has been compared with its estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir.kernel import KernelModel
from ..model import Model
from ..passes.kernel import decision, fix, sizes, unsettled
from .base import N_PROBES, TOLERANCE, Options, build, build_tables

# Terms have 31 bits, or errors of 2^-29 after two or three roundings: from here on sums are off by more than TOLERANCE.
MAX_CANCELLATION = TOLERANCE * 2.0**29
_FLOAT64 = 2.0**-53
_VECTORS = 256  # which are looked at


@build.register
def _(source: KernelModel, estimator: Any, options: Options) -> Model:
    if options.scale is not None:
        raise ConvertError(f"scale= is for trees; for {type(estimator).__name__} leave it out")
    rows = source.rows if len(source.rows) else np.zeros((1, source.n_features))
    # On lines through two samples, between and beyond them: vectors themselves may all have decision values near 0.
    random = np.random.default_rng(0)
    pairs, at = random.integers(0, len(rows), (2, N_PROBES)), random.uniform(-1.0, 2.0, (N_PROBES, 1))
    rows = rows[pairs[0]] * at + rows[pairs[1]] * (1.0 - at)

    def undecided(raw: NDArray[Any]) -> NDArray[np.bool_]:
        """Where a vote, which counts 1, hangs on rounding, or a step of the coupling, worth up to 0.005."""
        if source.n_classes == 0:
            return np.zeros(len(raw), bool)
        rows = raw.astype(np.float32)
        values = np.abs(decision(source, rows))
        return np.any(values <= TOLERANCE * np.max(values, initial=0.0), axis=1) | unsettled(source, rows)

    name = type(estimator).__name__
    _check_rounding(source, name)
    try:
        return build_tables(fix(source), estimator, options, rows, source.classes, undecided)
    except ConvertError as error:
        largest, terms = sizes(source, rows)
        times = terms / max(largest, 1e-300)
        if times < MAX_CANCELLATION:
            raise
        raise ConvertError(
            f"the terms of this {name}'s decision values are {times:.0e} times larger than the largest of their sums. "
            f"Kernels and coefficients have 31 bits, enough for {MAX_CANCELLATION:,.0f} times: put a StandardScaler "
            "before it in a Pipeline if there is none, or try another kernel, gamma, degree or nu"
        ) from error


def _check_rounding(source: KernelModel, name: str) -> None:
    """Refuse a classifier that says nothing about its own vectors but what float64's rounding makes of 0."""
    if source.n_classes == 0 or len(source.rows) == 0:
        return
    largest, terms = sizes(source, source.rows[:_VECTORS])
    n_terms = max(len(source.vectors), source.n_features)  # of a linear kernel vectors have been added up
    if terms > 0.0 and largest <= _FLOAT64 * n_terms * terms:
        raise ConvertError(
            f"decision values of this {name} are 0 but for float64's rounding, at most {largest:.0e} where their "
            f"terms are {terms:.0e}: its kernel is the same for all samples. Train it on scaled features, or with a "
            "smaller gamma"
        )
