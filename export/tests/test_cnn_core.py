"""eml_cnn.h and eml_cnn_f32.h beside NumPy, for every kind of layer: the same bits.

The reference sums in int64 and float32 over windows of a padded input, and scales with fractions. exp and the logistic
function are those of the twins, which have no code of the core's.
"""

from __future__ import annotations

import importlib.util
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from cffi import FFI
from emlearn._cnn_core import CnnCore
from tmdl_files import (
    ADD,
    ADD_ACTIVATED,
    AVERAGE_POOL,
    CONV,
    DENSE,
    DEPTHWISE,
    FLOAT32,
    GLOBAL_AVERAGE,
    INT8,
    LOGISTIC,
    MAX_POOL,
    NONE,
    RELU,
    RELU6,
    RESHAPE,
    SOFTMAX,
    Layer,
    tmdl,
)

from emlearn import _cnn_build, _cnn_core, _eml_cnn

ROOT = Path(__file__).resolve().parents[2]
numbers = ModuleType("numbers_of_twins")
exec((ROOT / "src" / "common" / "py" / "numbers.py").read_text(), vars(numbers))

ROWS = 3


@pytest.fixture(scope="module", autouse=True, params=["single", "pairs"])
def loops(request, tmp_path_factory):
    """The core as most CPUs have it, and with the loops that are for Xtensa."""
    if request.param == "single":
        yield
        return
    ffi = FFI()
    ffi.cdef(_cnn_build._DECLARE)
    include = [str(ROOT / "src" / "emlearn")]
    ffi.set_source("pairs", "#define EML_CNN_PAIRS\n" + _cnn_build._DEFINE, include_dirs=include)
    spec = importlib.util.spec_from_file_location("pairs", ffi.compile(str(tmp_path_factory.mktemp("pairs"))))
    pairs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pairs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_cnn_core, "ffi", pairs.ffi)
        patch.setattr(_cnn_core, "lib", pairs.lib)
        yield


# ---- Numbers of int8


def cut(x, digits=32):
    """A positive fraction, cut to so many bits."""
    unit = Fraction(2) ** (digits - numbers.length(int(x)) if x >= 1 else digits - 1 + numbers.length(int(1 / x)))
    unit *= 2 ** (digits - numbers.length(int(x * unit)))
    return Fraction(int(x * unit)) / unit


def multiplier(x):
    """m, s."""
    if x == 0:
        return 0, 62
    s = 0
    while x * Fraction(2) ** s >= 1 << 24:
        s -= 1
    while x * Fraction(2) ** s < 1 << 23:
        s += 1
    m = int(x * Fraction(2) ** s + Fraction(1, 2))
    if m == 1 << 24:
        m, s = m >> 1, s - 1
    assert s >= 1
    return m, min(s, 62)


def ratio(a, b):
    return cut(Fraction(float(a)) / Fraction(float(b)))


def quantised(x, scale):
    return int((Fraction(float(x)) / Fraction(float(scale)) + Fraction(1, 2)).__floor__())


def finished(scaled, layer):
    """With the output's zero point, activated and cut."""
    scale, zero = layer.out_q
    low, high = -128, 127
    if layer.activation != NONE:
        low = zero
    if layer.activation == RELU6:
        high = min(high, zero + quantised(6, scale))
    return np.clip(np.array(scaled, object) + zero, low, high).astype(np.int8)


def scaled(a, m, s):
    return (np.asarray(a, object) * m + (1 << s - 1)) >> s


# ---- Layers


def windows(x, layer, outside):
    """For each output place: (rows, h, w, kernel h * kernel w, channels), with `outside` around the input."""
    top, bottom, left, right = layer.padding
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=outside)
    (kh, kw), (sh, sw), (h, w, _) = layer.kernel, layer.stride, layer.out_shape
    assert h == (x.shape[1] - kh) // sh + 1 and w == (x.shape[2] - kw) // sw + 1
    seen = [x[:, i : i + sh * h : sh, j : j + sw * w : sw][:, :h, :w] for i in range(kh) for j in range(kw)]
    return np.stack(seen, axis=3)


