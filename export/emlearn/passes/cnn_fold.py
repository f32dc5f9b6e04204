"""Scalings, batch normalisation among them, and activations become part of the layers beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..ir.cnn import INPUT, Activation, Kind, Layer, Network, Window

_POOLS = (Kind.MAX_POOL, Kind.AVERAGE_POOL, Kind.GLOBAL_AVERAGE)
EPSILON = 1e-12  # of a factor: such as 255 * (1 / 255)


def fold(network: Network) -> Network:
    """Return a network of the same outputs with fewer layers.

    A scaling goes into the weights before it, or else into those after it; not with an offset into a padded
    convolution, whose zeros at the border would not get it. An activation goes into the layer before it, also past
    a max pooling. What cannot be folded stays: a depthwise convolution of 1x1.
    """
    while True:
        for index, layer in enumerate(network.layers):
            found = _without(network, index) if layer.is_weighted and layer.is_scaling else None
            if found is not None:
                network = found
                break
        else:
            return network


def scaled_input(network: Network, factor: float) -> Network:
    """Return a network whose input is multiplied by `factor` first."""
    n = network.input_shape[2]
    window, weights = Window((1, 1)), np.full((n, 1, 1, 1), factor)
    shape = network.input_shape
    first = Layer(Kind.DEPTHWISE, (INPUT,), shape, shape, "input", window, weights=weights, bias=np.zeros(n))
    layers = [replace(layer, inputs=tuple(i + 1 for i in layer.inputs)) for layer in network.layers]
    return Network(shape, (first, *layers))


def input_shift(network: Network) -> float:
    """Return the number that a first layer of one factor and offset adds to its input before it multiplies, or 0."""
    first = network.layers[0]
    if len(network.layers) == 1 or not (first.is_weighted and first.is_affine) or network.consumers(INPUT) != [0]:
        return 0.0
    weights, bias = first.parameters
    if np.ptp(weights) or np.ptp(bias) or weights.flat[0] == 0.0:
        return 0.0
    return float(bias[0] / weights.flat[0])


def shifted_input(network: Network, shift: float) -> Network:
    """Return a network that takes what `network` does plus `shift`, which is about its `input_shift`.

    What the shift lacks of it goes into the biases of the layers after it, so that only the zeros around a padded
    input lack it.
    """
    first = network.layers[0]
    weights, bias = first.parameters
    rest = bias - shift * weights.reshape(-1)
    consumers = network.consumers(0)
    if any(not network.layers[i].is_weighted for i in consumers):
        rest = np.zeros_like(rest) if np.max(np.abs(rest)) < EPSILON * np.max(np.abs(bias)) else rest
        return fold(_replaced(network, {0: replace(first, bias=rest)}))
    for i in consumers:
        network = _replaced(network, {i: _absorbed(network.layers[i], weights.reshape(-1), rest)})
    return fold(_removed(network, 0))


def _without(network: Network, index: int) -> Network | None:
    """The network with one scaling less or moved towards where it can be folded; None if it has to stay."""
    layer, source = network.layers[index], network.layers[index].inputs[0]
    weights, bias = layer.parameters
    factor = weights.reshape(-1)
    identity = bool(np.all(np.abs(factor - 1.0) <= EPSILON) and not np.any(bias))
    if len(network.layers) > 1 and identity and (layer.is_affine or _is_idle(network, index)):
        return _removed(network, index)
    before = None if source == INPUT else network.layers[source]
    if before is not None and network.consumers(source) == [index]:
        if identity and before.kind == Kind.ADD:
            return _removed(_replaced(network, {source: _activated(before, layer.activation)}), index)
        if before.is_weighted and (identity or before.activation == Activation.NONE) and _same_channels(before, layer):
            repeated = np.resize(factor, len(before.parameters[1])), np.resize(bias, len(before.parameters[1]))
            scaled = before if identity else _multiplied(before, *repeated)
            return _removed(_replaced(network, {source: _activated(scaled, layer.activation)}), index)
        if identity and before.kind == Kind.MAX_POOL and _takes_activation(network, source, layer):
            return _swapped(network, source, index)
    if layer.is_affine and (source != INPUT or len(network.layers) > 1):
        consumers = network.consumers(index)
        if consumers and all(_can_absorb(network.layers[i], layer, bias) for i in consumers):
            changed = {i: _absorbed(network.layers[i], factor, bias) for i in consumers}
            return _removed(_replaced(network, changed), index)
    return None


def _is_idle(network: Network, index: int) -> bool:
    """Whether an activation changes nothing: relu of what is not negative."""
    source = network.layers[index].inputs[0]
    while source != INPUT and network.layers[source].kind in _POOLS:
        source = network.layers[source].inputs[0]
    if source == INPUT:
        return False
    before, after = network.layers[source].activation, network.layers[index].activation
    return before != Activation.NONE and after in (before, Activation.RELU)


def _takes_activation(network: Network, pool: int, layer: Layer) -> bool:
    """Whether what a pooling takes its input from can have the activation instead."""
    source = network.layers[pool].inputs[0]
    if source == INPUT or network.consumers(source) != [pool] or layer.input_shape != network.layers[pool].output_shape:
        return False
    return network.layers[source].is_weighted or network.layers[source].kind in (Kind.ADD, Kind.MAX_POOL)


def _activated(layer: Layer, activation: Activation) -> Layer:
    """The layer with an activation after the one that it has."""
    return replace(layer, activation=max(layer.activation, activation))  # relu6 of either, and relu6 first, are relu6


def _same_channels(before: Layer, layer: Layer) -> bool:
    if before.kind == Kind.DENSE:
        return before.output_shape[2] % layer.input_shape[2] == 0
    return before.output_shape[2] == layer.input_shape[2]


def _multiplied(layer: Layer, factor: NDArray[np.float64], offset: NDArray[np.float64]) -> Layer:
    """The layer with its outputs scaled."""
    weights, bias = layer.parameters
    return replace(layer, weights=weights * factor.reshape(-1, *[1] * (weights.ndim - 1)), bias=bias * factor + offset)


def _can_absorb(layer: Layer, scaling: Layer, offset: NDArray[np.float64]) -> bool:
    if layer.kind == Kind.DENSE:
        return True
    padded = layer.window is not None and any(layer.window.padding)
    return layer.is_weighted and layer.input_shape[2] == scaling.input_shape[2] and not (padded and np.any(offset))


def _absorbed(layer: Layer, factor: NDArray[np.float64], offset: NDArray[np.float64]) -> Layer:
    """The layer for inputs that are not scaled yet."""
    weights, bias = layer.parameters
    if layer.kind == Kind.DENSE:
        factor, offset = (np.resize(a, weights.shape[1]) for a in (factor, offset))
        return replace(layer, weights=weights * factor, bias=bias + weights @ offset)
    if layer.kind == Kind.DEPTHWISE:
        factor, offset = (np.repeat(a, len(weights) // len(a)) for a in (factor, offset))
        bias = bias + weights.sum(axis=(1, 2, 3)) * offset
        return replace(layer, weights=weights * factor[:, None, None, None], bias=bias)
    bias = bias + weights.sum(axis=(2, 3)) @ offset
    return replace(layer, weights=weights * factor[:, None, None], bias=bias)


def _replaced(network: Network, layers: dict[int, Layer]) -> Network:
    return replace(network, layers=tuple(layers.get(i, layer) for i, layer in enumerate(network.layers)))


def _removed(network: Network, index: int) -> Network:
    """The network with what took the layer's output taking its input instead."""
    source = network.layers[index].inputs[0]
    number = {i: i - (i > index) for i in range(len(network.layers))} | {INPUT: INPUT, index: source}
    kept = [layer for i, layer in enumerate(network.layers) if i != index]
    return replace(network, layers=tuple(replace(a, inputs=tuple(number[i] for i in a.inputs)) for a in kept))


def _swapped(network: Network, pool: int, index: int) -> Network:
    """The network with a pooling after the activation `index` that followed it."""
    pooling, activation = network.layers[pool], network.layers[index]
    shape = pooling.input_shape
    first = replace(activation, inputs=pooling.inputs, input_shape=shape, output_shape=shape)
    removed = _removed(network, index)
    layers = list(removed.layers)
    number = {i: i + (i >= pool) for i in range(len(layers))} | {INPUT: INPUT}
    layers = [replace(a, inputs=tuple(number[i] for i in a.inputs)) for a in layers]
    layers[pool] = replace(layers[pool], inputs=(pool,))
    layers.insert(pool, first)
    return replace(removed, layers=tuple(layers))
