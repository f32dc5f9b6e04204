"""Reader of the binary format. See docs/formats.md."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir import sums
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
        packed_bits = layout == ir.WIDE or feature_bits in ir.FEATURE_BITS
        if layout > ir.WIDE or leaf > ir.LEAF_SUM or not packed_bits:
            raise ValueError("unknown layout, leaf or feature_bits")
        wide, records = layout == ir.WIDE, leaf in ir.RECORD_LEAVES
        has_values = leaf == ir.LEAF_WEIGHTED or leaf in ir.NUMBER_LEAVES
        if (n_entries and not records) or (n_values and not has_values) or (n_leaves and leaf == ir.LEAF_HARD):
            raise ValueError("counts that do not fit the kind of leaf")
        index = "<u4" if wide else "<u2"
        words = self._take("<u4" if wide else "<u2", n_nodes * (3 if layout == ir.PACKED16 else 4))
        feature, threshold, left, right, missing_left = _unpack_nodes(words, layout, feature_bits)
        roots = self._take(index, n_trees).astype(np.uint32)
        scale = self._take("<i4", 2 * n_features if dtype == ir.DTYPE_SCALED else 0).reshape(-1, 2)
        start = self._take(index, n_leaves + 1 if records else 0)
        if entry and records:
            entries = self._take(index, 2 * n_entries).reshape(-1, 2).astype(np.uint32)
        else:
            packed = self._take("<u2", n_entries).astype(np.uint32)
            entries = np.stack((packed & 0xFF, packed >> 8), axis=1)
        bases = np.zeros(0, np.int64)
        if leaf == ir.LEAF_SUM:
            n_outputs = max(n_classes, 1)
            words = self._take("<i4", sums.n_words(entry, n_leaves, n_outputs))
            values, bases = sums.unpack(words, entry, n_outputs)
        else:
            values = self._take("<i4", n_leaves) if leaf == ir.LEAF_VALUE else self._take("<f8", n_values)
        trees = Trees(
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
            exponent=n_values + ir.MIN_EXPONENT if leaf in ir.NUMBER_LEAVES else 0,
            bases=bases,
        )
        leaf_element = trees.is_leaf
        if np.any((trees.feature | trees.threshold | trees.missing_left)[leaf_element]):  # what is of no consequence
            zero = {name: getattr(trees, name).copy() for name in ("feature", "threshold", "missing_left")}
            for array in zero.values():
                array[leaf_element] = 0
            trees = replace(trees, **zero)
        return trees

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
        if np.any(first & 0xBFFF0000):
            raise ValueError("unknown bits in a node")
        threshold = words[:, 1] - (words[:, 1] >> 31 << 32)
        left, right = _reference(words[:, 2], 31), _reference(words[:, 3], 31)
        return first & 0xFFFF, threshold, left, right, first >> 30 == 1
    feature, code = first & (1 << feature_bits) - 1, (first & 0x7FFF) >> feature_bits
    right, unit = _reference(words[:, 1], 15), ir.JUMP_UNITS[layout]
    same_leaf = code > ir.left_codes(feature_bits)
    if np.any(same_leaf & (right >= 0)):
        raise ValueError("a leaf element refers to an element")
    if np.any(right[right >= 0] % unit):
        raise ValueError("a jump into the middle of an element")
    right = np.where(right < 0, right, right // unit)
    left = np.where(same_leaf, right, np.where(code > 0, -code, 1))
    high = words[:, -1] - (words[:, -1] >> 15 << 16)
    threshold = words[:, 2] | high << 16 if layout == ir.PACKED32 else high
    return feature, threshold, left, right, first >> 15 == 1


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
    row = np.dtype(
        [("x", dtype, trees.n_features), ("pad", "V", -trees.n_features * np.dtype(dtype).itemsize % 4)]
        + [("class", "<u4"), ("outputs", "<f4", trees.n_outputs)]
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
