"""The `.tmdl` format: round trips, golden files, damage; what a network may not be."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest
from emlearn._cnn_core import CnnCore
from emlearn._cnn_cost import work_bytes
from emlearn.ir.document import Golden
from emlearn.ir.tmdl import Kind, Layer, Network, Quantisation, Type, Window
from emlearn.readers import read
from emlearn.writers.tmdl import HEADER, with_crc, write
from test_formats import accepts, refusal
from tmdl_networks import GOLDEN, golden_files, layer_of, placed, random_network


def golden_of(network, dtype, n_rows=3):
    features = np.arange(n_rows * network.n_features).reshape(n_rows, -1).astype(dtype)
    outputs = np.arange(n_rows * network.n_outputs, dtype=np.float32).reshape(n_rows, -1)
    return Golden(features, np.arange(n_rows, dtype=np.uint32), outputs)


def unmarked(data):
    """As TinyMaix's converter writes it: without mark and trailers."""
    (size,) = struct.unpack_from("<I", data, 44)
    return data[:28] + struct.pack("<4H", 1, 1, 1, 1) + bytes(28) + data[64:size]


@pytest.mark.parametrize("seed", range(60))
def test_round_trip(seed):
    network = random_network(seed)
    golden = golden_of(network, ("u1", "i1", "f4")[seed % 3]) if seed % 4 else None
    data = write(network, golden, '{"a":1}' if seed % 5 else None)
    document = read(data)
    assert write(document.network, document.golden, document.certificate) == data
    assert document.network.labels == network.labels and document.network.buffer == network.buffer
    for layer, again in zip(network.layers, document.network.layers, strict=True):
        for name, value in vars(layer).items():
            found = getattr(again, name)
            if isinstance(value, np.ndarray):
                assert value.dtype == found.dtype and np.array_equal(value, found)
            else:
                assert value == found, name
    if golden is not None:
        assert np.array_equal(golden.features, document.golden.features)
        assert golden.features.dtype == document.golden.features.dtype
        assert np.array_equal(golden.outputs, document.golden.outputs)


def test_every_kind_is_covered():
    kinds = {
        (network.type, layer.kind)
        for seed in range(60)
        for network in [random_network(seed)]
        for layer in network.layers
    }
    assert kinds == {(type, kind) for type in Type for kind in Kind}


@pytest.mark.parametrize("seed", range(20))
def test_files_of_tinymaix(seed):
    """Which have no mark; and one scale for each output of a dense layer, of which the first counts."""
    network = random_network(seed, [kind for kind in Kind if kind < 0x100])
    data = write(replace(network, labels=None))
    assert write(read(unmarked(data)).network) == data
    assert not accepts(read, unmarked(data)[:-8])


def test_padded_scales_of_dense_layers():
    layer = layer_of(Kind.DENSE, (2, 2, 3), Type.INT8, np.random.default_rng(0))
    data = unmarked(write(placed(Type.INT8, (2, 2, 3), [layer])))
    at = HEADER.size
    scales, weights, biases = struct.unpack_from("<III", data, at + 48)
    more = bytearray(data[: 72 + at] + bytes(16) + data[72 + at :])
    struct.pack_into("<I", more, at + 4, len(more) - at)
    struct.pack_into("<III", more, at + 48, scales, weights + 16, biases + 16)
    found = read(bytes(more)).network.layers[0]
    assert np.array_equal(found.weights, layer.weights) and np.array_equal(found.weight_scales, layer.weight_scales)


def test_layers_of_ours_need_the_mark():
    network = random_network(1, [Kind.MAX_POOL])
    assert "which files without the mark" in refusal(read, unmarked(write(network)))


def test_golden_files():
    files = golden_files()
    assert {path.name for path in GOLDEN.glob("*.tmdl")} == set(files)
    for name, content in files.items():
        assert (GOLDEN / name).read_bytes() == content, "run export/tests/tmdl_networks.py if this was meant"
        document = read(content)
        assert write(document.network, document.golden, document.certificate) == content


