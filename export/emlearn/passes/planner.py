"""Places of tensors in one buffer: those that live at the same time do not overlap, and the buffer is small."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

MAX_TRIES = 20_000  # of orders in the search: about half a second


@dataclass(frozen=True)
class Tensor:
    """What needs a place.

    Attributes
    ----------
    size : int
        Bytes.
    first, last : int
        When it is written and when it is read last: both included.
    align : int
        Its offset is a multiple of this.
    may_replace : int, optional
        Index of a tensor that it may overlap if both begin at the same offset.
    """

    size: int
    first: int
    last: int
    align: int = 1
    may_replace: int | None = None


def lower_bound(tensors: list[Tensor]) -> int:
    """Return what lives at once, where that is most: no plan has less."""
    most = 0
    for time in {tensor.first for tensor in tensors}:
        alive = {i for i, tensor in enumerate(tensors) if tensor.first <= time <= tensor.last}
        total = sum(tensors[i].size for i in alive)
        for i in alive:
            replaced = tensors[i].may_replace
            if replaced in alive and replaced is not None:
                total -= min(tensors[i].size, tensors[replaced].size)
        most = max(most, total)
    return most


def plan(tensors: list[Tensor]) -> tuple[list[int], int]:
    """Return an offset for each tensor, and the size of the buffer. The first tensor is at offset 0.

    Each order of the tensors makes a plan, in which each has the lowest place that those before it leave; some order
    makes the smallest one. A chain's is to have all even tensors first: they lie at 0, and the others above their
    neighbours. Otherwise large ones and long-lived ones first are tried, then, from the best of these, all orders
    until a plan is as small as can be or MAX_TRIES are over.
    """
    conflicts = _conflicts(tensors)
    every = range(len(tensors))
    keys: list[Callable[[int], tuple[int, ...]]] = [
        lambda i: (i % 2, i),
        lambda i: (-tensors[i].size, i),
        lambda i: (tensors[i].first - tensors[i].last, -tensors[i].size),
        lambda i: (-tensors[i].size * (tensors[i].last - tensors[i].first + 1), i),
        lambda i: (-sum(tensors[j].size for j in conflicts[i]) - tensors[i].size, i),
    ]
    orders = [sorted(every, key=lambda i: (i > 0, *key(i))) for key in keys]  # noqa: B023  (used at once)
    plans = [_in_order(tensors, conflicts, order) for order in orders]
    sizes = [_size(tensors, offsets) for offsets in plans]
    best = min(range(len(orders)), key=lambda i: sizes[i])
    if sizes[best] > lower_bound(tensors):
        search = _Search(tensors, conflicts, orders[best], plans[best])
        return search.offsets, search.size
    return plans[best], sizes[best]


def _conflicts(tensors: list[Tensor]) -> list[list[int]]:
    return [
        [j for j, b in enumerate(tensors) if j != i and a.first <= b.last and b.first <= a.last]
        for i, a in enumerate(tensors)
    ]


def _size(tensors: list[Tensor], offsets: Iterable[int]) -> int:
    return max(offset + tensor.size for tensor, offset in zip(tensors, offsets, strict=True))


def _in_order(tensors: list[Tensor], conflicts: list[list[int]], order: Iterable[int]) -> list[int]:
    placed = dict[int, int]()
    for i in order:
        placed[i] = _lowest(tensors, conflicts[i], placed, i)
    return [placed[i] for i in range(len(tensors))]


def _lowest(tensors: list[Tensor], conflicts: list[int], placed: dict[int, int], i: int) -> int:
    """The lowest offset for tensor i beside those that are placed."""
    tensor = tensors[i]
    others = [j for j in conflicts if j in placed]
    partners = [j for j in others if tensor.may_replace == j or tensors[j].may_replace == i]
    candidates = {0} | {placed[j] + tensors[j].size for j in others} | {placed[j] for j in partners}
    for offset in sorted(offset + -offset % tensor.align for offset in candidates):
        if all(
            (offset == placed[j] and j in partners)
            or offset + tensor.size <= placed[j]
            or placed[j] + tensors[j].size <= offset
            for j in others
        ):
            return offset
    raise AssertionError("above all others there is always a place")


class _Search:
    """All orders, those with a part that is no smaller than the best plan left out."""

    def __init__(self, tensors: list[Tensor], conflicts: list[list[int]], order: list[int], offsets: list[int]) -> None:
        self._tensors, self._conflicts, self._order = tensors, conflicts, order
        self.offsets, self.size = offsets, _size(tensors, offsets)
        self._bound, self._tries = lower_bound(tensors), 0
        self._place({}, 0)

    def _place(self, placed: dict[int, int], size: int) -> None:
        if size >= self.size or self.size <= self._bound or self._tries >= MAX_TRIES:
            return
        if len(placed) == len(self._tensors):
            self.size, self.offsets = size, [placed[i] for i in range(len(placed))]
            return
        for i in self._order if placed else self._order[:1]:
            if i not in placed:
                self._tries += 1
                offset = _lowest(self._tensors, self._conflicts[i], placed, i)
                self._place({**placed, i: offset}, max(size, offset + self._tensors[i].size))
