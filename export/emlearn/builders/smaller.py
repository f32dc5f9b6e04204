"""From a forest to the smallest, or fastest, `Model` of it that a bound allows."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .. import search
from .._features import as_raw, probe_rows
from ..ir import trees as ir
from ..ir.document import Document
from ..model import Model
from ..search import Wanted
from .base import _add_golden, _build_trees


def build_smaller(source: Any, estimator: Any, method: str, wanted: Wanted, rows: NDArray[Any] | None, y: Any) -> Model:
    """Search, and make the model of what was found, certified on the rows that it was chosen by.

    Raises
    ------
    ConvertError
        As `search.find`; and if the exact model does not agree with the estimator.
    """
    winner, found = search.find(source, type(estimator).__name__, rows, y, wanted)
    _build_trees(estimator, source, ir.DTYPE_FLOAT, "exact", method)  # compares the two
    model = Model(Document(winner.trees), classes=source.classes, estimator=estimator, method=method)
    probes = as_raw(probe_rows(source, winner.trees.dtype == ir.DTYPE_INT16), winner.trees)
    _add_golden(model, probes)
    golden = model.golden
    model.search = found
    model.certify(rows, y)
    model.golden = golden  # fewer rows, for a model that is to be small
    return model
