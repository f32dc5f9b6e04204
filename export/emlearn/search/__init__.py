"""The smallest, or fastest, variant of a forest that stays within a bound on the user's validation data.

`Variants` differ in the kind of their thresholds and leaves and in how far trees are pruned. All are measured; of those
whose score is, with a margin for chance, at most `max_loss` below that of the exact model, the smallest is taken. The C
core then has to predict, on the bytes of the winner's file, what the search has found.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir import trees as ir
from ..ir.trees import Ensemble
from ..passes.prune import is_tree
from ..passes.quantise import choose_dtype, trained_on_int16
from . import metrics
from .metrics import Metric, Predicted
from .results import MARGIN, Search, Tried, Wanted, cost_of, pareto_front
from .variants import LEAVES, Kind, Variant, Variants

__all__ = ["LEAVES", "MARGIN", "Search", "Tried", "Variant", "Wanted", "cost_of", "find", "measure", "pareto_front"]

PURPOSES = ("size", "speed")
ROUNDS = 3  # of trying what is near the best
LONG = 30  # variants from which on progress is shown


def find(source: Any, name: str, rows: NDArray[Any] | None, y: Any, wanted: Wanted) -> tuple[Variant, Search]:
    """Search the variants of a forest.

    Parameters
    ----------
    source : Ensemble
        What a converter returned.
    name : str
        The estimator's class, for errors.
    rows : ndarray, shape (n_rows, n_features)
    y : array-like, shape (n_rows,)
        Labels.
    wanted : Wanted

    Raises
    ------
    ConvertError
        If the estimator is no forest of classes, something is missing, or no variant keeps the bound.
    """
    variants, bound, tried = measure(source, name, rows, y, wanted)
    chosen = bound.best(tried, variants, wanted.purpose)
    known = {replace(each.kind, packed8=False) for each in tried}
    for _ in range(ROUNDS):
        before = chosen
        for near in (variants.around, variants.beside, variants.between):
            most = chosen.size.eml if wanted.purpose == "size" else math.inf
            for kind in near(replace(chosen.kind, packed8=False)):
                if kind not in known:
                    known.add(kind)
                    tried += bound.measured(variants.make(kind), most)
            chosen = bound.best(tried, variants, wanted.purpose)
        if chosen.kind == before.kind:
            break
    winner = variants.make(chosen.kind)
    _check_core(winner)
    found = Search(
        purpose=wanted.purpose,
        metric=bound.metric.name,
        max_loss=wanted.max_loss,
        margin=MARGIN,
        rows=bound.rows,
        seed=wanted.seed,
        score=bound.score,
        chosen=chosen,
        tried=tuple(map(bound.completed, tried)),
    )
    return winner, found


def measure(
    source: Any, name: str, rows: NDArray[Any] | None, y: Any, wanted: Wanted
) -> tuple[Variants, Bound, list[Tried]]:
    """Measure all variants of a forest but those around the best; parameters and errors as of `find`."""
    _check(source, name, wanted)
    if rows is None or y is None:
        raise ConvertError("optimize= measures what is lost: pass data=(X, y), rows that were not trained on")
    labels = np.asarray(y).reshape(-1)
    if len(labels) != len(rows):
        raise ConvertError(f"data=: y has {len(labels)} labels for {len(rows)} rows of X")
    metric = metrics.find(wanted.metric, labels, source.classes, wanted.seed)
    leaves = LEAVES if wanted.leaf is None else (wanted.leaf,)
    variants = Variants(source, rows, _dtypes(source, wanted, rows), leaves)
    bound = Bound(metric, variants.exact().predicted, wanted.max_loss, wanted.layout)
    tried: list[Tried] = []
    for variant in shown(variants.all(), len(variants), wanted.progress):
        tried += bound.measured(variant)
    if not tried:
        raise ConvertError("layout='packed8' holds no variant of this model; leave it out")
    return variants, bound, tried


class Bound:
    """What variants are compared with, and by how much they may be worse."""

    def __init__(self, metric: Metric, before: Predicted, max_loss: float, layout: str | None = None) -> None:
        self.score = metric.score(before)
        self._layout = layout
        self.doubts: dict[Kind, tuple[float, float]] = {}  # found late
        self.metric, self.rows = metric, len(before.classes)
        self._before, self._max_loss = before, max_loss

    def measured(self, variant: Variant, most: float = math.inf) -> list[Tried]:
        """Measure a variant, and the same in packed8 if that is smaller; the error only where that is quickly done.

        Nothing is measured if neither takes less than `most` bytes.
        """
        eight = None if self._layout == "packed" else variant.packed8()
        if self._layout == "packed8":
            made = [eight]
        else:
            made = [variant, eight if eight and eight.size.eml < variant.size.eml else None]
        if not any(each and each.size.eml < most for each in made):
            return []
        score = self.metric.score(variant.predicted)
        doubts = (math.nan, math.nan) if self.metric.is_slow else self._doubts(variant.predicted)
        loss = self.score - score
        return [Tried(each.kind, each.size, score, loss, *doubts, each.instructions()) for each in made if each]

    def completed(self, each: Tried) -> Tried:
        """Return one with what is known of it by now."""
        error, expected = self.doubts.get(replace(each.kind, packed8=False), (each.error, each.expected))
        return replace(each, error=error, expected=expected)

    def _doubts(self, after: Predicted) -> tuple[float, float]:
        """Return the standard error of the loss, and the loss to be expected.

        The error has a share of what rows may hide that happen to be on the right side by far: on others, by as much as
        probabilities have moved, the class may be another one.
        """
        before = self._before.probabilities.astype(np.float64)
        moved = float(np.mean(np.sum(np.abs(after.probabilities - before), axis=1))) / 2.0
        hidden = self.metric.doubt * math.sqrt(moved / self.rows)
        if self.metric.is_slow and MARGIN * hidden > self._max_loss:
            return hidden, math.nan  # which is enough to know
        expected = self.metric.expected(self._before, after)
        return math.hypot(self.metric.error(self._before, after), hidden), expected

    def best(self, tried: list[Tried], variants: Variants, purpose: str) -> Tried:
        """Return the cheapest that keeps the bound."""
        for each in sorted(tried, key=lambda t: (cost_of(t, purpose), t.nbytes, -t.score)):
            if math.isinf(cost_of(each, purpose)) or each.loss > self._max_loss:
                continue
            if math.isnan(each.error):
                predicts = replace(each.kind, packed8=False)
                if predicts not in self.doubts:
                    self.doubts[predicts] = self._doubts(variants.make(predicts).predicted)
                each = self.completed(each)
            if each.largest_loss <= self._max_loss:
                return each
        if all(math.isinf(cost_of(each, purpose)) for each in tried):
            raise ConvertError("nobody has measured the instructions of such models; use optimize='size'")
        near = min(tried, key=lambda t: t.loss)
        raise ConvertError(
            f"no variant is within max_loss={self._max_loss} of {self.metric.name} {self.score:.4f} by "
            f"{MARGIN} standard errors; the nearest, {near.kind}, loses {near.loss:.4f}: allow more, give more rows, "
            "or leave out dtype= and leaf="
        )


def _check(source: Any, name: str, wanted: Wanted) -> None:
    if wanted.purpose not in PURPOSES:
        raise ConvertError(f"optimize={wanted.purpose!r} is unknown; use 'size' or 'speed'")
    if not isinstance(source, Ensemble):
        raise ConvertError(f"optimize= is for forests and trees of classes, not for {name}; for others choose dtype=")
    if source.n_classes == 0:
        raise ConvertError(f"optimize= is for classifiers; for {name} choose dtype='int16', or prune it in training")
    if source.link is not None:
        raise ConvertError(
            f"optimize= is for trees that vote; {name} adds them up: choose dtype='int16', or train fewer trees"
        )
    if not is_tree(source):
        raise ConvertError(f"optimize= cannot prune trees that share nodes, as those of {name} do; choose dtype=")
    if not wanted.max_loss >= 0.0:
        raise ConvertError(f"max_loss={wanted.max_loss!r} is negative; a model cannot be asked to be better than it is")


def _dtypes(source: Ensemble, wanted: Wanted, rows: NDArray[Any]) -> tuple[int, ...]:
    if wanted.dtype not in (None, "auto", "float", "int16"):
        raise ConvertError(f"dtype={wanted.dtype!r} is not for trees; use 'float', 'int16', or leave it out")
    if wanted.dtype == "float":
        return (ir.DTYPE_FLOAT,)
    integers = choose_dtype(source, "int16", wanted.scale, rows)
    if wanted.scale is None and not trained_on_int16(source):
        integers = ir.DTYPE_SCALED  # these rows may be integers by chance
    return (integers,) if wanted.dtype == "int16" or integers == ir.DTYPE_INT16 else (ir.DTYPE_FLOAT, integers)


def _check_core(variant: Variant) -> None:
    """Refuse a variant of which the C core, on its own bytes, says something else than the search."""
    core, rows = variant.core()
    same = np.array_equal(core.outputs(rows), variant.predicted.probabilities)
    if not same or not np.array_equal(core.classes(rows), variant.predicted.classes):
        raise ConvertError(f"the core disagrees with the search about {variant.kind}: a defect of emlearn, report it")


def shown(variants: Iterator[Variant], total: int, progress: bool | None) -> Iterator[Variant]:
    """Pass variants on, with a bar on stderr if there are many and somebody looks."""
    if progress is False or (progress is None and (total < LONG or not sys.stderr.isatty())):
        yield from variants
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(
        variants, "trying variants", total, console=Console(stderr=True, force_terminal=progress), transient=True
    )
