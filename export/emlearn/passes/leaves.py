"""Leaves as the device votes with them: class numbers, shared records, or values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..errors import ConvertError
from ..ir import entries, sums
from ..ir.trees import LEAF_COUNTS, LEAF_HARD, LEAF_SUM, LEAF_UINT8, LEAF_VALUE, LEAF_WEIGHTED, Ensemble


@dataclass(frozen=True, eq=False)
class LeafTable:
    """Distinct leaves of all trees.

    Attributes
    ----------
    leaf : int
        As in the file header.
    number : ndarray of int64, shape (n_leaves of the Ensemble,)
        Leaf number of each leaf of each tree: a class, ``n_classes`` + a record, or a value.
    leaf_start, entry_class, entry_value : ndarray of int64
        Records.
    values : ndarray of float64, int32 or int64
    exponent : int
        Of the values of regression and sums.
    link : int
        Of sums, as the header's `entry` has it.
    bases : ndarray of int64
        Of sums.
    """

    leaf: int
    number: NDArray[np.int64]
    leaf_start: NDArray[np.int64]
    entry_class: NDArray[np.int64]
    entry_value: NDArray[np.int64]
    values: NDArray[Any]
    exponent: int = 0
    link: int = 0
    bases: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def encode(ensemble: Ensemble, leaf: str) -> LeafTable:
    """Round the leaves as asked and share equal ones.

    Parameters
    ----------
    ensemble : Ensemble
    leaf : {"exact", "uint8", "byte", "hard"}
        "exact" keeps what the estimator computes: as counts if all proportions are ratios of integers up to 65,535,
        which they are without sample weights, else in float64, and as votes if all of them are 0 or 1. Regression and
        sums have values, whatever is asked here. "uint8" has proportions in 255ths; of "byte" class and proportion
        share a byte.

    Raises
    ------
    ConvertError
        If a class leaves too little of a byte for "byte", a value of a regression does not fit in float32, or a leaf
        is so large that sums would not be exact.
    """
    if ensemble.link is not None:
        return _encode_sums(ensemble, ensemble.link)
    if ensemble.n_classes == 0:
        return _encode_values(ensemble)
    if leaf == "hard":
        return _votes(_most_frequent(ensemble))
    if leaf in ("uint8", "byte"):
        value = _in_255ths(ensemble, leaf)
        kept = value > 0
        start = np.concatenate(([0], np.cumsum(kept)))[ensemble.leaf_start]
        return _share(ensemble.n_classes, LEAF_UINT8, start, ensemble.leaf_class[kept], value[kept])
    start, classes, proportion = ensemble.leaf_start, ensemble.leaf_class, ensemble.leaf_proportion
    counts = q.recover_counts(proportion, start, ensemble.leaf_total)
    if counts is not None:
        return _share(ensemble.n_classes, LEAF_COUNTS, start, classes, counts)
    return _share_weighted(ensemble)


def _in_255ths(ensemble: Ensemble, leaf: str) -> NDArray[np.int64]:
    if leaf == "uint8":
        return q.proportions_to_uint8(ensemble.leaf_proportion).astype(np.int64)
    bits = entries.level_bits(ensemble.n_classes)
    if not bits:
        raise ConvertError(f"leaf='byte' is for at most 32 classes, this model has {ensemble.n_classes}; use 'uint8'")
    return entries.to_levels(ensemble.leaf_proportion, bits)


def _votes(number: NDArray[np.int64]) -> LeafTable:
    return LeafTable(LEAF_HARD, number, *(np.zeros(0, np.int64),) * 3, np.zeros(0))


def _encode_values(ensemble: Ensemble) -> LeafTable:
    if not np.all(np.abs(ensemble.leaf_value) <= q.FLOAT32_MAX):  # NaN is not
        raise ConvertError("a leaf's value does not fit in float32 (largest 3.4e38); scale the target before training")
    values, exponent = q.values_to_int32(ensemble.leaf_value)
    distinct, number = np.unique(values, return_inverse=True)
    return LeafTable(LEAF_VALUE, number.astype(np.int64), *(np.zeros(0, np.int64),) * 3, distinct, exponent)


def _encode_sums(ensemble: Ensemble, link: int) -> LeafTable:
    begin = np.zeros(1) if link == sums.MEDIAN else ensemble.bases
    values, bases, exponent = q.sums_to_integers(
        ensemble.leaf_value, begin, sums.leaf_bits(len(ensemble.roots)), sums.MAX_BITS, _sum_error(ensemble)
    )
    if link == sums.MEDIAN:
        largest = 2.0 ** (sums.leaf_bits(len(ensemble.roots)) - 1)
        bases = np.rint(ensemble.bases / np.max(ensemble.bases) * largest).astype(np.int64)
    if 2.0 ** (exponent - 1) > 2**4 * _sum_error(ensemble):
        raise ConvertError(
            f"one leaf is {np.max(np.abs(ensemble.leaf_value)):.3g}, too large to be summed with the others to 1e-6; "
            "train with a lower learning_rate or larger leaves (min_samples_leaf)"
        )
    entry = link | (sums.INT64 if values.dtype == np.int64 else 0)
    distinct, number = np.unique(values, return_inverse=True)
    return LeafTable(
        LEAF_SUM, number.astype(np.int64), *(np.zeros(0, np.int64),) * 3, distinct, exponent, link=entry, bases=bases
    )


def _sum_error(ensemble: Ensemble) -> float:
    """How far a leaf may be rounded: so that a sum of log odds or logarithms is off by 2^-24 at most, which is a
    float32's own rounding of 1; a value by 2^-22 of the largest leaf or, if all are small, 2^-32 of what they add to.
    """
    n_trees = len(ensemble.roots) // (ensemble.n_classes if ensemble.link == sums.SOFTMAX else 1)  # of a sum
    if ensemble.link in (sums.IDENTITY, sums.MEDIAN):
        leaf, base = (float(np.max(np.abs(x), initial=0.0)) for x in (ensemble.leaf_value, ensemble.bases))
        base = 0.0 if ensemble.link == sums.MEDIAN else base
        return 2.0**-22 / n_trees * max(leaf, 2.0**-10 * base) or 1.0
    return 2.0**-24 / n_trees


def _most_frequent(ensemble: Ensemble) -> NDArray[np.int64]:
    """Each leaf's class of largest proportion, the first of equals."""
    leaf = np.repeat(np.arange(len(ensemble.leaf_start) - 1), np.diff(ensemble.leaf_start))
    order = np.lexsort((ensemble.leaf_class, -ensemble.leaf_proportion, leaf))
    return ensemble.leaf_class[order[ensemble.leaf_start[:-1]]]


