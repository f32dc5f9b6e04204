"""Plots as numbers: where ticks, points and lines are. The page's template draws them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..search import Search, Tried
from ..search.results import pareto_front
from .leaves import LeafRow

WIDTH, HEIGHT = 440, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 16, 46  # what labels take
SHOWN_LOSSES = 6  # times the bound, of what is lost by variants in the plot
LEAST_LOSS = 0.03
MAX_CLASSES = 16
BOARD = "armv6m"  # whose instructions are plotted

Axis = tuple[Callable[[float], float], list[tuple[float, str]]]  # where a value is, and ticks


@dataclass(frozen=True)
class Mark:
    """A point with a name. `anchor` says on which side of its text it is, as in SVG."""

    x: float
    y: float
    text: str
    style: str
    anchor: str = "start"


@dataclass(frozen=True)
class Plot:
    """Points in a frame, in units of the picture.

    Attributes
    ----------
    name : str
        Unique on the page.
    title, description : str
        What is in it, for those who do not see it.
    x_label, y_label : str
    x_ticks, y_ticks : list of (float, str)
    dots : list of (float, float)
        All variants.
    front : list of (float, float)
        Corners of the line through the best.
    marks : list of Mark
    bound : float or None
        Height of a line.
    hidden : int
        Variants that are below the frame.
    """

    name: str
    title: str
    description: str
    x_label: str
    y_label: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    dots: list[tuple[float, float]]
    front: list[tuple[float, float]]
    marks: list[Mark]
    bound: float | None = None
    hidden: int = 0
    width: int = WIDTH
    height: int = HEIGHT
    frame: tuple[int, int, int, int] = field(default=(LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM))


@dataclass(frozen=True)
class Bar:
    """Of a class: its leaves before and after, and how long the bars are, from 0 to 1."""

    label: str
    before: int
    after: int
    lengths: tuple[float, float]


def score_plot(search: Search, exact: int) -> Plot:
    """Size and score of all variants; `exact` are the bytes of the exact model."""
    tried, chosen = search.tried, search.chosen
    allowed = search.score - search.max_loss
    floor = search.score - max(SHOWN_LOSSES * search.max_loss, LEAST_LOSS)
    shown = [each for each in tried if each.score >= floor]
    x, x_ticks = _log([each.nbytes for each in shown] + [exact], LEFT, WIDTH - RIGHT)
    scores = [each.score for each in shown] + [search.score, allowed]
    y, y_ticks = _linear(min(scores), max(scores), HEIGHT - BOTTOM, TOP)
    corners: list[tuple[float, float]] = []
    for each in pareto_front(shown):
        if corners:
            corners.append((x(each.nbytes), corners[-1][1]))
        corners.append((x(each.nbytes), y(each.score)))
    return Plot(
        name="score",
        title=f"Size and {metric_name(search.metric)}",
        description=(
            f"{len(tried):,} variants. The exact model has {exact:,} bytes and {search.score:.4f}. The chosen variant "
            f"has {chosen.nbytes:,} bytes and {chosen.score:.4f}; {allowed:.4f} was allowed."
        ),
        x_label="bytes",
        y_label=metric_name(search.metric),
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        dots=[(x(each.nbytes), y(each.score)) for each in shown],
        front=corners,
        marks=[
            _mark(x(exact), y(search.score), "exact", "exact"),
            _mark(x(chosen.nbytes), y(chosen.score), "chosen", "chosen"),
        ],
        bound=y(allowed),
        hidden=len(tried) - len(shown),
    )


def speed_plot(search: Search, exact: tuple[int, int | None]) -> Plot | None:
    """Size and instructions of all variants, None where they are unknown; `exact` are those of the exact model."""
    tried = [each for each in search.tried if BOARD in each.instructions]
    if len(tried) < 2:
        return None
    chosen = search.chosen
    nbytes, count = exact
    counts = [_count(each) for each in tried] + ([count] if count else [])
    x, x_ticks = _log([each.nbytes for each in tried] + [nbytes], LEFT, WIDTH - RIGHT)
    y, y_ticks = _log(counts, HEIGHT - BOTTOM, TOP)
    marks, said = [], ""
    if count:
        marks.append(_mark(x(nbytes), y(count), "exact", "exact"))
        said = f"The exact model takes {count:,}. "
    if BOARD in chosen.instructions:
        marks.append(_mark(x(chosen.nbytes), y(_count(chosen)), "chosen", "chosen"))
        said += f"The chosen variant takes {_count(chosen):,}."
    else:
        said += "Nobody has counted those of the chosen variant's kind."
    return Plot(
        name="speed",
        title="Size and instructions, Cortex-M0",
        description=f"{len(tried):,} variants, estimated for one prediction. {said}",
        x_label="bytes",
        y_label="instructions",
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        dots=[(x(each.nbytes), y(_count(each))) for each in tried],
        front=[],
        marks=marks,
    )


def bars(leaves: Sequence[LeafRow]) -> list[Bar]:
    """Leaves of the classes that have most of them, in the order of the classes."""
    most = sorted(leaves, key=lambda row: -max(row.n_leaves))[:MAX_CLASSES]
    longest = max((max(row.n_leaves) for row in most), default=0) or 1
    return [
        Bar(row.label, *row.n_leaves, (row.n_leaves[0] / longest, row.n_leaves[1] / longest))
        for row in leaves
        if row in most
    ]


def metric_name(metric: str) -> str:
    """Say a metric in words."""
    known = {"roc_auc": "ROC AUC", "neg_log_loss": "log loss (negative)", "r2": "R²"}
    return known.get(metric, metric)


def _count(each: Tried) -> int:
    return each.instructions[BOARD]


def _mark(x: float, y: float, text: str, style: str) -> Mark:
    return Mark(x, y, text, style, "end" if x > (LEFT + WIDTH - RIGHT) / 2 else "start")


def _linear(low: float, high: float, start: float, end: float) -> Axis:
    margin = 0.04 * (high - low) or 0.01
    low, high = low - margin, high + margin
    step = 10.0 ** math.floor(math.log10(high - low))
    step = next(step * part for part in (0.1, 0.2, 0.5, 1.0, 2.0) if (high - low) / (step * part) <= 6)
    digits = max(0, -math.floor(math.log10(step)))

    def place(value: float) -> float:
        return start + (end - start) * (value - low) / (high - low)

    first, last = math.ceil(low / step), math.floor(high / step)
    return place, [(place(k * step), f"{k * step:.{digits}f}") for k in range(first, last + 1)]


def _log(values: Sequence[float], start: float, end: float) -> Axis:
    low, high = (math.log10(max(value, 1)) for value in (min(values), max(values)))
    margin = max(0.04 * (high - low), 0.05)
    low, high = low - margin, high + margin

    def place(value: float) -> float:
        return start + (end - start) * (math.log10(max(value, 1)) - low) / (high - low)

    for parts in ((1, 2, 5), (1, 3), (1,)):
        ticks = [
            part * 10**power
            for power in range(math.floor(low), math.ceil(high) + 1)
            for part in parts
            if low <= math.log10(part * 10**power) <= high
        ]
        if len(ticks) <= 6:
            break
    if len(ticks) < 2:  # a narrow range: round numbers at its ends
        ticks = sorted({_round(10**low, math.ceil), _round(10**high, math.floor)})
    return place, [(place(tick), _short(tick)) for tick in ticks]


def _round(value: float, how: Callable[[float], int]) -> int:
    """To two digits."""
    unit = max(1.0, 10.0 ** (math.floor(math.log10(value)) - 1))
    return round(how(value / unit) * unit)


def _short(value: int) -> str:
    for unit, name in ((10**6, "M"), (10**3, "k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"
