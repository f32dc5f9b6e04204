"""Reader of what follows the model in a binary file. See docs/formats.md."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import numpy as np

from ..ir.document import Document, Golden, Label
from ..writers.trailers import TYPECODES


def with_trailers(tables: Any, data: bytes, typecodes: str) -> Document:
    """Return a model with what its trailers hold, which fill the data.

    Parameters
    ----------
    tables : Tables
        Without labels.
    typecodes : str
        Of golden features, those that such a model takes.
    """
    trailers = _trailers(data)
    if b"LABL" in trailers:
        tables = replace(tables, labels=_read_labels(trailers[b"LABL"]))
    golden = _read_golden(trailers[b"GOLD"], tables, typecodes) if b"GOLD" in trailers else None
    certificate = _text(trailers[b"CERT"]) if b"CERT" in trailers else None
    return Document(tables, golden, certificate)


def _trailers(data: bytes) -> dict[bytes, bytes]:
    trailers: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise ValueError("truncated: a trailer ends beyond the file")
        tag, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length
        if end + -length % 4 > len(data):
            raise ValueError("truncated: a trailer ends beyond the file")
        trailers.setdefault(tag, data[at + 8 : end])
        at = end + -length % 4
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


def _read_golden(payload: bytes, tables: Any, typecodes: str) -> Golden:
    dtypes = {code.encode(): f"<{dtype}" for dtype, code in TYPECODES.items() if code in typecodes}
    if len(payload) < 4 or payload[2:3] not in dtypes:
        raise ValueError("GOLD: truncated, or features of unknown type")
    n_rows = int.from_bytes(payload[:2], "little")
    dtype = dtypes[payload[2:3]]
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
