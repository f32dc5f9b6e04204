"""Nodes of 4 bytes, whose thresholds are a byte: how trees become elements, and elements trees. See docs/formats.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

WINDOW = 256  # thresholds that a slot can tell apart
MAX_LEFT_LEAF, MAX_RIGHT_LEAF, MAX_JUMP = 253, 127, 127  # in a node; beyond, an element behind it extends it
EXTENDED = 255  # as left code
NEXT = 0xFFFF  # as left child of an extension
MAX_REFERENCE, MAX_LEAF_NUMBER = 0x7FFF, 0x7FFE  # of an extension
MAX_ELEMENTS = 0xFFFF


@dataclass(frozen=True, eq=False)
class Packed:
    """Elements.

    Attributes
    ----------
    words : ndarray of uint32, shape (n_elements,)
        Slots unless they are direct, thresholds, and from roots[0] on nodes.
    roots : ndarray of uint32, shape (n_trees,)
    n_tables, n_extensions : int
        Elements before the nodes; and among the nodes, of those whose children do not fit.
    """

    words: NDArray[np.uint32]
    roots: NDArray[np.uint32]
    n_tables: int
    n_extensions: int


@dataclass(frozen=True, eq=False)
class Nodes:
    """Nodes as in `Trees`, one an element, without extensions."""

    feature: Ints
    threshold: Ints
    left: Ints
    right: Ints
    missing_left: NDArray[np.bool_]
    roots: Ints


def max_slots(is_int16: bool) -> int:
    """How many slots a node can name: where there is NaN, a bit is missing_left."""
    return 256 if is_int16 else 128


def pack(nodes: Nodes, direct: bool, is_float: bool, is_int16: bool) -> Packed:
    """Pack nodes, the trees in their order.

    Parameters
    ----------
    nodes : Nodes
    direct : bool
        See `is_direct`.
    is_float, is_int16 : bool
        The dtype: thresholds are of 32 bits, or features are int16 as they are.

    Raises
    ------
    ValueError
        If there are too many features, thresholds, leaves or nodes; the message says how many.
    """
    left, right = nodes.left, nodes.right
    decides = ~((left < 0) & (left == right))
    if direct:
        thresholds = np.unique(np.append(nodes.threshold[decides], [] if np.any(decides) else [0]).astype(np.int64))
        slot, index = np.where(decides, nodes.feature, 0), np.searchsorted(thresholds, nodes.threshold)
        index, tables = np.where(decides, index, 0), _elements(thresholds, is_float)
    else:
        slot, index, tables = _tables(nodes.feature, nodes.threshold, decides, is_float)
    n_slots, most = 1 + int(slot.max(initial=0)), max_slots(is_int16)
    if n_slots > most:
        n_used = len(np.unique(nodes.feature[decides]))
        raise ValueError(
            f"{n_used} features need {n_slots} tables of up to {WINDOW} thresholds; packed8 has {most} of them"
        )
    last = int(np.max(-1 - np.concatenate((left, right)), initial=0))
    if last > MAX_LEAF_NUMBER:
        raise ValueError(f"{last + 1:,} leaves; packed8 has {MAX_LEAF_NUMBER + 1:,}")

    extended = (left < -1 - MAX_LEFT_LEAF) | (right < -1 - MAX_RIGHT_LEAF)
    inner = np.flatnonzero(right >= 0)
    while True:  # an extension makes the jumps over it longer
        at = np.cumsum(1 + extended) - 1 - extended
        jump = at[inner + right[inner]] - at[inner]
        too_long = inner[(jump > MAX_JUMP) & ~extended[inner]]
        if not len(too_long):
            break
        extended[too_long] = True
    at += len(tables)
    n_elements = len(tables) + len(left) + int(np.sum(extended))
    if n_elements > MAX_ELEMENTS or int(jump.max(initial=0)) > MAX_REFERENCE:
        raise ValueError(
            f"{n_elements:,} elements of 4 bytes; packed8 has {MAX_ELEMENTS:,}, and jumps over half of them"
        )

    reference = np.where(right < 0, -1 - right, 0)
    reference[inner] = jump
    is_leaf = right < 0
    words = np.zeros(n_elements, np.int64)
    words[: len(tables)] = tables
    code = np.where(extended, EXTENDED, np.where(left < 0, -left, 0))
    high = np.where(extended, 0, reference | is_leaf << 7)
    words[at] = slot | nodes.missing_left.astype(np.int64) << 7 | index << 8 | code << 16 | high << 24
    far_left = np.where(left < 0, 0x8000 | (-1 - left), NEXT)
    words[at[extended] + 1] = (reference | is_leaf << 15 | far_left << 16)[extended]
    return Packed(words.astype(np.uint32), at[nodes.roots].astype(np.uint32), len(tables), int(np.sum(extended)))


def _tables(feature: Ints, threshold: Ints, decides: NDArray[np.bool_], is_float: bool) -> tuple[Ints, Ints, Ints]:
    """Slot and index of each node, and the elements that they refer to.

    A feature has a slot for each 256 thresholds. Slots share thresholds as far as 256 hold those of all of them.
    """
    slot, index = np.zeros(len(feature), np.int64), np.zeros(len(feature), np.int64)
    of_slot: list[tuple[int, Ints, Ints]] = []  # feature, thresholds, nodes
    for number in np.unique(feature[decides]).tolist():
        own = np.flatnonzero(decides & (feature == number))
        values, of_node = np.unique(threshold[own], return_inverse=True)
        for start in range(0, len(values), WINDOW):
            inside = (of_node >= start) & (of_node < start + WINDOW)
            of_slot.append((number, values[start : start + WINDOW], own[inside]))
    if not of_slot:
        of_slot = [(0, np.zeros(1, np.int64), np.zeros(0, np.int64))]
    shared: list[set[int]] = []
    place = np.zeros(len(of_slot), np.int64)
    for i in sorted(range(len(of_slot)), key=lambda i: (-len(of_slot[i][1]), i)):
        own_values = set(of_slot[i][1].tolist())
        common = [len(own_values & each) if len(own_values | each) <= WINDOW else 0 for each in shared]
        best = int(np.argmax(common)) if common else 0
        if not common or common[best] == 0:
            best = len(shared)
            shared.append(set())
        shared[best] |= own_values
        place[i] = best
    lists = [np.array(sorted(each), np.int64) for each in shared]
    unit = 1 if is_float else 2  # thresholds an element
    starts = np.cumsum([0, *map(len, lists)]) + unit * len(of_slot)
    for i, (_, _, own) in enumerate(of_slot):
        slot[own], index[own] = i, np.searchsorted(lists[place[i]], threshold[own])
    if starts[-1] > MAX_ELEMENTS:
        raise ValueError(f"{starts[-1] - starts[0]:,} thresholds; packed8 has {MAX_ELEMENTS - starts[0]:,}")
    slots = [number | int(starts[place[i]]) << 16 for i, (number, _, _) in enumerate(of_slot)]
    return slot, index, np.concatenate((slots, _elements(np.concatenate(lists), is_float)))


def _elements(thresholds: Ints, is_float: bool) -> Ints:
    if is_float:
        return thresholds & 0xFFFFFFFF
    halves = np.concatenate((thresholds, np.zeros(len(thresholds) % 2, np.int64))) & 0xFFFF
    return halves[::2] | halves[1::2] << 16


def is_direct(nodes: Nodes, n_features: int, is_int16: bool) -> bool:
    """Whether nodes can name their feature, and a threshold out of one table for all features: there are no slots."""
    decides = ~((nodes.left < 0) & (nodes.left == nodes.right))
    return n_features <= max_slots(is_int16) and len(np.unique(nodes.threshold[decides])) <= WINDOW


def unpack(words: NDArray[Any], roots: NDArray[Any], direct: bool, is_float: bool, is_int16: bool) -> Nodes:
    """Return the nodes of elements out of a file.

    Raises
    ------
    ValueError
        If they refer beyond what is there.
    """
    elements, first = words.astype(np.int64), int(roots[0]) if len(roots) else 0
    _check(first < len(elements), "a root is beyond the last element")
    signed = elements - (elements >> 31 << 32)
    if is_float:
        thresholds = signed[:first]
    else:
        halves = np.stack((elements[:first] & 0xFFFF, elements[:first] >> 16), axis=1).reshape(-1)
        thresholds = halves - (halves >> 15 << 16)
    at = _starts(elements, first)
    word = elements[at]
    slot = word & (0xFF if is_int16 else 0x7F)
    if not direct:
        _check(bool(np.all(slot < first)), "a node's slot is out of range")
        slot = elements[slot]
    where = (slot >> 16) + (word >> 8 & 0xFF)
    _check(bool(np.all(where < len(thresholds))), "a node's threshold is out of range")
    extended = word >> 24 == 0
    code, high = word >> 16 & 0xFF, word >> 24
    _check(bool(np.all((code == EXTENDED) == extended)), "a node is neither extended nor whole")
    right = np.where(high >> 7 == 1, -1 - (high & 0x7F), high)
    left = np.where(code > 0, -code, 1)
    far = elements[at[extended] + 1]
    _check(bool(np.all(far >> 31 == 1)), "an extension is none")
    right[extended] = np.where(far >> 15 & 1 == 1, -1 - (far & 0x7FFF), far & 0x7FFF)
    left[extended] = np.where(far >> 16 == NEXT, 1, -1 - (far >> 16 & 0x7FFF))

    number = np.full(len(elements), -1, np.int64)  # of the node that is an element
    number[at] = np.arange(len(at))
    _check(bool(np.all(roots < len(elements))) and bool(np.all(number[roots] >= 0)), "a root is no node")
    _check(bool(np.all(right != 0)), "a node refers to itself")
    inner = np.flatnonzero(right > 0)
    target = at[inner] + right[inner]
    _check(bool(np.all(target < len(elements))) and bool(np.all(number[target] >= 0)), "a jump leads to no node")
    right[inner] = number[target] - inner
    missing_left = np.zeros(len(at), bool) if is_int16 else word >> 7 & 1 == 1
    return Nodes(slot & 0xFFFF, thresholds[where], left, right, missing_left, number[roots])


def _starts(elements: Ints, first: int) -> Ints:
    """Elements that are nodes, not extensions of them."""
    starts, i, high = [], first, (elements >> 24).tolist()
    while i < len(high):
        starts.append(i)
        i += 1 if high[i] else 2
    _check(i == len(high), "the last node lacks its extension")
    return np.array(starts, np.int64)


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
