"""Instructions that a prediction takes, estimated from what it has to do.

The numbers are fitted to counts of the C core alone, compiled with -Os, over a dozen classifiers: bench/cost_model.py
makes them again. They were off by 7 % at most there. Instructions are no cycles: nothing here knows of caches,
pipelines or slow flash.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from numpy.typing import NDArray

from .ir.trees import LEAF_SUM, Trees

# For a class: fixed, a tree, a decision, an entry of a leaf with several classes, a class.
COSTS = {
    ("x64", "int16"): (14.8, 29.3, 13.4, 62.1, 13.9),
    ("x64", "float"): (20.4, 31.8, 19.8, 61.6, 13.7),
}


def instructions(dtype: str, n_trees: int, decisions: float, entries: float, n_classes: int) -> dict[str, int]:
    """Estimate the instructions of a `predict` of a class, by architecture; empty where nothing was measured.

    Parameters
    ----------
    dtype : str
        "int16" or "float".
    decisions, entries : float
        That a row takes on average, over all trees.
    """
    if n_classes == 0:
        return {}
    work = (1.0, n_trees, decisions, entries, n_classes)
    return {
        architecture: round(sum(cost * amount for cost, amount in zip(costs, work, strict=True)))
        for (architecture, fitted_dtype), costs in COSTS.items()
        if fitted_dtype == dtype
    }


@singledispatch
def estimate(tables: Any, core: Any, core_input: NDArray[Any]) -> dict[str, int]:
    """Estimate the instructions of a `predict` of these rows, on average; empty for families nobody has measured."""
    return {}


@estimate.register
def _(tables: Trees, core: Any, core_input: NDArray[Any]) -> dict[str, int]:
    decisions, entries = core.work(core_input)
    n_classes = 0 if tables.leaf == LEAF_SUM else tables.n_classes  # sums have not been measured
    return instructions(tables.dtype_name, tables.n_trees, decisions, entries, n_classes)
