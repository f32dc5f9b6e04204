"""The smallest, or fastest, variant of a forest that stays within a bound on the user's validation data.

`Variants` differ in the kind of their thresholds and leaves and in how far trees are pruned. All are measured; of those
whose score is, with a margin for chance, at most `max_loss` below that of the exact model, the smallest is taken. The C
core then has to predict, on the bytes of the winner's file, what the search has found.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._size import Size
from ..errors import ConvertError
from ..ir import trees as ir
from ..ir.trees import Ensemble
from ..passes.prune import is_tree
from ..passes.quantise import choose_dtype, trained_on_int16
from . import metrics
from .metrics import Metric, Predicted
from .variants import LEAVES, Kind, Variant, Variants

__all__ = ["LEAVES", "MARGIN", "Search", "Tried", "Variant", "Wanted", "find", "measure", "pareto_front"]

# Standard errors of the difference to the exact model's score by which a variant must stay within the bound. How often
# models then kept it on data that they had not been chosen by: docs/design.md.
MARGIN = 2.33
PURPOSES = ("size", "speed")
N_LISTED = 6  # variants in the short form
LONG = 30  # variants from which on progress is shown


@dataclass(frozen=True)
class Tried:
    """A variant and how it did.

    Attributes
    ----------
    kind : Kind
    size : Size
    nbytes : int
        Of its `.eml` file without trailers: size.eml.
    score : float
        On the validation data, the greater the better.
    loss : float
        How much less that is than the exact model's.
    error : float
        The standard error of the loss, with a share of how far probabilities moved; NaN where nobody needed to know.
    instructions : dict of str to int
        Estimated for a `predict`, by architecture; empty where nobody has measured such models.
    """

    kind: Kind
    size: Size
    score: float
    loss: float
    error: float
    instructions: dict[str, int] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Bytes of the file."""
        return self.size.eml


@dataclass(frozen=True)
class Search:
    """What a search has found.

    Attributes
    ----------
    purpose : {"size", "speed"}
    metric : str
    max_loss, margin : float
        The bound, and the standard errors that a variant had to stay away from it.
    rows, seed : int
    score : float
        Of the exact model.
    chosen : Tried
    tried : tuple of Tried
    """

    purpose: str
    metric: str
    max_loss: float
    margin: float
    rows: int
    seed: int
    score: float
    chosen: Tried
    tried: tuple[Tried, ...]

    def summary(self) -> dict[str, Any]:
        """Return the short form that files hold: the choice, and the best of what was tried at other sizes."""
        front = pareto_front(self.tried)
        step = max(1, math.ceil(len(front) / N_LISTED))
        return {
            "optimize": self.purpose,
            "metric": self.metric,
            "max_loss": self.max_loss,
            "margin": self.margin,
            "rows": self.rows,
            "seed": self.seed,
            "before": round(self.score, 6),
            "after": round(self.chosen.score, 6),
            "error": round(self.chosen.error, 6),
            "chosen": str(self.chosen.kind),
            "nbytes": self.chosen.nbytes,
            "tried": len(self.tried),
            "front": [[str(each.kind), each.nbytes, round(each.score, 6)] for each in front[::step]],
        }


def pareto_front(tried: Iterable[Tried]) -> list[Tried]:
    """Return those that no smaller one equals, from the smallest on."""
    front: list[Tried] = []
    for each in sorted(tried, key=lambda t: (t.nbytes, -t.score)):
        if not front or each.score > front[-1].score:
            front.append(each)
    return front


def cost_of(each: Tried, purpose: str) -> float:
    """Return what is to be small: bytes, or the geometric mean of the instructions over the architectures."""
    if purpose == "size":
        return float(each.nbytes)
    counts = list(each.instructions.values())
    return math.exp(sum(math.log(max(count, 1)) for count in counts) / len(counts)) if counts else math.inf


