"""Reader of trees out of the binary format. See docs/formats.md#trees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir import entries, packed8, sums
from ..ir import trees as ir
from ..ir.trees import Trees
from ..writers.trees import HEADER
from .eml import READERS, Body


def read_trees(body: Body) -> Trees:
    """Read trees."""
    fields = body.header(HEADER)
    n_features, n_classes, n_trees, layout, dtype, leaf, feature_bits, entry, _ = fields[:9]
    n_nodes, n_leaves, n_entries, n_values = fields[9:]
    packed_bits = layout in (ir.WIDE, ir.PACKED8) or feature_bits in ir.FEATURE_BITS
    if layout > ir.PACKED8 or leaf > ir.LEAF_SUM or not packed_bits:
        raise ValueError("unknown layout, leaf or feature_bits")
    if leaf != ir.LEAF_SUM and entry > entries.MAX_LEVEL_BITS:
        raise ValueError("unknown entry")
    wide, records = layout == ir.WIDE, leaf in ir.RECORD_LEAVES
    has_values = leaf == ir.LEAF_WEIGHTED or leaf in ir.NUMBER_LEAVES
    if (n_entries and not records) or (n_values and not has_values) or (n_leaves and leaf == ir.LEAF_HARD):
        raise ValueError("counts that do not fit the kind of leaf")
    index = "<u4" if wide else "<u2"
    if layout == ir.PACKED8:
        words, roots = body.take("<u4", n_nodes), body.take(index, n_trees)
        direct = feature_bits == ir.DIRECT
        of = packed8.unpack(words, roots, direct, dtype == ir.DTYPE_FLOAT, dtype == ir.DTYPE_INT16)
        feature, threshold, left, right, missing_left = of.feature, of.threshold, of.left, of.right, of.missing_left
        roots = of.roots
    else:
        words = body.take("<u4" if wide else "<u2", n_nodes * (3 if layout == ir.PACKED16 else 4))
        feature, threshold, left, right, missing_left = _unpack_nodes(words, layout, feature_bits)
        roots = body.take(index, n_trees)
    scale = body.take("<i4", 2 * n_features if dtype == ir.DTYPE_SCALED else 0).reshape(-1, 2)
    start = body.take(index, n_leaves + 1 if records else 0)
    if not records:
        classes, shares = np.zeros((2, 0), np.uint32)
    else:
        code = "u1" if entry > entries.INDICES else index if entry else "<u2"
        classes, shares = entries.unpack(body.take(code, n_entries * (1 + (entry == entries.INDICES))), entry)
    bases = np.zeros(0, np.int64)
    if leaf == ir.LEAF_SUM:
        n_bases = sums.n_bases(entry, n_classes, n_trees)
        words = body.take("<i4", sums.n_words(entry, n_leaves, n_bases))
        values, bases = sums.unpack(words, entry, n_bases)
    else:
        values = body.take("<i4", n_leaves) if leaf == ir.LEAF_VALUE else body.take("<f8", n_values)
    trees = Trees(
        n_features=n_features,
        n_classes=n_classes,
        layout=layout,
        dtype=dtype,
        leaf=leaf,
        feature_bits=feature_bits,
        entry=entry,
        feature=feature.astype(np.uint16),
        threshold=threshold.astype(np.int32),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        missing_left=missing_left,
        roots=roots.astype(np.uint32),
        shift=scale[:, 0].copy(),
        offset=scale[:, 1].copy(),
        leaf_start=start.astype(np.uint32),
        entry_class=classes,
        entry_value=shares,
        values=values,
        exponent=n_values + ir.MIN_EXPONENT if leaf in ir.NUMBER_LEAVES else 0,
        bases=bases,
    )
    leaf_element = trees.is_leaf
    if np.any((trees.feature | trees.threshold | trees.missing_left)[leaf_element]):  # what is of no consequence
        zero = {name: getattr(trees, name).copy() for name in ("feature", "threshold", "missing_left")}
        for array in zero.values():
            array[leaf_element] = 0
        trees = replace(trees, **zero)
    return trees


READERS[Trees.NUMBER] = read_trees


def _unpack_nodes(words: NDArray[Any], layout: int, feature_bits: int) -> tuple[NDArray[Any], ...]:
    """Feature, threshold, left, right and missing_left of each element."""
    words = words.reshape(-1, 3 if layout == ir.PACKED16 else 4).astype(np.int64)
    first = words[:, 0]
    if layout == ir.WIDE:
        if np.any(first & 0xBFFF0000):
            raise ValueError("unknown bits in a node")
        threshold = words[:, 1] - (words[:, 1] >> 31 << 32)
        left, right = _reference(words[:, 2], 31), _reference(words[:, 3], 31)
        return first & 0xFFFF, threshold, left, right, first >> 30 == 1
    feature, code = first & (1 << feature_bits) - 1, (first & 0x7FFF) >> feature_bits
    right, unit = _reference(words[:, 1], 15), ir.JUMP_UNITS[layout]
    same_leaf = code > ir.left_codes(feature_bits)
    if np.any(same_leaf & (right >= 0)):
        raise ValueError("a leaf element refers to an element")
    if np.any(right[right >= 0] % unit):
        raise ValueError("a jump into the middle of an element")
    right = np.where(right < 0, right, right // unit)
    left = np.where(same_leaf, right, np.where(code > 0, -code, 1))
    high = words[:, -1] - (words[:, -1] >> 15 << 16)
    threshold = words[:, 2] | high << 16 if layout == ir.PACKED32 else high
    return feature, threshold, left, right, first >> 15 == 1


def _reference(words: NDArray[np.int64], leaf_bit: int) -> NDArray[np.int64]:
    number = words & ((1 << leaf_bit) - 1)
    return np.where(words >> leaf_bit & 1, -1 - number, number)
