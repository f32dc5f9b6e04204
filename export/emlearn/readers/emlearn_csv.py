"""CSV files of emlearn, read as scikit-learn meant them: `x <= floor(threshold)` goes left. See docs/formats.md."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..errors import ConvertError
from ..ir.trees import DTYPE_INT16, Ensemble, Trees
from ..passes.layout import layout
from ..passes.leaves import encode
from ..passes.quantise import quantise

_TAGS = ("f", "c", "lb", "l", "r", "n")


def read(lines: list[tuple[int, str]]) -> Trees:
    """Read numbered, non-empty lines; ValueError names the line that is wrong."""
    rows = _rows(lines)
    n_features = _number(rows, "f", 1)
    n_classes = _number(rows, "c", 0)
    leaf_bits = _number(rows, "lb", 0)
    regression = n_classes == 0
    if regression != (leaf_bits == 32):
        raise ValueError(f"line {rows['lb'][0][0]}: lb,{leaf_bits} does not go with c,{n_classes}")
    if not rows["l"] or not rows["r"]:
        raise ValueError("no leaves (rows l), or no trees (rows r)")
    leaf_rows = [_leaf(number, cells, n_classes, leaf_bits) for number, cells in rows["l"]]
    nodes = np.array([_node(number, cells) for number, cells in rows["n"]]).reshape(-1, 4)
    feature, left, right = (nodes[:, i].astype(np.int64) for i in (0, 2, 3))
    roots = np.array([_integer(number, cells[0]) for number, cells in rows["r"]], np.int64)
    element = np.arange(len(nodes))
    left, right = (np.where(child < 0, child, element + child) for child in (left, right))
    _check_references(rows, feature, left, right, roots, n_features, len(leaf_rows))

    # Leaves are shared there; an Ensemble has one for each reference.
    refs = [left, right, roots]
    used = np.concatenate([-1 - r[r < 0] for r in refs])
    at = 0
    for r in refs:
        n = int(np.sum(r < 0))
        r[r < 0] = -1 - np.arange(at, at + n)
        at += n
    counts = [leaf_rows[i] for i in used]
    proportions = np.zeros((len(used), 0)) if regression else np.array(counts, np.float64).reshape(-1, n_classes)
    totals = proportions.sum(axis=1)
    leaf, leaf_class = np.nonzero(proportions)
    ensemble = Ensemble(
        n_features=n_features,
        n_classes=n_classes,
        feature=feature,
        threshold=nodes[:, 1],
        left=left,
        right=right,
        missing_left=np.zeros(len(nodes), bool),
        roots=roots,
        leaf_start=np.searchsorted(leaf, np.arange(len(used) + 1)).astype(np.int64),
        leaf_class=leaf_class.astype(np.int64),
        leaf_proportion=proportions[leaf, leaf_class] / totals[leaf],
        leaf_total=totals,
        leaf_value=np.array([c[0] for c in counts], np.float64) if regression else np.zeros(0),
    )
    try:
        table = encode(ensemble, "hard" if leaf_bits == 0 else "exact")
        return layout(quantise(ensemble, DTYPE_INT16), table, n_features, n_classes)
    except ConvertError as error:
        raise ValueError(str(error)) from error


def _rows(lines: list[tuple[int, str]]) -> dict[str, list[tuple[int, list[str]]]]:
    rows: dict[str, list[tuple[int, list[str]]]] = {tag: [] for tag in _TAGS}
    remaining = iter(lines)
    at = 0
    for number, line in remaining:
        tag, _, rest = line.partition(",")
        if tag not in rows:
            raise ValueError(f"line {number}: unknown row {tag[:20]!r}")
        if _TAGS.index(tag) < at:
            raise ValueError(f"line {number}: a row {tag!r} after rows {_TAGS[at]!r}")
        at = _TAGS.index(tag)
        if rest.startswith("["):
            while not rest.endswith("]"):  # NumPy broke a long list into several lines
                more = next(remaining, None)
                if more is None:
                    raise ValueError(f"line {number}: a list without end")
                rest += " " + more[1]
            rows[tag].append((number, rest[1:-1].split()))
        else:
            rows[tag].append((number, rest.split(",")))
    return rows


def _number(rows: dict[str, list[tuple[int, list[str]]]], tag: str, low: int) -> int:
    if len(rows[tag]) != 1:
        raise ValueError(f"{len(rows[tag])} rows {tag!r}, not 1")
    number, cells = rows[tag][0]
    value = _integer(number, cells[0])
    if len(cells) != 1 or not low <= value <= 0xFFFF:
        raise ValueError(f"line {number}: expected one number from {low} to 65535")
    return value


def _leaf(number: int, cells: list[str], n_classes: int, leaf_bits: int) -> list[float]:
    if n_classes == 0:
        if len(cells) != 1:
            raise ValueError(f"line {number}: expected one value")
        _decimal(number, cells[0])
        return [float(q.decimal_to_float32(cells[0].strip()))]
    if leaf_bits == 0:
        value = _integer(number, cells[0])
        if len(cells) != 1 or not 0 <= value < n_classes:
            raise ValueError(f"line {number}: expected one class below {n_classes}")
        return [float(c == value) for c in range(n_classes)]
    counts = [_integer(number, cell) for cell in cells]
    if len(counts) != n_classes or min(counts) < 0 or max(counts) > 255 or sum(counts) == 0:
        raise ValueError(f"line {number}: expected {n_classes} numbers from 0 to 255, not all 0")
    return [float(c) for c in counts]


def _node(number: int, cells: list[str]) -> tuple[float, ...]:
    if len(cells) != 4:
        raise ValueError(f"line {number}: expected n,feature,threshold,left,right")
    feature, left, right = (_integer(number, cells[i]) for i in (0, 2, 3))
    return feature, _decimal(number, cells[1]), left, right


def _check_references(
    rows: dict[str, list[tuple[int, list[str]]]],
    feature: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    roots: NDArray[np.int64],
    n_features: int,
    n_leaves: int,
) -> None:
    n = len(feature)
    seen = np.zeros(n, np.int64)
    checks = [(rows["n"], child, np.arange(n)) for child in (left, right)]
    checks.append((rows["r"], roots, np.full(len(roots), -1)))
    for lines, refs, after in checks:
        bad = np.where(refs < 0, -1 - refs >= n_leaves, (refs <= after) | (refs >= n))
        if np.any(bad):
            raise ValueError(f"line {lines[int(np.argmax(bad))][0]}: a reference is out of range")
        np.add.at(seen, refs[refs >= 0], 1)
    unknown = (feature < 0) | (feature >= n_features)
    if np.any(unknown):
        raise ValueError(f"line {rows['n'][int(np.argmax(unknown))][0]}: no such feature")
    if np.any(seen > 1):
        raise ValueError(f"line {rows['n'][int(np.argmax(seen > 1))][0]}: two references to one node")


def _integer(number: int, text: str) -> int:
    text = text.strip()
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise ValueError(f"line {number}: {text[:20]!r} is no integer")
    return int(text)


def _decimal(number: int, text: str) -> float:
    text = text.strip()
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?", text):
        raise ValueError(f"line {number}: {text[:20]!r} is no number")
    value = float(text)
    if not np.isfinite(value):
        raise ValueError(f"line {number}: {text[:20]!r} is out of range")
    return value
