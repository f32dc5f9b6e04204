"""Convolutional chains of PyTorch -> `cnn.Source`. PyTorch is not imported.

Its tensors are (c, h, w), ours (h, w, c): what comes after a Flatten is permuted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir.cnn import Activation, Kind, Network, Source
from ._graph import Graph, Padding

NOTHING = ("Dropout", "Dropout1d", "Dropout2d", "AlphaDropout", "FeatureAlphaDropout", "Identity")
INSTEAD = {
    **dict.fromkeys(("LeakyReLU", "ELU", "GELU", "SiLU", "Hardswish", "Tanh"), "ReLU"),
    **dict.fromkeys(("LayerNorm", "GroupNorm", "InstanceNorm2d"), "BatchNorm2d"),
    **dict.fromkeys(("Conv3d", "ConvTranspose2d", "Upsample"), "Conv2d"),
}
ACTIVATIONS = {"ReLU": Activation.RELU, "ReLU6": Activation.RELU6}


def source(layers: list[Any], outputs: Callable[[NDArray[Any]], NDArray[Any]]) -> Source:
    """Return what reads the layers of a chain."""

    def read(shape: tuple[int, ...] | None) -> Network:
        if shape is None:
            raise ConvertError(
                "a Sequential with convolutions does not know its input's shape; pass data of shape (n, c, h, w): "
                "convert(model, X)"
            )
        reader = _Reader(shape)
        for number, layer in enumerate(layers):
            reader.add(layer, f"{number} ({type(layer).__name__})")
        return reader.network()

    names = [type(layer).__name__ for layer in layers]
    n = 1 if names[0] == "Unflatten" else 2 if any("1d" in name and name != "BatchNorm1d" for name in names) else 3
    return Source(read, outputs, channels_first=True, n_dimensions=n)


def array(tensor: Any) -> NDArray[np.float64] | None:
    """Return a tensor's numbers."""
    return None if tensor is None else np.asarray(tensor.detach().cpu().tolist(), np.float64)


