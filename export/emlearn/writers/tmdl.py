"""The format of convolutional networks. See docs/formats.md#tmdl-convolutional-networks."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from ..errors import ConvertError
from ..ir.document import Document, Golden
from ..ir.tmdl import WITH_SECOND, Kind, Layer, Network, Quantisation, Shape, Type
from . import writes
from .trailers import pack_trailers

MAGIC, MARK = b"MAIX", b"EMLN"
MAJOR, MINOR = 1, 0
# magic, type, float outputs, inputs, outputs, layers, main buffer, second one, input, output, mark, major, minor, 0,
# size of header and layers, CRC
HEADER = struct.Struct("<4sBB3H2I4H4H4sBBHII12x")
CRC_OFFSET = 48
HEAD = struct.Struct("<HHIII4H4Hfifi")  # kind, whether the last, size, places, input, output, their scales
WINDOW = struct.Struct("<6BH4BI")  # of convolutions and pooling
OFFSETS = struct.Struct("<III")  # of scales, weights, biases
SECOND = struct.Struct("<IfiI")  # of additions


@writes("tmdl", ".tmdl")
def write_document(document: Document, name: str = "model", method: str = "loadable") -> bytes:
    """Write a `.tmdl` file; `name` and `method` mean nothing here.

    Raises
    ------
    ConvertError
        If the model is no convolutional network.
    """
    network = document.tables
    if not isinstance(network, Network):
        raise ConvertError(f".tmdl files hold convolutional networks, not {network.FAMILY}; use .eml")
    layers = b"".join(_pack_layer(network, i) for i in range(len(network.layers)))
    header = HEADER.pack(
        *(MAGIC, network.type, network.type == Type.INT8, 1, 1, len(network.layers), network.buffer, 0),
        *(3, *network.input_shape, 3, *network.layers[-1].output_shape),
        *(MARK, MAJOR, MINOR, 0, HEADER.size + len(layers), 0),
    )
    rest = layers + pack_trailers(document)
    return with_crc(header + rest)


def write(network: Network, golden: Golden | None = None, certificate: str | None = None) -> bytes:
    """Write a `.tmdl` file.

    Parameters
    ----------
    network : Network
    golden : Golden, optional
        Its features are uint8, int8 or float32.
    certificate : str, optional
        JSON.
    """
    return write_document(Document(network, golden, certificate))


def with_crc(data: bytes) -> bytes:
    """Return the file with the CRC that it should have."""
    crc = zlib.crc32(data[CRC_OFFSET + 4 :], zlib.crc32(data[:CRC_OFFSET]))
    return data[:CRC_OFFSET] + struct.pack("<I", crc) + data[CRC_OFFSET + 4 :]


def layer_bytes(layer: Layer) -> int:
    """Return how many bytes of a file a layer takes."""
    return HEAD.size + len(_pack_body(layer))


def _pack_layer(network: Network, number: int) -> bytes:
    layer = network.layers[number]
    body = _pack_body(layer)
    float32 = network.type == Type.FLOAT32
    quantisations = (Quantisation(),) * 2 if float32 else (layer.input_q, layer.output_q)
    head = HEAD.pack(
        *(layer.kind, number + 1 == len(network.layers), HEAD.size + len(body)),
        *(layer.input_offset, layer.output_offset, *_dims(layer.input_shape), *_dims(layer.output_shape)),
        *(value for quantisation in quantisations for value in quantisation),
    )
    return head + body


def _dims(shape: Shape) -> tuple[int, ...]:
    return (1 if shape[:2] == (1, 1) else 3, *shape)


def _pack_body(layer: Layer) -> bytes:
    if layer.kind == Kind.DENSE:
        return _pack_weights(layer, b"", 4)
    if layer.kind in WITH_SECOND:
        return SECOND.pack(layer.second_offset, *layer.second_q, layer.activation)
    if layer.window is None:
        return b""
    window = layer.window
    start = WINDOW.pack(
        *(*window.kernel[::-1], *window.stride[::-1], 1, 1, layer.activation),
        *(*window.padding, layer.depth_multiplier),
    )
    return start if layer.weights is None else _pack_weights(layer, start + bytes(4), 0)


def _pack_weights(layer: Layer, start: bytes, reserved: int) -> bytes:
    """Scales, weights and biases behind their offsets, which are counted from the layer's head."""
    at = HEAD.size + len(start) + OFFSETS.size + reserved
    offsets, blocks = list[int](), b""
    for array in (layer.weight_scales, layer.weights, layer.bias):
        offsets.append(at + len(blocks))
        blocks += b"" if array is None else _pad(_little(array))
    return start + OFFSETS.pack(*offsets) + bytes(reserved) + blocks


def _little(array: Any) -> bytes:
    return bytes(array.astype(array.dtype.newbyteorder("<")).tobytes())


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)