def products(x, layer, outside=0):
    """Values (rows, h, w, outputs, n) and weights (outputs, n) of the products to sum, in the order of the file."""
    n_out = len(layer.weights)
    if layer.kind == DENSE:
        return np.repeat(x.reshape(len(x), 1, 1, 1, -1), n_out, axis=3), layer.weights
    seen = windows(x, layer, outside)
    if layer.kind == DEPTHWISE:
        values = np.repeat(np.moveaxis(seen, 3, 4), layer.depth, axis=3)
    else:
        values = np.repeat(np.moveaxis(seen, 3, 4).reshape(*seen.shape[:3], 1, -1), n_out, axis=3)
    return values, layer.weights.reshape(n_out, -1)


def of_int8(x, layer, second=None):
    """x: int8 of shape (rows, h, w, c)."""
    kind, (in_scale, in_zero), (out_scale, _) = layer.kind, layer.in_q, layer.out_q
    if kind in (CONV, DEPTHWISE, DENSE):
        values, weights = products(x, layer, in_zero)
        sums = np.einsum("...kn,kn->...k", values.astype(np.int64), weights.astype(np.int64)) + layer.bias
        assert np.abs(sums).max() < 2**31
        out = np.empty(sums.shape, object)
        for k in range(len(weights)):
            scale = layer.scales[0 if kind == DENSE else k]
            out[..., k] = scaled(sums[..., k], *multiplier(ratio(in_scale, out_scale) * Fraction(float(scale))))
        return finished(out, layer)
    if kind == GLOBAL_AVERAGE:
        n = x.shape[1] * x.shape[2]
        sums = (x.astype(np.int64) - in_zero).sum(axis=(1, 2))
        return finished(scaled(sums, *multiplier(cut(ratio(in_scale, out_scale) / n))), layer)
    if kind in (MAX_POOL, AVERAGE_POOL):
        seen = windows(x.astype(np.int64), layer, 1000)
        inside = seen != 1000
        if kind == MAX_POOL:
            return np.where(inside, seen, -1000).max(axis=3).astype(np.int8)
        n = inside.sum(axis=3)
        return ((2 * np.where(inside, seen, 0).sum(axis=3) + n) // (2 * n)).astype(np.int8)
    if kind in (ADD, ADD_ACTIVATED):
        (m1, s1), (m2, s2) = (multiplier(ratio(scale, out_scale)) for scale in (in_scale, layer.second_q[0]))
        s = min(s1, s2)
        m1, m2 = (m >> more if more <= 24 else 0 for m, more in ((m1, s1 - s), (m2, s2 - s)))
        sums = (x.astype(object) - in_zero) * m1 + (second.astype(object) - layer.second_q[1]) * m2
        return finished((sums + (1 << s - 1)) >> s, layer)
    assert kind == RESHAPE
    return x


def real(q, scale):
    """float32 nearest to scale * q. A product of 24 and 9 bits is exact in float64."""
    return (np.float64(scale) * np.asarray(q, np.int64)).astype(np.float32)


def soft(x, kind):
    """Softmax of differences, or logistic functions, of float32 of shape (rows, n)."""
    words = x.view(np.uint32)
    if kind == LOGISTIC:
        bits = [[numbers.sigmoid(int(word)) for word in row] for row in words]
    else:
        bits = [numbers.normalise([numbers.exp(int(word)) for word in row]) for row in words]
    return np.array(bits, np.uint32).view(np.float32)


def activated(x, activation):
    bits = x.view(np.uint32)
    if activation != NONE:
        bits = np.where(bits >> 31, 0, bits).astype(np.uint32)
    x = bits.view(np.float32)
    return np.minimum(x, np.float32(6)) if activation == RELU6 else x


def mean(x, axes, inside=None):
    """Of float32, one after the other in the order of memory; the quotient is cut to 32 bits."""
    order = np.moveaxis(x, axes, range(len(axes)))
    order = order.reshape(-1, *order.shape[len(axes) :])
    counted = np.ones(order.shape, bool) if inside is None else np.moveaxis(inside, axes[0], 0)
    total = np.zeros(order.shape[1:], np.float32)
    for value, counts in zip(order, counted, strict=True):
        total = np.where(counts, total + value, total)
    n = counted.sum(axis=0)
    bits = [
        0 if s == 0 else nearest(cut(Fraction(float(abs(s))) / int(k))) for s, k in zip(total.flat, n.flat, strict=True)
    ]
    sign = total.view(np.uint32) & np.uint32(1 << 31)
    return (np.array(bits, np.uint32).reshape(total.shape) | sign).view(np.float32)


def nearest(x):
    """Bits of the float32 nearest to a fraction whose denominator is a power of two."""
    return numbers.nearest(x.numerator, 1 - numbers.length(x.denominator))


def of_float32(x, layer, second=None):
    kind = layer.kind
    if kind in (CONV, DEPTHWISE, DENSE):
        values, weights = products(x, layer)
        total = np.zeros(values.shape[:-1], np.float32)
        for i in range(weights.shape[1]):
            total = total + weights[:, i] * values[..., i]
        return activated(total + layer.bias, layer.activation)
    if kind == GLOBAL_AVERAGE:
        return mean(x, (1, 2))
    if kind in (MAX_POOL, AVERAGE_POOL):
        seen = windows(x, layer, np.nan)
        return np.nanmax(seen, axis=3) if kind == MAX_POOL else mean(seen, (3,), ~np.isnan(seen))
    if kind in (ADD, ADD_ACTIVATED):
        return activated(x + second, layer.activation)
    assert kind == RESHAPE
    return x


# ---- Random layers


def scale_of(random, low=-9, high=-2):
    return np.float32(2.0 ** random.uniform(low, high))


def zero_of(random):
    return int(random.choice([-128, 127, 0, int(random.integers(-128, 128))]))


def random_window(random, kind):
    """h, w of the input, kernel, stride, padding, h, w of the output."""
    while True:
        kernel = tuple(map(int, random.choice([(1, 1), (3, 3), (3, 3), (2, 2), (1, 5), (4, 3), (2, 1), (5, 5)])))
        stride = tuple(map(int, random.integers(1, 4, 2)))
        h, w = map(int, random.integers(1, 10, 2))
        padding = tuple(int(random.integers(0, kernel[i // 2])) if random.random() < 0.6 else 0 for i in range(4))
        out = [
            (size + padding[2 * i] + padding[2 * i + 1] - kernel[i]) // stride[i] + 1 for i, size in enumerate((h, w))
        ]
        if min(out) >= 1:
            return (h, w), kernel, stride, padding, tuple(out)


def random_weights(random, kind, shape):
    """Weights, scales, biases; often the extremes."""
    n_out, n = shape[0], int(np.prod(shape[1:]))
    if kind == FLOAT32:
        return (
            random.standard_normal(shape).astype(np.float32),
            np.empty(0, np.float32),
            random.standard_normal(n_out).astype(np.float32),
        )
    way = random.integers(4)
    weights = random.integers(-128, 128, shape) if way < 2 else random.choice([-128, 127], shape) if way == 2 else None
    weights = np.full(shape, random.choice([-128, 127])) if weights is None else weights
    limit = 2**31 - 1 - (n << 14)
    bias = random.integers(-4000, 4000, n_out) if random.random() < 0.7 else random.choice([-limit, limit], n_out)
    scales = np.exp2(random.uniform(-14, 0, n_out)).astype(np.float32)
    scales[random.random(n_out) < 0.1] = 0
    return weights.astype(np.int8), scales, bias.astype(np.int32)


def random_layer(random, kind, of):
    """A layer of type `of`."""
    activation = int(random.choice([NONE, RELU, RELU6]))
    q = (scale_of(random), zero_of(random)), (scale_of(random), zero_of(random))
    channels = int(random.choice([1, 2, 3, 4, 5, 8, 9]))
    (h, w), kernel, stride, padding, out = random_window(random, kind)
    window = {"kernel": kernel, "stride": stride, "padding": padding}
    shape = (h, w, channels)
    if kind in (CONV, DEPTHWISE):
        depth = int(random.integers(1, 5)) if kind == DEPTHWISE else 0
        n_out = channels * depth or int(random.integers(1, 8))
        weights, scales, bias = random_weights(random, of, (n_out, 1 if depth else channels, *kernel))
        return Layer(kind, shape, (*out, n_out), 0, 0, *q, **window, activation=activation, depth=depth,
            weights=weights, scales=scales, bias=bias)  # fmt: skip
    if kind == DENSE:
        n_out = int(random.integers(1, 12))
        weights, scales, bias = random_weights(random, of, (n_out, h * w * channels))
        return Layer(kind, shape, (1, 1, n_out), 0, 0, *q, weights=weights, scales=scales[:1], bias=bias)
    if kind == GLOBAL_AVERAGE:
        return Layer(kind, shape, (1, 1, channels), 0, 0, *q)
    if kind in (MAX_POOL, AVERAGE_POOL):
        return Layer(kind, shape, (*out, channels), 0, 0, q[0], q[0], **window)
    if kind in (ADD, ADD_ACTIVATED):
        # Both inputs are the network's, the second a part of it further on.
        return Layer(kind, shape, shape, 0, 0, *q, activation=activation if kind == ADD_ACTIVATED else NONE,
            second_q=(scale_of(random, -30, -2), zero_of(random)))  # fmt: skip
    return Layer(kind, shape, (1, 1, h * w * channels) if kind == RESHAPE else shape, 0, 0, q[0], q[0])


def core_of(layer, of, shared=False, second=False):
    """A network of one layer. Of an addition, the input holds both, above each other, and a reshape is first."""
    item = 1 if of == INT8 else 4
    n_in, n_out = int(np.prod(layer.in_shape)) * item, int(np.prod(layer.out_shape)) * item
    layers = [layer]
    end = n_in
    if second:
        h, w, c = layer.in_shape
        layer.in_at, layer.second_at = 0, n_in
        layers = [Layer(RESHAPE, (2 * h, w, c), (2 * h, w, c), 0, 0, layer.in_q, layer.in_q), layer]
        end = 2 * n_in
    layer.out_at = 0 if shared else -(-end // 4) * 4
    soft_size = 4 // item if layer.kind in (SOFTMAX, LOGISTIC) else 1
    return CnnCore(tmdl(of, layers, max(layer.out_at + n_out * soft_size, end)))


def inputs(random, layer, of, n):
    if of == FLOAT32:
        return random.standard_normal((ROWS, n)).astype(np.float32)
    rows = random.integers(-128, 128, (ROWS, n)).astype(np.int8)
    rows[0] = random.choice([-128, 127], n)
    return rows


KINDS = [CONV, DEPTHWISE, DENSE, GLOBAL_AVERAGE, RESHAPE, ADD, MAX_POOL, AVERAGE_POOL, ADD_ACTIVATED, SOFTMAX, LOGISTIC]
CASES = {kind: 150 if kind in (CONV, DEPTHWISE) else 40 for kind in KINDS}


@pytest.mark.parametrize("of", [INT8, FLOAT32])
@pytest.mark.parametrize("kind", KINDS)
def test_layer(kind, of):
    random = np.random.default_rng(kind + 7 * of)
    adds, is_soft, values = kind in (ADD, ADD_ACTIVATED), kind in (SOFTMAX, LOGISTIC), set()
    for case in range(CASES[kind]):
        layer = random_layer(random, kind, of)
        core = core_of(layer, of, shared=(is_soft or kind == RESHAPE) and case % 2, second=adds)
        rows = inputs(random, layer, of, core.n_inputs)
        x, second = rows.reshape(ROWS, -1, *layer.in_shape)[:, 0], rows.reshape(ROWS, -1, *layer.in_shape)[:, -1]
        if is_soft:
            zero = (
                rows.max(axis=1, keepdims=True) if kind == SOFTMAX else layer.in_q[1] if of == INT8 else np.float32(0)
            )
            below = real(rows.astype(int) - zero, layer.in_q[0]) if of == INT8 else rows - zero
            expected = soft(below, kind)
            assert core.gives_floats
        elif of == INT8:
            q = of_int8(x, layer, second).reshape(ROWS, -1)
            assert np.array_equal(core.run(rows, "b"), q), layer
            expected = real(q.astype(int) - layer.out_q[1], layer.out_q[0])
            values |= set(np.unique(q).tolist())
        else:
            expected = of_float32(x, layer, second).reshape(ROWS, -1)
        assert np.array_equal(core.run(rows).view(np.uint32), expected.view(np.uint32)), layer
    if of == INT8 and not is_soft:
        assert {-128, 127} <= values and len(values) > 60  # saturated ones, and many between


def test_scales():
    """Of multipliers from below 2^-57 to the largest, and of sums that they bring next to a tie."""
    random = np.random.default_rng(5)
    for exponent in range(-70, 23):
        # A weight for each output, which the one input multiplies.
        weights = random.integers(-128, 128, (40, 1)).astype(np.int8)
        bias = (random.integers(-(2**30), 2**30, 40) >> random.integers(0, 31, 40)).astype(np.int32)
        scale = np.float32(random.uniform(1, 2) if exponent % 3 else 1) * np.float32(2.0**exponent)
        layer = Layer(DENSE, (1, 1, 1), (1, 1, 40), 0, 0, (1.0, 3), (1.0, -7), weights=weights, bias=bias,
            scales=np.array([scale], np.float32))  # fmt: skip
        core = core_of(layer, INT8)
        rows = random.integers(-128, 128, (60, 1)).astype(np.int8)
        assert np.array_equal(core.run(rows, "b"), of_int8(rows.reshape(60, 1, 1, 1), layer).reshape(60, 40))
    with pytest.raises(ValueError, match="inconsistent"):
        layer.scales = np.array([2.0**23], np.float32)
        core_of(layer, INT8)


def test_chain():
    """Layers that hand on what they make, in places that they use in turn."""
    random = np.random.default_rng(11)
    for of in (INT8, FLOAT32):
        item = 1 if of == INT8 else 4
        q = [(np.float32(0.02 * (i + 1)), i - 2) for i in range(6)]
        places = [0, 400 * item, 0, 400 * item, 0]
        shapes = [(8, 7, 2), (8, 7, 5), (4, 4, 5), (2, 2, 5), (1, 1, 6)]
        first = random_weights(random, of, (5, 2, 3, 3))
        depthwise = random_weights(random, of, (5, 1, 3, 3))
        dense = random_weights(random, of, (6, 20))
        same = {"kernel": (3, 3), "padding": (1, 1, 1, 1)}
        layers = [
            Layer(CONV, *shapes[:2], *places[:2], *q[:2], **same, activation=RELU,
                weights=first[0], scales=first[1], bias=first[2]),
            Layer(DEPTHWISE, *shapes[1:3], *places[1:3], *q[1:3], **same, stride=(2, 2), depth=1, activation=RELU6,
                weights=depthwise[0], scales=depthwise[1], bias=depthwise[2]),
            Layer(MAX_POOL, *shapes[2:4], *places[2:4], q[2], q[2], kernel=(2, 2), stride=(2, 2)),
            Layer(DENSE, *shapes[3:], *places[3:], q[2], q[4],
                weights=dense[0], scales=dense[1][:1], bias=dense[2]),
            Layer(SOFTMAX, shapes[4], shapes[4], 0, 400 * item, q[4], q[4]),
        ]  # fmt: skip
        core = CnnCore(tmdl(of, layers, 800 * item))
        assert core.buffer == 800 * item and core.memory_size == core.buffer + core.work
        # The patch of a depthwise convolution, 45 values, or two of int16; the multipliers of 5 outputs.
        patch = 2 * 92 if of == INT8 and _cnn_core.ffi is not _eml_cnn.ffi else 48 if of == INT8 else 4 * 45
        assert core.work == patch + (4 * 5 if of == INT8 else 0)
        assert (core.input_shape, core.output_shape) == (shapes[0], shapes[4])
        rows = inputs(random, layers[0], of, 112)
        x = rows.reshape(ROWS, *shapes[0])
        for layer in layers[:-1]:
            x = (of_int8 if of == INT8 else of_float32)(x, layer).reshape(ROWS, *layer.out_shape)
        x = x.reshape(ROWS, -1)
        below = x.astype(int) - x.max(axis=1, keepdims=True) if of == INT8 else x - x.max(axis=1, keepdims=True)
        expected = soft(real(below, q[4][0]) if of == INT8 else below, SOFTMAX)
        assert np.array_equal(core.run(rows).view(np.uint32), expected.view(np.uint32))


# ---- Inputs and outputs


def copying(of, q=(1.0, 0), n=256):
    shape = (1, 1, n)
    return CnnCore(tmdl(of, [Layer(RESHAPE, shape, shape, 0, 0, q, q)], n * (1 if of == INT8 else 4)))


def test_bytes():
    rows = np.arange(256, dtype=np.uint8).reshape(1, -1)
    assert np.array_equal(copying(INT8).run(rows, "b")[0], np.arange(-128, 128))
    # A quotient of float32 is the nearest one.
    assert np.array_equal(copying(FLOAT32).run(rows)[0], np.arange(256, dtype=np.float32) / np.float32(255))


def test_floats_to_int8():
    random = np.random.default_rng(2)
    for scale, zero in [(1.0, 0), (0.5, -128), (0.0117, 127), (3e-40, 5), (1e30, 0), (1 / 255, -128), (0.1, 12)]:
        scale = np.float32(scale)
        x = np.concatenate(
            [
                np.float32(scale) * (random.integers(-600, 600, 150).astype(np.float32) / 2),  # ties, and next to them
                (scale * random.uniform(-140, 140, 90)).astype(np.float32),
                np.array([0, -0.0, 1e-45, -1e-45, 3e38, -3e38] * 2, np.float32),
            ]
        )
        x = np.concatenate([x, np.nextafter(x[:4], np.float32(9))]).astype(np.float32)
        expected = [min(max(quantised(value, scale) + zero, -128), 127) for value in x]
        assert copying(INT8, (scale, zero)).run(x.reshape(1, -1), "b")[0].tolist() == expected


@pytest.mark.parametrize("of", [INT8, FLOAT32])
def test_bad_inputs(of):
    core = copying(of, n=4)
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match="NaN or infinity"):
            core.run(np.array([[0, 1, bad, 2]], np.float32))
    wrong = [np.zeros((2, 3), np.uint8), np.zeros(4, np.uint8), np.zeros((1, 4)), np.zeros((4, 2), np.uint8).T]
    for X in [*wrong, *([np.zeros((1, 4), np.int8)] if of == FLOAT32 else [])]:
        with pytest.raises(ValueError, match=r"expected a C-contiguous .*shape \(n, 4\), got"):
            core.run(X)
    with pytest.raises(ValueError, match="expected out="):
        core.run(np.zeros((1, 4), np.uint8), "h" if of == INT8 else "b")


def test_overflowing_softmax():
    """Of float32 sums that overflow: numbers, at least."""
    shape = (1, 1, 3)
    weights = np.array([[3e38], [3e38], [-3e38]], np.float32)
    layers = [
        Layer(DENSE, (1, 1, 1), shape, 0, 4, weights=weights, bias=np.zeros(3, np.float32)),
        Layer(SOFTMAX, shape, shape, 4, 4),
    ]
    out = CnnCore(tmdl(FLOAT32, layers, 16)).run(np.array([[9.0]], np.float32))
    assert np.array_equal(out, [[0.5, 0.5, 0]])


# ---- Files


def damaged(**changes):
    """A file of one layer, with fields of it changed."""
    layer = Layer(CONV, (4, 4, 2), (4, 4, 3), 0, 32, (0.1, 0), (0.2, 0), kernel=(3, 3), padding=(1, 1, 1, 1),
        weights=np.ones((3, 2, 3, 3), np.int8), scales=np.ones(3, np.float32), bias=np.zeros(3, np.int32))  # fmt: skip
    buffer = changes.pop("buffer", 80)
    for name, value in changes.items():
        setattr(layer, name, value)
    return tmdl(INT8, [layer], buffer)


LIMIT = 2**31 - 1 - (18 << 14)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"buffer": 79}, "inconsistent"),
        ({"out_at": 31}, "inconsistent"),  # overlaps
        ({"in_at": 8}, "inconsistent"),  # not where the network's input is
        ({"out_shape": (4, 3, 3)}, "inconsistent"),
        ({"out_shape": (3, 4, 3)}, "inconsistent"),
        ({"out_shape": (4, 4, 4)}, "inconsistent"),
        ({"in_shape": (4, 4, 65535)}, "inconsistent"),
        ({"in_shape": (0, 4, 2)}, "inconsistent"),
        ({"in_q": (np.nan, 0)}, "inconsistent"),
        ({"in_q": (-0.1, 0)}, "inconsistent"),
        ({"in_q": (0.1, 128)}, "inconsistent"),
        ({"out_q": (0.0, 0)}, "inconsistent"),
        ({"out_q": (np.inf, 0)}, "inconsistent"),
        ({"out_q": (0.2, -129)}, "inconsistent"),
        ({"out_q": (1e-9, 0)}, "inconsistent"),  # a multiplier of 2^23 or more
        ({"padding": (3, 1, 1, 1)}, "inconsistent"),
        ({"stride": (0, 1)}, "inconsistent"),
        ({"activation": 2}, "not implemented"),
        ({"kind": 7}, "not implemented"),
        ({"scales": np.array([1, np.inf, 1], np.float32)}, "inconsistent"),
        ({"scales": np.array([1, -1, 1], np.float32)}, "inconsistent"),
        ({"bias": np.array([0, LIMIT + 1, 1], np.int32)}, "inconsistent"),
        ({"bias": np.array([0, -LIMIT - 1, 1], np.int32)}, "inconsistent"),
        ({"bias": np.array([0, -(2**31), 1], np.int32)}, "inconsistent"),
    ],
)
def test_refused(changes, message):
    CnnCore(damaged())
    CnnCore(damaged(bias=np.array([-LIMIT, 0, LIMIT], np.int32)))
    with pytest.raises(ValueError, match=message):
        CnnCore(damaged(**changes))


def test_of_tinymaix():
    """Files without our mark are of its kinds only, and may have anything behind their layers."""
    shape = (1, 1, 4)
    plain = tmdl(INT8, [Layer(RESHAPE, shape, shape)], 4, marked=False)
    marked = tmdl(INT8, [Layer(RESHAPE, shape, shape)], 4, trailers=b"TEST")
    assert CnnCore(plain + b"more").size == CnnCore(marked).size == len(plain)
    CnnCore(plain[:40] + b"\2" + plain[41:])  # where ours have a version
    CnnCore(tmdl(INT8, [Layer(LOGISTIC, shape, shape)], 16))
    with pytest.raises(ValueError, match="not implemented"):
        CnnCore(tmdl(INT8, [Layer(LOGISTIC, shape, shape)], 16, marked=False))
    for file in (marked[:40] + b"\2" + marked[41:], marked[:4] + b"\1" + marked[5:]):
        with pytest.raises(ValueError, match="another version or type"):
            CnnCore(file)
    for file in (b"", marked[:63], plain[:-1], marked[:36] + b"what" + marked[40:], b"M" + marked):
        with pytest.raises(ValueError, match="damaged"):
            CnnCore(file)
