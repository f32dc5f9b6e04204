"""The binary format that devices use in place. See docs/formats.md."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir import sums
from ..ir import trees as ir
from ..ir.trees import Document, Golden, Label, Trees
from . import writes

MAGIC = b"EML\x1a"
MAJOR, MINOR, FAMILY_TREES = 1, 0, 1
CONTAINER = struct.Struct("<4sBBBBII")  # magic, major, minor, family, 0, size, CRC
HEADER = struct.Struct("<HHHBBBBBBIIII")
CRC_OFFSET = 12


@writes("eml", ".eml")
def write(document: Document, name: str = "model", method: str = "loadable") -> bytes:
    """Write an `.eml` file; `name` and `method` mean nothing here."""
    trees = document.trees
    body = pack_header(trees) + b"".join(_pad(array.tobytes()) for array in pack_arrays(trees).values())
    if trees.labels is not None:
        body += _trailer(b"LABL", b"".join(_pack_label(label) for label in trees.labels))
    if document.golden is not None:
        body += _trailer(b"GOLD", _pack_golden(document.golden))
    if document.certificate is not None:
        body += _trailer(b"CERT", document.certificate.encode())
    size = CONTAINER.size + len(body)
    head = CONTAINER.pack(MAGIC, MAJOR, MINOR, FAMILY_TREES, 0, size, 0)[:CRC_OFFSET]
    crc = zlib.crc32(body, zlib.crc32(head))
    return head + struct.pack("<I", crc) + body


def pack_header(trees: Trees) -> bytes:
    """Pack the trees' header, which follows the container's."""
    return HEADER.pack(
        trees.n_features,
        trees.n_classes,
        trees.n_trees,
        trees.layout,
        trees.dtype,
        trees.leaf,
        trees.feature_bits,
        trees.entry,
        0,
        trees.n_nodes,
        trees.n_leaves,
        trees.n_entries,
        trees.n_values,
    )


def pack_arrays(trees: Trees) -> dict[str, NDArray[Any]]:
    """Return the arrays by the names of docs/formats.md, in file order, little-endian and without padding."""
    index = "<u4" if trees.layout == ir.WIDE else "<u2"
    arrays: dict[str, NDArray[Any]] = {"nodes": _pack_nodes(trees), "roots": trees.roots.astype(index)}
    if trees.dtype == ir.DTYPE_SCALED:
        arrays["scale"] = np.stack((trees.shift, trees.offset), axis=1).astype("<i4")
    if trees.leaf in ir.RECORD_LEAVES:
        arrays["leaf_start"] = trees.leaf_start.astype(index)
        if trees.entry:
            arrays["entries"] = np.stack((trees.entry_class, trees.entry_value), axis=1).astype(index)
        else:
            arrays["entries"] = (trees.entry_class | trees.entry_value << 8).astype("<u2")
    if trees.leaf == ir.LEAF_WEIGHTED:
        arrays["values"] = trees.values.astype("<f8")
    elif trees.leaf == ir.LEAF_VALUE:
        arrays["values"] = trees.values.astype("<i4")
    elif trees.leaf == ir.LEAF_SUM:
        arrays["values"] = sums.pack(trees.values, trees.bases)
    return arrays


def _pack_nodes(trees: Trees) -> NDArray[Any]:
    """Words of the nodes, shape (n_nodes, words a node)."""
    left, right = trees.left.astype(np.int64), trees.right.astype(np.int64)
    leaf_bit = 0x80000000 if trees.layout == ir.WIDE else 0x8000
    right_ref = np.where(right < 0, (-1 - right) | leaf_bit, right * ir.JUMP_UNITS[trees.layout])
    missing = trees.missing_left.astype(np.int64)
    if trees.layout == ir.WIDE:
        left_ref = np.where(left < 0, (-1 - left) | leaf_bit, left)
        threshold = trees.threshold.astype(np.int64) & 0xFFFFFFFF
        return np.stack((missing << 30 | trees.feature, threshold, left_ref, right_ref), axis=1).astype("<u4")
    same_leaf = ir.left_codes(trees.feature_bits) + 1
    code = np.where(trees.is_leaf, same_leaf, np.where(left < 0, -left, 0))
    first = missing << 15 | code << trees.feature_bits | trees.feature
    low, high = trees.threshold & 0xFFFF, trees.threshold >> 16 & 0xFFFF
    words = (first, right_ref, low) if trees.layout == ir.PACKED16 else (first, right_ref, low, high)
    return np.stack(words, axis=1).astype("<u2")


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
