"""From what a converter returns to a `Model` that has been compared with its estimator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._features import as_raw, probe_rows
from .._quantize import is_int16
from ..certificate import REGRESSION_TOLERANCE, Predictions, agreeing_rows, reference_predictions
from ..errors import ConvertError
from ..ir import sums
from ..ir import trees as ir
from ..ir.document import Document, Output
from ..ir.linear import LinearModel
from ..ir.neighbors import NeighborsModel
from ..ir.trees import Ensemble
from ..model import Model
from ..passes import neighbors
from ..passes.layout import layout
from ..passes.leaves import encode
from ..passes.linear import fix
from ..passes.quantise import choose_dtype, quantise

PROBABILITY_TOLERANCE = 1e-6
MAX_PROBE_GOLDEN = 4
N_PROBES = 64
# Of what is computed with rounded numbers, sums of trees too: of a probability, of the largest value or decision value.
TOLERANCE = 1e-5
_DTYPE_FAMILIES = {"int8": "networks", "int16": "trees, neighbours and networks"}
CHECKED_TIES = 1e-6  # of the largest feature: distances to probes that differ by less say nothing


@dataclass(frozen=True, eq=False)
class Options:
    """What `convert` was asked for, checked: see there.

    Attributes
    ----------
    method, dtype, leaf : str
    scale : bool or None
    table : ndarray or None
        Rows of features.
    max_loss : float
    layout : str or None
    """

    method: str
    dtype: str
    leaf: str
    scale: bool | None
    table: NDArray[Any] | None
    max_loss: float
    layout: str | None = None


@singledispatch
def build(source: Any, estimator: Any, options: Options) -> Model:
    """Make the model of what a converter has returned.

    Raises
    ------
    ConvertError
        If an option means nothing for it, or the model does not agree with the estimator.
    """
    raise TypeError(f"nothing builds a {type(source).__name__}")


@build.register
def _(source: Ensemble, estimator: Any, options: Options) -> Model:
    dtype, scale, table, packed8 = options.dtype, options.scale, options.table, options.layout == "packed8"
    if dtype == "int8":
        raise ConvertError("dtype='int8' is for networks; for trees use 'float', 'int16' or 'auto'")
    if dtype == "auto":
        dtype = "float"
        if table is not None:
            chosen = choose_dtype(source, "int16", scale, table)
            small = _build_trees(estimator, source, chosen, options.leaf, options.method, packed8=packed8, rows=table)
            if _agreement(small, estimator, table) >= 1.0 - options.max_loss:
                return small
    chosen = choose_dtype(source, dtype, scale, table)
    return _build_trees(estimator, source, chosen, options.leaf, options.method, packed8=packed8, rows=table)


@build.register
def _(source: LinearModel, estimator: Any, options: Options) -> Model:
    # Features at which each term is about as large as the others.
    largest = np.max(np.abs(source.coef), axis=0, initial=0.0)
    rows = np.random.default_rng(0).normal(size=(N_PROBES, source.n_features)) * np.ldexp(1.0, _levels(largest))
    return build_tables(fix(source), estimator, options, rows, source.classes)


def _levels(largest: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.clip(-np.frexp(largest)[1], -60, 60).astype(np.int32)


@build.register
def _(source: NeighborsModel, estimator: Any, options: Options) -> Model:
    table = options.table
    exact = table is not None and is_int16(table) and is_int16(source.items)
    int16 = options.dtype == "int16" or (options.dtype == "auto" and exact)
    if options.scale:
        raise ConvertError(f"scale=True is for trees; for {type(estimator).__name__} leave it out")
    # Between two items, where it matters which is nearer.
    pairs = np.random.default_rng(0).integers(0, len(source.items), (2, N_PROBES))
    rows = source.items[pairs[0]] * 0.5 + source.items[pairs[1]] * 0.5
    tables = neighbors.fix(source, int16)

    def undecided(raw: NDArray[Any]) -> NDArray[np.bool_]:
        return neighbors.undecided(source, raw.astype(np.float32), CHECKED_TIES)

    return build_tables(tables, estimator, options, np.floor(rows) if int16 else rows, source.classes, undecided)


def build_tables(
    tables: Any,
    estimator: Any,
    options: Options,
    rows: NDArray[Any],
    classes: NDArray[Any] | None,
    undecided: Callable[[NDArray[Any]], NDArray[np.bool_]] | None = None,
) -> Model:
    """Make the model of tables of a family other than trees, and compare it on `rows` and the user's data.

    Of rows that are `undecided`, the estimator itself may say either.

    Raises
    ------
    ConvertError
        If an option is for trees, or the model does not agree with the estimator.
    """
    name = type(estimator).__name__
    if options.dtype in ("int8", "int16") and (options.dtype == "int8" or tables.typecode != "h"):
        raise ConvertError(f"dtype={options.dtype!r} is for {_DTYPE_FAMILIES[options.dtype]}; for {name} leave it out")
    if options.leaf != "exact":
        raise ConvertError(f"leaf= and leaf_bits= are for trees; for {name} leave them out")
    model = Model(Document(tables), classes=classes, estimator=estimator, method=options.method)
    raw = as_raw(rows, tables)
    given = raw[:0] if options.table is None else as_raw(options.table, tables)
    compared = np.concatenate((raw, given))
    _check_close(model, estimator, compared if undecided is None else compared[~undecided(compared)])
    _add_golden(model, given if len(given) >= MAX_PROBE_GOLDEN else raw)
    return model


def _check_close(model: Model, estimator: Any, raw: NDArray[Any]) -> None:
    """Refuse a model whose outputs are off, or whose class is another than by an output's tolerance."""
    if len(raw) == 0:
        return
    # As float64: scalers round to the type that they are given, which may be more than TOLERANCE of a sum.
    numbers = raw.astype(np.float32).astype(np.float64)
    before, after = reference_predictions(estimator, numbers), model.predictions(raw)
    if before.outputs.shape != after.outputs.shape:
        raise ConvertError(
            f"{type(estimator).__name__} has {before.outputs.shape[1]} outputs, the model {after.outputs.shape[1]}"
        )
    finite = np.where(np.isfinite(before.outputs), before.outputs, 0.0)
    scale = 1.0 if model.tables.output == Output.PROBABILITIES else float(np.max(np.abs(finite), initial=0.0))
    errors = np.max(np.abs(finite - np.where(np.isfinite(before.outputs), after.outputs, 0.0)), axis=1)
    wrong = errors > TOLERANCE * scale
    if model.is_classifier:
        top = np.sort(finite, axis=1)
        margin = np.abs(finite[:, 0]) if finite.shape[1] == 1 else top[:, -1] - top[:, -2]
        wrong |= (before.labels != after.labels) & (margin > 2 * TOLERANCE * scale)
    if np.any(wrong):
        _refuse(wrong, before, after, raw)


