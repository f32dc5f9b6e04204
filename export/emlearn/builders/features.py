"""From a `Featured` to a `Model`: the model behind the blocks first, then the blocks beside the transformers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._features import as_raw
from ..errors import ConvertError
from ..ir.document import Document
from ..ir.features import MAX_GOLDEN_BYTES, Featured
from ..model import Model
from ..passes.features import join
from .base import MAX_PROBE_GOLDEN, Options, build
from .steps import _inner, _through

_N_NOISE = 16


@build.register
def _(source: Featured, estimator: Any, options: Options) -> Model:
    inner = None
    if source.source is None:
        _check_options(options)
        tables = join(source, None, None)
    else:
        inner = _inner(source, estimator, options)
        tables = join(source, replace(inner.tables, labels=None), inner.tables.labels)
    classes = inner.classes_ if inner is not None and inner.is_classifier else None
    model = Model(Document(tables), classes=classes, estimator=estimator, method=options.method)
    given = as_raw(source.windows if options.table is None else options.table, tables)
    _check_blocks(source, model, inner, np.concatenate((given, _noise(given))))
    row_bytes = given[0].nbytes + 4 + 4 * model.tables.n_outputs
    most = min(MAX_PROBE_GOLDEN, model.nbytes // 4 // row_bytes, MAX_GOLDEN_BYTES // row_bytes)
    model.golden = model.golden_of(given[: max(1, most)])
    return model


def _check_options(options: Options) -> None:
    if options.dtype != "float" or options.leaf != "exact":
        raise ConvertError("dtype= and leaf= are for models; without one behind the transformers leave them out")


def _noise(windows: NDArray[Any]) -> NDArray[Any]:
    """Windows in the range of these, the same at each call: silence, the extremes, and noise of many levels."""
    random = np.random.default_rng(0)
    top = float(np.max(np.abs(windows.astype(np.float64)))) or 1.0
    levels = np.ldexp(top, -np.arange(_N_NOISE))[:, None]
    made = np.clip(random.normal(0.0, 0.3, (_N_NOISE, windows.shape[1])), -1.0, 1.0) * levels
    made = np.concatenate((made, np.zeros((1, windows.shape[1])), np.full((1, windows.shape[1]), -top)))
    return (np.rint(made) if windows.dtype == np.int16 else made).astype(windows.dtype)


def _check_blocks(source: Featured, model: Model, inner: Model | None, raw: NDArray[Any]) -> None:
    """Refuse blocks that do something else than the transformers, or are put together wrongly."""
    expected, found = _through(source, raw), model.apply_steps(raw)
    if not np.array_equal(expected, found):
        raise ConvertError("the blocks disagree with the transformers: a defect of emlearn, please report it")
    if inner is not None and not np.array_equal(
        model.predictions(raw).outputs, inner.predictions(found).outputs, equal_nan=True
    ):
        raise ConvertError("the model behind the blocks predicts something else: a defect of emlearn, please report it")