class _Reader:
    """The chain so far, its last tensor, and where a flat one of PyTorch's has its values in ours."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._graph = Graph((*shape[1:], shape[0]))
        self._x = self._graph.input
        self._order = np.arange(shape[0]) if len(shape) == 1 else None

    def network(self) -> Network:
        x = self._x
        flat = self._order if self._order is not None else _order(x.shape)
        if not np.array_equal(flat, np.arange(len(flat))):
            raise ConvertError(f"the output of shape {x.shape} would be in another order; end in Flatten and Linear")
        return self._graph.network(x)

    def add(self, layer: Any, name: str) -> None:
        kind = type(layer).__name__
        if kind in NOTHING:
            return
        if kind in ACTIVATIONS:
            self._x = self._graph.activate(self._x, ACTIVATIONS[kind], name)
        elif kind in _READERS:
            _READERS[kind](self, layer, name)
        else:
            instead = f"; use {INSTEAD[kind]} instead" if kind in INSTEAD else ""
            known = ", ".join((*ACTIVATIONS, *_READERS, *NOTHING))
            raise ConvertError(f"layer {name} is not supported{instead}; supported: {known}")

    def convolution(self, layer: Any, name: str) -> None:
        self._need_image(name)
        if max(layer.dilation) > 1:
            raise ConvertError(f"layer {name} is dilated; use dilation=1 and a larger kernel, or a stride")
        if layer.padding_mode != "zeros":
            raise ConvertError(f"layer {name} has padding_mode={layer.padding_mode!r}; use 'zeros'")
        weights = array(layer.weight)
        assert weights is not None
        weights = weights[:, :, None] if weights.ndim == 3 else weights
        kernel = weights.shape[2], weights.shape[3]
        if layer.padding == "same":  # the odd one after
            padding = _sides(((k - 1) // 2, k // 2) for k in kernel)
        else:
            padding = _sides((p, p) for p in _pair(0 if layer.padding == "valid" else layer.padding, self._n, 0))
        stride = _pair(layer.stride, self._n, 1)
        if layer.groups == 1:
            self._x = self._graph.convolution(self._x, weights, array(layer.bias), stride, padding, name)
        elif layer.groups == self._x.shape[-1]:
            self._x = self._graph.depthwise(self._x, weights, array(layer.bias), stride, padding, name)
        else:
            raise ConvertError(f"layer {name} has groups={layer.groups}; use groups=1, or as many as channels")

    def pool(self, layer: Any, name: str) -> None:
        self._need_image(name)
        average = type(layer).__name__.startswith("Avg")
        pads = _pair(layer.padding, self._n, 0)
        kernel = _pair(layer.kernel_size, self._n, 1)
        stride = _pair(layer.stride, self._n, 1)
        if average and any(pads) and layer.count_include_pad:
            raise ConvertError(f"layer {name} counts padded zeros; use count_include_pad=False")
        if getattr(layer, "divisor_override", None) or max(_pair(getattr(layer, "dilation", 1), self._n, 1)) > 1:
            raise ConvertError(f"layer {name} has dilation or divisor_override; leave them out")
        more = (0, 0)
        if layer.ceil_mode:  # windows that begin in the input or before it, beyond its end too
            sizes = zip(self._x.hwc[:2], pads, kernel, stride, strict=True)
            more = tuple(max(_ceil(size, p, k, s), 0) for size, p, k, s in sizes)  # type: ignore[assignment]
        padding = _sides((p, p + extra) for p, extra in zip(pads, more, strict=True))
        pooling = Kind.AVERAGE_POOL if average else Kind.MAX_POOL
        self._x = self._graph.pool(pooling, self._x, kernel, stride, padding, name)

    def adaptive_pool(self, layer: Any, name: str) -> None:
        self._need_image(name)
        average, size = type(layer).__name__.startswith("AdaptiveAvg"), self._x.hwc[:2]
        wanted = layer.output_size if isinstance(layer.output_size, tuple) else (layer.output_size,) * self._n
        out = tuple(n or size[i - len(wanted)] for i, n in enumerate(wanted))
        rows, columns = (1, *out) if self._n == 1 else out
        if (rows, columns) == (1, 1):
            pool = self._graph.global_average if average else self._graph.global_max
            self._x = pool(self._x, name, keep=True)
            return
        if size[0] % rows or size[1] % columns:
            raise ConvertError(f"layer {name} makes {out} of {size}, which is no multiple of it; use output size 1")
        kernel = size[0] // rows, size[1] // columns
        kind = Kind.AVERAGE_POOL if average else Kind.MAX_POOL
        self._x = self._graph.pool(kind, self._x, kernel, kernel, (0, 0, 0, 0), name)

    def normalise(self, layer: Any, name: str) -> None:
        if layer.running_mean is None:
            raise ConvertError(f"layer {name}: track_running_stats=False depends on the batch; leave it at True")
        mean, variance, gamma, beta = map(array, (layer.running_mean, layer.running_var, layer.weight, layer.bias))
        assert mean is not None and variance is not None
        if len(mean) != self._x.shape[-1]:
            raise ConvertError(f"layer {name} takes {len(mean)} channels, but gets {self._x.shape[-1]}")
        factor = (1.0 if gamma is None else gamma) / np.sqrt(variance + layer.eps)
        offset = (0.0 if beta is None else beta) - mean * factor
        if self._order is not None:
            factor, offset = self._ordered(factor), self._ordered(offset)
        self._x = self._graph.scale(self._x, factor, offset, name)

    def flatten(self, layer: Any, name: str) -> None:
        if (layer.start_dim, layer.end_dim) not in ((1, -1), (1, len(self._x.shape))):
            raise ConvertError(f"layer {name}: Flatten of some dimensions is not supported; use Flatten()")
        if self._order is None:
            self._order = _order(self._x.shape)
            self._x = self._graph.flatten(self._x, name)

    def unflatten(self, layer: Any, name: str) -> None:
        shape = tuple(layer.unflattened_size)
        if self._order is None or layer.dim != 1 or not 2 <= len(shape) <= 3 or -1 in shape:
            raise ConvertError(f"layer {name} is of flat inputs only, with all sizes: Unflatten(1, (c, h, w))")
        if not np.array_equal(self._order, _order((*shape[1:], shape[0]))):
            raise ConvertError(f"layer {name}: its values would be in another order; pass data of shape (n, c, h, w)")
        self._x, self._order = self._graph.reshape(self._x, (*shape[1:], shape[0]), name), None

    def linear(self, layer: Any, name: str) -> None:
        weights = array(layer.weight)
        assert weights is not None
        if self._order is None:
            raise ConvertError(f"layer {name} has an input of several dimensions; put Flatten before it")
        if weights.shape[1] != len(self._order):
            raise ConvertError(f"layer {name} takes {weights.shape[1]} inputs, but gets {len(self._order)}")
        self._x = self._graph.dense(self._x, self._ordered(weights), array(layer.bias), name)
        self._order = np.arange(len(weights))

    def softmax(self, layer: Any, name: str) -> None:
        if layer.dim not in (1, -1) or (layer.dim == -1 and len(self._x.shape) > 1):
            raise ConvertError(f"layer {name}: dim={layer.dim} is not over the outputs; use Softmax(dim=1)")
        self._x = self._graph.last(self._x, Kind.SOFTMAX, name)

    def sigmoid(self, layer: Any, name: str) -> None:
        self._x = self._graph.last(self._x, Kind.LOGISTIC, name)

    def pad(self, layer: Any, name: str) -> None:
        sides = tuple(layer.padding)  # left, right, top, bottom
        left, right, top, bottom = sides if len(sides) == 4 else (*sides, 0, 0)
        self._x = self._graph.pad(self._x, (top, bottom, left, right), name)

    @property
    def _n(self) -> int:
        """Dimensions beside channels."""
        return len(self._x.shape) - 1

    def _need_image(self, name: str) -> None:
        if self._order is not None:
            raise ConvertError(f"layer {name} gets a flat input; pass data of shape (n, c, h, w), or (n, c, w)")

    def _ordered(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers whose last dimension is one a value, in our order."""
        found = np.empty_like(numbers)
        found[..., self._order] = numbers
        return found