def _add_golden(model: Model, rows: NDArray[Any]) -> None:
    """Rows for the device's selftest are dear where models are small: at most a quarter of the model, but one."""
    row_bytes = rows[0].nbytes + 4 + 4 * model.tables.n_outputs
    n_golden = max(1, min(MAX_PROBE_GOLDEN, model.nbytes // 4 // row_bytes))
    model.golden = model.golden_of(rows[-n_golden:])


def _build_trees(
    estimator: Any,
    ensemble: Ensemble,
    dtype: int,
    leaf: str,
    method: str,
    compare: bool = True,
    packed8: bool = False,
    rows: NDArray[Any] | None = None,
) -> Model:
    table, decisions = encode(ensemble, leaf), quantise(ensemble, dtype, rows)
    trees = layout(decisions, table, ensemble.n_features, ensemble.n_classes, ensemble.labels, packed8)
    model = Model(Document(trees), classes=ensemble.classes, estimator=estimator, method=method)
    probes = as_raw(probe_rows(ensemble, dtype == ir.DTYPE_INT16), trees)
    if compare and dtype != ir.DTYPE_SCALED and leaf == "exact":
        _check_exact(model, estimator, ensemble, probes)
    _add_golden(model, probes)
    return model


def _check_exact(model: Model, estimator: Any, ensemble: Ensemble, probes: NDArray[Any]) -> None:
    before, after = reference_predictions(estimator, probes.astype(np.float32)), model.predictions(probes)
    if ensemble.link is not None:
        wrong, tolerance = _summed_differently(ensemble, before, after)
    elif model.is_classifier:
        wrong = before.labels != after.labels
        tolerance = PROBABILITY_TOLERANCE
    else:
        wrong = np.zeros(len(probes), bool)
        tolerance = REGRESSION_TOLERANCE * float(np.max(np.abs(ensemble.leaf_value), initial=0.0))
    wrong |= np.max(np.abs(before.outputs - after.outputs), axis=1) > tolerance
    if np.any(wrong):
        _refuse(wrong, before, after, probes)


def _summed_differently(ensemble: Ensemble, before: Predictions, after: Predictions) -> tuple[NDArray[np.bool_], float]:
    """Rows of another class, and by how much outputs may differ.

    XGBoost sums in float32, and each step may be off by 2^-24 of the sum so far; the others are nearer. A row whose
    best two probabilities differ by less than that is a tie that the library's rounding decides.
    """
    size = np.sum(np.abs(ensemble.leaf_value)) / max(len(ensemble.leaf_value), 1) * len(ensemble.roots)
    noise = 2.0**-24 * len(ensemble.roots) * float(size + np.max(np.abs(ensemble.bases)))
    if ensemble.n_classes == 0:
        largest = float(np.max(np.abs(before.outputs)))
        return np.zeros(len(before.labels), bool), TOLERANCE * largest + (
            noise if ensemble.link in (sums.IDENTITY, sums.MEDIAN) else noise * largest
        )
    best = np.sort(before.outputs, axis=1)
    tied = best[:, -1] - best[:, -2] <= noise
    return (before.labels != after.labels) & ~tied, TOLERANCE + noise


def _refuse(wrong: NDArray[np.bool_], before: Predictions, after: Predictions, rows: NDArray[Any]) -> None:
    row = int(np.argmax(wrong))
    raise ConvertError(
        f"the converted model disagrees with the estimator on {int(np.sum(wrong))} of {len(wrong)} rows: "
        f"a defect of emlearn, please report it. The estimator says {before.outputs[row].tolist()}, "
        f"the model {after.outputs[row].tolist()} for {rows[row].tolist()}"
    )


def _agreement(model: Model, estimator: Any, table: NDArray[Any]) -> float:
    raw = as_raw(table, model.trees)
    before = reference_predictions(estimator, raw.astype(np.float32))
    return float(np.mean(agreeing_rows(before, model.predictions(raw), model.is_classifier)))
