"""Networks of all kinds of layers, placed one behind the other so that nothing overlaps: by chance, and golden ones.

python export/tests/tmdl_networks.py     writes golden/*.tmdl anew, after a change of format that was meant
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from emlearn._cnn_core import CnnCore
from emlearn.ir.document import Golden
from emlearn.ir.tmdl import (
    LAST,
    WITH_SECOND,
    WITH_WEIGHTS,
    WITH_WINDOW,
    Activation,
    Kind,
    Layer,
    Network,
    Quantisation,
    Type,
    Window,
)
from emlearn.writers.tmdl import write

from emlearn import Certificate

ACTIVATIONS = list(Activation)


def layer_of(kind, shape, type, random, q=None):
    """A layer of this kind that takes such a shape, at no place."""
    int8 = type == Type.INT8
    q = q or quantisation(random, int8)
    fields = {"input_q": q, "output_q": quantisation(random, int8)}
    h, w, c = shape
    outputs = int(random.integers(1, 6))
    output = shape
    if kind in WITH_WINDOW:
        fields["window"] = window_of(h, w, random)
        size = fields["window"].output_size(h, w)
        if kind == Kind.DEPTHWISE:
            fields["depth_multiplier"] = int(random.integers(1, 3))
            outputs = c * fields["depth_multiplier"]
        elif kind != Kind.CONV:
            outputs = c
        output = (*size, outputs)
    if kind == Kind.GLOBAL_AVERAGE:
        output = (1, 1, c)
    if kind == Kind.DENSE:
        output = (1, 1, outputs)
    if kind == Kind.RESHAPE:
        output = (1, h, w * c)
    if kind in (Kind.RESHAPE, Kind.MAX_POOL, Kind.AVERAGE_POOL):
        fields["output_q"] = q
    if kind in (Kind.CONV, Kind.DEPTHWISE, Kind.ADD_ACTIVATED):
        fields["activation"] = ACTIVATIONS[random.integers(0, 3)]
    if kind in WITH_WEIGHTS:
        each = (math.prod(shape),) if kind == Kind.DENSE else (1 if kind == Kind.DEPTHWISE else c,)
        weights = (outputs, *each) if kind == Kind.DENSE else (outputs, *each, *fields["window"].kernel)
        if int8:
            fields["weights"] = random.integers(-128, 128, weights).astype(np.int8)
            fields["bias"] = random.integers(-5000, 5000, outputs).astype(np.int32)
            fields["weight_scales"] = random.uniform(1e-3, 1e-2, 1 if kind == Kind.DENSE else outputs).astype("f4")
        else:
            fields["weights"] = random.normal(size=weights).astype(np.float32)
            fields["bias"] = random.normal(size=outputs).astype(np.float32)
    if kind in WITH_SECOND:
        fields["second_q"] = quantisation(random, int8)
    return Layer(kind, shape, output, 0, 0, **fields)


def quantisation(random, int8):
    if not int8:
        return Quantisation()
    return Quantisation(float(np.float32(random.uniform(0.01, 0.1))), int(random.integers(-128, 128)))


def window_of(h, w, random):
    kernel = tuple(int(random.integers(1, 4)) for _ in range(2))
    padding = [int(random.integers(0, k)) for k in (kernel[0], kernel[0], kernel[1], kernel[1])]
    for size, at, k in ((h, 0, kernel[0]), (w, 2, kernel[1])):
        padding[at] = max(padding[at], min(k - 1, k - size - padding[at + 1]))
    stride = tuple(int(random.integers(1, 3)) for _ in range(2))
    return Window(kernel, stride, tuple(padding))


def placed(type, input_shape, layers, labels=None):
    """A network of these layers: outputs lie behind what is there, an addition takes its input twice."""
    size = 1 if type == Type.INT8 else 4
    at, done = 0, []
    end = math.prod(input_shape) * size
    for layer in layers:
        fields = dict(vars(layer), input_offset=at)
        if layer.kind in WITH_SECOND:
            fields["second_offset"] = at
        at = end + -end % 4
        fields["output_offset"] = at
        end = at + math.prod(layer.output_shape) * (4 if layer.kind in LAST else size)
        done.append(Layer(**fields))
    return Network(type, input_shape, tuple(done), end, labels)


def random_network(seed, kinds=tuple(Kind), n_layers=4, type=None):
    """A chain of kinds by chance; softmax and the logistic function only at its end."""
    random = np.random.default_rng(seed)
    type = list(Type)[seed % 2] if type is None else type
    shape = input_shape = tuple(int(n) for n in random.integers(1, 8, 3))
    layers, q = [], None
    for i in range(n_layers):
        chosen = [kind for kind in kinds if kind not in LAST or i + 1 == n_layers]
        layers.append(layer_of(chosen[random.integers(len(chosen))], shape, type, random, q))
        shape, q = layers[-1].output_shape, layers[-1].output_q
    n_outputs = math.prod(shape)
    labels = tuple(f"class {i}" for i in range(n_outputs)) if seed % 3 == 0 and n_outputs > 1 else None
    return placed(type, input_shape, layers, labels)


# ---- Golden files: numbers are exact in float32, and no generator's

GOLDEN = Path(__file__).parent / "golden"
WINDOWS = [
    Window((3, 2), (2, 1), (1, 1, 0, 1)),
    Window((2, 2), (1, 1), (1, 0, 0, 0)),
    Window((2, 3), (1, 2), (0, 1, 1, 1)),
]
CHAINS = {
    "all": [Kind.CONV, Kind.DEPTHWISE, Kind.MAX_POOL, Kind.ADD_ACTIVATED, Kind.AVERAGE_POOL]
    + [Kind.ADD, Kind.RESHAPE, Kind.DENSE, Kind.SOFTMAX],
    "logistic": [Kind.CONV, Kind.GLOBAL_AVERAGE, Kind.LOGISTIC],
}
CERTIFICATE = Certificate(
    estimator="Sequential",
    dtype="int8",
    leaf="",
    rows=100,
    agreeing=99,
    worst_row=7,
    worst_before=(0.25, 0.5, 0.25),
    worst_after=(0.5, 0.25, 0.25),
    max_error=0.25,
    score="accuracy",
    score_before=0.97,
    score_after=0.96,
    auc_before=None,
    auc_after=None,
    nbytes=128,
)
LABELS = ("sitting", "back\\slash, line\nbreak\r", 7)


def golden_networks():
    """{name: Network}"""
    made = {}
    for type in Type:
        for name, kinds in CHAINS.items():
            shape, layers = (5, 4, 2), []
            for i, kind in enumerate(kinds):
                layers.append(golden_layer(kind, shape, type, i))
                shape = layers[-1].output_shape
            made[f"cnn_{name}_{type.name.lower()}"] = placed(type, (5, 4, 2), layers, LABELS if name == "all" else None)
    return made


def integers(shape, end, i):
    """Of -end to end - 1, without order."""
    return ((np.arange(math.prod(shape)) * 37 + i) * 11 % (2 * end) - end).reshape(shape)


def golden_layer(kind, shape, type, i):
    """Layer i of a network."""
    int8 = type == Type.INT8
    h, w, c = shape
    q = [Quantisation(0.0625 * (1 + 0.25 * (k % 3)), 3 * k - 5) if int8 else Quantisation() for k in (i, i + 1)]
    fields, window = {}, WINDOWS[i % 3]
    if kind in WITH_WINDOW:
        fields["window"] = window
        output = (*window.output_size(h, w), {Kind.CONV: 3, Kind.DEPTHWISE: 2 * c}.get(kind, c))
    else:
        output = {Kind.GLOBAL_AVERAGE: (1, 1, c), Kind.DENSE: (1, 1, 3), Kind.RESHAPE: (1, 1, h * w * c)}
        output = output.get(kind, shape)
    if kind in WITH_WEIGHTS:
        inputs = {Kind.CONV: c, Kind.DEPTHWISE: 1, Kind.DENSE: h * w * c}[kind]
        weights = integers((output[2], inputs, *(window.kernel if kind in WITH_WINDOW else ())), 128, i)
        bias = integers((output[2],), 3000, i)
        if int8:
            scales = integers((1 if kind == Kind.DENSE else output[2],), 24, i) + 40
            fields["weight_scales"] = (scales / 4096).astype(np.float32)
        fields["weights"] = weights.astype(np.int8) if int8 else (weights / 256).astype(np.float32)
        fields["bias"] = bias.astype(np.int32) if int8 else (bias / 4096).astype(np.float32)
    if kind in (Kind.CONV, Kind.DEPTHWISE, Kind.ADD_ACTIVATED):
        fields["activation"] = ACTIVATIONS[i % 3]
    if kind == Kind.DEPTHWISE:
        fields["depth_multiplier"] = 2
    if kind in (Kind.RESHAPE, Kind.MAX_POOL, Kind.AVERAGE_POOL):
        q[1] = q[0]
    if kind in WITH_SECOND:
        fields["second_q"] = q[0]
    return Layer(kind, shape, output, 0, 0, *q, **fields)


def golden_files():
    """{name: bytes}, with golden rows of each type that the network takes"""
    files = {}
    for number, (name, network) in enumerate(golden_networks().items()):
        features = integers((2, network.n_features), 128, number).astype((np.int8, np.uint8, np.float32)[number % 3])
        if network.type == Type.FLOAT32:
            features = features.astype(np.float32) / 128
        outputs = CnnCore(write(network)).run(features)
        golden = Golden(features, outputs.argmax(axis=1).astype(np.uint32), outputs)
        files[f"{name}.tmdl"] = write(network, golden, CERTIFICATE.to_json())
    return files


if __name__ == "__main__":
    for file, content in golden_files().items():
        (GOLDEN / file).write_bytes(content)
