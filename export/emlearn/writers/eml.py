"""The binary format that devices use in place. See docs/formats.md."""

from __future__ import annotations

import struct
import zlib
from functools import singledispatch
from typing import Any

from numpy.typing import NDArray

from ..ir.document import Document
from . import writes
from .trailers import pack_trailers, pad

MAGIC = b"EML\x1a"
MAJOR, MINOR = 1, 0
CONTAINER = struct.Struct("<4sBBBBII")  # magic, major, minor, family, 0, size, CRC
CRC_OFFSET = 12


@writes("eml", ".eml")
def write(document: Document, name: str = "model", method: str = "loadable") -> bytes:
    """Write an `.eml` file; `name` and `method` mean nothing here."""
    tables = document.tables
    body = pack_header(tables) + b"".join(pad(array.tobytes()) for array in pack_arrays(tables).values())
    body += pack_trailers(document)
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