# ---- Damage


def small(type):
    random = np.random.default_rng(3)
    kinds, shape, layers = (Kind.CONV, Kind.ADD_ACTIVATED, Kind.MAX_POOL, Kind.DENSE, Kind.SOFTMAX), (3, 4, 2), []
    for kind in kinds:
        layers.append(layer_of(kind, layers[-1].output_shape if layers else shape, type, random))
    labels = tuple(map(str, range(layers[-1].output_shape[2])))
    return placed(type, shape, layers, labels)


@pytest.mark.parametrize("type", Type)
def test_truncated(type):
    network = small(type)
    data = write(network, golden_of(network, "u1"), "{}")
    (size,) = struct.unpack_from("<I", data, 44)
    ends = {size}
    while max(ends) < len(data):
        (length,) = struct.unpack_from("<I", data, max(ends) + 4)
        ends.add(max(ends) + 8 + length + -length % 4)
    for n in range(len(data)):
        assert not accepts(read, data[:n])
        if n >= HEADER.size:  # with the right CRC it is whole after a trailer
            assert accepts(read, with_crc(data[:n])) == (n in ends)


@pytest.mark.parametrize("type", Type)
@pytest.mark.parametrize("trailers", [False, True])
def test_corrupted(type, trailers):
    """The CRC tells a changed byte; and if that is right too, reader and core agree whether the rest is a network.

    What follows a network, also one whose header says that it is shorter, is the reader's affair alone.
    """
    network = small(type)
    data = write(network, golden_of(network, "i1"), "{}") if trailers else write(replace(network, labels=None))
    n_accepted = 0
    for at in range(len(data)):
        for flip in (0x01, 0x02, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[at] ^= flip
            assert not accepts(read, bytes(damaged))
            damaged = with_crc(bytes(damaged))
            refused = refusal(read, damaged)
            if trailers or "trailer" in refused:
                assert (not refused) <= accepts(CnnCore, damaged), (at, flip)
            else:
                assert (not refused) == accepts(CnnCore, damaged), (at, flip, refused)
            if not refused:
                document = read(damaged)
                again = write(document.network, document.golden, document.certificate)
                assert write(read(again).network) == write(document.network)
                n_accepted += 1
    assert 0 < n_accepted < 4 * len(data)


# Numbers at which something begins or ends, for words of 16 and 32 bits.
WORDS = [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    8,
    0x30,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x101,
    0x102,
    0x103,
    0x104,
    0x0101,
    0x0201,
    0x7FFF,
    0xFFFF,
]
SCALES_BITS = [0x3F800000, 0, 1, 0x7F800000, 0x7FC00000, 0xBF800000, 0x00800000, 0x7F7FFFFF, 0x2B800000, 0x53800000]


@pytest.mark.parametrize("seed", range(40))
def test_reader_and_core_agree(seed):
    """About words of heads and bodies that are replaced by chance, in networks of a layer or two."""
    random = np.random.default_rng(seed)
    network = random_network(seed, n_layers=1 + seed % 2)
    data = write(replace(network, labels=None))
    n_accepted = 0
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(random.integers(1, 4)):
            if random.random() < 0.5:
                struct.pack_into("<H", damaged, 2 * random.integers(2, len(data) // 2), random.choice(WORDS))
            else:
                struct.pack_into("<I", damaged, 4 * random.integers(1, len(data) // 4), random.choice(SCALES_BITS))
        damaged = with_crc(bytes(damaged))
        refused = refusal(read, damaged)
        if "trailer" not in refused:
            assert (not refused) == accepts(CnnCore, damaged), refused
        n_accepted += not refused
        if struct.unpack_from("<I", damaged, 44)[0] == len(data) and damaged[36:40] == b"EMLN":
            plain = unmarked(damaged)
            assert accepts(read, plain) == accepts(CnnCore, plain)
    assert n_accepted > 0


@pytest.mark.parametrize("seed", range(60))
def test_what_is_written_runs(seed):
    """And the memory that it takes is what is told of it."""
    network = random_network(seed)
    core = CnnCore(write(network))
    assert (core.type, core.input_shape, core.output_shape) == (
        network.type,
        network.input_shape,
        network.layers[-1].output_shape,
    )
    assert (core.buffer, core.work) == (network.buffer, work_bytes(network))
    assert core.gives_floats == network.gives_floats
    assert core.run(np.zeros((1, network.n_features), np.uint8)).shape == (1, network.n_outputs)


@pytest.mark.parametrize(
    "at, value, told",
    [
        (4, b"\1", "of type 1; this reader knows 0 \\(int8\\) and 2 \\(float32\\)"),
        (6, b"\2", "2 inputs"),
        (10, b"\0\0", "the layers take 64 bytes, the header says"),
        (12, bytes(4), "is not within 0 bytes"),
        (16, b"\1", "bytes of a second buffer"),
        (36, b"ELMN", "with the mark b'ELMN'"),
        (40, b"\2", "of version 2"),
        (44, b"\xff\xff\xff\xff", "truncated: the header says"),
        (64, b"\7", "layer 0: unknown kind 0x7"),
        (66, b"\1", "layer 0: says 1 where the network's output is told"),
        (68, b"\xff\xff\xff\xff", "layer 0: truncated"),
        (68, b"\x30", "layer 0: "),
        (64 + 52, b"\2", "a dilation of"),
        (64 + 54, b"\2", "activation 2; this reader knows"),
        (64 + 72, b"\xf0\xff", "weights at 65520"),
    ],
)
def test_what_is_told(at, value, told):
    data = write(small(Type.INT8))
    with pytest.raises(ValueError, match=told):
        read(with_crc(data[:at] + value + data[at + len(value) :]))


# ---- Networks that no device takes

SCALES = np.array([0.01], np.float32)


def dense(**changes):
    weights, bias = np.ones((2, 3), np.int8), np.zeros(2, np.int32)
    fields = {"weights": weights, "weight_scales": SCALES, "bias": bias} | changes
    return Layer(Kind.DENSE, (1, 1, 3), (1, 1, 2), **({"input_offset": 0, "output_offset": 4} | fields))


def convolution(**changes):
    fields = {"weights": np.ones((2, 3, 2, 2), np.int8), "weight_scales": np.repeat(SCALES, 2)}
    fields |= {"bias": np.zeros(2, np.int32), "window": Window((2, 2)), "output_shape": (1, 1, 2)}
    return Layer(Kind.CONV, (2, 2, 3), input_offset=0, output_offset=12, **(fields | changes))


def simple(kind, output=(1, 1, 4), **changes):
    return Layer(kind, (1, 1, 4), output, **({"input_offset": 0, "output_offset": 4} | changes))


@pytest.mark.parametrize(
    "layer, told",
    [
        (dense(weights=np.ones((2, 4), np.int8)), r"weights is int8 of shape \(2, 4\), not int8 of shape \(2, 3\)"),
        (dense(bias=None), "bias is nothing, not int32"),
        (dense(bias=np.array([0, 2**31 - 1 - 3 * 2**14 + 1], np.int32)), "a bias beyond"),
        (dense(bias=np.array([-(2**31), 0], np.int32)), "a bias beyond"),
        (dense(weight_scales=np.repeat(SCALES, 2)), "weight_scales is float32 of shape"),
        (dense(weight_scales=-SCALES), "negative or no number"),
        (dense(weight_scales=np.array([np.nan], np.float32)), "negative or no number"),
        (dense(input_q=Quantisation(float("inf"))), "no positive float32"),
        (dense(input_q=Quantisation(0.1)), "no positive float32"),
        (dense(output_q=Quantisation(1.0, 128)), "a zero point of 128"),
        (dense(output_q=Quantisation(2.0**-40)), "so small that a sum does not fit"),
        (dense(activation=1), "takes no activation"),
        (dense(output_offset=2), "its output at 2 overlaps its input at 0"),
        (dense(output_offset=99), "its output of 2 bytes at 99 is not within 100 bytes"),
        (dense(window=Window((1, 1))), "has a window"),
        (dense(weights=None), "has no weights"),
        (convolution(window=None), "has no window"),
        (convolution(window=Window((2, 2), (1, 0))), "are not all from 1 to 255"),
        (convolution(window=Window((2, 2), (1, 1), (2, 0, 0, 0))), "is not below the kernel's h and w"),
        (convolution(window=Window((3, 2))), "larger than its padded input"),
        (convolution(output_shape=(1, 2, 2)), "its output is"),
        (convolution(depth_multiplier=1), "a depth multiplier of 1"),
        (simple(Kind.DEPTHWISE, window=Window((1, 1))), "a depth multiplier of 0"),
        (simple(Kind.GLOBAL_AVERAGE, (1, 1, 3)), "its output is"),
        (simple(Kind.RESHAPE, (1, 1, 3)), "has not as many values as"),
        (simple(Kind.RESHAPE, output_q=Quantisation(0.5)), "has another scale or zero point"),
        (simple(Kind.RESHAPE, (1, 0, 4)), "a shape of"),
        (simple(Kind.DENSE, (1024, 1024, 8)), "which has 8,388,608 values or more"),
        (simple(Kind.RESHAPE, output_offset=1), "overlaps its input"),
        (simple(Kind.ADD, second_offset=97), "its second input of 4 bytes at 97"),
        (simple(Kind.ADD, second_offset=2), "overlaps its second input"),
        (simple(Kind.ADD, second_q=Quantisation(-1.0)), "no positive float32"),
        (simple(Kind.ADD, second_q=Quantisation(2.0**30)), "does not fit"),
        (simple(Kind.SOFTMAX, output_offset=6), "no multiple of 4"),
        (simple(Kind.LOGISTIC, output_offset=88), "its output of 16 bytes at 88"),
    ],
)
def test_refused_layers(layer, told):
    with pytest.raises(ValueError, match=told) as error:
        placed_as_it_is(layer)
    assert str(error.value).startswith("layer 0, ")


def placed_as_it_is(layer):
    return Network(Type.INT8, layer.input_shape, (layer,), 100)


def test_layers_at_the_edge():
    for layer in (
        dense(bias=np.array([0, 2**31 - 1 - 3 * 2**14], np.int32), output_offset=3),
        dense(weight_scales=0 * SCALES, output_q=Quantisation(2.0**-40)),
        simple(Kind.SOFTMAX, output_offset=0),
        simple(Kind.RESHAPE, output_offset=0),
        simple(Kind.LOGISTIC, output_offset=84),
    ):
        network = placed_as_it_is(layer)
        assert write(read(write(network)).network) == write(network)


def test_the_input_is_that_of_the_first_layer():
    network = placed_as_it_is(dense())
    with pytest.raises(ValueError, match=r"takes \(1, 1, 3\) at 0, not the input \(1, 1, 2\) at 0"):
        replace(network, input_shape=(1, 1, 2))
    with pytest.raises(ValueError, match=r"takes \(1, 1, 3\) at 4, not"):
        placed_as_it_is(dense(input_offset=4, output_offset=0))
    with pytest.raises(ValueError, match="a main buffer of"):
        replace(network, buffer=1 << 28)


@pytest.mark.parametrize("name", ["weights", "bias"])
def test_floats_are_finite(name):
    layer = layer_of(Kind.DENSE, (1, 1, 3), Type.FLOAT32, np.random.default_rng(0))
    array = getattr(layer, name).copy()
    array.flat[-1] = np.nan
    with pytest.raises(ValueError, match="infinite or no number"):
        placed(Type.FLOAT32, (1, 1, 3), [replace(layer, **{name: array})])


def test_only_the_last_layer_is_softmax():
    soft = simple(Kind.SOFTMAX, output_offset=0)
    with pytest.raises(ValueError, match="layer 0, softmax: only the last layer"):
        replace(placed_as_it_is(soft), layers=(soft, soft))
