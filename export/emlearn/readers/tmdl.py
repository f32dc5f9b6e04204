"""Reader of convolutional networks. See docs/formats.md#tmdl-convolutional-networks."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.document import Document
from ..ir.tmdl import (
    OURS,
    WITH_SECOND,
    WITH_WEIGHTS,
    WITH_WINDOW,
    Activation,
    Kind,
    Layer,
    Network,
    Quantisation,
    Shape,
    Type,
    Window,
)
from ..writers.tmdl import HEAD, HEADER, MAGIC, MAJOR, MARK, OFFSETS, SECOND, WINDOW, with_crc
from .trailers import with_trailers

__all__ = ["MAGIC", "read"]


def read(data: bytes) -> Document:
    """Read a `.tmdl` file, of ours or of TinyMaix; its `network` is an ir.tmdl.Network.

    Raises
    ------
    ValueError
        If it is damaged, of another version or type, or a device would refuse it.
    """
    if len(data) < HEADER.size or data[:4] != MAGIC:
        raise ValueError("not a .tmdl file")
    _, type_number, _, inputs, outputs, n_layers, buffer, second, *more = HEADER.unpack_from(data)
    input_shape, mark, major, size = _shape(more[1:4]), more[8], more[9], more[12]
    if type_number not in tuple(Type):
        raise ValueError(f"a .tmdl file of type {type_number}; this reader knows 0 (int8) and 2 (float32)")
    if mark not in (MARK, bytes(4)):
        raise ValueError(f"a .tmdl file with the mark {mark!r}, not {MARK!r}")
    if (inputs, outputs, second) != (1, 1, 0):
        raise ValueError(f"{inputs} inputs, {outputs} outputs, {second} bytes of a second buffer; not 1, 1, 0")
    marked = mark == MARK
    if marked:
        if major != MAJOR:
            raise ValueError(f"a .tmdl file of version {major}; this reader knows {MAJOR}")
        if not HEADER.size <= size <= len(data) or size % 8:
            raise ValueError(f"truncated: the header says {size} bytes, the file has {len(data)}")
        if with_crc(data) != data:
            raise ValueError("damaged: the CRC does not fit")
    body, at = data[:size] if marked else data, HEADER.size
    layers = list[Layer]()
    for number in range(n_layers):
        try:
            layer, at = _read_layer(body, at, Type(type_number), number + 1 == n_layers)
        except ValueError as error:
            raise ValueError(f"layer {number}: {error}") from error
        if layer.kind >= OURS and not marked:
            raise ValueError(f"layer {number}: kind {layer.kind:#x}, which files without the mark {MARK!r} have not")
        layers.append(layer)
    if marked and at != size:
        raise ValueError(f"the layers take {at} bytes, the header says {size}")
    network = Network(Type(type_number), input_shape, tuple(layers), buffer)
    return with_trailers(network, data[size:] if marked else b"", "Bbf")


def _read_layer(data: bytes, at: int, type: Type, last: bool) -> tuple[Layer, int]:
    """The layer at `at`, and where the next one is."""
    if at + HEAD.size > len(data):
        raise ValueError("truncated: its head ends beyond the file")
    number, is_output, size, input_offset, output_offset, *more = HEAD.unpack_from(data, at)
    if number not in tuple(Kind):
        raise ValueError(f"unknown kind {number:#x}")
    if is_output != last:
        raise ValueError(f"says {is_output} where the network's output is told, not {int(last)}")
    if size < HEAD.size or size % 8 or size > len(data) - at:
        raise ValueError(f"truncated: {size} bytes at {at} of {len(data)}")
    kind, body = Kind(number), _Body(data[at : at + size], type)
    input_q, output_q = body.quantisation(*more[8:10]), body.quantisation(*more[10:])
    fields: dict[str, Any] = {}
    if kind in WITH_WINDOW:
        fields |= body.window(kind)
    if kind in WITH_SECOND:
        fields["second_offset"], scale, zero, activation = body.take(SECOND)
        fields["second_q"] = body.quantisation(scale, zero)
        if kind == Kind.ADD_ACTIVATED:
            fields["activation"] = _activation(activation)
    input_shape, output_shape = _shape(more[1:4]), _shape(more[5:8])
    if kind in WITH_WEIGHTS:
        fields |= body.weights(kind, input_shape, output_shape, fields.get("window"))
    layer = Layer(kind, input_shape, output_shape, input_offset, output_offset, input_q, output_q, **fields)
    return layer, at + size


class _Body:
    """What follows a layer's head."""

    def __init__(self, data: bytes, type: Type) -> None:
        self._data, self._type, self._at = data, type, HEAD.size

    def take(self, layout: struct.Struct) -> tuple[Any, ...]:
        if layout.size > len(self._data) - self._at:
            raise ValueError("truncated: too short for its kind")
        self._at += layout.size
        return layout.unpack_from(self._data, self._at - layout.size)

    def quantisation(self, scale: float, zero: int) -> Quantisation:
        return Quantisation() if self._type == Type.FLOAT32 else Quantisation(scale, zero)

    def window(self, kind: Kind) -> dict[str, Any]:
        kw, kh, sw, sh, *dilation, activation, top, bottom, left, right, multiplier = self.take(WINDOW)
        if dilation != [1, 1]:
            raise ValueError(f"a dilation of {dilation}, not 1")
        window = Window((kh, kw), (sh, sw), (top, bottom, left, right))
        fields: dict[str, Any] = {"window": window}
        if kind in WITH_WEIGHTS:
            fields["activation"] = _activation(activation)
        if kind == Kind.DEPTHWISE:
            fields["depth_multiplier"] = multiplier
        return fields

    def weights(self, kind: Kind, inputs: Shape, outputs: Shape, window: Window | None) -> dict[str, Any]:
        """Scales, weights and biases, whose numbers are those that the shapes say."""
        if window is None:
            shape: tuple[int, ...] = (math.prod(outputs), math.prod(inputs))
        else:
            self._at += 4
            shape = (outputs[2], 1 if kind == Kind.DEPTHWISE else inputs[2], *window.kernel)
        scales, weights, biases = self.take(OFFSETS)
        integers = self._type == Type.INT8
        fields = {
            "weights": self._array("<i1" if integers else "<f4", weights, shape),
            "bias": self._array("<i4" if integers else "<f4", biases, shape[:1]),
        }
        if integers:
            fields["weight_scales"] = self._array("<f4", scales, (1,) if kind == Kind.DENSE else shape[:1])
        return fields

    def _array(self, dtype: str, offset: int, shape: tuple[int, ...]) -> NDArray[Any]:
        size, count = np.dtype(dtype).itemsize, math.prod(shape)
        if offset % size or offset + count * size > len(self._data):
            raise ValueError(f"weights at {offset} that are not within its {len(self._data)} bytes, or misaligned")
        array = np.frombuffer(self._data, dtype, count, offset).reshape(shape)
        return array.astype(array.dtype.newbyteorder("="))


def _shape(sizes: Any) -> Shape:
    h, w, c = sizes
    return h, w, c


def _activation(number: int) -> Activation:
    if number not in tuple(Activation):
        raise ValueError(f"activation {number}; this reader knows 0 (none), 1 (relu), 3 (relu6)")
    return Activation(number)
