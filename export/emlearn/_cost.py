"""Instructions that a `predict` of a class or a value takes, estimated from what it has to do.

Each family has amounts of work (features, vectors, decisions...), and each architecture a price for each of them.
The prices on boards are fitted to counts on emulated ones (bench/board_costs.py makes `_cost_table`), those on x64 to
counts of the C core alone, compiled with -Os, over a dozen classifiers, where they were off by 7 % at most
(bench/cost_model.py). How far off they were on boards is in `_cost_table.ERRORS`. Instructions are no cycles: nothing
here knows of caches, pipelines or slow flash.
"""

from __future__ import annotations

import math
from functools import singledispatch
from typing import Any

from numpy.typing import NDArray

from ._cost_table import COSTS as BOARD_COSTS
from .ir import sums
from .ir.entries import INDICES
from .ir.gaussian import Bayes, Gaussian, Mixture
from .ir.gaussian import Kind as GaussianKind
from .ir.kernel import Kernel, Rule
from .ir.kernel import Kind as KernelKind
from .ir.linear import Linear
from .ir.neighbors import Metric, Neighbors, Weights
from .ir.net import Activation, Net
from .ir.pipeline import Pipeline
from .ir.trees import (
    DIRECT,
    DTYPE_SCALED,
    DTYPES,
    LEAF_COUNTS,
    LEAF_HARD,
    LEAF_SUM,
    LEAF_UINT8,
    LEAF_VALUE,
    LEAF_WEIGHTED,
    PACKED8,
    WIDE,
    Trees,
)

# For a class: fixed, a tree, a decision, an entry of a leaf with several classes, a class.
COSTS = {
    ("x64", "int16"): (14.8, 29.3, 13.4, 62.1, 13.9),
    ("x64", "float"): (20.4, 31.8, 19.8, 61.6, 13.7),
}

# What is done in one way, whose prices have this name, and how much of each kind of work it is.
Work = tuple[str, tuple[float, ...]]


