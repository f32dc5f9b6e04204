"""Convolutional networks as devices run them: layers of float32 or int8, with places in the buffer."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir import cnn, tmdl
from ..ir.cnn import INPUT, Activation, Kind
from ..ir.tmdl import Quantisation, Type
from .cnn_forward import run
from .planner import Tensor, plan

SAME_SCALE = (Kind.MAX_POOL, Kind.AVERAGE_POOL)
KEPT = 20_000  # values of a tensor that its range is chosen by
SHARES = np.linspace(1.0, 0.5, 26)  # of the largest value that ranges are tried with
MAX_SUM = 2**31 - 1
PRODUCT = 2**14  # the largest of two int8
BIAS_STEPS = 2**20  # of a bias where all weights are 0


def to_float32(network: cnn.Network) -> tmdl.Network:
    """Round weights to float32, and place tensors."""
    offsets, buffer = _places(network, 4)
    layers = []
    for index, layer in enumerate(_as_convolutions(network, False)):
        rounded = dict[str, Any]()
        if layer.is_weighted:
            rounded = {"weights": _float32(layer.parameters[0], layer), "bias": _float32(layer.parameters[1], layer)}
        layers.append(tmdl.Layer(**_common(layer, index, offsets), **rounded))
    return tmdl.Network(Type.FLOAT32, network.layers[0].input_shape, tuple(layers), buffer)


def to_int8(network: cnn.Network, X: NDArray[Any], input_q: Quantisation) -> tmdl.Network:
    """Quantise: weights by the largest of their output, tensors by what rows X make of them.

    Parameters
    ----------
    network : cnn.Network
    X : ndarray, shape (n, h, w, c)
        What the network takes.
    input_q : Quantisation
        Of the network's input.

    Raises
    ------
    ConvertError
        If the numbers do not fit.
    """
    offsets, buffer = _places(network, 1)
    of = {INPUT: input_q}
    ranges = calibrate(network, X)
    layers = []
    for index, layer in enumerate(_as_convolutions(network, True)):
        before = of[layer.inputs[0]]
        after = before if layer.kind in SAME_SCALE else _quantisation(*ranges[index], layer)
        of[index] = after
        numbers: dict[str, Any] = {"input_q": before, "output_q": after}
        if layer.kind == Kind.ADD:
            numbers["second_q"] = of[layer.inputs[1]]
        if layer.is_weighted:
            numbers |= _integers(layer, before, after)
        layers.append(tmdl.Layer(**_common(layer, index, offsets), **numbers))
    return tmdl.Network(Type.INT8, network.layers[0].input_shape, tuple(layers), buffer)


def input_quantisation(X: NDArray[Any], scale: float | None, shift: float) -> tuple[Quantisation, float]:
    """Return how bytes hold rows X plus a shift, and that shift, which is `shift` or near it.

    With a `byte_scale`, bytes are as they are: the shift becomes a whole number of steps, or 0 where that is not
    within them. Else the range of X decides.
    """
    if scale is None:
        return _by_range(float(np.min(X)) + shift, float(np.max(X)) + shift), shift
    steps = math.floor(shift / scale + 0.5)
    if not -255 <= steps <= 0:
        steps = 0
    return Quantisation(scale, -128 - steps), steps * scale


def byte_scale(X: NDArray[Any]) -> float | None:
    """Return 1.0 if X is bytes, the float32 nearest to 1/255 if it is bytes / 255, else None."""
    if X.dtype == np.uint8:
        return 1.0
    if X.size == 0 or np.min(X) < 0 or np.max(X) > 255:
        return None
    if np.max(X) > 1:
        return 1.0 if np.array_equal(X, np.floor(X)) else None
    # float32 has 255 times a number up to 1 within 255 * 2^-24.
    steps = 255.0 * np.asarray(X, np.float64)
    return float(np.float32(1 / 255)) if np.max(np.abs(steps - np.round(steps))) <= 255 * 2.0**-24 else None


@dataclass(eq=False)
class _Seen:
    """Of a tensor's values the smallest and largest, and some."""

    low: float = 0.0  # real 0 is in every range
    high: float = 0.0
    n: int = 0
    kept: list[NDArray[np.float64]] | None = None


def calibrate(network: cnn.Network, X: NDArray[Any]) -> list[tuple[float, float]]:
    """Return a range of each layer's output, on rows X: the one in which int8 is nearest to the values on average.

    A few large values are cut off where that makes the steps of all others finer.
    """
    seen = [_Seen(kept=[]) for _ in network.layers]
    random = np.random.default_rng(0)
    share = KEPT / max(len(X), 1)  # values a row
    for tensors in run(network, X):
        for index, one in enumerate(seen):
            values = tensors[index].reshape(-1)
            one.low, one.high = min(one.low, float(values.min())), max(one.high, float(values.max()))
            n = min(values.size, math.ceil(share * len(tensors[index])))
            assert one.kept is not None
            one.kept.append(random.choice(values, n, replace=False) if n < values.size else values)
    return [_nearest_range(one) for one in seen]


