"""The text format. Its rows f, c, lb, l, r and n are also those of emlearn. See docs/formats.md."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..ir import sums
from ..ir import trees as ir
from ..ir.trees import Document, Trees
from . import writes

VERSION = 1
ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


@writes("csv", ".csv")
def write(document: Document, name: str = "model", method: str = "loadable") -> str:
    """Write a CSV file, lines ended by a line feed; `name` and `method` mean nothing here."""
    trees, golden = document.trees, document.golden
    head = (trees.layout, trees.dtype, trees.leaf, trees.feature_bits, trees.entry)
    counts = (trees.n_trees, trees.n_nodes, trees.n_leaves, trees.n_entries, trees.n_values)
    rows = [_row("eml", VERSION, *head, *counts), _row("f", trees.n_features), _row("c", trees.n_classes)]
    rows.append(_row("lb", 0 if trees.n_classes else 32))
    rows += [_row("s", *pair) for pair in zip(trees.shift.tolist(), trees.offset.tolist(), strict=True)]
    if trees.leaf == ir.LEAF_WEIGHTED:
        rows += [_row("v", *pair) for pair in _words(trees.values.astype("<f8"))]
    elif trees.leaf == ir.LEAF_VALUE:
        rows += [_row("v", value) for value in trees.values.tolist()]
    elif trees.leaf == ir.LEAF_SUM:
        rows += [_row("v", word) for word in sums.pack(trees.values, trees.bases).tolist()]
    entries = np.stack((trees.entry_class, trees.entry_value), axis=1)
    starts = trees.leaf_start.tolist()
    rows += [_row("p", *entries[a:b].reshape(-1).tolist()) for a, b in zip(starts, starts[1:], strict=False)]
    rows += [_row("l", number) for number in most_frequent_classes(trees)]
    rows += [_row("r", root) for root in trees.roots.tolist()]
    rows += _node_rows(trees)
    for label in trees.labels or ():
        text = "".join(ESCAPES.get(c, c) for c in str(label))
        rows.append(_row("label", "i" if isinstance(label, int) else "s", text))
    if golden is not None:
        features = golden.features if golden.features.dtype.kind == "i" else golden.features.view(np.uint32)
        outputs = golden.outputs.view(np.uint32)
        for row, klass, output in zip(features.tolist(), golden.classes.tolist(), outputs.tolist(), strict=True):
            rows += [_row("t", *row), _row("u", klass, *output)]
    if document.certificate is not None:
        rows.append(_row("cert", document.certificate))
    rows.append(_row("end", len(rows)))
    return "\n".join(rows) + "\n"


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


def _row(tag: str, *cells: int | str) -> str:
    return ",".join([tag, *map(str, cells)])
