"""Convolutional networks of Keras 3, chains and graphs with additions -> `cnn.Source`. Keras is not imported."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir.cnn import Activation, Kind, Network, Source
from ._graph import Graph, Tensor

NOTHING = (
    *("InputLayer", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout", "AlphaDropout"),
    *("GaussianNoise", "ActivityRegularization"),
)
INSTEAD = {
    **dict.fromkeys(("LeakyReLU", "ELU", "PReLU"), "ReLU"),
    **dict.fromkeys(("Concatenate", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), "Add"),
    **dict.fromkeys(("LayerNormalization", "GroupNormalization", "UnitNormalization"), "BatchNormalization"),
    **dict.fromkeys(("Conv3D", "Conv2DTranspose", "UpSampling2D"), "Conv2D"),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "ConvLSTM2D"), "Conv1D"),
}
ACTIVATIONS = {"linear": Activation.NONE, "relu": Activation.RELU, "relu6": Activation.RELU6}
LAST = {"softmax": Kind.SOFTMAX, "sigmoid": Kind.LOGISTIC}


def is_convolutional(model: Any) -> bool:
    """Whether the model, or one in it, has a convolution or pooling."""
    for layer in model.layers:
        name = type(layer).__name__
        if "Conv" in name or "Pooling" in name or (hasattr(layer, "layers") and is_convolutional(layer)):
            return True
    return False


def source(model: Any) -> Source:
    """Return what reads the model."""

    def read(shape: tuple[int, ...] | None) -> Network:
        graph = Graph(_shape(model.input_shape))
        return graph.network(_call(graph, model, [graph.input]))

    def outputs(X: NDArray[Any]) -> NDArray[Any]:
        rows = np.asarray(X, np.float32).reshape(len(X), *model.input_shape[1:])
        return np.asarray(model.predict(rows, verbose=0)).reshape(len(X), -1)

    return Source(read, outputs)


def _shape(batch: Any) -> tuple[int, ...]:
    shape = tuple(batch[1:])
    if None in shape:
        raise ConvertError(f"an input of shape {shape} has no fixed size; build the model with Input of a fixed shape")
    return shape


def _call(graph: Graph, model: Any, inputs: list[Tensor]) -> Tensor:
    """Add all layers of a model, which may be one of another's layers."""
    function = getattr(model, "_functional", None) or model  # of a Sequential
    if len(model.outputs) != 1 or len(model.inputs) != 1:
        raise ConvertError(f"{model.name!r} has several inputs or outputs; only one of each is supported")
    tensors = {id(tensor): x for tensor, x in zip(model.inputs, inputs, strict=True)}
    for depth in sorted(function._nodes_by_depth, reverse=True):
        for node in function._nodes_by_depth[depth]:
            if not node.is_input:
                taken = [tensors[id(tensor)] for tensor in node.arguments.keras_tensors]
                tensors[id(node.outputs[0])] = _add(graph, node.operation, taken)
    return tensors[id(model.outputs[0])]


def _add(graph: Graph, layer: Any, inputs: list[Tensor]) -> Tensor:
    kind, name = type(layer).__name__, layer.name
    if hasattr(layer, "layers"):
        return _call(graph, layer, inputs)
    if kind in NOTHING:
        return inputs[0]
    if kind == "Add":
        if len(inputs) < 2:
            raise ConvertError(f"layer {name!r} adds a constant; add it by a bias instead")
        return graph.add(inputs, name)
    if kind not in _READERS:
        instead = f"; use {INSTEAD[kind]} instead" if kind in INSTEAD else ""
        known = ", ".join(("Add", *_READERS, *NOTHING))
        raise ConvertError(f"layer {name!r}, a {kind}, is not supported{instead}; supported: {known}")
    config = layer.get_config()
    if config.get("data_format") == "channels_first":
        raise ConvertError(f"layer {name!r} has data_format='channels_first'; use 'channels_last'")
    return _READERS[kind](graph, layer, config, inputs[0])


