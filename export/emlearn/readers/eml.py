"""Reader of the binary format. See docs/formats.md."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir import trees as ir
from ..ir.trees import Document, Golden, Label, Trees
from ..writers.eml import CONTAINER, CRC_OFFSET, FAMILY_TREES, HEADER, MAGIC, MAJOR

__all__ = ["MAGIC", "read"]


def read(data: bytes) -> Document:
    """Read an `.eml` file; ValueError if it is damaged, of another version or family, or refers outside itself."""
    if len(data) < CONTAINER.size or data[:4] != MAGIC:
        raise ValueError("not an .eml file")
    _, major, _, family, _, size, crc = CONTAINER.unpack_from(data)
    if major != MAJOR or family != FAMILY_TREES:
        raise ValueError(
            f"an .eml file of version {major}, family {family}; this reader knows version 1, family 1 (trees)"
        )
    if size < CONTAINER.size + HEADER.size or size % 4 or size > len(data):
        raise ValueError(f"truncated: the header says {size} bytes, the file has {len(data)}")
    data = data[:size]
    if zlib.crc32(data[CONTAINER.size :], zlib.crc32(data[:CRC_OFFSET])) != crc:
        raise ValueError("damaged: the CRC does not fit")
    body = _Body(data)
    return body.document()


class _Body:
    """Reads arrays one after the other, each padded to 4 bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = CONTAINER.size

    def document(self) -> Document:
        trees = self._trees()
        trailers = self._trailers()
        labels = _read_labels(trailers[b"LABL"]) if b"LABL" in trailers else None
        if labels is not None:
            trees = replace(trees, labels=labels)
        golden = _read_golden(trailers[b"GOLD"], trees) if b"GOLD" in trailers else None
        certificate = _text(trailers[b"CERT"]) if b"CERT" in trailers else None
        return Document(trees, golden, certificate)

    def _take(self, dtype: str, count: int) -> NDArray[Any]:
        n_bytes = np.dtype(dtype).itemsize * count
        if n_bytes > len(self._data) - self._at:
            raise ValueError("truncated: an array ends beyond the file")
        array = np.frombuffer(self._data, dtype, count, self._at)
        self._at += n_bytes + -n_bytes % 4
        return array.astype(array.dtype.newbyteorder("="))

    def _trees(self) -> Trees:
        fields = HEADER.unpack_from(self._data, self._at)
        self._at += HEADER.size
        n_features, n_classes, n_trees, layout, dtype, leaf, feature_bits, entry, _ = fields[:9]
        n_nodes, n_leaves, n_entries, n_values = fields[9:]
        if layout > ir.WIDE or feature_bits > ir.LEFT_CODE_BITS or leaf > ir.LEAF_VALUE:
            raise ValueError("unknown layout, leaf or feature_bits")
        wide, records = layout == ir.WIDE, leaf in ir.RECORD_LEAVES
        has_values = leaf == ir.LEAF_WEIGHTED
        if (n_entries and not records) or (n_values and not has_values) or (n_leaves and leaf == ir.LEAF_HARD):
            raise ValueError("counts that do not fit the kind of leaf")
        index = "<u4" if wide else "<u2"
        words = self._take("<u4" if wide else "<u2", n_nodes * (3 if layout == ir.PACKED16 else 4))
        feature, threshold, left, right, missing_left = _unpack_nodes(words, layout, feature_bits)
        roots = self._take(index, n_trees).astype(np.uint32)
        scale = self._take("<i4", 2 * n_features if dtype == ir.DTYPE_SCALED else 0).reshape(-1, 2)
        start = self._take(index, n_leaves + 1 if records else 0)
        if entry:
            entries = self._take(index, 2 * n_entries).reshape(-1, 2).astype(np.uint32)
        else:
            packed = self._take("<u2", n_entries).astype(np.uint32)
            entries = np.stack((packed & 0xFF, packed >> 8), axis=1)
        values = self._take("<f4", n_leaves) if leaf == ir.LEAF_VALUE else self._take("<f8", n_values)
        return Trees(
            n_features=n_features,
            n_classes=n_classes,
            layout=layout,
            dtype=dtype,
            leaf=leaf,
            feature_bits=feature_bits,
            entry=entry,
            feature=feature.astype(np.uint16),
            threshold=threshold.astype(np.int32),
            left=left.astype(np.int32),
            right=right.astype(np.int32),
            missing_left=missing_left,
            roots=roots,
            shift=scale[:, 0].copy(),
            offset=scale[:, 1].copy(),
            leaf_start=start.astype(np.uint32),
            entry_class=entries[:, 0].copy(),
            entry_value=entries[:, 1].copy(),
            values=values,
        )

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


def _unpack_nodes(words: NDArray[Any], layout: int, feature_bits: int) -> tuple[NDArray[Any], ...]:
    """Feature, threshold, left, right and missing_left of each element."""
    words = words.reshape(-1, 3 if layout == ir.PACKED16 else 4).astype(np.int64)
    first = words[:, 0]
    if layout == ir.WIDE:
        is_leaf, missing, feature = first >> 31 & 1, first >> 30 & 1, first & 0xFFFF
        threshold = words[:, 1] - (words[:, 1] >> 31 << 32)
        left, right = _reference(words[:, 2], 31), _reference(words[:, 3], 31)
    else:
        is_leaf, missing, feature = first >> 15 & 1, first >> 14 & 1, first & (1 << feature_bits) - 1
        code = (first & 0x3FFF) >> feature_bits
        left, right = np.where(code > 0, -code, 1), _reference(words[:, 1], 15)
        high = words[:, -1] - (words[:, -1] >> 15 << 16)
        threshold = words[:, 2] | high << 16 if layout == ir.PACKED32 else high
    leaf = is_leaf == 1
    if np.any(right[leaf] >= 0):
        raise ValueError("a leaf element refers to an element")
    leaf |= (left < 0) & (left == right)  # a node with one outcome: to `Trees` that is a leaf element
    return (
        np.where(leaf, 0, feature),
        np.where(leaf, 0, threshold),
        np.where(leaf, right, left),
        right,
        ~leaf & (missing == 1),
    )


def _reference(words: NDArray[np.int64], leaf_bit: int) -> NDArray[np.int64]:
    number = words & ((1 << leaf_bit) - 1)
    return np.where(words >> leaf_bit & 1, -1 - number, number)


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


def _read_golden(payload: bytes, trees: Trees) -> Golden:
    if len(payload) < 4 or payload[2:3] not in (b"f", b"h"):
        raise ValueError("GOLD: truncated, or features of unknown type")
    n_rows = int.from_bytes(payload[:2], "little")
    dtype = "<i2" if payload[2:3] == b"h" else "<f4"
    feature_bytes = n_rows * trees.n_features * np.dtype(dtype).itemsize
    classes_at = 4 + feature_bytes + -feature_bytes % 4
    outputs_at = classes_at + 4 * n_rows
    if len(payload) != outputs_at + 4 * n_rows * trees.n_outputs:
        raise ValueError("GOLD: its length does not fit")
    return Golden(
        np.frombuffer(payload, dtype, n_rows * trees.n_features, 4).reshape(n_rows, -1).copy(),
        np.frombuffer(payload, "<u4", n_rows, classes_at).copy(),
        np.frombuffer(payload, "<f4", n_rows * trees.n_outputs, outputs_at).reshape(n_rows, -1).copy(),
    )


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError("text that is no UTF-8") from error
