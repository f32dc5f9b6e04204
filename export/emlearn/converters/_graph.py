"""What readers of convolutional networks have in common: layers put together into a `cnn.Network`, shapes inferred."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir.cnn import INPUT, Activation, Kind, Layer, Network, Shape, Window

Padding = tuple[int, int, int, int]  # top, bottom, left, right
NO_PADDING = (0, 0, 0, 0)
MAX_SIZE, MAX_WINDOW = 65535, 255  # of dimensions, of kernels and strides


class Tensor(NamedTuple):
    """An output of a layer.

    Attributes
    ----------
    layer : int
        Its index, or INPUT.
    shape : tuple of int
        As the model has it, channels last: (n,), (w, c) or (h, w, c).
    padding : tuple of int
        Zeros around it that the next layer has to take for its own.
    """

    layer: int
    shape: tuple[int, ...]
    padding: Padding = NO_PADDING

    @property
    def hwc(self) -> Shape:
        """Its shape in a file."""
        h, w, c = (1,) * (3 - len(self.shape)) + self.shape
        return h, w, c


class Graph:
    """The layers so far. `name` is what errors call a layer."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.input = Tensor(INPUT, _checked(shape, "the input"))
        self._layers: list[Layer] = []

    def convolution(
        self, x: Tensor, weights: Any, bias: Any, stride: tuple[int, int], padding: str | Padding, name: str
    ) -> Tensor:
        """Add a convolution. weights: [outputs][inputs][kernel h][kernel w]; padding: "same", "valid" or zeros."""
        matrix = _numbers(weights, name)
        if matrix.shape[1] != x.hwc[2]:
            raise ConvertError(f"layer {name!r} takes {matrix.shape[1]} channels, but gets {x.hwc[2]}")
        kernel = matrix.shape[2], matrix.shape[3]
        return self._windowed(Kind.CONV, x, kernel, stride, padding, name, matrix, bias)

    def depthwise(
        self, x: Tensor, weights: Any, bias: Any, stride: tuple[int, int], padding: str | Padding, name: str
    ) -> Tensor:
        """Add a depthwise convolution. weights: [outputs][1][kernel h][kernel w], outputs of an input together."""
        matrix = _numbers(weights, name)
        if len(matrix) % x.hwc[2]:
            raise ConvertError(f"layer {name!r} has {len(matrix)} outputs, which are no multiple of {x.hwc[2]} inputs")
        kernel = matrix.shape[2], matrix.shape[3]
        return self._windowed(Kind.DEPTHWISE, x, kernel, stride, padding, name, matrix, bias)

    def dense(self, x: Tensor, weights: Any, bias: Any, name: str) -> Tensor:
        """Add a dense layer, of an input of several dimensions one over its last. weights: [outputs][inputs]."""
        matrix = _numbers(weights, name)
        if len(x.shape) > 1:
            return self.convolution(x, matrix[:, :, None, None], bias, (1, 1), "valid", name)
        self._refuse_padding(x, name)
        if matrix.shape[1] != x.shape[0]:
            raise ConvertError(f"layer {name!r} takes {matrix.shape[1]} inputs, but gets {x.shape[0]}")
        return self._add(Kind.DENSE, (x,), (len(matrix),), name, weights=matrix, bias=_bias(bias, len(matrix), name))

    def scale(self, x: Tensor, factor: Any, offset: Any, name: str, activation: Activation = Activation.NONE) -> Tensor:
        """Add factor * x + offset, numbers or one a channel, and an activation, for `passes.cnn_fold` to fold."""
        self._refuse_padding(x, name)
        factors, offsets = (np.broadcast_to(np.asarray(a, np.float64), x.shape[-1:]) for a in (factor, offset))
        weights = _numbers(factors, name)[:, None, None, None].copy()
        bias, window = _bias(offsets, len(weights), name), Window((1, 1))
        return self._add(Kind.DEPTHWISE, (x,), x.shape, name, window, activation, weights, bias)

    def activate(self, x: Tensor, activation: Activation, name: str) -> Tensor:
        """Add an activation."""
        return x if activation == Activation.NONE else self.scale(x, 1.0, 0.0, name, activation)

    def pool(
        self, kind: Kind, x: Tensor, kernel: tuple[int, int], stride: tuple[int, int], padding: str | Padding, name: str
    ) -> Tensor:
        """Add pooling. kind: MAX_POOL or AVERAGE_POOL."""
        if any(x.padding) and not (kind == Kind.MAX_POOL and self._is_positive(x.layer)):
            raise ConvertError(
                f"layer {name!r} pools what zeros were padded to; use padding='same' of the pooling layer instead"
            )
        return self._windowed(kind, x, kernel, stride, padding, name)

    def global_average(self, x: Tensor, name: str, keep: bool = False) -> Tensor:
        """Add the average of each channel. keep: its outputs keep all dimensions."""
        self._refuse_padding(x, name)
        return self._add(Kind.GLOBAL_AVERAGE, (x,), _kept(x.shape, keep), name)

    def global_max(self, x: Tensor, name: str, keep: bool = False) -> Tensor:
        """Add the largest of each channel."""
        self._refuse_padding(x, name)
        found = self.pool(Kind.MAX_POOL, x, x.hwc[:2], (1, 1), NO_PADDING, name)
        return found._replace(shape=_kept(x.shape, keep))

    def pad(self, x: Tensor, padding: Padding, name: str) -> Tensor:
        """Put zeros around x."""
        if len(x.shape) == 1 or min(padding) < 0:
            raise ConvertError(f"layer {name!r} pads an input of shape {x.shape} with {padding}; pad images with zeros")
        top, bottom, left, right = (a + b for a, b in zip(x.padding, padding, strict=True))
        return x._replace(padding=(top, bottom, left, right))

    def reshape(self, x: Tensor, shape: tuple[int, ...], name: str) -> Tensor:
        """See x, row by row and channels last, in another shape of as many values."""
        self._refuse_padding(x, name)
        if math.prod(shape) != math.prod(x.shape):
            raise ConvertError(f"layer {name!r} makes {shape} of {x.shape}, which has another number of values")
        return x._replace(shape=_checked(shape, f"layer {name!r}"))

    def flatten(self, x: Tensor, name: str) -> Tensor:
        """See x in one dimension."""
        return self.reshape(x, (math.prod(x.shape),), name)

    def add(self, tensors: list[Tensor], name: str) -> Tensor:
        """Add two or more tensors up."""
        x, *others = tensors
        for other in others:
            self._refuse_padding(x, name)
            self._refuse_padding(other, name)
            if other.shape != x.shape:
                raise ConvertError(f"layer {name!r} adds shapes {x.shape} and {other.shape}; make them equal")
            x = self._add(Kind.ADD, (x, other), x.shape, name)
        return x

    def last(self, x: Tensor, kind: Kind, name: str) -> Tensor:
        """Add what a network can only end in. kind: SOFTMAX or LOGISTIC."""
        self._refuse_padding(x, name)
        if kind == Kind.SOFTMAX and math.prod(x.hwc[:2]) > 1:
            raise ConvertError(
                f"layer {name!r}: softmax of each pixel is not supported; leave it out, and take the largest"
            )
        if kind == Kind.SOFTMAX and x.hwc[2] == 1:
            raise ConvertError(f"layer {name!r}: softmax of a single output is always 1; use sigmoid")
        return self._add(kind, (x,), x.shape, name)

    def network(self, output: Tensor) -> Network:
        """Return the network that ends in `output`, without layers that it does not need."""
        self._refuse_padding(output, "the output")
        needed, waiting = set[int](), [output.layer]
        while waiting:
            index = waiting.pop()
            if index != INPUT and index not in needed:
                needed.add(index)
                waiting += self._layers[index].inputs
        if not needed:
            raise ConvertError("this network has no layer that computes; add one")
        order = sorted(needed)
        number = {INPUT: INPUT} | {index: i for i, index in enumerate(order)}
        layers = [replace(self._layers[i], inputs=tuple(number[j] for j in self._layers[i].inputs)) for i in order]
        for layer in layers[:-1]:
            if layer.kind in (Kind.SOFTMAX, Kind.LOGISTIC):
                kind = layer.kind.name.lower().replace("logistic", "sigmoid")
                raise ConvertError(f"layer {layer.name!r}: {kind} is supported as the last activation only; use relu")
        return Network(self.input.hwc, tuple(layers))

    def _windowed(
        self,
        kind: Kind,
        x: Tensor,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: str | Padding,
        name: str,
        weights: NDArray[np.float64] | None = None,
        bias: Any = None,
    ) -> Tensor:
        h, w, c = x.hwc
        if max(*kernel, *stride) > MAX_WINDOW:
            raise ConvertError(
                f"layer {name!r}: kernel {kernel} or stride {stride} is above {MAX_WINDOW}; use smaller ones"
            )
        top, bottom, left, right = x.padding
        if padding == "same":
            h_same = _same(h + top + bottom, kernel[0], stride[0])
            w_same = _same(w + left + right, kernel[1], stride[1])
            padding = (*h_same, *w_same)
        elif isinstance(padding, str):
            padding = NO_PADDING
        top, bottom, left, right = (a + b for a, b in zip(x.padding, padding, strict=True))
        window = Window(kernel, stride, (top, bottom, left, right))
        if max(top, bottom) >= kernel[0] or max(left, right) >= kernel[1]:
            raise ConvertError(
                f"layer {name!r}: padding {window.padding} (top, bottom, left, right) reaches beyond the kernel, "
                f"{kernel}; pad by less than the kernel"
            )
        size = window.output_size(h, w)
        if min(size) < 1:
            raise ConvertError(
                f"layer {name!r}: its kernel, {kernel}, is larger than its input, {(h, w)}; pool less before it"
            )
        shape = (size if len(x.shape) == 3 else size[1:]) + (c if weights is None else len(weights),)
        biases = None if weights is None else _bias(bias, len(weights), name)
        return self._add(kind, (x,), shape, name, window, Activation.NONE, weights, biases)

    def _add(
        self,
        kind: Kind,
        inputs: tuple[Tensor, ...],
        shape: tuple[int, ...],
        name: str,
        window: Window | None = None,
        activation: Activation = Activation.NONE,
        weights: NDArray[np.float64] | None = None,
        bias: NDArray[np.float64] | None = None,
    ) -> Tensor:
        output = Tensor(len(self._layers), _checked(shape, f"layer {name!r}"))
        sources = tuple(x.layer for x in inputs)
        self._layers.append(Layer(kind, sources, inputs[0].hwc, output.hwc, name, window, activation, weights, bias))
        return output

    def _refuse_padding(self, x: Tensor, name: str) -> None:
        if any(x.padding):
            raise ConvertError(f"{name!r} gets padded zeros; padding is supported before a convolution only")

    def _is_positive(self, index: int) -> bool:
        return index != INPUT and self._layers[index].activation != Activation.NONE


def _same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Padding before and after that makes size / stride outputs, rounded up; the odd one after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def _kept(shape: tuple[int, ...], keep: bool) -> tuple[int, ...]:
    return (1,) * (len(shape) - 1) * keep + shape[-1:]


def _checked(shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    if not 1 <= len(shape) <= 3 or not all(1 <= size <= MAX_SIZE for size in shape):
        raise ConvertError(f"{name} has shape {shape}; supported are up to three dimensions of 1 to {MAX_SIZE}")
    return shape


def _numbers(array: Any, name: str) -> NDArray[np.float64]:
    numbers = np.asarray(array, np.float64)
    if not np.all(np.isfinite(numbers)):
        raise ConvertError(f"layer {name!r} has a weight that is NaN or infinite; train on scaled features")
    return numbers


def _bias(bias: Any, n: int, name: str) -> NDArray[np.float64]:
    return np.zeros(n) if bias is None else _numbers(bias, name).copy()
