"""From a `KernelModel` to a `Model` that has been compared with its estimator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._features import as_raw
from .._quantize import INT32_MAX
from ..certificate import reference_predictions
from ..errors import ConvertError
from ..ir.document import Document
from ..ir.kernel import Kernel, KernelModel, Rule
from ..model import Model
from ..passes.kernel import decision, fix, sizes, unsettled
from .base import N_PROBES, TOLERANCE, Options, build, build_tables

# Terms have 31 bits, or errors of 2^-29 after two or three roundings: from here on sums are off by more than TOLERANCE.
MAX_CANCELLATION = TOLERANCE * 2.0**29
_FLOAT64 = 2.0**-53
_ROUNDING = 2.0**-29  # of the terms' magnitudes, which have been rounded two or three times to 31 bits
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
        hangs = np.any(values <= TOLERANCE * np.max(values, axis=0, initial=0.0), axis=1)  # of each pair
        return np.asarray(hangs | unsettled(source, rows))

    name = type(estimator).__name__
    _check_rounding(source, name)
    tables = fix(source)
    if source.rule == Rule.OUTLIER:
        tables = _sided(tables, source, estimator)
    try:
        return build_tables(tables, estimator, options, rows, source.classes, undecided)
    except ConvertError as error:
        largest, terms = sizes(source, rows)
        times = terms / max(float(np.min(largest)), 1e-300)  # the terms of all sums are rounded to the same units
        if times < MAX_CANCELLATION:
            raise
        raise ConvertError(
            f"the terms of this {name}'s decision values are {times:.0e} times larger than the largest of their sums. "
            f"Kernels and coefficients have 31 bits, enough for {MAX_CANCELLATION:,.0f} times: put a StandardScaler "
            "before it in a Pipeline if there is none, or try another kernel, gamma, degree or nu"
        ) from error


def _sided(tables: Kernel, source: KernelModel, estimator: Any) -> Kernel:
    """Move the constant of a one-class machine so that vectors with about 0 are on the estimator's side.

    Training leaves some vectors on the boundary. The constant moves by no more than rounding does where the other terms
    are as large, as they are on the boundary, and only if fewer vectors are then on the other side.
    """
    most = _ROUNDING * float(np.abs(source.intercept[0]))
    near = np.abs(decision(source, source.rows.astype(np.float32))[:, 0]) <= 2 * most
    rows = as_raw(source.rows[near], tables)
    if len(rows) == 0:
        return tables
    inside = reference_predictions(estimator, rows).labels > 0

    def others(moved: Kernel) -> int:
        return int(np.sum((Model(Document(moved)).predictions(rows).outputs[:, 0] > 0) != inside))

    unit = np.ldexp(1.0, tables.intercept_exponent)
    steps = np.floor(-Model(Document(tables)).predictions(rows).outputs[:, 0].astype(np.float64) / unit) + inside
    start, best, fewest = int(tables.intercept[0]), tables, others(tables)
    for step in sorted({int(step) for step in steps if abs(step) * unit <= most}, key=abs):
        if fewest and abs(start + step) <= INT32_MAX:
            moved = replace(tables, intercept=np.array([start + step], np.int32))
            count = others(moved)
            best, fewest = (moved, count) if count < fewest else (best, fewest)
    return best


def _check_rounding(source: KernelModel, name: str) -> None:
    """Refuse a classifier that says nothing about its own vectors but what float64's rounding makes of 0."""
    if source.n_classes == 0 or len(source.rows) == 0:
        return
    of_each, terms = sizes(source, source.rows[:_VECTORS])
    largest = float(np.max(of_each))
    n_terms = max(len(source.vectors), source.n_features)  # of a linear kernel vectors have been added up
    if terms > 0.0 and largest <= _FLOAT64 * n_terms * terms:
        raise ConvertError(
            f"decision values of this {name} are 0 but for float64's rounding, at most {largest:.0e} where their "
            f"terms are {terms:.0e}: its kernel is the same for all samples. Train it on scaled features, or with a "
            "smaller gamma"
        )
