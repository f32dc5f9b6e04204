"""How files hold trees, whose nodes are packed more tightly than a schema can say. See docs/formats.md#trees."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir import entries, sums
from ..ir import trees as ir
from ..ir.trees import Trees
from ..passes.plain import plain
from .csv import VERSION, row, table_rows
from .eml import pack_arrays, pack_header

HEADER = struct.Struct("<HHHBBBBBBIIII")


@pack_header.register
def pack_trees_header(trees: Trees) -> bytes:
    """Pack the trees' header, which follows the container's."""
    return HEADER.pack(
        trees.n_features,
        trees.n_classes,
        trees.n_trees,
        trees.layout,
        trees.dtype,
        trees.leaf,
        trees.feature_bits,
        trees.entry,
        0,
        trees.n_elements,
        trees.n_leaves,
        trees.n_entries,
        trees.n_values,
    )


@pack_arrays.register
def pack_trees_arrays(trees: Trees) -> dict[str, NDArray[Any]]:
    """Return the arrays by the names of docs/formats.md, in file order, little-endian and without padding."""
    index = "<u4" if trees.layout == ir.WIDE else "<u2"
    roots = trees.packed8.roots if trees.layout == ir.PACKED8 else trees.roots
    arrays: dict[str, NDArray[Any]] = {"nodes": _pack_nodes(trees), "roots": roots.astype(index)}
    if trees.dtype == ir.DTYPE_SCALED:
        arrays["scale"] = np.stack((trees.shift, trees.offset), axis=1).astype("<i4")
    if trees.leaf in ir.RECORD_LEAVES:
        arrays["leaf_start"] = trees.leaf_start.astype(index)
        arrays["entries"] = entries.pack(trees.entry_class, trees.entry_value, trees.entry, index)
    if trees.leaf == ir.LEAF_WEIGHTED:
        arrays["values"] = trees.values.astype("<f8")
    elif trees.leaf == ir.LEAF_VALUE:
        arrays["values"] = trees.values.astype("<i4")
    elif trees.leaf == ir.LEAF_SUM:
        arrays["values"] = sums.pack(trees.values, trees.bases)
    return arrays


def _pack_nodes(trees: Trees) -> NDArray[Any]:
    """Words of the nodes, shape (n_nodes, words a node) unless the layout is packed8."""
    if trees.layout == ir.PACKED8:
        return trees.packed8.words.astype("<u4")
    left, right = trees.left.astype(np.int64), trees.right.astype(np.int64)
    leaf_bit = 0x80000000 if trees.layout == ir.WIDE else 0x8000
    right_ref = np.where(right < 0, (-1 - right) | leaf_bit, right * ir.JUMP_UNITS[trees.layout])
    missing = trees.missing_left.astype(np.int64)
    if trees.layout == ir.WIDE:
        left_ref = np.where(left < 0, (-1 - left) | leaf_bit, left)
        threshold = trees.threshold.astype(np.int64) & 0xFFFFFFFF
        return np.stack((missing << 30 | trees.feature, threshold, left_ref, right_ref), axis=1).astype("<u4")
    same_leaf = ir.left_codes(trees.feature_bits) + 1
    code = np.where(trees.is_leaf, same_leaf, np.where(left < 0, -left, 0))
    first = missing << 15 | code << trees.feature_bits | trees.feature
    low, high = trees.threshold & 0xFFFF, trees.threshold >> 16 & 0xFFFF
    words = (first, right_ref, low) if trees.layout == ir.PACKED16 else (first, right_ref, low, high)
    return np.stack(words, axis=1).astype("<u2")


@table_rows.register
def trees_rows(trees: Trees) -> list[str]:
    """Return the rows of trees, packed8 as another layout. Those called f, c, lb, l, r and n are also emlearn's."""
    trees = plain(trees)
    head = (trees.layout, trees.dtype, trees.leaf, trees.feature_bits, trees.entry)
    counts = (trees.n_trees, trees.n_nodes, trees.n_leaves, trees.n_entries, trees.n_values)
    rows = [row("eml", VERSION, *head, *counts), row("f", trees.n_features), row("c", trees.n_classes)]
    rows.append(row("lb", 0 if trees.n_classes else 32))
    rows += [row("s", *pair) for pair in zip(trees.shift.tolist(), trees.offset.tolist(), strict=True)]
    if trees.leaf == ir.LEAF_WEIGHTED:
        rows += [row("v", *pair) for pair in _words(trees.values.astype("<f8"))]
    elif trees.leaf == ir.LEAF_VALUE:
        rows += [row("v", value) for value in trees.values.tolist()]
    elif trees.leaf == ir.LEAF_SUM:
        rows += [row("v", word) for word in sums.pack(trees.values, trees.bases).tolist()]
    pairs = np.stack((trees.entry_class, trees.entry_value), axis=1)
    starts = trees.leaf_start.tolist()
    rows += [row("p", *pairs[a:b].reshape(-1).tolist()) for a, b in zip(starts, starts[1:], strict=False)]
    rows += [row("l", number) for number in most_frequent_classes(trees)]
    rows += [row("r", root) for root in trees.roots.tolist()]
    rows += _node_rows(trees)
    return rows


def most_frequent_classes(trees: Trees) -> list[int]:
    """Return for each leaf number of a classifier the class that a hard vote would be for, the first of equals."""
    if trees.leaf == ir.LEAF_SUM:
        return []
    classes = list(range(trees.n_classes))
    value = trees.values[trees.entry_value] if trees.leaf == ir.LEAF_WEIGHTED else trees.entry_value
    starts = trees.leaf_start.tolist()
    for a, b in zip(starts, starts[1:], strict=False):
        classes.append(int(trees.entry_class[a + int(np.argmax(value[a:b]))]) if b > a else 0)
    return classes


def _node_rows(trees: Trees) -> list[str]:
    # emlearn's reader asks `value < threshold`, which for integers is `value <= threshold - 1`.
    plus = 0 if trees.dtype == ir.DTYPE_FLOAT else 1
    columns = (trees.feature, trees.threshold.astype(np.int64) + plus, trees.left, trees.right, trees.missing_left)
    rows = []
    for feature, threshold, left, right, missing in zip(*(c.tolist() for c in columns), strict=True):
        rows.append(f"n,{feature},{threshold},{left},{right}" + (",1" if missing else ""))
    return rows


def _words(values: NDArray[np.float64]) -> list[list[int]]:
    return [[int(word) for word in row] for row in values.view("<u4").reshape(len(values), -1)]