def _share_weighted(ensemble: Ensemble) -> LeafTable:
    # Pure leaves are told apart by a value that no index has.
    mixed = np.repeat(np.diff(ensemble.leaf_start) > 1, np.diff(ensemble.leaf_start))
    mixed |= ensemble.leaf_proportion != 1.0
    values, index = np.unique(ensemble.leaf_proportion[mixed], return_inverse=True)
    if values.size and values[0] < q.MIN_PROPORTION:
        raise ConvertError("a leaf's proportion is below 2^-1000; use sample weights of more similar size")
    entry_value = np.full(len(mixed), -1, np.int64)
    entry_value[mixed] = index
    return _share(
        ensemble.n_classes, LEAF_WEIGHTED, ensemble.leaf_start, ensemble.leaf_class, entry_value, values=values
    )


def _share(
    n_classes: int,
    leaf: int,
    start: NDArray[np.int64],
    classes: NDArray[np.int64],
    value: NDArray[np.int64],
    values: NDArray[np.float64] | None = None,
) -> LeafTable:
    """Number pure leaves by their class and the distinct others after the classes."""
    pure_value = {LEAF_COUNTS: 1, LEAF_UINT8: 255, LEAF_WEIGHTED: -1}[leaf]
    sizes = np.diff(start)
    number = np.zeros(len(sizes), np.int64)
    record_sizes: list[NDArray[np.int64]] = []
    record_classes: list[NDArray[np.int64]] = []
    record_values: list[NDArray[np.int64]] = []
    n_records = 0
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        entries = start[rows, None] + np.arange(size)
        row_classes, row_values = classes[entries], value[entries]
        if size == 1:
            pure = row_values[:, 0] == pure_value
            number[rows[pure]] = row_classes[pure, 0]
            rows, row_classes, row_values = rows[~pure], row_classes[~pure], row_values[~pure]
        if size == 0:  # np.unique knows no rows without columns
            distinct, inverse = np.zeros((1, 0), np.int64), np.zeros(len(rows), np.int64)
        else:
            distinct, inverse = np.unique(np.hstack((row_classes, row_values)), axis=0, return_inverse=True)
        number[rows] = n_classes + n_records + inverse.reshape(-1)
        n_records += len(distinct)
        record_sizes.append(np.full(len(distinct), size))
        record_classes.append(distinct[:, :size].reshape(-1))
        record_values.append(distinct[:, size:].reshape(-1))
    if n_records == 0:  # every leaf is pure, as in trees grown to the end: each is a vote, and nothing is lost
        return _votes(number)
    leaf_start = np.concatenate(([0], np.cumsum(np.concatenate(record_sizes)))).astype(np.int64)
    return LeafTable(
        leaf,
        number,
        leaf_start,
        np.concatenate(record_classes),
        np.concatenate(record_values),
        np.zeros(0) if values is None else values,
    )
