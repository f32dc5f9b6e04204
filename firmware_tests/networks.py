"""Convolutional networks for cnn.py on the device, with what the PC's core computes: networks.bin.

A record is a line `name type bytes parts`, the .tmdl file of so many bytes, then each part: a line `input_code inputs
output_code outputs rows`, then for each row its input and its output.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from emlearn._cnn_core import CnnCore
from emlearn.ir.document import Golden
from emlearn.ir.tmdl import Activation, Kind, Layer, Network, Quantisation, Type, Window
from emlearn.writers.tmdl import write

LABELS = ("\nblue", "gr\u00fcn", 7)


class Chain:
    """A network that grows layer by layer, with made-up weights. Each output has a place of its own in the buffer."""

    def __init__(self, kind, shape, seed):
        self.type, self.input_shape, self.shape = kind, shape, shape
        self.random = np.random.default_rng(seed)
        self.layers, self.at = [], 0
        self.q = Quantisation(2.0**-8, -128)
        self.end = self._size(shape)

    def _size(self, shape, floats=False):
        size = math.prod(shape) * (4 if floats or self.type == Type.FLOAT32 else 1)
        return (size + 7) // 8 * 8

    def _add(self, kind, shape, spread=1.0, q=None, floats=False, **fields):
        """spread: by how much values grow, of which the output's scale is made."""
        if q is None and self.type == Type.INT8:
            q = Quantisation(float(np.float32(self.q.scale * spread)), int(self.random.integers(-128, 128)))
        q = q or Quantisation()
        layer = Layer(kind, self.shape, shape, self.at, self.end, self.q, q, **fields)
        self.layers.append(layer)
        self.shape, self.q, self.at = shape, q, self.end
        self.end += self._size(shape, floats)
        return self

    def _weights(self, shape, outputs, n_scales):
        """Weights and what belongs to them; by how much a sum is larger than an input."""
        k = math.prod(shape[1:])
        if self.type == Type.FLOAT32:
            weights = self.random.normal(0, 1 / math.sqrt(k), shape).astype(np.float32)
            return {"weights": weights, "bias": self.random.normal(0, 0.3, outputs).astype(np.float32)}, 1.0
        weights = self.random.integers(-128, 128, shape).astype(np.int8)
        scales = (self.random.uniform(0.5, 2, n_scales) / 4096).astype(np.float32)
        own = self.random.integers(-3000, 3000, outputs)
        bias = own - self.q.zero_point * weights.astype(np.int64).reshape(outputs, -1).sum(axis=1)
        fields = {"weights": weights, "weight_scales": scales, "bias": bias.astype(np.int32)}
        return fields, float(scales.mean()) * 64 * math.sqrt(k)

    def conv(self, outputs, kernel, stride=(1, 1), padding=(0, 0, 0, 0), activation=Activation.NONE, multiplier=0):
        """With a multiplier it is a depthwise one, whose outputs are that many for each input."""
        window = Window(kernel, stride, padding)
        h, w, c = self.shape
        outputs = c * multiplier or outputs
        fields, spread = self._weights((outputs, 1 if multiplier else c, *kernel), outputs, outputs)
        kind = Kind.DEPTHWISE if multiplier else Kind.CONV
        fields |= {"window": window, "activation": activation, "depth_multiplier": multiplier}
        return self._add(kind, (*window.output_size(h, w), outputs), spread, **fields)

    def dense(self, outputs):
        fields, spread = self._weights((outputs, math.prod(self.shape)), outputs, 1)
        return self._add(Kind.DENSE, (1, 1, outputs), spread, **fields)

    def pool(self, kind, kernel, stride, padding=(0, 0, 0, 0)):
        window = Window(kernel, stride, padding)
        return self._add(kind, (*window.output_size(*self.shape[:2]), self.shape[2]), q=self.q, window=window)

    def average(self):
        return self._add(Kind.GLOBAL_AVERAGE, (1, 1, self.shape[2]), 0.4)

    def reshape(self, *shape):
        return self._add(Kind.RESHAPE, shape, q=self.q)

    def add(self, back=1, activation=None):
        """The output of so many layers ago, to the last one."""
        other = self.layers[-1 - back]
        fields = {"second_offset": other.output_offset, "second_q": other.output_q}
        if activation is None:
            return self._add(Kind.ADD, self.shape, 1.3, **fields)
        return self._add(Kind.ADD_ACTIVATED, self.shape, 1.3, activation=activation, **fields)

    def softmax(self):
        return self._add(Kind.SOFTMAX, self.shape, floats=True)

    def logistic(self):
        return self._add(Kind.LOGISTIC, self.shape, floats=True)

    def done(self, labels=None):
        return Network(self.type, self.input_shape, tuple(self.layers), self.end, labels)


SAME = (1, 1, 1, 1)
RELU, RELU6 = Activation.RELU, Activation.RELU6


