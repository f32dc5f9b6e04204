"""Tree ensembles, before (`Ensemble`) and after (`Trees`) rounding and layout. See docs/formats.md#trees."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from . import entries, sums
from .document import MAX_LABEL_BYTES, Document, Golden, Label, Output, check_labels
from .packed8 import Nodes, Packed, is_direct, pack

# Header values, as in docs/formats.md and src/emlearn/eml_trees.h.
LAYOUTS = ("packed16", "packed32", "wide", "packed8")
PACKED16, PACKED32, WIDE, PACKED8 = range(4)
DTYPES = ("float", "int16", "int16 scaled")
DTYPE_FLOAT, DTYPE_INT16, DTYPE_SCALED = range(3)
LEAVES = ("hard", "counts", "weighted", "uint8", "value", "sum")
LEAF_HARD, LEAF_COUNTS, LEAF_WEIGHTED, LEAF_UINT8, LEAF_VALUE, LEAF_SUM = range(6)
RECORD_LEAVES = (LEAF_COUNTS, LEAF_WEIGHTED, LEAF_UINT8)
NUMBER_LEAVES = (LEAF_VALUE, LEAF_SUM)

LEFT_CODE_BITS = 15  # of a packed node's first word, shared by the feature and the left code
FEATURE_BITS = range(8, 15)  # of them, in a packed layout
DIRECT = 1  # feature_bits of packed8 without slots
JUMP_UNITS = {PACKED16: 3, PACKED32: 2, WIDE: 1}  # in which a right jump of one element is written
MAX_PACKED_REFERENCE = 0x7FFF
MIN_EXPONENT, MAX_EXPONENT = -256, 255  # of values and sums

__all__ = ["MAX_LABEL_BYTES", "Document", "Ensemble", "Golden", "Label", "Trees"]


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Decision trees as the estimator has them: float64 thresholds, one leaf for each leaf of each tree.

    A reference is the number of a decision node, or ``-1 - n`` for leaf n. Each node is referred to once on the left or
    deepest on the right; nodes above that one, which follow one another on their left, may share it on their right.

    Attributes
    ----------
    n_features : int
    n_classes : int
        0 for regression.
    feature : ndarray of int64, shape (n_nodes,)
    threshold : ndarray of float64, shape (n_nodes,)
        Features not above it go left.
    left, right : ndarray of int64, shape (n_nodes,)
        References.
    missing_left : ndarray of bool, shape (n_nodes,)
        Whether NaN goes left.
    roots : ndarray of int64, shape (n_trees,)
        References.
    leaf_start : ndarray of int64, shape (n_leaves + 1,)
        Classification: leaf i is the entries from leaf_start[i] to leaf_start[i + 1].
    leaf_class : ndarray of int64, shape (n_entries,)
        Increasing inside a leaf.
    leaf_proportion : ndarray of float64, shape (n_entries,)
        In (0, 1].
    leaf_total : ndarray of float64, shape (n_leaves,)
        Summed sample weights of the leaves.
    leaf_value : ndarray of float64, shape (n_leaves,)
        Regression and sums only.
    labels : tuple of int or str, optional
        Class labels, unless they are 0, 1, 2...
    classes : ndarray, optional
        Class labels as the estimator has them.
    random_thresholds : bool
        Thresholds were drawn at random (extra trees), not put midway between two training values.
    allows_missing : bool
        The estimator predicts rows that have NaN.
    link : int, optional
        What the sum of the leaves means, see `ir.sums`; None where their mean is meant.
    bases : ndarray of float64, shape (n_outputs,)
        Where each sum begins. With a single sum for two classes, the second is that, and the first is the sum above
        which it means the second class. Of a median, the weights of the trees.
    rounds_features : bool
        The library rounds features to float32 before it compares them.
    equal_goes : {"left", "right", ""}
        The library's own thresholds are values of the training data, which go there; "" where they lie midway between.
    categories : dict of int to ndarray
        Features of which a transformer before the trees takes these numbers only.
    """

    n_features: int
    n_classes: int
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    roots: NDArray[np.int64]
    leaf_start: NDArray[np.int64]
    leaf_class: NDArray[np.int64]
    leaf_proportion: NDArray[np.float64]
    leaf_total: NDArray[np.float64]
    leaf_value: NDArray[np.float64]
    labels: tuple[Label, ...] | None = None
    classes: NDArray[Any] | None = None
    random_thresholds: bool = False
    allows_missing: bool = False
    link: int | None = None
    bases: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    rounds_features: bool = True
    equal_goes: str = ""
    categories: dict[int, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Trees:
    """Device-ready trees; every writer writes these arrays and every reader returns them.

    Raises ValueError when made from arrays that the device would refuse.

    Attributes
    ----------
    n_features, n_classes : int
        n_classes is 0 for regression.
    layout, dtype, leaf, feature_bits, entry : int
        As in the file header.
    feature : ndarray of uint16, shape (n_nodes,)
        0 in leaf elements.
    threshold : ndarray of int32, shape (n_nodes,)
        Values above it go right. Keys of float32 for dtype float. 0 in leaf elements.
    left, right : ndarray of int32, shape (n_nodes,)
        A jump of that many elements, or ``-1 - n`` for leaf n; both the same leaf in a leaf element.
    missing_left : ndarray of bool, shape (n_nodes,)
    roots : ndarray of uint32, shape (n_trees,)
        Elements.
    shift, offset : ndarray of int32, shape (n_features,)
        Scale of each feature; empty unless dtype is int16 scaled.
    leaf_start : ndarray of uint32, shape (n_leaves + 1,)
        Records are entries from leaf_start[i] to leaf_start[i + 1]; empty when leaf has no records.
    entry_class, entry_value : ndarray of uint32, shape (n_entries,)
    values : ndarray of float64, shape (n_values,), or of int32 or int64, shape (n_leaves,)
        Weighted proportions, or the values of regression and sums in units of 2^exponent.
    exponent : int
        0 without such values.
    bases : ndarray of int64, shape (n_outputs,)
        Of sums, in the same units, as in `Ensemble`; weights in any.
    labels : tuple of int or str, optional
        Absent when the labels are 0, 1, 2...
    """

    FAMILY: ClassVar[str] = "trees"
    NUMBER: ClassVar[int] = 1

    n_features: int
    n_classes: int
    layout: int
    dtype: int
    leaf: int
    feature_bits: int
    entry: int
    feature: NDArray[np.uint16]
    threshold: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    roots: NDArray[np.uint32]
    shift: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    offset: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    leaf_start: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    entry_class: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    entry_value: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    values: NDArray[Any] = field(default_factory=lambda: np.zeros(0, np.float64))
    exponent: int = 0
    bases: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    labels: tuple[Label, ...] | None = None

    def __post_init__(self) -> None:
        self.validate()

    @property
    def n_nodes(self) -> int:
        """Number of nodes, leaf elements among them."""
        return len(self.feature)

    @property
    def n_elements(self) -> int:
        """Number of elements of the node array: nodes, and what packed8 has beside them."""
        return len(self.packed8.words) if self.layout == PACKED8 else self.n_nodes

    @cached_property
    def packed8(self) -> Packed:
        """Elements of the layout packed8."""
        direct = self.feature_bits == DIRECT
        return pack(self._nodes8(), direct, self.dtype == DTYPE_FLOAT, self.dtype == DTYPE_INT16)

    @property
    def fits_direct(self) -> bool:
        """Whether packed8 needs no slots: feature_bits may be DIRECT."""
        return is_direct(self._nodes8(), self.n_features, self.dtype == DTYPE_INT16)

    def _nodes8(self) -> Nodes:
        columns = (self.feature, self.threshold, self.left, self.right, self.roots)
        feature, threshold, left, right, roots = (column.astype(np.int64) for column in columns)
        return Nodes(feature, threshold, left, right, self.missing_left, roots)

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.roots)

    @property
    def n_leaves(self) -> int:
        """Number of records, or of values for regression and sums; 0 for hard leaves."""
        return len(self.values) if self.leaf in NUMBER_LEAVES else max(len(self.leaf_start) - 1, 0)

    @property
    def n_entries(self) -> int:
        """Number of entries in all records together."""
        return len(self.entry_class)

    @property
    def n_values(self) -> int:
        """The header's field: the number of float64 proportions of weighted leaves; of values, exponent + 256."""
        if self.leaf in NUMBER_LEAVES:
            return self.exponent - MIN_EXPONENT
        return len(self.values) if self.leaf == LEAF_WEIGHTED else 0

    @property
    def n_leaf_numbers(self) -> int:
        """Number of leaf numbers: classes and records, or values."""
        return self.n_leaves + (0 if self.leaf == LEAF_SUM else self.n_classes)

    @property
    def n_outputs(self) -> int:
        """Number of outputs: classes, or 1 for regression."""
        return max(self.n_classes, 1)

    @property
    def output(self) -> Output:
        """What the outputs are."""
        return Output.PROBABILITIES if self.n_classes else Output.VALUES

    @property
    def typecode(self) -> str:
        """Of the raw features: "h" for dtype int16 without scales, else "f"."""
        return "h" if self.dtype == DTYPE_INT16 else "f"

    @property
    def dtype_name(self) -> str:
        """What the model compares: "float", "int16" or "int16 scaled"."""
        return DTYPES[self.dtype]

    def facts(self) -> dict[str, Any]:
        """Return facts about the trees, by name."""
        n_leaf_elements = int(np.sum(self.is_leaf))
        facts = {
            "leaf": LEAVES[self.leaf],
            "layout": LAYOUTS[self.layout],
            "n_trees": self.n_trees,
            "n_decisions": self.n_nodes - n_leaf_elements,
            "n_leaf_elements": n_leaf_elements,
            "n_leaf_records": self.n_leaves,
        }
        if self.layout == PACKED8:
            facts |= {"n_tables": self.packed8.n_tables, "n_extensions": self.packed8.n_extensions}
        return facts

    @property
    def summary(self) -> str:
        """The model in a few words."""
        task = f"{self.n_classes} classes" if self.n_classes else "regression"
        kind = f"dtype {DTYPES[self.dtype]}, leaves {LEAVES[self.leaf]}"
        return f"{self.n_trees} trees, {self.n_features} features, {task}, {kind}"

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        """Which elements are leaf elements."""
        return np.asarray((self.left < 0) & (self.left == self.right))

    def validate(self) -> None:
        """Raise ValueError unless the device would accept these trees."""
        _check(self.n_features in range(1, 0x10000), f"n_features is {self.n_features}, not 1..65535")
        _check(self.n_trees in range(1, 0x10000), f"n_trees is {self.n_trees}, not 1..65535")
        known = self.layout in range(4) and self.dtype in range(3) and self.leaf in range(6)
        _check(known, "unknown layout, dtype or leaf")
        packed = PACKED32 if self.dtype == DTYPE_FLOAT else PACKED16
        fits = self.layout in (packed, WIDE, PACKED8)
        _check(fits, f"layout {LAYOUTS[self.layout]} is not for dtype {DTYPES[self.dtype]}")
        _check(self.layout != PACKED8 or self.leaf != LEAF_SUM, "layout packed8 is not for leaves that are summed")
        has_entry = self.leaf in (*RECORD_LEAVES, LEAF_SUM)
        _check(has_entry or self.entry in (0, 1), f"entry is {self.entry}, not 0 or 1")
        bits = {WIDE: range(1), PACKED8: range(DIRECT + 1)}.get(self.layout, FEATURE_BITS)
        fits = self.feature_bits in bits
        _check(fits, f"{self.feature_bits} feature bits are not for this layout")
        _check(MIN_EXPONENT <= self.exponent <= MAX_EXPONENT, f"exponent is {self.exponent}, not -256..255")
        _check(self.leaf in NUMBER_LEAVES or self.exponent == 0, "an exponent in a model whose leaves have no values")
        _check(self.leaf == LEAF_SUM or len(self.bases) == 0, "bases in a model whose leaves are not summed")
        if self.leaf == LEAF_SUM:
            wrong = sums.check(self.entry, self.n_classes, self.n_trees, self.values, self.bases)
            _check(not wrong, wrong)
        elif self.leaf == LEAF_VALUE:
            _check(self.n_classes == 0, "regression leaves in a model with classes")
        else:
            _check(self.n_classes in range(1, 0x10000), f"n_classes is {self.n_classes}, not 1..65535")
        scales = self.n_features if self.dtype == DTYPE_SCALED else 0
        _check(len(self.shift) == scales and len(self.offset) == scales, f"{len(self.shift)} scales, not {scales}")
        _check(bool(np.all(np.abs(self.shift.astype(np.int64)) <= q.MAX_SHIFT)), "a shift is outside -120..120")
        _check(bool(np.all(np.abs(self.offset.astype(np.int64)) <= q.MAX_OFFSET)), "an offset is outside -2^29..2^29")
        self._validate_nodes()
        self._validate_records()
        check_labels(self.labels, self.n_classes)

    def _validate_nodes(self) -> None:
        n, node = self.n_nodes, ~self.is_leaf
        columns = (self.threshold, self.left, self.right, self.missing_left)
        _check(all(len(column) == n for column in columns), "node arrays differ in length")
        _check(n > 0 and bool(np.all(self.roots < n)), "a root is beyond the last element")
        _check(bool(np.all(self.feature < self.n_features)), "a node's feature is out of range")
        element = np.arange(n)
        for child in (self.left, self.right):
            inside = np.where(child < 0, -1 - child.astype(np.int64) < self.n_leaf_numbers, element + child < n)
            _check(bool(np.all(inside & (child != 0))), "a node's child is out of range")
        if self.dtype == DTYPE_INT16:
            _check(not np.any(self.missing_left), "missing_left in a model of integers, which has no NaN")
        low = -(2**31) if self.dtype == DTYPE_FLOAT else q.INT16_MIN
        high = {DTYPE_FLOAT: q.KEY_INFINITY, DTYPE_INT16: q.INT16_MAX, DTYPE_SCALED: q.SCALED_MAX}[self.dtype]
        fits = (self.threshold >= low) & (self.threshold <= high)
        _check(bool(np.all(fits)), f"a threshold is outside {low}..{high}")
        if self.layout == PACKED8:
            _check(bool(np.all((self.left < 0) | (self.left == 1))), "a left child is not the next element")
            return  # packing tells the rest
        if self.layout == WIDE:
            return
        _check(self.n_features <= 1 << self.feature_bits, "too few feature bits")
        left, right = self.left[node], self.right[node]
        coded = (left < 0) & (-left <= left_codes(self.feature_bits))
        _check(bool(np.all((left == 1) | coded)), "a left child has no code in this layout")
        _check(bool(np.all(right <= max_jump(self.layout))), "a right jump is too long for this layout")
        _check(bool(np.all(self.right >= -1 - MAX_PACKED_REFERENCE)), "a leaf number is too large for this layout")

    def _validate_records(self) -> None:
        start, classes, value = self.leaf_start.astype(np.int64), self.entry_class, self.entry_value
        _check(len(value) == len(classes), "entry arrays differ")
        if self.leaf not in RECORD_LEAVES:
            _check(len(start) == 0 and len(classes) == 0, "records in a model whose leaves have none")
            _check(self.leaf in NUMBER_LEAVES or len(self.values) == 0, "values in a model whose leaves have none")
            return
        _check(len(start) > 0 and start[0] == 0 and start[-1] == len(classes), "records do not cover the entries")
        sizes = np.diff(start)
        _check(bool(np.all(sizes >= (0 if self.leaf == LEAF_UINT8 else 1))), "a record is empty or runs backwards")
        _check(bool(np.all(classes < self.n_classes)), "an entry's class is out of range")
        inside = np.ones(max(len(classes) - 1, 0), dtype=bool)
        boundary = start[1:-1]
        inside[boundary[(boundary > 0) & (boundary < len(classes))] - 1] = False
        _check(bool(np.all(np.diff(classes.astype(np.int64))[inside] > 0)), "classes do not increase inside a record")
        wrong = entries.check(classes, value, self.entry, self.leaf == LEAF_UINT8)
        _check(not wrong, wrong)
        if self.leaf == LEAF_COUNTS:
            totals = np.add.reduceat(value.astype(np.int64), start[:-1]) if len(sizes) else np.zeros(0)
            fits = bool(np.all(value > 0)) and bool(np.all(totals <= q.MAX_COUNT_TOTAL))
            _check(fits, "a record's counts are out of range")
        elif self.leaf == LEAF_WEIGHTED:
            _check(bool(np.all(value < len(self.values))), "an entry refers beyond the last value")
            fits = bool(np.all((self.values >= q.MIN_PROPORTION) & (self.values <= 1)))
            _check(fits, "a proportion is outside 2^-1000..1")
        else:
            _check(bool(np.all((value > 0) & (value <= 255))), "a proportion is outside 1..255")
        if self.leaf != LEAF_WEIGHTED:
            _check(len(self.values) == 0, "values in a model whose leaves have none")


def left_codes(feature_bits: int) -> int:
    """How many leaf numbers, from 0 on, a packed node has codes for; all zeros and all ones mean something else."""
    return (1 << (LEFT_CODE_BITS - feature_bits)) - 2


def max_jump(layout: int) -> int:
    """How many elements a packed node's right child may be away."""
    return MAX_PACKED_REFERENCE // JUMP_UNITS[layout]


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