def _pair(number: Any, least: int) -> tuple[int, int]:
    """Of one or two dimensions or for all: those of h and w."""
    numbers = (number,) if isinstance(number, int) else tuple(number)
    return (least, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])


def _arrays(layer: Any) -> list[NDArray[np.float64]]:
    return [np.asarray(array, np.float64) for array in layer.get_weights()]


def _activate(graph: Graph, x: Tensor, activation: Any, name: str) -> Tensor:
    if activation in LAST:
        return graph.last(x, LAST[activation], name)
    if activation not in ACTIVATIONS:
        known = ", ".join((*ACTIVATIONS, *LAST))
        raise ConvertError(f"layer {name!r}: activation {activation!r} is not supported; use one of {known}")
    return graph.activate(x, ACTIVATIONS[activation], name)


def _no_dilation(layer: Any, config: dict[str, Any]) -> None:
    if max(_pair(config["dilation_rate"], 1)) > 1:
        raise ConvertError(f"layer {layer.name!r} is dilated; use dilation_rate=1 and a larger kernel, or strides")


def _convolution(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    _no_dilation(layer, config)
    weights, *bias = _arrays(layer)
    weights = weights[None] if weights.ndim == 3 else weights  # [kernel h][kernel w][inputs][outputs]
    stride, padding = _pair(config["strides"], 1), config["padding"]
    if padding == "causal":
        padding = (0, 0, weights.shape[1] - 1, 0)
    matrix, groups = weights.transpose(3, 2, 0, 1), config.get("groups", 1)
    if groups == 1:
        x = graph.convolution(x, matrix, bias[0] if bias else None, stride, padding, layer.name)
    elif groups == x.shape[-1]:
        x = graph.depthwise(x, matrix, bias[0] if bias else None, stride, padding, layer.name)
    else:
        raise ConvertError(f"layer {layer.name!r} has groups={groups}; use groups=1, or as many as channels")
    return _activate(graph, x, config["activation"], layer.name)


def _depthwise(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    _no_dilation(layer, config)
    weights, *bias = _arrays(layer)
    x = _each_channel(graph, x, weights, bias[0] if bias else None, config, layer.name)
    return _activate(graph, x, config["activation"], layer.name)


def _separable(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    _no_dilation(layer, config)
    weights, points, *bias = _arrays(layer)
    x = _each_channel(graph, x, weights, None, config, layer.name)
    matrix = points.reshape(*points.shape[-2:]).T[:, :, None, None]
    x = graph.convolution(x, matrix, bias[0] if bias else None, (1, 1), "valid", layer.name)
    return _activate(graph, x, config["activation"], layer.name)


def _each_channel(graph: Graph, x: Tensor, weights: Any, bias: Any, config: dict[str, Any], name: str) -> Tensor:
    weights = weights[None] if weights.ndim == 3 else weights  # [kernel h][kernel w][inputs][multiplier]
    matrix = weights.transpose(2, 3, 0, 1).reshape(-1, 1, *weights.shape[:2])
    return graph.depthwise(x, matrix, bias, _pair(config["strides"], 1), config["padding"], name)


def _dense(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    weights, *bias = _arrays(layer)
    x = graph.dense(x, weights.T, bias[0] if bias else None, layer.name)
    return _activate(graph, x, config["activation"], layer.name)


def _last_axis(config: dict[str, Any], x: Tensor, name: str) -> None:
    axes = config["axis"] if isinstance(config["axis"], (list, tuple)) else [config["axis"]]
    if list(axes) not in ([-1], [len(x.shape)]):
        raise ConvertError(f"layer {name!r} has axis={config['axis']!r}; use axis=-1")


def _batch_normalisation(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    _last_axis(config, x, layer.name)
    *trained, mean, variance = _arrays(layer)
    factor = (trained[0] if config["scale"] else 1.0) / np.sqrt(variance + config["epsilon"])
    shift = trained[int(config["scale"])] if config["center"] else 0.0
    return graph.scale(x, factor, shift - mean * factor, layer.name)


def _normalisation(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    if config["axis"] is not None:
        _last_axis(config, x, layer.name)
    mean, variance = (np.asarray(a, np.float64).reshape(-1) for a in (layer.mean, layer.variance))
    deviation = np.maximum(np.sqrt(variance), 1e-7)  # as Keras has it
    if config.get("invert"):
        return graph.scale(x, deviation, mean, layer.name)
    return graph.scale(x, 1.0 / deviation, -mean / deviation, layer.name)


def _rescaling(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    return graph.scale(x, np.ravel(config["scale"]), np.ravel(config["offset"]), layer.name)


def _pooling(kind: Kind) -> Callable[[Graph, Any, dict[str, Any], Tensor], Tensor]:
    def read(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
        kernel = _pair(config["pool_size"], 1)
        stride = kernel if config["strides"] is None else _pair(config["strides"], 1)
        return graph.pool(kind, x, kernel, stride, config["padding"], layer.name)

    return read


def _padding(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    sides = config["padding"]
    if len(x.shape) == 2:
        left, right = (sides, sides) if isinstance(sides, int) else sides
        return graph.pad(x, (0, 0, left, right), layer.name)
    (top, bottom), (left, right) = sides
    return graph.pad(x, (top, bottom, left, right), layer.name)


def _reshape(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    shape = tuple(config["target_shape"])
    known = -math.prod(shape)  # one may be -1
    return graph.reshape(x, tuple(math.prod(x.shape) // known if n == -1 else n for n in shape), layer.name)


def _relu(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    if config["max_value"] not in (None, 6) or config["negative_slope"] or config["threshold"]:
        raise ConvertError(
            f"layer {layer.name!r}: of ReLU, negative_slope, threshold and max_value other than 6 are not supported; "
            "leave them out"
        )
    return graph.activate(x, Activation.RELU if config["max_value"] is None else Activation.RELU6, layer.name)


def _softmax(graph: Graph, layer: Any, config: dict[str, Any], x: Tensor) -> Tensor:
    _last_axis(config, x, layer.name)
    return graph.last(x, Kind.SOFTMAX, layer.name)


_READERS: dict[str, Callable[[Graph, Any, dict[str, Any], Tensor], Tensor]] = {
    "Conv2D": _convolution,
    "Conv1D": _convolution,
    "DepthwiseConv2D": _depthwise,
    "DepthwiseConv1D": _depthwise,
    "SeparableConv2D": _separable,
    "SeparableConv1D": _separable,
    "Dense": _dense,
    "MaxPooling2D": _pooling(Kind.MAX_POOL),
    "MaxPooling1D": _pooling(Kind.MAX_POOL),
    "AveragePooling2D": _pooling(Kind.AVERAGE_POOL),
    "AveragePooling1D": _pooling(Kind.AVERAGE_POOL),
    **dict.fromkeys(
        ("GlobalAveragePooling2D", "GlobalAveragePooling1D"),
        lambda graph, layer, config, x: graph.global_average(x, layer.name, config["keepdims"]),
    ),
    **dict.fromkeys(
        ("GlobalMaxPooling2D", "GlobalMaxPooling1D"),
        lambda graph, layer, config, x: graph.global_max(x, layer.name, config["keepdims"]),
    ),
    "BatchNormalization": _batch_normalisation,
    "Normalization": _normalisation,
    "Rescaling": _rescaling,
    "Activation": lambda graph, layer, config, x: _activate(graph, x, config["activation"], layer.name),
    "ReLU": _relu,
    "Softmax": _softmax,
    "Flatten": lambda graph, layer, config, x: graph.flatten(x, layer.name),
    "Reshape": _reshape,
    "ZeroPadding2D": _padding,
    "ZeroPadding1D": _padding,
}
