"""Quantised networks in `.tflite` files of TensorFlow Lite (LiteRT): the same integers, and no training data.

Sums are equal to TFLite's. It brings them to int8 by a multiplier of 31 bits and rounds twice, where docs/formats.md
has 24 bits and rounds once: results may differ by a step. Softmax and the logistic function give float32 here.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir.tmdl import LAST, Activation, Kind, Layer, Network, Quantisation, Type, Window
from ..passes.planner import Tensor as Place
from ..passes.planner import plan
from ._tflite_file import Graph, Operator, Tensor, quantisation, read_graph, row_shape

ACTIVATIONS = {"NONE": Activation.NONE, "RELU": Activation.RELU, "RELU6": Activation.RELU6}
SAME_VALUES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
OF_SHAPES = ("SHAPE", "STRIDED_SLICE", "PACK")  # which tell a RESHAPE what is known anyway
SUPPORTED = (
    "CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, AVERAGE_POOL_2D, MAX_POOL_2D, MEAN, ADD, PAD, RESHAPE, SQUEEZE, "
    "EXPAND_DIMS, SOFTMAX, LOGISTIC, QUANTIZE and DEQUANTIZE"
)
NO_PADDING = (0, 0, 0, 0)


def convert_tflite(content: bytes) -> Network:
    """Convert the content of a `.tflite` file.

    Raises
    ------
    ConvertError
        If it is damaged, not quantised to int8, or has an operator that is not supported; the message names it.
    """
    graph = read_graph(content)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ConvertError(f"a network with {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, not one each")
    return _Reader(graph).network()


class _Value:
    """What an operator gives: the number of the layer that made it (-1: the input), and how it is to be seen."""

    def __init__(self, layer: int, tensor: Tensor, padding: tuple[int, int, int, int] = NO_PADDING) -> None:
        self.layer, self.tensor, self.padding = layer, tensor, padding
        self.shape, self.q = row_shape(tensor), quantisation(tensor)


class _Reader:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._layers: list[tuple[Layer, list[int]]] = []  # at no place, with the layers that they take
        self._values: dict[int, _Value] = {}
        self._number = 0

    def network(self) -> Network:
        """Read all operators, in their order."""
        graph = self._graph
        (start,), (end,) = graph.inputs, graph.outputs
        if self._tensor(start).type == "INT8":
            self._values[start] = _Value(-1, self._tensor(start))
        for self._number, operator in enumerate(graph.operators):
            try:
                self._read(operator)
            except ConvertError as error:
                raise ConvertError(f"operator {self._number}, {operator.name}: {error}") from error
        if end not in self._values or not self._layers:
            raise ConvertError("the network's output is made by no layer")
        if self._values[end].layer != len(self._layers) - 1:
            raise ConvertError("the network's output is not that of its last layer")
        try:
            return self._placed()
        except ValueError as error:
            raise ConvertError(f"this network does not fit the format: {error}") from error

    def _read(self, operator: Operator) -> None:
        name, options = operator.name, operator.options
        if name in OF_SHAPES:
            return
        if len(operator.outputs) != 1 or not operator.inputs:
            raise ConvertError(f"{len(operator.inputs)} inputs and {len(operator.outputs)} outputs")
        out = self._tensor(operator.outputs[0])
        if name in ("QUANTIZE", "DEQUANTIZE"):
            self._change_type(operator, out)
            return
        value = self._value(operator, 0)
        if name in SAME_VALUES or name == "PAD":
            self._values[operator.outputs[0]] = self._seen(operator, value, out)
            return
        if value.padding != NO_PADDING and name not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            raise ConvertError("takes what PAD gives; only convolutions may")
        makers = {
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._convolution,
            "FULLY_CONNECTED": self._dense,
            "AVERAGE_POOL_2D": self._pool,
            "MAX_POOL_2D": self._pool,
            "MEAN": self._mean,
            "ADD": self._add,
            "SOFTMAX": self._last,
            "LOGISTIC": self._last,
        }
        if name not in makers:
            raise ConvertError(f"is not supported; supported are {SUPPORTED}")
        activation = options.get("FusedActivationFunction", "NONE")
        if activation not in ACTIVATIONS:
            raise ConvertError(f"the activation {activation} is not supported; RELU and RELU6 are")
        result = _Value(len(self._layers), out)
        fields: dict[str, Any] = {"input_shape": value.shape, "output_shape": result.shape}
        fields |= {"input_q": value.q, "output_q": result.q, "input_offset": 0, "output_offset": 0}
        fields["activation"] = ACTIVATIONS[activation]
        inputs = [value.layer]
        fields |= makers[name](operator, value, result, inputs)
        self._layers.append((Layer(**fields), inputs))
        self._values[operator.outputs[0]] = result

    def _tensor(self, index: int) -> Tensor:
        if index < 0:
            raise ConvertError("an input is left out")
        return self._graph.tensors[index]

    def _value(self, operator: Operator, at: int) -> _Value:
        if at >= len(operator.inputs):
            raise ConvertError(f"has {len(operator.inputs)} inputs")
        index = operator.inputs[at]
        if index not in self._values:
            tensor = self._tensor(index)
            if tensor.type != "INT8":
                raise ConvertError(f"takes {tensor.type}; convert the network with int8 quantisation")
            raise ConvertError(f"takes {tensor.name!r}, which no layer before it gives")
        return self._values[index]

    def _constant(self, operator: Operator, at: int, types: tuple[str, ...]) -> Tensor | None:
        """A constant input; None if it is left out."""
        if at >= len(operator.inputs) or operator.inputs[at] == -1:
            return None
        tensor = self._tensor(operator.inputs[at])
        if tensor.data is None or tensor.type not in types:
            raise ConvertError(f"{tensor.name!r} is no constant of {' or '.join(types)}, but {tensor.type}")
        return tensor

    def _change_type(self, operator: Operator, out: Tensor) -> None:
        """At the ends: bytes are 128 more than int8, and floats are what int8 stand for."""
        index = operator.inputs[0]
        if index == self._graph.inputs[0] and operator.name == "QUANTIZE":
            tensor, q = self._tensor(index), quantisation(out)
            if out.type != "INT8":
                raise ConvertError(f"the input becomes {out.type}, not INT8")
            if tensor.type != "FLOAT32" and quantisation(tensor, 128) != q:
                raise ConvertError("the input is of bytes of another scale than what is made of it")
            self._values[operator.outputs[0]] = _Value(-1, out)
            return
        value = self._value(operator, 0)
        of_bytes = operator.name == "QUANTIZE" and quantisation(out, 128 if out.type == "UINT8" else 0) == value.q
        if operator.outputs[0] != self._graph.outputs[0] or not (operator.name == "DEQUANTIZE" or of_bytes):
            raise ConvertError("is supported for the network's input and output only")
        self._values[operator.outputs[0]] = value

    def _seen(self, operator: Operator, value: _Value, out: Tensor) -> _Value:
        """What is the same values in another shape, or with a margin."""
        if operator.name != "PAD":
            if math.prod(row_shape(out)) != math.prod(value.shape) or quantisation(out) != value.q:
                raise ConvertError(f"makes {out.shape} of {value.shape}, or changes the scale")
            return _Value(value.layer, out, value.padding)
        margins = self._constant(operator, 1, ("INT32", "INT64"))
        sizes = None if margins is None or margins.data is None else margins.data.tolist()
        if sizes is None or np.shape(sizes) != (4, 2) or sizes[0] != [0, 0] or sizes[3] != [0, 0]:
            raise ConvertError("pads more than height and width")
        padded = _Value(value.layer, out, (*sizes[1], *sizes[2]))
        padded.shape = value.shape
        return padded

    def _convolution(self, operator: Operator, value: _Value, result: _Value, inputs: list[int]) -> dict[str, Any]:
        options, depthwise = operator.options, operator.name == "DEPTHWISE_CONV_2D"
        if (options.get("DilationHFactor", 1), options.get("DilationWFactor", 1)) != (1, 1):
            raise ConvertError("a dilation other than 1 is not supported")
        weights = self._weights(operator, 4, 3 if depthwise else 0)
        array = weights.data
        assert array is not None
        array = array.transpose(3, 0, 1, 2) if depthwise else array.transpose(0, 3, 1, 2)
        fields: dict[str, Any] = {"kind": Kind.CONV}
        if depthwise:
            fields = {"kind": Kind.DEPTHWISE, "depth_multiplier": len(array) // value.shape[2]}
        fields["window"] = self._window(operator, value, result, (array.shape[2], array.shape[3]))
        return fields | self._numbers(operator, value, array, weights)

    def _dense(self, operator: Operator, value: _Value, result: _Value, inputs: list[int]) -> dict[str, Any]:
        """With scales for each output, or an activation, as a convolution of one sample: the same sums."""
        if operator.options.get("WeightsFormat", 0):
            raise ConvertError("weights in a shuffled format are not supported")
        weights = self._weights(operator, 2, 0)
        array = weights.data
        assert array is not None
        if array.shape[1] != math.prod(value.shape):
            raise ConvertError(f"weights of {array.shape[1]} inputs for {math.prod(value.shape)} values")
        result.shape = (1, 1, len(array))
        fields: dict[str, Any] = {"input_shape": (1, 1, array.shape[1]), "output_shape": result.shape}
        numbers = self._numbers(operator, value, array, weights)
        simple = operator.options.get("FusedActivationFunction", "NONE") == "NONE"
        if simple and len(set(numbers["weight_scales"].tolist())) == 1:
            numbers["weight_scales"] = numbers["weight_scales"][:1]
            return {**fields, "kind": Kind.DENSE, **numbers}
        numbers["weights"] = numbers["weights"].reshape(*array.shape, 1, 1)
        return {**fields, "kind": Kind.CONV, "window": Window((1, 1)), **numbers}

    def _weights(self, operator: Operator, n_dimensions: int, axis: int) -> Tensor:
        weights = self._constant(operator, 1, ("INT8",))
        if weights is None or len(weights.shape) != n_dimensions or 0 in weights.shape:
            raise ConvertError("has no weights, or of another shape")
        n = len(weights.scales)
        if any(weights.zero_points) or n not in (1, weights.shape[axis]) or (n > 1 and weights.axis != axis):
            raise ConvertError("weights with zero points other than 0, or without a scale for each output")
        return weights

    def _numbers(
        self, operator: Operator, value: _Value, array: NDArray[np.int8], weights: Tensor
    ) -> dict[str, NDArray[Any]]:
        """Weights, scales and biases, with what the input's zero point does in these."""
        bias = self._constant(operator, 2, ("INT32", "INT64"))
        biases = np.zeros(len(array), np.int64)
        if bias is not None and bias.data is not None:
            if bias.data.shape != biases.shape:
                raise ConvertError(f"{bias.data.size} biases for {len(array)} outputs")
            biases = bias.data.astype(np.int64)
        biases = biases - value.q.zero_point * array.reshape(len(array), -1).sum(axis=1, dtype=np.int64)
        if np.any(np.abs(biases) >= 2**31):
            raise ConvertError("a bias and its input's zero point exceed 32 bits")
        scales = np.broadcast_to(weights.scales, len(array)).astype(np.float32)
        return {"weights": np.ascontiguousarray(array), "weight_scales": scales, "bias": biases.astype(np.int32)}

    def _window(self, operator: Operator, value: _Value, result: _Value, kernel: tuple[int, int]) -> Window:
        options = operator.options
        stride = (options.get("StrideH", 0), options.get("StrideW", 0))
        if min(stride) < 1:
            raise ConvertError(f"strides of {stride}")
        padding = list(value.padding)
        if options.get("Padding") == "SAME":
            for axis in (0, 1):
                before, after = padding[2 * axis : 2 * axis + 2]
                n, size = value.shape[axis] + before + after, result.shape[axis]
                total = max((size - 1) * stride[axis] + kernel[axis] - n, 0)  # the odd one is behind
                padding[2 * axis : 2 * axis + 2] = before + total // 2, after + total - total // 2
        top, bottom, left, right = padding
        return Window(kernel, stride, (top, bottom, left, right))

    def _pool(self, operator: Operator, value: _Value, result: _Value, inputs: list[int]) -> dict[str, Any]:
        if value.q != result.q:
            raise ConvertError("its output has another scale or zero point than its input")
        kernel = (operator.options.get("FilterHeight", 0), operator.options.get("FilterWidth", 0))
        window = self._window(operator, value, result, kernel)
        _check_idle(operator.options, result.q)
        kind = Kind.MAX_POOL if operator.name == "MAX_POOL_2D" else Kind.AVERAGE_POOL
        return {"kind": kind, "window": window, "activation": Activation.NONE}

    def _mean(self, operator: Operator, value: _Value, result: _Value, inputs: list[int]) -> dict[str, Any]:
        axes = self._constant(operator, 1, ("INT32", "INT64"))
        given = [] if axes is None or axes.data is None else axes.data.reshape(-1).tolist()
        if len(value.tensor.shape) != 4 or sorted(axis % 4 for axis in given) != [1, 2]:
            raise ConvertError(f"is over axes {given}; only that over height and width is supported")
        result.shape = (1, 1, value.shape[2])
        return {"kind": Kind.GLOBAL_AVERAGE, "output_shape": result.shape}

    def _add(self, operator: Operator, value: _Value, result: _Value, inputs: list[int]) -> dict[str, Any]:
        second = self._value(operator, 1)
        if second.shape != value.shape or second.padding != NO_PADDING:
            raise ConvertError(f"adds {second.shape} to {value.shape}; only that of the same shape is supported")
        inputs.append(second.layer)
        plain = operator.options.get("FusedActivationFunction", "NONE") == "NONE"
        return {"kind": Kind.ADD if plain else Kind.ADD_ACTIVATED, "second_q": second.q}

    def _last(self, operator: Operator, value: _Value, result: _Value, inputs: list[int]) -> dict[str, Any]:
        if operator.options.get("Beta", 1.0) != 1.0:
            raise ConvertError(f"beta is {operator.options['Beta']}; only 1 is supported")
        rest = self._graph.operators[self._number + 1 :]
        if any(each.name not in (*SAME_VALUES, *OF_SHAPES, "QUANTIZE", "DEQUANTIZE") for each in rest):
            raise ConvertError("is supported as the last layer only")
        if operator.name == "LOGISTIC":
            return {"kind": Kind.LOGISTIC}
        if math.prod(value.shape) != value.shape[2]:
            raise ConvertError(f"is over channels of {value.shape}; only that of a vector is supported")
        return {"kind": Kind.SOFTMAX}

    def _placed(self) -> Network:
        """With places for all values, of which inputs live until their last layer has run."""
        first = self._layers[0][0]
        shape = first.input_shape
        users: dict[int, int] = {-1: 0}
        for number, (_, inputs) in enumerate(self._layers):
            users[number] = len(self._layers) - 1 if number == len(self._layers) - 1 else number
            for each in inputs:
                users[each] = number
        places = [Place(math.prod(shape), -1, users[-1])]
        for number, (layer, inputs) in enumerate(self._layers):
            n, soft = math.prod(layer.output_shape), layer.kind in LAST
            places.append(
                Place(4 * n, number, users[number], 4, inputs[0] + 1) if soft else Place(n, number, users[number])
            )
        offsets, buffer = plan(places)
        done = []
        for number, (layer, inputs) in enumerate(self._layers):
            second = offsets[inputs[1] + 1] if len(inputs) > 1 else 0
            start, end = offsets[inputs[0] + 1], offsets[number + 1]
            done.append(replace(layer, input_offset=start, output_offset=end, second_offset=second))
        return Network(Type.INT8, shape, tuple(done), buffer)


def _check_idle(options: dict[str, Any], q: Quantisation) -> None:
    """Refuse an activation that would cut what int8 can hold: pooling has none."""
    activation = ACTIVATIONS[options.get("FusedActivationFunction", "NONE")]
    cuts = activation != Activation.NONE and q.zero_point > -128
    if cuts or (activation == Activation.RELU6 and math.floor(6 / q.scale + 0.5) + q.zero_point < 127):
        raise ConvertError("an activation after pooling is not supported; put it before")
