"""From a `Network` to a `Model`: exact weights, compared with the estimator, or small ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .._features import as_raw
from ..errors import ConvertError
from ..ir.document import Document
from ..ir.net import Kind, Network
from ..model import Model
from ..passes.net import fix
from .base import N_PROBES, Options, _add_golden, _agreement, _levels, build, build_tables

_KINDS = {"int8": Kind.INT8, "int16": Kind.INT16}


@build.register
def _(source: Network, estimator: Any, options: Options) -> Model:
    if options.scale is not None:
        raise ConvertError(f"scale= is for trees; for {type(estimator).__name__} leave it out")
    # Features at which each is about as important as the others.
    largest = np.max(np.abs(source.layers[0].coef), axis=0, initial=0.0)
    rows = np.random.default_rng(0).normal(size=(N_PROBES, source.n_features)) * np.ldexp(1.0, _levels(largest))
    if options.dtype in _KINDS:
        return _small(source, estimator, options, rows)
    if options.dtype == "auto" and options.table is not None:
        for dtype in _KINDS:
            model = _small(source, estimator, replace(options, dtype=dtype), rows)
            if _agreement(model, estimator, options.table) >= 1.0 - options.max_loss:
                return model
    tables = fix(source, Kind.INT32)
    return build_tables(tables, estimator, replace(options, dtype="float"), rows, source.classes)


def _small(source: Network, estimator: Any, options: Options, rows: Any) -> Model:
    """Nothing to compare with: what rounding changed, `certify` shows on the user's data."""
    if options.leaf != "exact":
        raise ConvertError(f"leaf= and leaf_bits= are for trees; for {type(estimator).__name__} leave them out")
    tables = fix(source, _KINDS[options.dtype])
    model = Model(Document(tables), classes=source.classes, estimator=estimator, method=options.method)
    _add_golden(model, as_raw(rows if options.table is None else options.table, tables))
    return model
