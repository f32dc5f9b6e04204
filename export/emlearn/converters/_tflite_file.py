"""What a `.tflite` file says, as plain data: tensors and operators. Needs the packages tflite and flatbuffers."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir.tmdl import Quantisation

IDENTIFIER = b"TFL3"  # at offset 4
DTYPES = {"INT8": "<i1", "UINT8": "<u1", "INT32": "<i4", "INT64": "<i8", "FLOAT32": "<f4"}
# Of operators' options, what is read. An operator without an entry has none that matter.
OPTIONS = {
    "Conv2DOptions": ("Padding", "StrideH", "StrideW", "DilationHFactor", "DilationWFactor", "FusedActivationFunction"),
    "FullyConnectedOptions": ("FusedActivationFunction", "WeightsFormat"),
    "Pool2DOptions": ("Padding", "StrideH", "StrideW", "FilterHeight", "FilterWidth", "FusedActivationFunction"),
    "AddOptions": ("FusedActivationFunction",),
    "SoftmaxOptions": ("Beta",),
}
OPTIONS["DepthwiseConv2DOptions"] = (*OPTIONS["Conv2DOptions"], "DepthMultiplier")


@dataclass(frozen=True)
class Tensor:
    """A tensor.

    Attributes
    ----------
    name, type : str
        Type as TFLite calls it, such as "INT8".
    shape : tuple of int
    scales : ndarray of float32
        One, one for each output, or none.
    zero_points : tuple of int
    axis : int
        That scales are of.
    data : ndarray, optional
        Of constants.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    scales: NDArray[np.float32]
    zero_points: tuple[int, ...]
    axis: int
    data: NDArray[Any] | None


@dataclass(frozen=True)
class Operator:
    """An operator: indices of tensors, -1 for inputs that are left out."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """The tensors, and the operators in the order in which they run."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_graph(content: bytes) -> Graph:
    """Read a file's graph.

    Raises
    ------
    ConvertError
        If the packages are missing, or the file is damaged or has more than one graph.
    """
    try:
        import flatbuffers  # noqa: F401  (what tflite is of no use without)
        import tflite
    except ImportError as error:
        raise ConvertError("reading .tflite files needs a small package: pip install emlearn-mpy[tflite]") from error
    if content[4:8] != IDENTIFIER:
        raise ConvertError("not a .tflite file")
    try:
        return _read(tflite, content)
    except (struct.error, ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError) as error:
        if isinstance(error, ConvertError):
            raise
        raise ConvertError(f"a damaged .tflite file: {error}") from error


def _read(tflite: Any, content: bytes) -> Graph:
    model = tflite.Model.GetRootAsModel(content, 0)
    if model.SubgraphsLength() != 1:
        raise ConvertError(f"a .tflite file with {model.SubgraphsLength()} graphs; only those with one are supported")
    graph = model.Subgraphs(0)
    codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
    # Older files have the number in a byte of its own.
    names = [_name(tflite.BuiltinOperator, max(code.BuiltinCode(), code.DeprecatedBuiltinCode())) for code in codes]
    tensors = tuple(_tensor(tflite, model, graph.Tensors(i)) for i in range(graph.TensorsLength()))
    operators = tuple(_operator(tflite, names, graph.Operators(i)) for i in range(graph.OperatorsLength()))
    ends = [_integers(graph.InputsAsNumpy()), _integers(graph.OutputsAsNumpy())]
    for indices in (*ends, *(each for operator in operators for each in (operator.inputs, operator.outputs))):
        if any(not -1 <= index < len(tensors) for index in indices):
            raise ValueError(f"there are {len(tensors)} tensors, and references to others")
    return Graph(tensors, operators, *ends)


def _tensor(tflite: Any, model: Any, tensor: Any) -> Tensor:
    type, shape = _name(tflite.TensorType, tensor.Type()), _integers(tensor.ShapeAsNumpy())
    scales, zeros, axis = np.zeros(0, np.float32), tuple[int, ...](), 0
    quantisation = tensor.Quantization()
    if quantisation is not None and quantisation.ScaleLength():
        scales = np.array(quantisation.ScaleAsNumpy(), np.float32)
        zeros, axis = _integers(quantisation.ZeroPointAsNumpy()), quantisation.QuantizedDimension()
    data = None
    bytes_ = model.Buffers(tensor.Buffer()).DataAsNumpy()
    if not isinstance(bytes_, int) and type in DTYPES:  # 0 stands for none
        array = np.frombuffer(bytes_.tobytes(), DTYPES[type]).reshape(shape)
        data = array.astype(array.dtype.newbyteorder("="))
    return Tensor((tensor.Name() or b"").decode("utf-8", "replace"), type, shape, scales, zeros, axis, data)


def _operator(tflite: Any, names: list[str], operator: Any) -> Operator:
    kind = _name(tflite.BuiltinOptions, operator.BuiltinOptionsType())
    read = {}
    if kind in OPTIONS and operator.BuiltinOptions() is not None:
        options, table = getattr(tflite, kind)(), operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        read = {name: getattr(options, name)() for name in OPTIONS[kind]}
        if "FusedActivationFunction" in read:
            read["FusedActivationFunction"] = _name(tflite.ActivationFunctionType, read["FusedActivationFunction"])
        if "Padding" in read:
            read["Padding"] = _name(tflite.Padding, read["Padding"])
    inputs, outputs = _integers(operator.InputsAsNumpy()), _integers(operator.OutputsAsNumpy())
    return Operator(names[operator.OpcodeIndex()], inputs, outputs, read)


def _name(enumeration: Any, number: int) -> str:
    """The name of a number in one of the schema's enumerations."""
    return next((name for name, value in vars(enumeration).items() if value == number), f"number {number}")


def _integers(array: Any) -> tuple[int, ...]:
    """Of a vector, which is 0 if it is absent."""
    return () if isinstance(array, int) else tuple(map(int, array))


def row_shape(tensor: Tensor) -> tuple[int, int, int]:
    """Return the shape without the batch, which is of one row; of missing dimensions the first are 1."""
    if not 1 <= len(tensor.shape) <= 4 or (tensor.shape[0] != 1 and len(tensor.shape) > 1):
        raise ConvertError(f"{tensor.name!r} has shape {tensor.shape}, not (1, height, width, channels)")
    sizes = tensor.shape[1:] if len(tensor.shape) > 1 else tensor.shape
    if min(tensor.shape) < 1:
        raise ConvertError(f"{tensor.name!r} has shape {tensor.shape}, of which a part is not known")
    h, w, c = (*(1,) * (3 - len(sizes)), *sizes)
    return h, w, c


def quantisation(tensor: Tensor, more: int = 0) -> Quantisation:
    """Return the scale of a tensor that has one, and whose values are this much more than int8."""
    if len(tensor.scales) != 1 or len(tensor.zero_points) != 1:
        raise ConvertError(
            f"{tensor.name!r}, of {tensor.type}, has no scale; convert the network with int8 quantisation"
        )
    return Quantisation(float(tensor.scales[0]), tensor.zero_points[0] - more)
