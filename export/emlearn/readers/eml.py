"""Reader of the binary format. See docs/formats.md."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.document import Document, Tables
from ..ir.schema import SCHEMAS
from ..writers.eml import CONTAINER, CRC_OFFSET, MAGIC, MAJOR
from .trailers import with_trailers

__all__ = ["MAGIC", "READERS", "Body", "read"]

# By number of the family; the others are read as their schemas say.
READERS: dict[int, Callable[[Body], Tables]] = {}


def read(data: bytes) -> Document:
    """Read an `.eml` file; ValueError if it is damaged, of another version or family, or refers outside itself."""
    if len(data) < CONTAINER.size or data[:4] != MAGIC:
        raise ValueError("not an .eml file")
    _, major, _, family, _, size, crc = CONTAINER.unpack_from(data)
    known = {*READERS, *SCHEMAS}
    if major != MAJOR or family not in known:
        families = ", ".join(map(str, sorted(known)))
        raise ValueError(f"an .eml file of version {major}, family {family}; this reader knows 1, {families}")
    if size < CONTAINER.size or size % 4 or size > len(data):
        raise ValueError(f"truncated: the header says {size} bytes, the file has {len(data)}")
    data = data[:size]
    if zlib.crc32(data[CONTAINER.size :], zlib.crc32(data[:CRC_OFFSET])) != crc:
        raise ValueError("damaged: the CRC does not fit")
    return Body(data).document(family)


class Body:
    """Reads arrays one after the other, each padded to 4 bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = CONTAINER.size

    def document(self, family: int) -> Document:
        """Read everything that follows the container's header."""
        tables = self._tables(family)
        return with_trailers(tables, self._data[self._at :], "fh")

    def take(self, dtype: str, count: int) -> NDArray[Any]:
        """Read an array."""
        n_bytes = np.dtype(dtype).itemsize * count
        if n_bytes > len(self._data) - self._at:
            raise ValueError("truncated: an array ends beyond the file")
        array = np.frombuffer(self._data, dtype, count, self._at)
        self._at += n_bytes + -n_bytes % 4
        return array.astype(array.dtype.newbyteorder("="))

    def _tables(self, family: int) -> Any:
        if family in READERS:
            return READERS[family](self)
        schema = SCHEMAS[family]
        values = self.header(schema.header())
        numbers = {entry.name: value for entry, value in zip(schema.numbers(), values, strict=True)}
        return schema.from_parts(numbers, lambda each, count: self.take(f"<{each.dtype}", count))

    def header(self, layout: struct.Struct) -> tuple[int, ...]:
        """Read a header of such a layout."""
        if layout.size > len(self._data) - self._at:
            raise ValueError("truncated: the header ends beyond the file")
        self._at += layout.size
        return layout.unpack_from(self._data, self._at - layout.size)
