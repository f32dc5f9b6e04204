"""The text format. See docs/formats.md#csv."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np

from ..ir.document import Document
from ..ir.schema import CODES
from . import writes

VERSION = 1
CELLS = 16  # of an array, in a row of a schema
ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


@writes("csv", ".csv")
def write(document: Document, name: str = "model", method: str = "loadable") -> str:
    """Write a CSV file, lines ended by a line feed; `name` and `method` mean nothing here."""
    tables, golden = document.tables, document.golden
    rows = table_rows(tables)
    for label in tables.labels or ():
        text = "".join(ESCAPES.get(c, c) for c in str(label))
        rows.append(row("label", "i" if isinstance(label, int) else "s", text))
    if golden is not None:
        features = golden.features if golden.features.dtype.kind == "i" else golden.features.view(np.uint32)
        outputs = golden.outputs.view(np.uint32)
        for x, klass, output in zip(features.tolist(), golden.classes.tolist(), outputs.tolist(), strict=True):
            rows += [row("t", *x), row("u", klass, *output)]
    if document.certificate is not None:
        rows.append(row("cert", document.certificate))
    rows.append(row("end", len(rows)))
    return "\n".join(rows) + "\n"


@singledispatch
def table_rows(tables: Any) -> list[str]:
    """Return the rows of the tables; by default the header's numbers, then the arrays, as the schema says."""
    numbers = tables.numbers()
    codes = "".join(CODES[entry.dtype] for entry in numbers)
    rows = [row("eml", VERSION, tables.FAMILY, tables.NUMBER, codes, *(getattr(tables, n.name) for n in numbers))]
    for each in tables.arrays():
        flat = getattr(tables, each.name).reshape(-1)
        cells = (flat.view(np.uint32) if each.dtype == "f4" else flat).tolist()
        code = CODES[each.dtype]
        rows += [row(each.name, code, *cells[i : i + CELLS]) for i in range(0, max(len(cells), 1), CELLS)]
    return rows


def row(tag: str, *cells: int | str) -> str:
    """Return a row as text."""
    return ",".join([tag, *map(str, cells)])
