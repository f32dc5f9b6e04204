"""Reader of the text format: our files here, those of emlearn in `emlearn_csv`. See docs/formats.md."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir import sums
from ..ir import trees as ir
from ..ir.document import Document, Golden, Label, Tables
from ..ir.schema import CODES, SCHEMAS, Array, Schema
from ..ir.trees import Trees
from ..writers.csv import CELLS
from . import emlearn_csv

_MAX_COUNT = 1 << 25  # of nodes, leaves, entries, values
_UNESCAPES = {"\\": "\\", "n": "\n", "r": "\r"}


def read(text: str) -> Document:
    """Read a CSV file, ours or emlearn's; ValueError names the line that is wrong."""
    lines = [(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), 1) if line.rstrip("\r")]
    if not lines:
        raise ValueError("an empty file")
    if not lines[0][1].startswith("eml,"):
        return Document(emlearn_csv.read(lines))
    return _Rows(lines).document()


class _Rows:
    """Takes rows in their order, each with the tag and the number of cells that it must have."""

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        self._lines = lines
        self._at = 0

    def document(self) -> Document:
        first = self._lines[0][1].split(",")
        tables = self._trees() if first[2:3] and parse_int(first[2]) is not None else self._schema()
        if self._next_is("label"):
            labels = tuple(self._label() for _ in range(tables.n_classes))
            try:
                tables = replace(tables, labels=labels)
            except ValueError as error:
                raise self._error(str(error)) from error
        golden = self._golden(tables)
        certificate = self._line("cert").partition(",")[2] if self._next_is("cert") else None
        n_before = self._at
        if self._cells("end", 1) != [n_before]:
            raise self._error(f"`end` should say {n_before} rows")
        if self._at != len(self._lines):
            raise ValueError(f"line {self._lines[self._at][0]}: a row after `end`")
        return Document(tables, golden, certificate)

    def _schema(self) -> Schema:
        _, version, family, number, codes, *texts = (self._line("eml").split(",") + [""] * 5)[: len(self._lines[0][1])]
        schema = SCHEMAS.get(parse_int(number) or 0)
        if version != "1" or schema is None or family != schema.FAMILY:
            raise self._error(f"version {version[:20]!r}, family {family[:20]!r}; this reader knows neither")
        values = [parse_int(text) for text in texts[: len(schema.numbers())]]
        numbers = {entry.name: v for entry, v in zip(schema.numbers(), values, strict=False) if v is not None}
        if codes != "".join(CODES[entry.dtype] for entry in schema.numbers()) or len(numbers) < len(schema.numbers()):
            raise self._error("not the numbers of a header")
        try:
            return schema.from_parts(numbers, self._array)
        except ValueError as error:
            raise error if str(error).startswith("line ") else self._error(str(error)) from error

    def _array(self, each: Array, count: int) -> NDArray[Any]:
        dtype = np.dtype("u4" if each.dtype == "f4" else each.dtype)
        limits = np.iinfo(dtype)
        cells = list[int]()
        if count == 0 and not self._next_is(each.name):  # as before formats knew it
            return np.zeros(0, each.dtype)
        while not cells or len(cells) < count:
            code, *texts = (self._line(each.name) + ",").split(",")[1:-1]
            if code != CODES[each.dtype]:
                raise self._error(f"{each.name} is of type {CODES[each.dtype]!r}")
            here = min(CELLS, count - len(cells))
            if len(texts) != here:
                raise self._error(f"{len(texts)} cells, not {here}")
            cells += self._integers(texts, int(limits.min), int(limits.max))
            if count == 0:
                break
        return np.array(cells, dtype).view(each.dtype)

    def _trees(self) -> Trees:
        version, layout, dtype, leaf, feature_bits, entry, n_trees, *counts = self._cells("eml", 11)
        n_nodes, n_leaves, n_entries, n_values = counts
        if version != 1:
            raise self._error(f"version {version}; this reader knows version 1")
        exponent = n_values + ir.MIN_EXPONENT if leaf in ir.NUMBER_LEAVES else 0
        if layout > ir.WIDE or dtype > ir.DTYPE_SCALED or leaf > ir.LEAF_SUM or max(counts) > _MAX_COUNT:
            raise self._error("a number out of range")
        if n_values and leaf != ir.LEAF_WEIGHTED and leaf not in ir.NUMBER_LEAVES:
            raise self._error("values of leaves that have none")
        (n_features,) = self._cells("f", 1, 1, 0xFFFF)
        (n_classes,) = self._cells("c", 1, 0, 0xFFFF)
        if self._cells("lb", 1) != [0 if n_classes else 32]:
            raise self._error("lb is 0 for classification, 32 for regression")
        n_scales = n_features if dtype == ir.DTYPE_SCALED else 0
        scales = np.array([self._cells("s", 2, -(2**31), 2**31 - 1) for _ in range(n_scales)], np.int32).reshape(-1, 2)
        bases = np.zeros(0, np.int64)
        if leaf == ir.LEAF_SUM:
            n_bases = sums.n_bases(entry, n_classes, n_trees)
            words = self._values(ir.LEAF_VALUE, sums.n_words(entry, n_leaves, n_bases), 0)
            values, bases = sums.unpack(words, entry, n_bases)
        else:
            values = self._values(leaf, n_leaves, n_values)
        records = n_leaves if leaf in ir.RECORD_LEAVES else 0
        leaf_start, entries = self._records(records, n_entries, leaf in ir.RECORD_LEAVES)
        for _ in range(0 if leaf in ir.NUMBER_LEAVES else n_classes + records):
            self._cells("l", 1, 0, max(n_classes - 1, 0))
        roots = np.array([self._cells("r", 1)[0] for _ in range(n_trees)], np.uint32)
        nodes = self._nodes(n_nodes, dtype)
        try:
            return Trees(
                n_features=n_features,
                n_classes=n_classes,
                layout=layout,
                dtype=dtype,
                leaf=leaf,
                feature_bits=feature_bits,
                entry=entry,
                feature=nodes[:, 0].astype(np.uint16),
                threshold=nodes[:, 1].astype(np.int32),
                left=nodes[:, 2].astype(np.int32),
                right=nodes[:, 3].astype(np.int32),
                missing_left=nodes[:, 4] == 1,
                roots=roots,
                shift=scales[:, 0].copy(),
                offset=scales[:, 1].copy(),
                leaf_start=leaf_start,
                entry_class=entries[:, 0].copy(),
                entry_value=entries[:, 1].copy(),
                values=values,
                exponent=exponent,
                bases=bases,
            )
        except ValueError as error:
            raise self._error(str(error)) from error

    def _values(self, leaf: int, n_leaves: int, n_values: int) -> NDArray[np.float64] | NDArray[np.int32]:
        if leaf == ir.LEAF_VALUE:
            return np.array([self._cells("v", 1, -(2**31), 2**31 - 1)[0] for _ in range(n_leaves)], np.int32)
        pairs = [self._cells("v", 2) for _ in range(n_values)]
        return np.array(pairs, "<u4").reshape(-1).view("<f8").astype(np.float64)

    def _records(
        self, n_records: int, n_entries: int, has_records: bool
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        start, entries = [0], list[int]()
        for _ in range(n_records):
            cells = self._cells("p", None)
            if len(cells) % 2:
                raise self._error("a class without a value")
            entries += cells
            start.append(len(entries) // 2)
        if len(entries) != 2 * n_entries:
            raise self._error(f"{len(entries) // 2} entries, where the first row says {n_entries}")
        return np.array(start if has_records else [], np.uint32), np.array(entries, np.uint32).reshape(-1, 2)

    def _nodes(self, n_nodes: int, dtype: int) -> NDArray[np.int64]:
        """Feature, threshold, left, right, missing_left of each element."""
        low, high = (-(2**31), 2**31 - 1) if dtype == ir.DTYPE_FLOAT else (-(2**31) + 1, 2**31)
        rows: list[list[int]] = []
        for _ in range(n_nodes):
            cells = self._cells("n", None, low, high)
            if len(cells) not in (4, 5) or (len(cells) == 5 and cells[4] != 1) or not 0 <= cells[0] <= 0xFFFF:
                raise self._error("expected n,feature,threshold,left,right and perhaps ,1")
            if max(abs(cells[2]), abs(cells[3])) > _MAX_COUNT:
                raise self._error("a child is out of range")
            rows.append((cells + [0])[:5])
        nodes = np.array(rows, np.int64).reshape(-1, 5)
        nodes[:, 1] -= dtype != ir.DTYPE_FLOAT
        leaf = (nodes[:, 2] < 0) & (nodes[:, 2] == nodes[:, 3])
        nodes[leaf, 0] = nodes[leaf, 1] = nodes[leaf, 4] = 0
        return nodes

    def _label(self) -> Label:
        _, kind, text = (self._line("label").split(",", 2) + ["", ""])[:3]
        characters = iter(text)
        try:
            unescaped = "".join(c if c != "\\" else _UNESCAPES[next(characters)] for c in characters)
            if kind == "i":
                return int(unescaped)
        except (KeyError, StopIteration, RuntimeError, ValueError) as error:
            raise self._error("a label that is no integer, or an unknown escape") from error
        if kind != "s":
            raise self._error("a label's kind is neither i nor s")
        return unescaped

    def _golden(self, tables: Tables) -> Golden | None:
        integers = tables.typecode == "h"
        low, high = (-32768, 32767) if integers else (0, 2**32 - 1)
        features, classes, outputs = list[list[int]](), list[int](), list[list[int]]()
        while self._next_is("t"):
            features.append(self._cells("t", tables.n_features, low, high))
            klass, *output = self._cells("u", 1 + tables.n_outputs)
            classes.append(klass)
            outputs.append(output)
        if not features:
            return None
        raw = np.array(features, np.int16) if integers else np.array(features, np.uint32).view(np.float32)
        return Golden(raw, np.array(classes, np.uint32), np.array(outputs, np.uint32).view(np.float32))

    def _next_is(self, tag: str) -> bool:
        return self._at < len(self._lines) and self._lines[self._at][1].partition(",")[0] == tag

    def _line(self, tag: str) -> str:
        if self._at == len(self._lines):
            raise ValueError(f"line {self._lines[-1][0]}: the file ends where a row {tag!r} should follow")
        found = self._lines[self._at][1].partition(",")[0]
        self._at += 1
        if found != tag:
            raise self._error(f"a row {found[:20]!r} where {tag!r} should be")
        return self._lines[self._at - 1][1]

    def _cells(self, tag: str, count: int | None, low: int = 0, high: int = 2**32 - 1) -> list[int]:
        texts = self._line(tag).split(",")[1:]
        if count is not None and len(texts) != count:
            raise self._error(f"{len(texts)} cells in a row {tag!r}, not {count}")
        return self._integers(texts, low, high)

    def _integers(self, texts: list[str], low: int, high: int) -> list[int]:
        cells = [parse_int(text) for text in texts]
        good = [cell for cell in cells if cell is not None and low <= cell <= high]
        if len(good) < len(texts):
            bad = next(text for text, cell in zip(texts, cells, strict=True) if cell not in good)
            raise self._error(f"{bad[:20]!r} is no integer from {low} to {high}")
        return good

    def _error(self, message: str) -> ValueError:
        return ValueError(f"line {self._lines[self._at - 1][0]}: {message}")


def parse_int(text: str) -> int | None:
    """Parse plain decimal digits with an optional minus sign: int() would also take spaces, underscores and a plus."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else None
