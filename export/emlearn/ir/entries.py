"""Entries of leaf records, a class and a value each: how they are packed. See docs/formats.md."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# The header's `entry`; more than INDICES: the bits of the level in a byte, whose others are the class.
SHORT, INDICES = 0, 1
MAX_LEVEL_BITS = 7
MIN_LEVEL_BITS = 3  # that are written: 4 levels would be too few


def level_bits(n_classes: int) -> int:
    """Return how many bits of a byte the class leaves for a level; 0 if those are too few."""
    bits = min(8 - (n_classes - 1).bit_length(), MAX_LEVEL_BITS)
    return bits if bits >= MIN_LEVEL_BITS else 0


def levels(bits: int) -> NDArray[np.int64]:
    """Return the proportions that levels stand for, in 255ths: the square of (level + 1) / 2^bits, rounded half up.

    The first may be 0, which no entry has.
    """
    root = np.arange(1, (1 << bits) + 1)
    found: NDArray[np.int64] = (255 * root * root + (1 << (2 * bits - 1))) >> 2 * bits
    return found


def to_levels(proportions: NDArray[np.float64], bits: int) -> NDArray[np.int64]:
    """Round proportions to those of levels, in 255ths, by their roots; 0 where the nearest root is 0."""
    root = np.rint(np.sqrt(proportions) * (1 << bits)).astype(np.int64)
    found: NDArray[np.int64] = np.concatenate(([0], levels(bits)))[root]
    return found


def kind_of(classes: NDArray[Any], values: NDArray[Any], n_classes: int, is_uint8: bool) -> int:
    """Return the smallest kind of entry that holds these.

    Parameters
    ----------
    classes, values : ndarray of int, shape (n_entries,)
    n_classes : int
    is_uint8 : bool
        Whether values are proportions in 255ths, which may be levels.
    """
    bits = level_bits(n_classes) if is_uint8 and len(values) else 0
    if bits and np.all(np.isin(values, levels(bits))):
        return bits
    return SHORT if max(classes.max(initial=0), values.max(initial=0)) < 256 else INDICES


def size_of(entry: int, index: int) -> int:
    """Return the bytes of an entry where an index has so many."""
    return 1 if entry > INDICES else 2 * index if entry else 2


def pack(classes: NDArray[np.uint32], values: NDArray[np.uint32], entry: int, index: str) -> NDArray[Any]:
    """Return the entries as a file has them; index: dtype of an index."""
    if entry == SHORT:
        return (classes | values << 8).astype("<u2")
    if entry == INDICES:
        return np.stack((classes, values), axis=1).astype(index)
    return (classes << entry | np.searchsorted(levels(entry), values)).astype("u1")


def unpack(words: NDArray[Any], entry: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return classes and values of what `pack` made."""
    if entry == INDICES:
        classes, values = words.reshape(-1, 2).T
    elif entry == SHORT:
        classes, values = words & 0xFF, words >> 8
    else:
        classes, values = words >> entry, levels(entry)[words & ((1 << entry) - 1)]
    return classes.astype(np.uint32), values.astype(np.uint32)


def check(classes: NDArray[Any], values: NDArray[Any], entry: int, is_uint8: bool) -> str:
    """Return what is wrong with entries of this kind, or nothing."""
    if entry > INDICES and not (is_uint8 and entry <= MAX_LEVEL_BITS):
        return f"entry {entry} is not for these leaves"
    if entry == SHORT:
        fits = (classes < 256) & (values < 256)
    elif entry > INDICES:
        fits = (classes < 1 << (8 - entry)) & np.isin(values, levels(entry))
    else:
        return ""
    return "" if np.all(fits) else "an entry is too large for this layout"