def digits(kind):
    """The shape of emlearn-micropython's network for MNIST, for 12x12."""
    chain = Chain(kind, (12, 12, 1), 1)
    chain.conv(8, (3, 3), (2, 2), activation=RELU).conv(12, (3, 3), (2, 2), activation=RELU).average()
    return chain.dense(3).softmax().done(LABELS)


def residual(kind):
    """All that TinyMaix has, ending in numbers: sizes that are no multiples of 4, padding at all sides and at some."""
    chain = Chain(kind, (7, 6, 3), 2)
    chain.conv(5, (3, 3), (1, 1), SAME, RELU6).conv(5, (1, 1)).add()
    chain.conv(0, (3, 2), (2, 1), (0, 1, 1, 0), RELU, multiplier=2).conv(8, (3, 3), (1, 1), SAME, RELU)
    return chain.reshape(1, 1, math.prod(chain.shape)).dense(5).done()


def image(kind):
    """Ends in an image."""
    chain = Chain(kind, (5, 9, 4), 3)
    return chain.conv(7, (1, 1), (2, 2), activation=RELU).conv(4, (2, 3), (1, 1), (1, 0, 0, 2)).done()


def ours(kind):
    """The layers that TinyMaix lacks."""
    chain = Chain(kind, (8, 8, 2), 4)
    chain.conv(6, (3, 3), (1, 1), SAME).pool(Kind.MAX_POOL, (2, 2), (2, 2)).conv(6, (3, 3), (1, 1), SAME, RELU)
    chain.add(1, RELU6).pool(Kind.AVERAGE_POOL, (3, 3), (2, 2), SAME)
    return chain.reshape(1, 1, math.prod(chain.shape)).dense(3).logistic().done()


def tiny(kind):
    """To damage."""
    return Chain(kind, (3, 3, 1), 5).conv(2, (2, 2), (2, 2), (1, 0, 1, 0), RELU).average().dense(2).softmax().done()


NETWORKS = {make.__name__: make for make in (digits, residual, image, ours)}
TYPES = {"int8": Type.INT8, "fp32": Type.FLOAT32}


def rows(network, code):
    """Random inputs, the least and the largest."""
    random, n = np.random.default_rng(6), network.n_features
    if code == "f":
        made = (random.normal(0.3, 0.6, (1, n)), np.full((1, n), -1e9), np.full((1, n), 3e4))
        return np.concatenate(made).astype("<f4")
    limits = np.iinfo(code)
    X = random.integers(limits.min, limits.max + 1, (1 + (code == "B"), n))
    return np.concatenate((X, np.full((1, n), limits.min), np.full((1, n), limits.max))).astype(code)


def records():
    for type_name, kind in TYPES.items():
        for name, make in NETWORKS.items():
            network = make(kind)
            content = write(network)
            core = CnnCore(content)
            integers = kind == Type.INT8 and not network.gives_floats
            pairs = [(code, "fb"[integers and code != "B"]) for code in ("Bbf" if kind == Type.INT8 else "Bf")]
            yield f"{name} {type_name} {len(content)} {len(pairs)}\n".encode() + content
            for code, out in pairs:
                X = rows(network, code)
                Y = core.run(X, out)
                yield f"{code} {X.shape[1]} {out} {Y.shape[1]} {len(X)}\n".encode()
                yield b"".join(x.tobytes() + y.tobytes() for x, y in zip(X, Y, strict=True))


@cache
def results():
    return b"".join(records())


@cache
def golden():
    """A whole file: labels, golden rows, a certificate."""
    network = digits(Type.INT8)
    X = rows(network, "B")[:2]
    Y = CnnCore(write(network)).run(X)
    return write(network, Golden(X, Y.argmax(axis=1), Y), '{"agreement": 1}')


MASKS = (1, 0x80, 0xFF)


def damage(content):
    """Each truncation; then with each byte wrong in several ways. The device does the same."""
    for size in range(len(content)):
        yield content[:size]
    for i in range(len(content)):
        for mask in MASKS:
            yield content[:i] + bytes([content[i] ^ mask]) + content[i + 1 :]


def verdict(content):
    try:
        CnnCore(content)
    except ValueError:
        return "0"
    return "1"


@cache
def damaged():
    """Records `type bytes`, the file, and for each of its damaged files a 1 if the core takes it, else a 0."""
    records = b""
    for name, kind in TYPES.items():
        content = write(tiny(kind))
        records += f"{name} {len(content)}\n".encode() + content + "".join(map(verdict, damage(content))).encode()
    return records


FILES = {
    "networks.bin": results,
    "golden.tmdl": golden,
    "damaged.bin": damaged,
    "ours.tmdl": lambda: write(ours(Type.INT8)),
    "ours_fp32.tmdl": lambda: write(ours(Type.FLOAT32)),
}
