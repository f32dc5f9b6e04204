"""Writes .tflite files with the schema's own builder functions: no TensorFlow is needed."""

from __future__ import annotations

from importlib import import_module

import flatbuffers
import numpy as np
import tflite

OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "ADD": "AddOptions",
    "SOFTMAX": "SoftmaxOptions",
}
TYPES = {"int8": "INT8", "uint8": "UINT8", "int32": "INT32", "int64": "INT64", "float32": "FLOAT32", "int16": "INT16"}


class File:
    """Tensors and operators; `content` is the file."""

    def __init__(self, old_codes=False):
        self._tensors, self._operators, self._old = [], [], old_codes

    def tensor(self, shape, scales=None, zero=0, dtype="int8", data=None, axis=0):
        """Returns its number."""
        self._tensors.append((shape, scales, zero, dtype, data, axis))
        return len(self._tensors) - 1

    def constant(self, array, scales=None, axis=0):
        return self.tensor(array.shape, scales, 0, array.dtype.name, array, axis)

    def operator(self, name, inputs, outputs, **options):
        """Options by their names in the schema."""
        self._operators.append((name, inputs, outputs, options))

    def content(self, inputs, outputs, graphs=1):
        b = self._builder = flatbuffers.Builder(0)
        buffers = [self._table("Buffer", Data=None)]
        tensors = []
        for shape, scales, zero, dtype, data, axis in self._tensors:
            number = 0
            if data is not None:
                number = len(buffers)
                stored = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
                buffers.append(self._table("Buffer", Data=b.CreateNumpyVector(stored)))
            quantisation = None
            if scales is not None:
                scales = np.atleast_1d(np.asarray(scales, np.float32))
                zeros = np.full(len(scales), zero, np.int64)
                vectors = {"Scale": b.CreateNumpyVector(scales), "ZeroPoint": b.CreateNumpyVector(zeros)}
                quantisation = self._table("QuantizationParameters", **vectors, QuantizedDimension=axis)
            vectors = {"Shape": self._integers(shape), "Name": b.CreateString(f"t{len(tensors)}")}
            type = getattr(tflite.TensorType, TYPES[dtype])
            tensors.append(self._table("Tensor", **vectors, Type=type, Buffer=number, Quantization=quantisation))
        names = list(dict.fromkeys(name for name, *_ in self._operators))
        codes = []
        for name in names:
            code = getattr(tflite.BuiltinOperator, name)
            numbers = {"DeprecatedBuiltinCode": code} | ({} if self._old else {"BuiltinCode": code})
            codes.append(self._table("OperatorCode", **numbers))
        operators = []
        for name, ins, outs, options in self._operators:
            fields = {"Inputs": self._integers(ins), "Outputs": self._integers(outs), "OpcodeIndex": names.index(name)}
            if name in OPTIONS:
                kind = OPTIONS[name]
                fields["BuiltinOptions"] = self._table(kind, **options)
                fields["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, kind)
            operators.append(self._table("Operator", **fields))
        vectors = {"Tensors": self._offsets(tensors), "Operators": self._offsets(operators)}
        ends = {"Inputs": self._integers(inputs), "Outputs": self._integers(outputs)}
        graph = self._table("SubGraph", **vectors, **ends)
        vectors = {"OperatorCodes": self._offsets(codes), "Subgraphs": self._offsets([graph] * graphs)}
        b.Finish(self._table("Model", Version=3, **vectors, Buffers=self._offsets(buffers)), b"TFL3")
        return bytes(b.Output())

    def _table(self, name, **fields):
        kind = import_module(f"tflite.{name}")  # in the package, the class has the module's name
        kind.Start(self._builder)
        for field, value in fields.items():
            if value is not None:
                getattr(kind, f"Add{field}")(self._builder, value)
        return kind.End(self._builder)

    def _integers(self, numbers):
        return self._builder.CreateNumpyVector(np.asarray(numbers, np.int32))

    def _offsets(self, offsets):
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return self._builder.EndVector()
