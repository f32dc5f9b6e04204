"""Models whose leaves are summed: what the sums mean, and how files hold them. See docs/formats.md#sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# eml_link_t, in src/emlearn/eml_trees_data.h.
LINKS = ("identity", "exp", "sigmoid", "half sigmoid", "isolation", "softmax", "median")
IDENTITY, EXP, SIGMOID, HALF_SIGMOID, ISOLATION, SOFTMAX, MEDIAN = range(7)
VALUES = (IDENTITY, EXP, MEDIAN)  # of a regression
INT64 = 8  # added to the link in `entry`: leaves are int64, not int32

MAX_BITS = 60  # of a base, and of the number of trees times a leaf


def link_of(entry: int) -> int:
    """Return the link that the header's `entry` says."""
    return entry & ~INT64


def n_sums(entry: int, n_classes: int, n_trees: int) -> int:
    """Return how many sums the trees add to in turn."""
    return {SOFTMAX: n_classes, MEDIAN: n_trees}.get(link_of(entry), 1)


def n_bases(entry: int, n_classes: int, n_trees: int) -> int:
    """Return how many bases there are: where outputs begin, or the weights of the trees."""
    return n_trees if link_of(entry) == MEDIAN else max(n_classes, 1)


def leaf_bits(n_trees: int) -> int:
    """Return how many bits a leaf's magnitude may have."""
    return MAX_BITS - n_trees.bit_length()


def pack(values: NDArray[Any], bases: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return leaves and bases as the words that a file has."""
    leaves = values.astype("<i8" if values.dtype.itemsize == 8 else "<i4").view("<i4")
    return np.concatenate((leaves, bases.astype("<i8").view("<i4")))


def n_words(entry: int, n_leaves: int, n_bases: int) -> int:
    """Return the number of words that `pack` makes."""
    return n_leaves * (2 if entry & INT64 else 1) + 2 * n_bases


def unpack(words: NDArray[Any], entry: int, n_bases: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return leaves and bases of the words that `pack` made."""
    words = np.ascontiguousarray(words, dtype="<i4")
    leaves, bases = words[: len(words) - 2 * n_bases], words[len(words) - 2 * n_bases :]
    values = leaves.copy().view("<i8").astype(np.int64) if entry & INT64 else leaves.astype(np.int32)
    return values, bases.copy().view("<i8").astype(np.int64)


def check(entry: int, n_classes: int, n_trees: int, values: NDArray[Any], bases: NDArray[np.int64]) -> str:
    """Return what is wrong with these numbers, or an empty string."""
    link = link_of(entry)
    if link not in range(len(LINKS)) or entry > INT64 + MEDIAN:
        return f"link {entry} is unknown"
    if n_classes < 2 if link == SOFTMAX else n_classes != (0 if link in VALUES else 2):
        return f"{n_classes} classes do not go with link {LINKS[link]}"
    if values.dtype != (np.int64 if entry & INT64 else np.int32) or bases.dtype != np.int64:
        return "leaves or bases of another type than the header says"
    if len(bases) != n_bases(entry, n_classes, n_trees):
        return f"{len(bases)} bases, not {n_bases(entry, n_classes, n_trees)}"
    # One more than the most negative number that fits is the largest positive one.
    if link != MEDIAN and np.any(bases ^ bases >> 63 >= 1 << MAX_BITS):
        return "a base has more than 60 bits"
    if link == MEDIAN and np.any((bases < 0) | (bases >= 1 << leaf_bits(n_trees))):
        return "a weight is negative or too large to be summed"
    wide = values.astype(np.int64)
    if entry & INT64 and np.any(wide ^ wide >> 63 >= 1 << leaf_bits(n_trees)):
        return "a leaf is too large to be summed"
    return ""
