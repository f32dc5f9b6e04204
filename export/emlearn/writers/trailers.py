"""What follows the model in a binary file: labels, golden rows, certificate. See docs/formats.md."""

from __future__ import annotations

import struct

from ..ir.document import Document, Golden, Label

TYPECODES = {"f4": "f", "i2": "h", "i1": "b", "u1": "B"}  # of golden features


def pack_trailers(document: Document) -> bytes:
    """Pack the trailers, in their order."""
    packed = b""
    if document.tables.labels is not None:
        packed += _trailer(b"LABL", b"".join(_pack_label(label) for label in document.tables.labels))
    if document.golden is not None:
        packed += _trailer(b"GOLD", _pack_golden(document.golden))
    if document.certificate is not None:
        packed += _trailer(b"CERT", document.certificate.encode())
    return packed


def pad(data: bytes) -> bytes:
    """Pad to 4 bytes."""
    return data + bytes(-len(data) % 4)


def _pack_label(label: Label) -> bytes:
    text = str(label).encode()
    return struct.pack("<cB", b"i" if isinstance(label, int) else b"s", len(text)) + text


def _pack_golden(golden: Golden) -> bytes:
    dtype = golden.features.dtype.str[1:]
    head = struct.pack("<HcB", len(golden.features), TYPECODES[dtype].encode(), 0)
    columns = golden.features.astype(f"<{dtype}"), golden.classes.astype("<u4"), golden.outputs
    rows = zip(*columns, strict=True)
    return head + b"".join(pad(x.tobytes()) + klass.tobytes() + out.astype("<f4").tobytes() for x, klass, out in rows)


def _trailer(tag: bytes, payload: bytes) -> bytes:
    return tag + struct.pack("<I", len(payload)) + pad(payload)
