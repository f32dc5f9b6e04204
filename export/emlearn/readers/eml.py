"""Reader of the binary format. See docs/formats.md."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.document import Document, Golden, Label, Tables
from ..ir.schema import SCHEMAS
from ..writers.eml import CONTAINER, CRC_OFFSET, MAGIC, MAJOR

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
        trailers = self._trailers()
        labels = _read_labels(trailers[b"LABL"]) if b"LABL" in trailers else None
        if labels is not None:
            tables = replace(tables, labels=labels)
        golden = _read_golden(trailers[b"GOLD"], tables) if b"GOLD" in trailers else None
        certificate = _text(trailers[b"CERT"]) if b"CERT" in trailers else None
        return Document(tables, golden, certificate)

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

    def _trailers(self) -> dict[bytes, bytes]:
        trailers: dict[bytes, bytes] = {}
        while self._at < len(self._data):
            if self._at + 8 > len(self._data):
                raise ValueError("truncated: a trailer ends beyond the file")
            tag, length = struct.unpack_from("<4sI", self._data, self._at)
            payload = self._data[self._at + 8 : self._at + 8 + length]
            if len(payload) != length:
                raise ValueError("truncated: a trailer ends beyond the file")
            trailers.setdefault(tag, payload)
            self._at += 8 + length + -length % 4
        return trailers


def _read_labels(payload: bytes) -> tuple[Label, ...]:
    labels: list[Label] = []
    at = 0
    while at < len(payload):
        kind, end = payload[at : at + 1], at + 2 + int.from_bytes(payload[at + 1 : at + 2], "little")
        if end > len(payload) or kind not in (b"i", b"s"):
            raise ValueError("LABL: a label is truncated or of unknown kind")
        text = _text(payload[at + 2 : end])
        labels.append(int(text) if kind == b"i" else text)
        at = end
    return tuple(labels)


def _read_golden(payload: bytes, tables: Tables) -> Golden:
    if len(payload) < 4 or payload[2:3] not in (b"f", b"h"):
        raise ValueError("GOLD: truncated, or features of unknown type")
    n_rows = int.from_bytes(payload[:2], "little")
    dtype = "<i2" if payload[2:3] == b"h" else "<f4"
    row = np.dtype(
        [("x", dtype, tables.n_features), ("pad", "V", -tables.n_features * np.dtype(dtype).itemsize % 4)]
        + [("class", "<u4"), ("outputs", "<f4", tables.n_outputs)]
    )
    if len(payload) != 4 + n_rows * row.itemsize:
        raise ValueError("GOLD: its length does not fit")
    rows = np.frombuffer(payload, row, n_rows, 4)
    features, classes, outputs = (np.ascontiguousarray(rows[name]) for name in ("x", "class", "outputs"))
    return Golden(features.reshape(n_rows, -1), classes, outputs.reshape(n_rows, -1))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError("text that is no UTF-8") from error
