"""What a run of a convolutional network takes: memory, and instructions, estimated from what its layers have to do.

As `_cost`: amounts of work, and for each architecture prices of them, which bench/cnn_costs.py fits to counts on
emulated boards. An architecture without prices has no estimate.
"""

from __future__ import annotations

import math

from ._cnn_cost_table import COSTS
from ._cost import Work, price
from .ir.tmdl import WITH_SECOND, WITH_WEIGHTS, Kind, Layer, Network, Type

GROUP = 4  # products that a CPU with DSP instructions adds up at a time
PAIRS = ("xtensawin",)  # whose networks of int8 see two windows at a time, as int16: eml_cnn_pairs.h


def instructions(network: Network) -> dict[str, int]:
    """Return the instructions of a run, by architecture; empty where nothing was measured.

    The input is of bytes for int8, of float32 for float32.
    """
    found = {}
    for architecture, prices in COSTS.items():
        work = work_of(network, architecture)
        if all(name in prices for name, _ in work):
            found[architecture] = round(sum(price(prices[name], amounts) for name, amounts in work))
    return found


def layer_instructions(network: Network, number: int) -> dict[str, int]:
    """Return the instructions of a layer, by architecture."""
    found = {}
    for architecture, prices in COSTS.items():
        name, amounts = layer_work(network.layers[number], network.type, architecture)
        if name in prices:
            found[architecture] = round(price(prices[name], amounts))
    return found


def work_bytes(network: Network, architecture: str = "") -> int:
    """Return the bytes that a run needs beside the main buffer: eml_cnn_check_layer of src/emlearn/eml_cnn_data.h."""
    return max(_work_bytes(layer, network.type, architecture in PAIRS) for layer in network.layers)


def _work_bytes(layer: Layer, type: Type, pairs: bool) -> int:
    """A patch, of what kernels see that see more than one sample; and of int8 the outputs' multipliers."""
    if layer.kind not in WITH_WEIGHTS:
        return 0
    patch = 0
    if type == Type.INT8 and pairs:
        patch = 2 * _values(layer)
        patch = (patch + -patch % 4) * min(_pixels(layer), 2)
    elif _area(layer) > 1:
        patch = _values(layer) * (1 if type == Type.INT8 else 4)
    assert layer.bias is not None
    return patch + -patch % 4 + (4 * len(layer.bias) if type == Type.INT8 else 0)


def work_of(network: Network, architecture: str = "") -> list[Work]:
    """Return the work of a run."""
    type = network.type.name.lower()
    ends = (1.0, float(network.n_features), float(network.n_outputs))
    return [(f"{type} run", ends), *(layer_work(layer, network.type, architecture) for layer in network.layers)]


def layer_work(layer: Layer, type: Type, architecture: str = "") -> Work:
    """Return the work of a layer."""
    name = f"{type.name.lower()} {layer.kind.name.lower()}"
    n_in, n_out = float(math.prod(layer.input_shape)), float(math.prod(layer.output_shape))
    if layer.kind in WITH_WEIGHTS:
        return f"{type.name.lower()} sums", _sums(layer, type, architecture in PAIRS)
    if layer.window is not None:
        _, samples, _ = _gathered(layer)
        return name, (1.0, float(_pixels(layer)), n_out, samples * layer.input_shape[2])
    if layer.kind == Kind.GLOBAL_AVERAGE:
        return name, (1.0, n_out, n_in)
    if layer.kind in WITH_SECOND:
        return f"{type.name.lower()} add", (1.0, n_in)
    return name, (1.0, n_in)


def _area(layer: Layer) -> int:
    return 1 if layer.window is None else math.prod(layer.window.kernel)


def _pixels(layer: Layer) -> int:
    return 1 if layer.window is None else layer.output_shape[0] * layer.output_shape[1]


def _values(layer: Layer) -> int:
    """That the outputs of one place see."""
    return math.prod(layer.input_shape) if layer.window is None else _area(layer) * layer.input_shape[2]


def _sums(layer: Layer, type: Type, pairs: bool) -> tuple[float, ...]:
    """Fixed, multipliers, windows, runs of samples, samples, fillings, outputs, products of rows: fours and rests."""
    assert layer.weights is not None
    n_out, n = len(layer.weights), layer.weights[0].size
    pixels = _pixels(layer)
    runs = samples = filled = 0.0
    if _area(layer) > 1:
        channels = layer.input_shape[2]
        rows, samples, filled = _gathered(layer)
        runs = rows if channels == 1 else samples
        samples, filled = samples * channels, filled * channels
    if type == Type.FLOAT32:
        return 1.0, float(pixels), runs, samples, filled, float(pixels * n_out), float(pixels * n_out * n)
    repeat = layer.depth_multiplier or n_out  # outputs that see the same values, of which two are summed at a time
    windows = pixels
    if pairs:
        windows = (pixels + 1) // 2
        if _area(layer) == 1:  # where others read the input itself
            runs, samples = float(pixels), float(pixels * _values(layer))
    products = windows * (n_out // repeat) * -(-repeat // 2)
    groups, rest = divmod(n, GROUP)
    counts = n_out, pixels, runs, samples, filled, pixels * n_out, products, products * groups, products * rest
    return 1.0, *map(float, counts)


def _gathered(layer: Layer) -> tuple[float, float, float]:
    """Of one channel: rows of windows, samples of the input that windows see, and samples of windows that leave it."""
    window = layer.window
    assert window is not None
    top, _, left, _ = window.padding
    sizes = []
    for axis, before in ((0, top), (1, left)):
        starts = range(-before, layer.output_shape[axis] * window.stride[axis] - before, window.stride[axis])
        ends = (min(start + window.kernel[axis], layer.input_shape[axis]) for start in starts)
        sizes.append([end - max(start, 0) for start, end in zip(starts, ends, strict=True)])
    rows, columns = sizes
    whole = rows.count(window.kernel[0]) * columns.count(window.kernel[1])
    cut = len(rows) * len(columns) - whole
    return float(sum(rows) * len(columns)), float(sum(rows) * sum(columns)), float(cut * _area(layer))