def _order(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """For each value of PyTorch's flat (c, h, w): where it is in our (h, w, c)."""
    return np.moveaxis(np.arange(math.prod(shape)).reshape(shape), -1, 0).reshape(-1)


def _pair(number: Any, n: int, least: int) -> tuple[int, int]:
    """Of n dimensions: those of h and w."""
    numbers = (number,) * n if isinstance(number, int) else tuple(number)
    return (least, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])


def _sides(pairs: Iterable[tuple[int, int]]) -> Padding:
    (top, bottom), (left, right) = pairs
    return top, bottom, left, right


def _ceil(size: int, padding: int, kernel: int, stride: int) -> int:
    """Zeros that make room for the last window of ceil_mode; windows that begin beyond the input do not count."""
    outputs = -(-(size + 2 * padding - kernel) // stride) + 1
    outputs -= (outputs - 1) * stride >= size + padding
    return (outputs - 1) * stride + kernel - (size + 2 * padding)


_READERS: dict[str, Callable[[_Reader, Any, str], None]] = {
    **dict.fromkeys(("Conv2d", "Conv1d"), _Reader.convolution),
    "Linear": _Reader.linear,
    **dict.fromkeys(("MaxPool2d", "MaxPool1d", "AvgPool2d", "AvgPool1d"), _Reader.pool),
    **dict.fromkeys(
        ("AdaptiveAvgPool2d", "AdaptiveAvgPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool1d"), _Reader.adaptive_pool
    ),
    **dict.fromkeys(("BatchNorm2d", "BatchNorm1d"), _Reader.normalise),
    "Flatten": _Reader.flatten,
    "Unflatten": _Reader.unflatten,
    "Softmax": _Reader.softmax,
    "Sigmoid": _Reader.sigmoid,
    **dict.fromkeys(("ZeroPad2d", "ZeroPad1d"), _Reader.pad),
}