@dataclass(frozen=True)
class Wanted:
    """What is asked of a search.

    Attributes
    ----------
    purpose : {"size", "speed"}
    max_loss : float
        The bound.
    metric : str or callable
        See `metrics.find`.
    dtype : {"float", "int16"}, optional
        The only one to try; "auto" is the same as none.
    scale : bool, optional
        For int16: whether features are scaled; None decides by the data.
    leaf : str, optional
        The only one of LEAVES to try.
    seed : int
    progress : bool, optional
        Whether to show it on stderr; None does on a terminal.
    """

    purpose: str = "size"
    max_loss: float = 0.0
    metric: Any = "roc_auc"
    dtype: str | None = None
    scale: bool | None = None
    leaf: str | None = None
    seed: int = 0
    progress: bool | None = None


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
    for variant in variants.snapped(chosen.kind):
        tried.append(bound.measured(variant))
    chosen = bound.best(tried, variants, wanted.purpose)
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
        tried=tuple(replace(each, error=bound.errors.get(each.kind, each.error)) for each in tried),
    )
    return winner, found


def measure(
    source: Any, name: str, rows: NDArray[Any] | None, y: Any, wanted: Wanted
) -> tuple[Variants, Bound, list[Tried]]:
    """Measure all variants of a forest but those with fewer thresholds; parameters and errors as of `find`."""
    _check(source, name, wanted)
    if rows is None or y is None:
        raise ConvertError("optimize= measures what is lost: pass data=(X, y), rows that were not trained on")
    labels = np.asarray(y).reshape(-1)
    if len(labels) != len(rows):
        raise ConvertError(f"data=: y has {len(labels)} labels for {len(rows)} rows of X")
    metric = metrics.find(wanted.metric, labels, source.classes, wanted.seed)
    leaves = LEAVES if wanted.leaf is None else (wanted.leaf,)
    variants = Variants(source, rows, _dtypes(source, wanted, rows), leaves, wanted.seed)
    bound = Bound(metric, variants.exact().predicted, wanted.max_loss)
    tried = [bound.measured(variant) for variant in shown(variants.all(), len(variants), wanted.progress)]
    return variants, bound, tried


class Bound:
    """What variants are compared with, and by how much they may be worse."""

    def __init__(self, metric: Metric, before: Predicted, max_loss: float) -> None:
        self.score = metric.score(before)
        self.errors: dict[Kind, float] = {}  # found late
        self.metric, self.rows = metric, len(before.classes)
        self._before, self._max_loss = before, max_loss

    def measured(self, variant: Variant) -> Tried:
        """Measure a variant; its error only where that is quickly done."""
        score = self.metric.score(variant.predicted)
        error = math.nan if self.metric.is_slow else self._error(variant.predicted)
        return Tried(variant.kind, variant.size, score, self.score - score, error, variant.instructions())

    def _error(self, after: Predicted) -> float:
        """Return the standard error of the loss, and what rows may hide that happen to be on the right side by far.

        The latter is what the probabilities are moved by: on other rows this part of them may get another class.
        """
        before = self._before.probabilities.astype(np.float64)
        moved = float(np.mean(np.sum(np.abs(after.probabilities - before), axis=1))) / 2.0
        hidden = self.metric.doubt * math.sqrt(moved / self.rows)
        if self.metric.is_slow and MARGIN * hidden > self._max_loss:
            return hidden  # which is enough to know
        return math.hypot(self.metric.error(self._before, after), hidden)

    def best(self, tried: list[Tried], variants: Variants, purpose: str) -> Tried:
        """Return the cheapest that keeps the bound."""
        for each in sorted(tried, key=lambda t: (cost_of(t, purpose), t.nbytes, -t.score)):
            if math.isinf(cost_of(each, purpose)) or each.loss > self._max_loss:
                continue
            if math.isnan(each.error):
                if each.kind not in self.errors:
                    self.errors[each.kind] = self._error(variants.make(each.kind).predicted)
                each = replace(each, error=self.errors[each.kind])
            # What a variant gains may be chance, and is no reserve.
            if max(each.loss, 0.0) + MARGIN * each.error <= self._max_loss:
                return each
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