def _nearest_range(seen: _Seen) -> tuple[float, float]:
    values = np.concatenate(seen.kept or [np.zeros(1)])
    best, least = (seen.low, seen.high), math.inf
    if seen.low == seen.high:
        return best
    for share in SHARES:
        low, high = seen.low * share, seen.high * share
        step = (high - low) / 255.0
        cut = np.clip(values, low, high)
        error = float(np.mean((np.round(cut / step) * step - values) ** 2))
        if error < least:
            best, least = (low, high), error
    return best


def _by_range(low: float, high: float) -> Quantisation:
    low, high = min(low, 0.0), max(high, 0.0)
    scale = max((high - low) / 255.0, 2.0**-100) if low < high else 1.0
    if not math.isfinite(scale) or scale > 2.0**100:
        raise ConvertError(f"values from {low} to {high} do not fit into bytes; scale the data, or use dtype='float'")
    return Quantisation(float(np.float32(scale)), min(max(-128 + math.floor(-low / scale + 0.5), -128), 127))


def _quantisation(low: float, high: float, layer: cnn.Layer) -> Quantisation:
    if layer.kind in (Kind.SOFTMAX, Kind.LOGISTIC):
        return Quantisation(float(np.float32(1 / 256)), -128)  # of TinyMaix and TFLite; the output is float32
    return _by_range(low, high)


def _integers(layer: cnn.Layer, before: Quantisation, after: Quantisation) -> dict[str, Any]:
    """Weights, their scales and biases, all by scales as float32 has them."""
    weights, bias = layer.parameters
    rows = weights.reshape(len(weights), -1)
    n = rows.shape[1]
    limit = MAX_SUM - 2 * PRODUCT * n  # a bias may have that, and the zero point's part
    if limit <= 0:
        raise ConvertError(f"layer {layer.name!r} adds up {n} products, more than 32 bits hold; use dtype='float'")
    largest = np.max(np.abs(rows), axis=1)
    scales = largest / 127.0
    # Without weights a scale that shows the bias; and never one by which the bias is beyond its limit.
    scales = np.where(largest == 0.0, np.abs(bias) / (before.scale * BIAS_STEPS), scales)
    scales = np.maximum(scales, np.abs(bias) / (before.scale * limit) * (1 + 2.0**-20))
    scales = np.where(scales == 0.0, after.scale / before.scale, scales)
    rounded = np.maximum(scales, 2.0**-100).astype(np.float32)
    exact = rounded.astype(np.float64)
    if not np.all(np.isfinite(exact)):
        raise ConvertError(f"a weight of layer {layer.name!r} is beyond float32; train on scaled features")
    integers = np.clip(np.round(rows / exact[:, None]), -127, 127)
    biases = np.clip(np.round(bias / (before.scale * exact)), -limit, limit) - before.zero_point * integers.sum(axis=1)
    return {
        "weights": integers.reshape(weights.shape).astype(np.int8),
        "weight_scales": rounded,
        "bias": biases.astype(np.int32),
    }


def _common(layer: cnn.Layer, index: int, offsets: dict[int, int]) -> dict[str, Any]:
    """What layers of both types have."""
    kind, second = layer.kind, 0
    if kind == Kind.ADD:
        second = offsets[layer.inputs[1]]
        kind = Kind.ADD if layer.activation == Activation.NONE else Kind.ADD_ACTIVATED
    multiplier = layer.output_shape[2] // layer.input_shape[2] if kind == Kind.DEPTHWISE else 0
    return {
        "kind": kind,
        "input_shape": layer.input_shape,
        "output_shape": layer.output_shape,
        "input_offset": offsets[layer.inputs[0]],
        "output_offset": offsets[index],
        "window": layer.window,
        "activation": layer.activation,
        "depth_multiplier": multiplier,
        "second_offset": second,
    }


def _as_convolutions(network: cnn.Network, every: bool) -> list[cnn.Layer]:
    """Layers with dense ones, every one or those that have an activation, as convolutions of 1x1.

    These have what the dense layers of files have not: activations, and a scale for each output's weights.
    """
    layers = []
    for layer in network.layers:
        if layer.kind == Kind.DENSE and (every or layer.activation != Activation.NONE):
            weights = layer.parameters[0][:, :, None, None]
            layer = replace(layer, kind=Kind.CONV, window=cnn.Window((1, 1)), weights=weights)
        layers.append(layer)
    return layers


def _places(network: cnn.Network, size: int) -> tuple[dict[int, int], int]:
    """Offsets of the layers' outputs and of the input, whose values have `size` bytes, and the buffer's size."""
    last = len(network.layers) - 1
    tensors = [Tensor(size * network.n_features, -1, max(network.consumers(INPUT)), size)]
    for index, layer in enumerate(network.layers):
        n = math.prod(layer.output_shape)
        users = network.consumers(index)
        if layer.kind in (Kind.SOFTMAX, Kind.LOGISTIC):  # float32 in any file
            tensors.append(Tensor(4 * n, index, index, 4, layer.inputs[0] + 1))
        else:
            tensors.append(Tensor(size * n, index, max(users, default=last), size))
    offsets, buffer = plan(tensors)
    return {index - 1: offset for index, offset in enumerate(offsets)}, buffer


def _float32(array: NDArray[np.float64], layer: cnn.Layer) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        rounded = array.astype(np.float32)
    if not np.all(np.isfinite(rounded)):
        raise ConvertError(f"a weight of layer {layer.name!r} is beyond float32; train on scaled features")
    return rounded
