"""Files of convolutional networks, packed by hand from docs/formats.md: no code of the package's writer."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

INT8, FLOAT32 = 0, 2
CONV, GLOBAL_AVERAGE, DENSE, SOFTMAX, RESHAPE, DEPTHWISE, ADD = range(7)
MAX_POOL, AVERAGE_POOL, ADD_ACTIVATED, LOGISTIC = range(0x100, 0x104)
NONE, RELU, RELU6 = 0, 1, 3


def padded(data, size=8):
    return data + bytes(-len(data) % size)


@dataclass
class Layer:
    """Shapes are (h, w, c), pairs (h, w), padding top, bottom, left, right."""

    kind: int
    in_shape: tuple
    out_shape: tuple
    in_at: int = 0
    out_at: int = 0
    in_q: tuple = (1.0, 0)
    out_q: tuple = (1.0, 0)
    kernel: tuple = (1, 1)
    stride: tuple = (1, 1)
    padding: tuple = (0, 0, 0, 0)
    activation: int = NONE
    depth: int = 0
    weights: np.ndarray = None  # of a dense layer [outputs][inputs], else [outputs][inputs][h][w]
    scales: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    bias: np.ndarray = None
    second_at: int = 0
    second_q: tuple = (1.0, 0)

    def window(self):
        (kh, kw), (sh, sw) = self.kernel, self.stride
        return struct.pack("<6BH4B", kw, kh, sw, sh, 1, 1, self.activation, *self.padding)

    def body(self):
        if self.kind in (CONV, DEPTHWISE, DENSE):
            first = self.window() + struct.pack("<II", self.depth, 0) if self.kind != DENSE else b""
            arrays = [padded(array.tobytes()) for array in (self.scales, self.weights, self.bias)]
            at = 48 + len(first) + (12 if first else 16)
            offsets = [at, at + len(arrays[0]), at + len(arrays[0]) + len(arrays[1])]
            return first + struct.pack("<3I" if first else "<3I4x", *offsets) + b"".join(arrays)
        if self.kind in (MAX_POOL, AVERAGE_POOL):
            return self.window() + bytes(4)
        if self.kind in (ADD, ADD_ACTIVATED):
            return struct.pack("<IfiI", self.second_at, *self.second_q, self.activation)
        return b""

    def pack(self, last):
        body = self.body()
        head = struct.pack("<HHIII", self.kind, last, len(padded(bytes(48) + body)), self.in_at, self.out_at)
        head += struct.pack("<8H", 3, *self.in_shape, 3, *self.out_shape)
        return padded(head + struct.pack("<fifi", *self.in_q, *self.out_q) + body)


def tmdl(kind, layers, buffer, marked=True, trailers=b""):
    """A file; not marked, as of TinyMaix."""
    packed = b"".join(layer.pack(layer is layers[-1]) for layer in layers)
    head = struct.pack("<4sBBHHHII", b"MAIX", kind, 0, 1, 1, len(layers), buffer, 0)
    head += struct.pack("<8H", 3, *layers[0].in_shape, 3, *layers[-1].out_shape)
    mark = struct.pack("<4sBBHI", b"EMLN", 1, 0, 0, 64 + len(packed)) if marked else bytes(12)
    file = bytearray(padded(head + mark, 64) + packed + trailers)
    if marked:
        struct.pack_into("<I", file, 48, zlib.crc32(file[:48] + file[52:]))
    return bytes(file)
