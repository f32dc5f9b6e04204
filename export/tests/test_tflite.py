"""Quantised networks in .tflite files: each operator as TFLite defines it, and what is refused.

An output of ours is the exact real number rounded once: within 1/2 of it, and 2^-12 for what a multiplier of 24 bits,
or of an addition two, is off at values that int8 holds. TFLite rounds twice: its result may be one more or less.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from click.testing import CliRunner
from emlearn._cnn_core import CnnCore
from emlearn.cli import main
from emlearn.converters.tflite import convert_tflite
from emlearn.ir.tmdl import Kind, Network
from emlearn.writers.tmdl import write
from tflite_files import File

import emlearn

ROUNDING = 0.5 + 2.0**-12
ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU6": 3}


class Chain:
    """A network in a file, with a reference of each operator: values are numbers, 0 the input."""

    def __init__(self, shape, seed=0, q=(0.02, 3)):
        self.random = np.random.default_rng(seed)
        self.file = File()
        self.values = []  # tensor, shape, scale, zero point
        self.steps = []  # of operators that become layers: inputs, reference
        self.add_value(shape, q)

    def add_value(self, shape, q=None):
        scale, zero = q or (float(np.float32(self.random.uniform(0.02, 0.1))), int(self.random.integers(-128, 128)))
        scale = float(np.float32(scale))
        self.values.append((self.file.tensor((1, *shape), scale, zero), shape, scale, zero))
        return len(self.values) - 1

    def step(self, name, inputs, shape, reference, constants=(), q=None, activation="NONE", layer=True, **options):
        """Adds an operator: its reference takes reals without zero point in steps of the input, and returns reals."""
        tensors = [self.values[i][0] for i in inputs]
        if name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "MAX_POOL_2D", "ADD"):
            options["FusedActivationFunction"] = ACTIVATIONS[activation]
        value = self.add_value(shape, q)
        self.file.operator(name, [*tensors, *constants], [self.values[value][0]], **options)
        if layer:
            limits = {"NONE": (-np.inf, np.inf), "RELU": (0, np.inf), "RELU6": (0, 6)}[activation]
            self.steps.append((inputs, value, lambda *x: np.clip(reference(*x), *limits)))
        return value

    def convolution(
        self, x, outputs, kernel, stride=(1, 1), same=False, per_channel=True, depthwise=0, bias=True, **options
    ):
        """depthwise: outputs for each input."""
        _, (h, w, c), scale, _ = self.values[x]
        outputs = c * depthwise if depthwise else outputs
        weights = self.random.integers(-127, 128, (outputs, *kernel, 1 if depthwise else c)).astype(np.int8)
        scales = self.random.uniform(1e-3, 5e-3, outputs if per_channel else 1).astype(np.float32)
        biases = self.random.integers(-2000, 2000, outputs).astype(np.int32)
        stored = weights.transpose(3, 1, 2, 0) if depthwise else weights
        constants = [self.file.constant(stored, scales, 3 if depthwise and per_channel else 0)]
        constants.append(self.file.constant(biases, scales * np.float32(scale)) if bias else -1)
        sizes, before = [], []
        for n, k, s in zip((h, w), kernel, stride, strict=True):
            size = -(-n // s) if same else (n - k) // s + 1
            sizes.append(size)
            before.append(max((size - 1) * s + k - n, 0) // 2 if same else 0)

        def reference(values):
            """values: [h, w, c], of which what lies outside is 0."""
            sums = np.zeros((*sizes, outputs), np.int64)
            for y in range(sizes[0]):
                for z in range(sizes[1]):
                    for i in range(kernel[0]):
                        for j in range(kernel[1]):
                            at = y * stride[0] + i - before[0], z * stride[1] + j - before[1]
                            if 0 <= at[0] < h and 0 <= at[1] < w:
                                seen = values[at]
                                of = weights[:, i, j].astype(np.int64)
                                sums[y, z] += np.repeat(seen, depthwise) * of[:, 0] if depthwise else of @ seen
            return (sums + biases * bias) * (scale * scales.astype(np.float64))

        options |= {"StrideH": stride[0], "StrideW": stride[1], "Padding": int(not same)}
        options |= {"DilationHFactor": 1, "DilationWFactor": 1}
        options |= {"DepthMultiplier": depthwise} if depthwise else {}
        name = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        return self.step(name, [x], (*sizes, outputs), reference, constants, **options)

    def dense(self, x, outputs, scales, **options):
        _, shape, scale, _ = self.values[x]
        weights = self.random.integers(-127, 128, (outputs, math.prod(shape))).astype(np.int8)
        biases = self.random.integers(-2000, 2000, outputs).astype(np.int32)
        scales = np.asarray(scales, np.float32)
        constants = [self.file.constant(weights, scales), self.file.constant(biases, scales * np.float32(scale))]

        def reference(values):
            return (weights.astype(np.int64) @ values.reshape(-1) + biases) * (scale * scales.astype(np.float64))

        return self.step("FULLY_CONNECTED", [x], (outputs,), reference, constants, **options)

    def pool(self, x, name, kernel, stride, same=False, **options):
        _, (h, w, c), scale, zero = self.values[x]
        sizes, before = [], []
        for n, k, s in zip((h, w), kernel, stride, strict=True):
            sizes.append(-(-n // s) if same else (n - k) // s + 1)
            before.append(max((sizes[-1] - 1) * s + k - n, 0) // 2 if same else 0)

        def reference(values):
            out = np.zeros((*sizes, c))
            for y in range(sizes[0]):
                for z in range(sizes[1]):
                    top, left = y * stride[0] - before[0], z * stride[1] - before[1]
                    part = values[max(top, 0) : top + kernel[0], max(left, 0) : left + kernel[1]].reshape(-1, c)
                    out[y, z] = part.max(axis=0) if name == "MAX_POOL_2D" else part.mean(axis=0)
            return out * scale

        options |= {"StrideH": stride[0], "StrideW": stride[1], "Padding": int(not same)}
        options |= {"FilterHeight": kernel[0], "FilterWidth": kernel[1]}
        return self.step(name, [x], (*sizes, c), reference, q=(scale, zero), **options)

    def mean(self, x, axes=(1, 2), **options):
        _, (_, _, c), scale, _ = self.values[x]
        axes = [self.file.constant(np.array(axes, np.int32))]
        return self.step("MEAN", [x], (c,), lambda v: v.mean(axis=(0, 1)) * scale, axes, **options)

    def add(self, x, y, **options):
        scales = [self.values[i][2] for i in (x, y)]
        return self.step("ADD", [x, y], self.values[x][1], lambda a, b: a * scales[0] + b * scales[1], **options)

    def softmax(self, x, **options):
        scale = self.values[x][2]

        def reference(values):
            e = np.exp((values - values.max()) * scale)
            return e / e.sum()

        return self.step("SOFTMAX", [x], self.values[x][1], reference, q=(1 / 256, -128), **({"Beta": 1.0} | options))

    def same_values(self, x, shape, name="RESHAPE"):
        _, _, scale, zero = self.values[x]
        constants = [self.file.constant(np.array([-1, *shape], np.int32))]
        return self.step(name, [x], shape, None, constants, q=(scale, zero), layer=False)

    def content(self, end=None):
        return self.file.content([self.values[0][0]], [self.values[-1 if end is None else end][0]])


def check(chain, network=None):
    """Every layer's output, for what the core made of the layers before it, beside the operator's reference."""
    network = convert_tflite(chain.content()) if network is None else network
    assert len(network.layers) == len(chain.steps)
    assert (network.layers[0].input_q.scale, network.layers[0].input_q.zero_point) == chain.values[0][2:]
    rows = chain.random.integers(0, 256, (4, network.n_features)).astype(np.uint8)
    of = {0: rows.astype(int) - 128}
    for i, (inputs, value, reference) in enumerate(chain.steps):
        last = network.layers[i].kind in (Kind.SOFTMAX, Kind.LOGISTIC)
        part = Network(network.type, network.input_shape, network.layers[: i + 1], network.buffer)
        found = CnnCore(write(part)).run(rows, "f" if last else "b")
        of[value] = found
        _, _, scale, zero = chain.values[value]
        for row in range(len(rows)):
            x = []
            for each in inputs:
                origin = next(v for v in range(each, -1, -1) if v in of)  # before what has the same values
                _, shape, _, zero_in = chain.values[each]
                x.append(of[origin][row].astype(np.int64).reshape(shape) - zero_in)
            exact = reference(*x).reshape(-1)
            if last:
                assert np.max(np.abs(found[row] - exact)) < 1e-6  # float32 of numbers up to 1
            else:
                expected = np.clip(exact / scale + zero, -128, 127)
                assert np.max(np.abs(found[row] - expected)) <= ROUNDING
    return network


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depthwise", [0, 1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_convolutions(seed, depthwise, activation):
    random = np.random.default_rng(seed)
    kernel = tuple(int(k) for k in random.integers(1, 4, 2))
    shape = (int(random.integers(3, 8)), int(random.integers(3, 8)), int(random.integers(1, 5)))
    options = {"stride": (1 + seed % 2, 1 + seed // 2 % 2), "same": bool(seed % 3), "per_channel": bool(seed % 4)}
    chain = Chain(shape, seed, (0.03, int(random.integers(-128, 128))))
    chain.convolution(0, 3, kernel, depthwise=depthwise, bias=seed != 5, activation=activation, **options)
    check(chain)


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("name", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
@pytest.mark.parametrize("seed", range(4))
def test_pooling(seed, name, same):
    chain = Chain((7, 6, 3), seed, (0.1, -128 if seed == 0 else 11))
    chain.pool(0, name, (2 + seed % 2, 3), (1 + seed // 2, 2), same, activation="RELU" if seed == 0 else "NONE")
    check(chain)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_additions(activation):
    for seed in range(4):
        chain = Chain((3, 4, 2), seed)
        chain.add(chain.convolution(0, 2, (1, 1)), 0, activation=activation)
        check(chain)


@pytest.mark.parametrize("scales, activation, kind", [(1, "NONE", "DENSE"), (4, "NONE", "CONV"), (1, "RELU", "CONV")])
def test_dense(scales, activation, kind):
    """Those with several scales, or an activation, become convolutions of one sample."""
    chain = Chain((2, 3, 2))
    chain.dense(chain.same_values(0, (12,)), 4, np.linspace(1e-3, 2e-3, scales), activation=activation)
    assert check(chain).layers[0].kind == Kind[kind]


@pytest.mark.parametrize("axes", [(1, 2), (2, 1), (-3, -2)])
def test_mean(axes):
    chain = Chain((3, 5, 4))
    chain.mean(0, axes)
    assert check(chain).layers[0].kind == Kind.GLOBAL_AVERAGE


def network(seed=0, n_outputs=3):
    """A branch, and every operator but the logistic function."""
    chain = Chain((9, 8, 2), seed)
    a = chain.convolution(0, 4, (3, 3), (2, 2), same=True, activation="RELU")
    b = chain.convolution(a, 0, (3, 3), same=True, depthwise=1, activation="RELU6")
    c = chain.convolution(b, 4, (1, 1))
    d = chain.add(a, c, activation="RELU")
    e = chain.pool(d, "MAX_POOL_2D", (2, 2), (2, 2))
    f = chain.pool(e, "AVERAGE_POOL_2D", (2, 1), (1, 1), same=True)
    g = chain.same_values(chain.mean(f), (1, 4))
    h = chain.dense(chain.same_values(g, (4,), "SQUEEZE"), 5, np.linspace(2e-3, 9e-3, 5), activation="RELU")
    chain.dense(h, n_outputs, [5e-3])
    return chain


@pytest.mark.parametrize("seed", range(3))
def test_a_network(seed):
    chain = network(seed)
    chain.softmax(len(chain.values) - 1)
    made = check(chain)
    assert {layer.kind for layer in made.layers} == set(Kind) - {Kind.RESHAPE, Kind.LOGISTIC, Kind.ADD}
    assert made.buffer <= 5 * 4 * 4 * 3 + 144  # two tensors and the branch, or the input and the first one


def test_integers_at_the_end():
    assert not check(network()).gives_floats


def test_logistic():
    chain = network(n_outputs=1)
    scale = chain.values[-1][2]
    chain.step("LOGISTIC", [len(chain.values) - 1], (1,), lambda v: 1 / (1 + np.exp(-v * scale)), q=(1 / 256, -128))
    assert check(chain).layers[-1].kind == Kind.LOGISTIC


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_types_at_the_ends(dtype):
    """QUANTIZE and DEQUANTIZE there are how the network is asked, not layers."""
    chain = Chain((4, 4, 1), 0, (0.5, -7))
    chain.convolution(0, 2, (2, 2))
    plain = convert_tflite(chain.content())
    (start, shape, scale, zero), (end, *_, out_scale, out_zero) = chain.values[0], chain.values[-1]
    if dtype == "uint8":
        before = chain.file.tensor((1, *shape), scale, zero + 128, dtype)
        after = chain.file.tensor((1, 3, 3, 2), out_scale, out_zero + 128, dtype)
    else:
        before, after = chain.file.tensor((1, *shape), dtype=dtype), chain.file.tensor((1, 3, 3, 2), dtype=dtype)
    operators = chain.file._operators
    operators.insert(0, ("QUANTIZE", [before], [start], {}))
    operators.append(("QUANTIZE" if dtype == "uint8" else "DEQUANTIZE", [end], [after], {}))
    assert write(convert_tflite(chain.file.content([before], [after]))) == write(plain)


def test_padding_before_a_convolution():
    """Is its padding: a margin of the zero point."""
    wide, chain = Chain((6, 7, 2)), Chain((6, 7, 2))
    tensor, _, scale, zero = chain.values[0]
    margins = chain.file.constant(np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))
    padded = chain.add_value((8, 9, 2), (scale, zero))
    chain.file.operator("PAD", [tensor, margins], [chain.values[padded][0]])
    chain.convolution(padded, 3, (3, 3))
    wide.convolution(0, 3, (3, 3), same=True)
    made = convert_tflite(chain.content())
    assert made.layers[0].window.padding == (1, 1, 1, 1)
    ours, theirs = (vars(each.layers[0]) for each in (made, convert_tflite(wide.content())))
    assert ours["output_shape"] == theirs["output_shape"] == (6, 7, 3)


def test_shapes_that_are_computed():
    """Newer converters tell a RESHAPE by operators what its tensor says anyway."""
    chain = Chain((2, 3, 2))
    shape = chain.file.tensor((4,), dtype="int32")
    chain.file.operator("SHAPE", [chain.values[0][0]], [shape])
    chain.dense(chain.same_values(0, (12,)), 4, [1e-3])
    check(chain)


def test_old_numbers_of_operators():
    chain = network()
    new = chain.content()
    chain.file._old = True
    assert chain.content() != new
    assert write(convert_tflite(chain.content())) == write(convert_tflite(new))


# ---- Files


def test_convert_save_load(tmp_path):
    chain = network()
    chain.softmax(len(chain.values) - 1)
    (tmp_path / "model.tflite").write_bytes(chain.content())
    model = emlearn.convert(tmp_path / "model.tflite")
    content = model.save(tmp_path / "model.tmdl")
    loaded = emlearn.load(tmp_path / "model.tmdl")
    rows = chain.random.integers(0, 256, (20, 9, 8, 2)).astype(np.uint8)
    assert np.array_equal(model.predict_proba(rows), loaded.predict_proba(rows))
    assert len(loaded.golden.features) >= 1
    assert np.array_equal(CnnCore(content).run(loaded.golden.features), loaded.golden.outputs)
    done = CliRunner().invoke(main, ["convert", str(tmp_path / "model.tflite"), "-o", str(tmp_path / "other.tmdl")])
    assert done.exit_code == 0 and (tmp_path / "other.tmdl").read_bytes() == content
    for options in ({"dtype": "float"}, {"data": rows}):
        with pytest.raises(emlearn.ConvertError, match="leave dtype= and data= out"):
            emlearn.convert(tmp_path / "model.tflite", **options)
    with pytest.raises(emlearn.ConvertError, match="is no .tflite file"):
        emlearn.convert(str(tmp_path / "model.tmdl"))


def change(chain, number, name=None, inputs=None, **options):
    """The file with another operator in a place."""
    old, ins, outs, given = chain.file._operators[number]
    given = {} if name else given
    chain.file._operators[number] = (name or old, ins if inputs is None else inputs, outs, given | options)
    return chain.content()


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"name": "TANH"}, "operator 2, TANH: is not supported; supported are CONV_2D, DEPTHWISE_CONV_2D"),
        ({"FusedActivationFunction": 4}, "operator 2, CONV_2D: the activation TANH is not supported"),
        ({"DilationHFactor": 2}, "operator 2, CONV_2D: a dilation other than 1"),
        ({"StrideH": 0}, "operator 2, CONV_2D: strides of"),
        ({"StrideH": 2}, "its output is"),
        ({"inputs": []}, "operator 2, CONV_2D: 0 inputs and 1 outputs"),
        ({"inputs": [-1, 1, 2]}, "operator 2, CONV_2D: an input is left out"),
        ({"inputs": [0]}, "has no weights"),
        ({"name": "SOFTMAX", "Beta": 1.0}, "operator 2, SOFTMAX: is supported as the last layer only"),
        ({"name": "QUANTIZE"}, "operator 2, QUANTIZE: is supported for the network's input and output only"),
        ({"name": "PAD"}, "operator 2, PAD: "),
        ({"name": "MEAN"}, "operator 2, MEAN: "),
    ],
)
def test_refused_operators(changes, told):
    with pytest.raises(emlearn.ConvertError, match=told):
        convert_tflite(change(network(), 2, **changes))


def test_refused_numbers():
    chain = Chain((3, 3, 2))
    chain.convolution(0, 2, (2, 2))
    weights = chain.file._operators[0][1][1]
    shape, scales, _, dtype, data, axis = chain.file._tensors[weights]
    for replaced, told in (
        ((shape, scales, 1, dtype, data, axis), "zero points other than 0"),
        ((shape, scales, 0, dtype, data, 3), "without a scale for each output"),
        ((shape, scales, 0, dtype, None, axis), "is no constant of INT8"),
        ((shape, scales, 0, "int16", np.zeros(shape, np.int16), axis), "is no constant of INT8, but INT16"),
    ):
        chain.file._tensors[weights] = replaced
        with pytest.raises(emlearn.ConvertError, match=told):
            convert_tflite(chain.content())
    chain = Chain((3, 3, 2))
    chain.convolution(0, 2, (2, 2))
    chain.file._tensors[0] = ((1, 3, 3, 2), None, 0, "float32", None, 0)
    with pytest.raises(emlearn.ConvertError, match="takes FLOAT32; convert the network with int8 quantisation"):
        convert_tflite(chain.content())
    chain.file._tensors[0] = ((2, 3, 3, 2), 0.1, 0, "int8", None, 0)
    with pytest.raises(emlearn.ConvertError, match=r"has shape \(2, 3, 3, 2\), not \(1, height, width, channels\)"):
        convert_tflite(chain.content())


def test_two_graphs_or_ends_are_refused():
    chain = network()
    ends = [chain.values[0][0]], [chain.values[-1][0]]
    with pytest.raises(emlearn.ConvertError, match="with 2 graphs"):
        convert_tflite(chain.file.content(*ends, graphs=2))
    with pytest.raises(emlearn.ConvertError, match="with 2 inputs and 1 outputs"):
        convert_tflite(chain.file.content(ends[0] * 2, ends[1]))
    with pytest.raises(emlearn.ConvertError, match="not that of its last layer"):
        convert_tflite(chain.content(end=2))


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\0\0\0\0TFL3", bytes(100), b"\xff\xff\xff\xffTFL3" + bytes(50)])
def test_other_files(content):
    with pytest.raises(emlearn.ConvertError, match="not a .tflite file|a damaged .tflite file|with 0 graphs"):
        convert_tflite(content)


def test_damage():
    """Is refused, or gives a network that a device takes: its maker checks that."""
    chain = Chain((3, 3, 2))
    chain.same_values(chain.convolution(0, 2, (2, 2), activation="RELU"), (8,))
    data = chain.content()
    n_refused = 0
    for at in range(0, len(data), 3):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[at] ^= flip
            for content in (bytes(damaged), data[:at]):
                try:
                    CnnCore(write(convert_tflite(content)))
                except emlearn.ConvertError:
                    n_refused += 1
    assert n_refused > len(data)  # all that are shorter


def test_missing_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tflite", None)
    with pytest.raises(emlearn.ConvertError, match=r"pip install emlearn-mpy\[tflite\]"):
        convert_tflite(network().content())
