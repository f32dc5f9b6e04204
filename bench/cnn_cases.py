"""Convolutional networks with random weights: emlearn-micropython's for MNIST, and layers of many kinds and shapes."""

from __future__ import annotations

import math
import sys

from models import ROOT

sys.path.insert(0, str(ROOT / "firmware_tests"))
from emlearn.ir.tmdl import Activation, Kind, Type  # noqa: E402
from networks import SAME, Chain  # noqa: E402

TYPES = {"int8": Type.INT8, "float32": Type.FLOAT32}
RELU = Activation.RELU


def mnist(kind):
    """51,228 multiplications."""
    chain = Chain(kind, (28, 28, 1), 0)
    for outputs in (8, 12, 18):
        chain.conv(outputs, (3, 3), (2, 2), activation=RELU)
    return chain.average().dense(10).softmax().done()


def _conv(shape, outputs, *args, **options):
    return lambda kind: Chain(kind, shape, 0).conv(outputs, *args, **options).done()


def _flat(shape, *methods):
    def make(kind):
        chain = Chain(kind, shape, 0)
        for name, *args in methods:
            getattr(chain, name)(*args)
        return chain.done()

    return make


# Of these the bench has limits, and shows them.
SHOWN = {
    "conv 3x3, 16x16x8 to 8": _conv((16, 16, 8), 8, (3, 3), (1, 1), SAME, RELU),
    "conv 3x3, 16x16x16 to 16": _conv((16, 16, 16), 16, (3, 3), (1, 1), SAME, RELU),
    "conv 1x1, 16x16x16 to 16": _conv((16, 16, 16), 16, (1, 1), activation=RELU),
    "depthwise 3x3, 16x16x16": _conv((16, 16, 16), 0, (3, 3), (1, 1), SAME, RELU, multiplier=1),
    "dense, 256 to 64": _flat((1, 1, 256), ("dense", 64)),
}
# The rest is for who fits prices to counts.
CASES = SHOWN | {
    "conv 3x3, 12x12x1 to 8": _conv((12, 12, 1), 8, (3, 3), (1, 1), activation=RELU),
    "conv 3x3, 8x8x3 to 5": _conv((8, 8, 3), 5, (3, 3), (2, 2), SAME),
    "conv 5x5, 10x10x4 to 6": _conv((10, 10, 4), 6, (5, 5), (1, 1), (2, 2, 2, 2)),
    "conv 3x1, 40x1x8 to 12": _conv((40, 1, 8), 12, (3, 1), (1, 1), (1, 1, 0, 0), RELU),
    "conv 1x1, 8x8x32 to 4": _conv((8, 8, 32), 4, (1, 1)),
    "conv 1x1, 6x6x5 to 33": _conv((6, 6, 5), 33, (1, 1), (1, 1)),
    "depthwise 3x3, 8x8x8, twice": _conv((8, 8, 8), 0, (3, 3), (2, 2), SAME, multiplier=2),
    "depthwise 5x5, 9x9x3": _conv((9, 9, 3), 0, (5, 5), (1, 1), (2, 2, 2, 2), RELU, multiplier=1),
    "dense, 30 to 7": _flat((1, 1, 30), ("dense", 7)),
    "dense, 1000 to 3": _flat((10, 10, 10), ("dense", 3)),
    "average, 8x8x16": _flat((8, 8, 16), ("average",)),
    "average, 2x2x64": _flat((2, 2, 64), ("average",)),
    "add, 10x10x8": _flat((10, 10, 8), ("conv", 8, (1, 1)), ("conv", 8, (1, 1)), ("add",)),
    "softmax of 10": _flat((1, 1, 8), ("dense", 10), ("softmax",)),
    "softmax of 40": _flat((1, 1, 8), ("dense", 40), ("softmax",)),
    "reshape, 512": _flat((8, 8, 8), ("reshape", 1, 1, 512)),
    "max pool 2x2, 12x12x8": _flat((12, 12, 8), ("pool", Kind.MAX_POOL, (2, 2), (2, 2))),
    "max pool 3x3, 9x9x4": _flat((9, 9, 4), ("pool", Kind.MAX_POOL, (3, 3), (1, 1), SAME)),
    "average pool 2x2, 12x12x8": _flat((12, 12, 8), ("pool", Kind.AVERAGE_POOL, (2, 2), (2, 2))),
    "logistic of 5": _flat((1, 1, 8), ("dense", 5), ("logistic",)),
}


def amounts(network):
    """What a run does: values taken, multiplications, outputs of sums, values that kernels see, values given."""
    gathered = outputs = 0
    for layer in network.layers:
        if layer.window is not None and math.prod(layer.window.kernel) > 1:
            h, w, c = layer.output_shape
            gathered += h * w * math.prod(layer.window.kernel) * layer.input_shape[2]
        if layer.weights is not None:
            outputs += math.prod(layer.output_shape)
    macs = sum(layer.macs for layer in network.layers)
    return network.n_features, macs, outputs, gathered, network.n_outputs
