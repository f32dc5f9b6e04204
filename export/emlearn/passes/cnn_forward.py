"""A `cnn.Network` over NumPy arrays of float64: what calibration looks at, and what tests compare with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.cnn import INPUT, Activation, Kind, Layer, Network, Window

Array = NDArray[np.float64]
MAX_VALUES = 1 << 23  # of what the windows of one layer see at a time, 64 MB


def forward(network: Network, X: NDArray[Any]) -> Array:
    """Return the outputs, shape (n, n_outputs), for rows of shape (n, h, w, c)."""
    return np.concatenate([tensors[len(network.layers) - 1] for tensors in run(network, X)]).reshape(len(X), -1)


def run(network: Network, X: NDArray[Any]) -> Iterator[dict[int, Array]]:
    """Yield, for some rows after others, the output of each layer and, as INPUT, the network's input."""
    seen = max(_seen(layer) for layer in network.layers)
    at_once = max(1, MAX_VALUES // seen)
    for start in range(0, len(X), at_once):
        rows = np.asarray(X[start : start + at_once], np.float64).reshape(-1, *network.input_shape)
        tensors = {INPUT: rows}
        for index, layer in enumerate(network.layers):
            tensors[index] = apply(layer, [tensors[i] for i in layer.inputs])
        yield tensors


def apply(layer: Layer, inputs: list[Array]) -> Array:
    """Return a layer's output, shape (n, h, w, c), for its inputs."""
    x = inputs[0].reshape(-1, *layer.input_shape)
    if layer.kind == Kind.ADD:
        found = x + inputs[1].reshape(x.shape)
    elif layer.kind == Kind.GLOBAL_AVERAGE:
        found = x.mean(axis=(1, 2))
    elif layer.kind == Kind.SOFTMAX:
        powers = np.exp(x - x.max(axis=(1, 2, 3), keepdims=True))
        found = powers / powers.sum(axis=(1, 2, 3), keepdims=True)
    elif layer.kind == Kind.LOGISTIC:
        found = np.exp(-np.logaddexp(0.0, -x))
    elif layer.kind == Kind.DENSE:
        weights, bias = layer.parameters
        found = x.reshape(len(x), -1) @ weights.T + bias
    elif layer.kind in (Kind.CONV, Kind.DEPTHWISE):
        found = _convolve(layer, x)
    else:
        found = _pool(layer, x)
    return activated(found.reshape(-1, *layer.output_shape), layer.activation)


def activated(x: Array, activation: Activation) -> Array:
    """Return x after an activation."""
    if activation == Activation.NONE:
        return x
    return np.clip(x, 0.0, 6.0 if activation == Activation.RELU6 else None)


def _seen(layer: Layer) -> int:
    """How many values all windows of a layer see, or it takes."""
    if layer.window is None:
        return math.prod(layer.input_shape)
    return math.prod((*layer.output_shape[:2], layer.input_shape[2], *layer.window.kernel))


def _convolve(layer: Layer, x: Array) -> Array:
    assert layer.window is not None
    weights, bias = layer.parameters
    seen = _windows(x, layer.window, 0.0)
    if layer.kind == Kind.CONV:
        return np.asarray(np.tensordot(seen, weights, axes=((3, 4, 5), (1, 2, 3))) + bias)
    of_inputs = weights.reshape(x.shape[3], -1, *weights.shape[2:])
    return np.asarray(np.einsum("nhwcij,cmij->nhwcm", seen, of_inputs).reshape(*seen.shape[:3], -1) + bias)


def _pool(layer: Layer, x: Array) -> Array:
    assert layer.window is not None
    if layer.kind == Kind.MAX_POOL:
        return np.asarray(_windows(x, layer.window, -np.inf).max(axis=(4, 5)))
    counts = _windows(np.ones_like(x[:1]), layer.window, 0.0).sum(axis=(4, 5))
    return np.asarray(_windows(x, layer.window, 0.0).sum(axis=(4, 5)) / counts)


def _windows(x: Array, window: Window, padding: float) -> Array:
    """What each window sees: shape (n, h, w, c, kernel h, kernel w)."""
    top, bottom, left, right = window.padding
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=padding)
    seen = np.lib.stride_tricks.sliding_window_view(padded, window.kernel, axis=(1, 2))
    return np.asarray(seen[:, :: window.stride[0], :: window.stride[1]])
