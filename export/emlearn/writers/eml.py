"""The binary format that devices use in place. See docs/formats.md."""

from __future__ import annotations

import struct
import zlib
from functools import singledispatch
from typing import Any

from numpy.typing import NDArray

from ..ir.document import Document, Golden, Label
from . import writes

MAGIC = b"EML\x1a"
MAJOR, MINOR = 1, 0
CONTAINER = struct.Struct("<4sBBBBII")  # magic, major, minor, family, 0, size, CRC
CRC_OFFSET = 12


@writes("eml", ".eml")
def write(document: Document, name: str = "model", method: str = "loadable") -> bytes:
    """Write an `.eml` file; `name` and `method` mean nothing here."""
    tables = document.tables
    body = pack_header(tables) + b"".join(_pad(array.tobytes()) for array in pack_arrays(tables).values())
    if tables.labels is not None:
        body += _trailer(b"LABL", b"".join(_pack_label(label) for label in tables.labels))
    if document.golden is not None:
        body += _trailer(b"GOLD", _pack_golden(document.golden))
    if document.certificate is not None:
        body += _trailer(b"CERT", document.certificate.encode())
    size = CONTAINER.size + len(body)
    head = CONTAINER.pack(MAGIC, MAJOR, MINOR, tables.NUMBER, 0, size, 0)[:CRC_OFFSET]
    crc = zlib.crc32(body, zlib.crc32(head))
    return head + struct.pack("<I", crc) + body


@singledispatch
def pack_header(tables: Any) -> bytes:
    """Pack the family's header, which follows the container's; by default as the tables' schema says."""
    return bytes(tables.header().pack(*(int(getattr(tables, entry.name)) for entry in tables.numbers())))


@singledispatch
def pack_arrays(tables: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays by the names of docs/formats.md, in file order, little-endian and without padding."""
    return {each.name: getattr(tables, each.name).astype(f"<{each.dtype}") for each in tables.arrays()}


def _pack_label(label: Label) -> bytes:
    text = str(label).encode()
    return struct.pack("<cB", b"i" if isinstance(label, int) else b"s", len(text)) + text


def _pack_golden(golden: Golden) -> bytes:
    integers = golden.features.dtype.kind == "i"
    head = struct.pack("<HcB", len(golden.features), b"h" if integers else b"f", 0)
    columns = golden.features.astype("<i2" if integers else "<f4"), golden.classes.astype("<u4"), golden.outputs
    rows = zip(*columns, strict=True)
    return head + b"".join(_pad(x.tobytes()) + klass.tobytes() + out.astype("<f4").tobytes() for x, klass, out in rows)


def _trailer(tag: bytes, payload: bytes) -> bytes:
    return tag + struct.pack("<I", len(payload)) + _pad(payload)


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
