"""Feature tables: what users pass, checked and turned into what the C core takes."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _quantize as q
from .ir.document import Tables
from .ir.trees import DTYPE_FLOAT, DTYPE_SCALED, Ensemble, Trees

N_PROBES = 64


def as_table(X: Any, n_features: int) -> NDArray[Any]:
    """Return X as a numeric array of shape (n_rows, n_features).

    Raises
    ------
    ValueError
        If X has another shape or is not numeric; the message says what was expected and what to do.
    """
    if hasattr(X, "toarray"):
        raise ValueError("X is a sparse matrix; pass X.toarray()")
    table = np.asarray(X)
    if table.dtype.kind == "O":
        try:
            table = table.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"X must be numeric: {error}") from error
    if table.dtype.kind not in "biuf":
        raise ValueError(f"X must be numeric, not of dtype {table.dtype}; encode or drop the other columns")
    if table.ndim != 2:
        hint = "; for one row pass X.reshape(1, -1)" if table.ndim == 1 else ""
        raise ValueError(f"X must have shape (n_rows, {n_features}), got {table.shape}{hint}")
    if table.shape[1] != n_features:
        raise ValueError(f"X has {table.shape[1]} features, but the model was trained with {n_features}")
    return table


def as_raw(X: Any, tables: Tables) -> NDArray[np.float32] | NDArray[np.int16]:
    """Return the raw features as a device would hold them: int16 for typecode "h", else float32.

    Raises
    ------
    ValueError
        As `as_table`; and if the model takes int16 integers and X has other values.
    """
    table = as_table(X, tables.n_features)
    if tables.typecode == "f":
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(table, dtype=np.float32)
    if not q.is_int16(table):
        with np.errstate(invalid="ignore"):
            fits = (table >= q.INT16_MIN) & (table <= q.INT16_MAX) & (table == np.floor(table))
        row, column = np.argwhere(~fits)[0]
        raise ValueError(
            f"this model takes integers from -32768 to 32767, got {table[row, column]} in row {row}, column {column}; "
            "for other values convert with dtype='float', or with dtype='int16' and scale=True"
        )
    return np.ascontiguousarray(table, dtype=np.int16)


def as_core_input(raw: NDArray[Any], tables: Tables) -> NDArray[Any]:
    """Return raw features as the core takes them: scaled if the model has scales."""
    return _core_input(tables, raw)


@singledispatch
def _core_input(tables: Any, raw: NDArray[Any]) -> NDArray[Any]:
    return raw


@_core_input.register
def _(tables: Trees, raw: NDArray[Any]) -> NDArray[Any]:
    if tables.dtype == DTYPE_SCALED:
        return np.ascontiguousarray(q.scale_features(raw, tables.shift, tables.offset))
    return raw


def rows_on_thresholds(raw: NDArray[Any], tables: Tables) -> NDArray[np.bool_]:
    """Tell which rows have a feature that equals one of its thresholds, where rounding would show first."""
    return _on_thresholds(tables, raw)


@singledispatch
def _on_thresholds(tables: Any, raw: NDArray[Any]) -> NDArray[np.bool_]:
    return np.zeros(len(raw), bool)


@_on_thresholds.register
def _(trees: Trees, raw: NDArray[Any]) -> NDArray[np.bool_]:
    core_input = as_core_input(raw, trees)
    compared = q.float32_keys(core_input) if trees.dtype == DTYPE_FLOAT else core_input
    node = ~trees.is_leaf
    found = np.zeros(len(raw), bool)
    for feature in np.unique(trees.feature[node]):
        found |= np.isin(compared[:, feature], trees.threshold[node & (trees.feature == feature)])
    return found


def probe_rows(ensemble: Ensemble, integers: bool) -> NDArray[np.float32]:
    """Make rows that find rounding errors: every feature lies on one of its thresholds, or just beside it.

    Parameters
    ----------
    ensemble : Ensemble
    integers : bool
        Make int16 integers instead of float32 numbers; those without NaN.

    Returns
    -------
    ndarray of float32, shape (64, n_features)
        The same for the same model. If the estimator takes NaN, some rows hold some.
    """
    random = np.random.default_rng(0)
    rows = np.zeros((N_PROBES, ensemble.n_features), np.float32)
    finite = np.isfinite(ensemble.threshold)
    largest = np.finfo(np.float32).max
    order = np.argsort(ensemble.feature[finite], kind="stable")
    features, first = np.unique(ensemble.feature[finite][order], return_index=True)
    thresholds = np.split(ensemble.threshold[finite][order], first[1:])
    for feature, own in zip(features, thresholds, strict=False):
        chosen = random.choice(own, N_PROBES)
        side = random.integers(-1, 2, N_PROBES)
        if integers:
            rows[:, feature] = np.clip(np.floor(chosen) + side, q.INT16_MIN, q.INT16_MAX)
        else:
            on = q.float32_floor(chosen)
            beside = np.nextafter(on, np.where(side < 0, -np.inf, np.inf).astype(np.float32))
            rows[:, feature] = np.clip(np.where(side == 0, on, beside), -largest, largest)
    for feature, known in ensemble.categories.items():
        rows[:, feature] = random.choice(known, N_PROBES)
    if ensemble.allows_missing and not integers:
        missing = random.random(rows.shape) < 0.2
        missing[::4] = missing[1::4] = missing[2::4] = False
        rows[missing] = np.nan
    return rows