def instructions(dtype: str, n_trees: int, decisions: float, entries: float, n_classes: int) -> dict[str, int]:
    """Estimate the instructions of a `predict` of a class by trees on x64; empty where nothing was measured.

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


def priced(work: list[Work]) -> dict[str, int]:
    """Return the instructions of this work, by architecture; empty unless all of it has been measured."""
    if not work:
        return {}
    found = {}
    for architecture, prices in BOARD_COSTS.items():
        if all(name in prices for name, _ in work):
            found[architecture] = round(sum(price(prices[name], amounts) for name, amounts in work))
    return found


def price(costs: tuple[float, ...], amounts: tuple[float, ...]) -> float:
    """Return the sum of the products."""
    return sum(cost * amount for cost, amount in zip(costs, amounts, strict=True))


def estimate(tables: Any, core: Any, core_input: NDArray[Any]) -> dict[str, int]:
    """Estimate the instructions of a `predict` of these rows, on average; empty for what nobody has measured."""
    found = {}
    if isinstance(tables, Trees) and tables.leaf != LEAF_SUM and tables.layout != PACKED8:
        done = core.work(core_input)
        found = instructions(tables.dtype_name, tables.n_trees, done.decisions, done.entries, tables.n_classes)
    return found | priced(work_of(tables, core, core_input))


@singledispatch
def work_of(tables: Any, core: Any, core_input: NDArray[Any]) -> list[Work]:
    """Return the work of a `predict` of these rows, on average; empty for what nobody has measured.

    Parameters
    ----------
    tables : Tables
    core : Core
        That of the model, or of the pipeline in which it is.
    core_input : ndarray
        Rows that the core takes.
    """
    return []


@work_of.register
def _(tables: Trees, core: Any, core_input: NDArray[Any]) -> list[Work]:
    done, dtype, n_classes = core.work(core_input), DTYPES[tables.dtype], float(tables.n_classes)
    if tables.layout == WIDE:
        return []
    walks = 1.0 + done.again  # of each tree
    common: tuple[float, ...] = (1.0, tables.n_trees * walks, done.lefts * walks, done.rights * walks)
    if tables.leaf == LEAF_SUM:
        link = sums.link_of(tables.entry)
        if link in (sums.MEDIAN, sums.EXP):
            return []
        wide = " wide" if tables.entry & sums.INT64 else ""
        n_sums = sums.n_sums(tables.entry, tables.n_classes, tables.n_trees)
        return [(f"sums {dtype}{wide}", (*common, float(n_sums), float(tables.n_classes == 0)))]
    if tables.layout == PACKED8:
        common += (0.0 if tables.feature_bits == DIRECT else done.decisions * walks,)
    is_generic = tables.dtype == DTYPE_SCALED or tables.n_features > 256  # walks that know all of packed16 and 32
    layout = "packed8 " if tables.layout == PACKED8 else "many features, " if tables.n_features > 256 else ""
    if tables.leaf == LEAF_VALUE:
        return [(f"{layout}values {dtype}", common)]
    if tables.leaf == LEAF_HARD and not is_generic and tables.layout != PACKED8:
        return [(f"votes {dtype}", (*common, n_classes))]
    entries = tuple(done.entries * (tables.leaf == leaf) for leaf in (LEAF_COUNTS, LEAF_UINT8, LEAF_WEIGHTED))
    entries += (done.entries * (tables.entry == INDICES), done.entries * (tables.entry > INDICES))  # not one u16
    amounts = (*common, done.records, *entries, done.entries_again, n_classes, done.again * n_classes)
    return [(f"{layout}trees {dtype}", amounts)]


@work_of.register
def _(tables: Linear, core: Any, core_input: NDArray[Any]) -> list[Work]:
    n, rows = tables.n_features, tables.n_rows
    return [("linear", (1, n, rows, n * rows, tables.n_classes == 0))]


@work_of.register
def _(tables: Net, core: Any, core_input: NDArray[Any]) -> list[Work]:
    sizes = [tables.n_features, *tables.sizes.tolist()]
    plain = curved = 0
    for n, activation in zip(sizes[1:-1], tables.activations.tolist(), strict=False):
        if activation in (Activation.IDENTITY, Activation.RELU):
            plain += n
        else:
            curved += n
    weights = sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))
    amounts = (1, sum(sizes[:-1]), plain, curved, sizes[-1], weights, tables.n_classes == 0)
    return [(f"net {tables.dtype_name}", amounts)]


@work_of.register
def _(tables: Neighbors, core: Any, core_input: NDArray[Any]) -> list[Work]:
    items, k = tables.n_used, min(tables.k, tables.n_used)
    if tables.weights == Weights.NEAREST or not k:
        return []
    by_distance = tables.weights == Weights.DISTANCE
    # Of items in random order this many come among the k nearest, each for about log2(k) steps of the heap.
    taken = k * (1 + math.log(items / k))
    work = (1, items, items * tables.n_features, taken * (1 + math.log2(k)), k * k)
    metric = Metric(tables.metric).name.lower()
    if tables.n_items16 and metric == "euclidean" and not by_distance and tables.n_classes:
        return [("neighbors int16", work)]
    name = f"neighbors {'int16' if tables.n_items16 else 'float'} {metric}, all"
    return [(name, (*work, k * by_distance, tables.n_classes == 0))]


@work_of.register
def _(tables: Kernel, core: Any, core_input: NDArray[Any]) -> list[Work]:
    n, vectors, kind = tables.n_features, tables.n_vectors, KernelKind(tables.kernel)
    rule = tables.rule - 3 if tables.rule >= Rule.OVO_COUPLED else tables.rule  # a class takes no probabilities
    if rule == Rule.BREAK_TIES:
        return []
    terms = vectors * max(1, tables.n_rows)
    voted = tables.n_classes**2 if rule in (Rule.OVO, Rule.OVR) else 0
    width = 16 if tables.n_vectors16 else 32
    if width == 16 and tables.n_classes == 0:
        return []
    powers = vectors * tables.degree if kind == KernelKind.POLY else 0
    amounts = (1, n, vectors, vectors * n, terms, voted, powers, tables.n_classes == 0)
    return [(f"kernel {kind.name.lower()} {width}", amounts)]


@work_of.register(Bayes)
@work_of.register(Mixture)
def _(tables: Gaussian, core: Any, core_input: NDArray[Any]) -> list[Work]:
    n, k = tables.n_features, tables.n_components
    if tables.kind == GaussianKind.DIAGONAL:
        return [("gaussian diagonal", (1, n, k, k * n))]
    products = k * (tables.n_coef // tables.n_matrices)
    return [("gaussian triangular", (1, n, k, k * n, k * tables.n_rows, products))]


@work_of.register
def _(tables: Pipeline, core: Any, core_input: NDArray[Any]) -> list[Work]:
    behind = work_of(tables.inner, core, core_input)
    amounts = {"fill": 0, "scale": 0, "encode": 0}
    inputs = outputs = products = 0
    n = tables.n_features
    for kind, n_out in tables.outline:
        if kind == "matrix":
            inputs, outputs, products = inputs + n, outputs + n_out, products + n * n_out
        else:
            amounts[kind] += n_out
        n = n_out
    return behind and [("steps", (1, *amounts.values(), inputs, outputs, products)), *behind]
