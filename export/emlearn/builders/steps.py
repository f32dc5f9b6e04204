"""From a `Staged` to a `Model`: the model behind the steps first, then the steps beside the transformers."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._features import as_raw, probe_rows
from ..converters.pipeline import in_float64
from ..converters.thresholds import categories_of, kept_columns
from ..errors import ConvertError
from ..ir.document import Document
from ..ir.features import Featured
from ..ir.neighbors import NeighborsModel
from ..ir.pipeline import Matrix, Scale, Staged
from ..ir.trees import DTYPE_FLOAT, Ensemble
from ..model import Model
from ..passes.pipeline import join
from .base import MAX_PROBE_GOLDEN, N_PROBES, Options, _add_golden, _build_trees, build
from .integers import in_integers, limited, values_of
from .margins import keep_training_values, largest_terms

TOLERANCE = 1e-5  # of the largest term: scikit-learn rounds each operation to float32, 2^-24 of it
COMMON_UNIT = 2.0**-28  # of the largest term: coefficients and features are rounded to 2^-30 of the largest
MAX_ROUNDED = 0.02  # of numbers that may be the next integer, where a scaler's rounding decides
_LARGEST = 1e30  # of a probe


@build.register
def _(source: Staged, estimator: Any, options: Options) -> Model:
    inner = _inner(source, estimator, options)
    probes = _raw_probes(source, inner)
    if isinstance(source.source, Ensemble) and inner.tables.dtype == DTYPE_FLOAT:
        moved = in_integers(source, probes) or keep_training_values(source, probes)
        if moved is not None:
            source = moved
            packed8 = options.layout == "packed8"
            inner = _build_trees(
                estimator, source.source, DTYPE_FLOAT, options.leaf, options.method, compare=False, packed8=packed8
            )
    tables = join(source.n_features, source.steps, replace(inner.tables, labels=None), inner.tables.labels)
    classes = inner.classes_ if inner.is_classifier else None
    model = Model(Document(tables), classes=classes, estimator=estimator, method=options.method)
    given = probes[:0] if options.table is None else as_raw(options.table, tables)
    _check_steps(source, model, inner, np.concatenate((probes, given)))
    _add_golden(model, given if len(given) >= MAX_PROBE_GOLDEN else probes)
    return model


def _inner(source: Staged | Featured, estimator: Any, options: Options) -> Model:
    """The model behind the steps, compared with what of the pipeline is behind them."""
    from sklearn.preprocessing import FunctionTransformer

    behind = source.behind[-1]
    if len(source.behind) > 1:
        steps = [FunctionTransformer(np.float64), *source.behind] if in_float64(source.front) else source.behind
        behind = type(estimator)([(str(i), step) for i, step in enumerate(steps)])
    if isinstance(source.source, Ensemble) and options.dtype in ("int16", "auto"):
        if options.scale is False:
            raise ConvertError("scale=False behind steps is not supported: what they give are floats; leave it out")
        options = replace(options, scale=True)
    elif isinstance(source.source, NeighborsModel) and options.dtype == "auto":
        options = replace(options, dtype="float")
    if options.table is not None:
        options = replace(options, table=_through(source, options.table.astype(np.float32)))
    inner = build(source.source, behind, options)
    if inner.tables.typecode != "f":
        raise ConvertError("dtype='int16' behind steps is for trees and networks; use 'float'")
    return inner


def _through(source: Staged | Featured, raw: NDArray[Any]) -> NDArray[np.float32]:
    """What the transformers make of rows, as the device has it."""
    return np.ascontiguousarray(_transformed(source, raw), np.float32)


def _transformed(source: Staged | Featured, raw: NDArray[Any]) -> NDArray[Any]:
    found: Any = raw
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        for transformer in source.front:
            found = np.asarray(transformer.transform(np.array(found)))
    return np.asarray(found)


def _raw_probes(source: Staged, inner: Model) -> NDArray[np.float32]:
    """Make raw rows: what the model would be asked about, taken back through the transformers."""
    random = np.random.default_rng(0)
    golden = inner.golden
    assert golden is not None
    chosen = probe_rows(source.source, False) if isinstance(source.source, Ensemble) else golden.features
    rows = np.nan_to_num(chosen.astype(np.float64), posinf=_LARGEST, neginf=-_LARGEST)
    # Each number from another row, and off by a part: not on thresholds, which rounding decides.
    mixed = rows[random.integers(0, len(rows), (N_PROBES, rows.shape[1])), np.arange(rows.shape[1])]
    found: NDArray[Any] = mixed + 0.1 * random.normal(size=mixed.shape) * np.maximum(np.abs(mixed), np.std(rows))
    for transformer in reversed(source.front):
        found = np.asarray(_inverse(transformer, np.clip(found, -_LARGEST, _LARGEST), random), np.float64)
    return np.ascontiguousarray(found, np.float32)


def _takes_missing(transformer: Any) -> bool:
    tags = getattr(transformer, "__sklearn_tags__", None)
    return tags is None or bool(tags().input_tags.allow_nan)


def _inverse(transformer: Any, rows: NDArray[Any], random: np.random.Generator) -> Any:
    if not _takes_missing(transformer):
        rows = np.nan_to_num(rows)
    if hasattr(transformer, "categories_"):
        columns = [
            numbers[np.clip(np.rint(rows[:, j]), 0, len(numbers) - 1).astype(int)]
            for j, numbers in enumerate(categories_of(transformer))
        ]
        return np.stack(columns, axis=1)
    if hasattr(transformer, "statistics_"):
        found = np.zeros((len(rows), int(transformer.n_features_in_)))
        found[:, kept_columns(transformer)] = rows
        found[random.random(found.shape) < 0.1] = transformer.missing_values
        return found
    if hasattr(transformer, "get_support"):  # whose own inverse refuses NaN
        found = np.zeros((len(rows), int(transformer.n_features_in_)))
        found[:, transformer.get_support()] = rows
        return found
    return transformer.inverse_transform(rows)


def _check_steps(source: Staged, model: Model, inner: Model, raw: NDArray[np.float32]) -> None:
    """Refuse steps that do something else than the transformers, or are put together wrongly."""
    columns = model.apply_steps(raw)
    expected = limited(source.steps[-1], _through(source, raw.astype(np.float64)))
    found = values_of(source.steps[-1], columns)
    sizes: NDArray[Any] = raw
    for step in source.steps:
        sizes = largest_terms(step, np.abs(sizes))
    tolerance = TOLERANCE * sizes
    if any(isinstance(step, Matrix) for step in source.steps):  # which rounds all columns to the same unit
        tolerance = np.maximum(tolerance, COMMON_UNIT * np.max(sizes, axis=1, keepdims=True))
    with np.errstate(invalid="ignore"):
        wrong = ~((np.abs(expected - found) <= tolerance) | (np.isnan(expected) & np.isnan(found)))
    rounds = any(isinstance(step, Scale) and step.integers for step in source.steps)
    if np.mean(wrong) > (MAX_ROUNDED if rounds else 0.0):
        row, column = np.argwhere(wrong)[0]
        raise ConvertError(
            f"the steps disagree with the transformers on {int(np.sum(wrong))} of {wrong.size} numbers: a defect of "
            f"emlearn, please report it. The transformers say {expected[row, column]}, the steps {found[row, column]} "
            f"in column {column} for {raw[row].tolist()}"
        )
    if not np.array_equal(model.predictions(raw).outputs, inner.predictions(columns).outputs, equal_nan=True):
        raise ConvertError("the model behind the steps predicts something else: a defect of emlearn, please report it")
