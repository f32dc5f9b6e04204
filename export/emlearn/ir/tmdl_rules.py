"""What a device asks of a network before it runs: eml_cnn_open of src/emlearn/eml_cnn_data.h asks the same."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from .tmdl_layers import (
    LAST,
    WITH_SECOND,
    WITH_WEIGHTS,
    WITH_WINDOW,
    Activation,
    Kind,
    Layer,
    Quantisation,
    Shape,
    Type,
)

MAX_DIMENSION = 0xFFFF
MAX_COUNT = 1 << 23  # of values that a layer takes or gives, which stay below
MAX_BYTES = 1 << 28  # of the main buffer, which stays below
MAX_PRODUCT = 1 << 14  # of a weight and an input
MIN_SHIFT, MAX_SHIFT = 1, 62  # of a multiplier


def check_network(type: Type, input_shape: Shape, layers: tuple[Layer, ...], buffer: int) -> None:
    """Raise ValueError unless a device would take a network of this; the message begins with the layer's number."""
    size = 1 if type == Type.INT8 else 4
    if not layers or len(layers) > MAX_DIMENSION:
        raise ValueError(f"{len(layers)} layers, not 1..65535")
    _check_shape(input_shape)
    if not 0 <= buffer < MAX_BYTES:
        raise ValueError(f"a main buffer of {buffer} bytes, not 0..2^28 - 1")
    if layers[0].input_shape != input_shape or layers[0].input_offset != 0:
        first = f"{layers[0].input_shape} at {layers[0].input_offset}"
        raise ValueError(f"the first layer takes {first}, not the input {input_shape} at 0")
    for i, layer in enumerate(layers):
        try:
            if layer.kind in LAST and i + 1 < len(layers):
                raise ValueError("only the last layer may be softmax or logistic")
            _check_shape(layer.input_shape)
            _check_shape(layer.output_shape)
            _check_meaning(layer)
            _check_places(layer, buffer, size)
            _check_weights(layer, type == Type.INT8)
            if type == Type.INT8:
                _check_quantisation(layer)
        except ValueError as error:
            raise ValueError(f"layer {i}, {layer.kind.name.lower()}: {error}") from error


def multiplier(ratio: Fraction, weight_scale: float = 1.0) -> tuple[int, int]:
    """Return m and s of a multiplier, see docs/formats.md; (0, MAX_SHIFT) for 0.

    Parameters
    ----------
    ratio : Fraction
        As `ratio` returns it.
    weight_scale : float
        A float32.
    """
    exact = ratio * Fraction(float(weight_scale))
    if exact == 0:
        return 0, MAX_SHIFT
    shift = 24 - _bits(exact)
    m = math.floor(exact * Fraction(2) ** shift + Fraction(1, 2))
    if m == 1 << 24:
        m, shift = m >> 1, shift - 1
    return m, min(shift, MAX_SHIFT)


def ratio(a: Fraction, b: Fraction) -> Fraction:
    """Return a / b cut to 32 bits."""
    exact = a / b
    unit = Fraction(2) ** (_bits(exact) - 32)
    return math.floor(exact / unit) * unit


def _bits(x: Fraction) -> int:
    """The n for which x is in [2^(n - 1), 2^n)."""
    n = x.numerator.bit_length() - x.denominator.bit_length()
    return n + (x >= Fraction(2) ** n)


def _check_shape(shape: Shape) -> None:
    if len(shape) != 3 or not all(1 <= each <= MAX_DIMENSION for each in shape):
        raise ValueError(f"a shape of {shape}, not of three numbers from 1 to 65535")
    if math.prod(shape) >= MAX_COUNT:
        raise ValueError(f"a shape of {shape}, which has {MAX_COUNT:,} values or more")


def _check_meaning(layer: Layer) -> None:
    """Shapes, window and activation."""
    h, w, c = layer.input_shape
    if (layer.window is not None) != (layer.kind in WITH_WINDOW):
        raise ValueError("has a window" if layer.window else "has no window")
    if layer.kind not in (Kind.CONV, Kind.DEPTHWISE, Kind.ADD_ACTIVATED) and layer.activation != Activation.NONE:
        raise ValueError("takes no activation")
    if (layer.depth_multiplier != 0) != (layer.kind == Kind.DEPTHWISE):
        raise ValueError(f"a depth multiplier of {layer.depth_multiplier}")
    expected = layer.output_shape
    if layer.window is not None:
        _check_window(layer)
        size = layer.window.output_size(h, w)
        channels = {Kind.CONV: layer.output_shape[2], Kind.DEPTHWISE: c * layer.depth_multiplier}
        expected = (*size, channels.get(layer.kind, c))
    elif layer.kind == Kind.GLOBAL_AVERAGE:
        expected = (1, 1, c)
    elif layer.kind != Kind.DENSE and math.prod(layer.output_shape) != math.prod(layer.input_shape):
        raise ValueError(f"{layer.input_shape} has not as many values as {layer.output_shape}")
    if layer.output_shape != expected:
        raise ValueError(f"its output is {layer.output_shape}, not {expected}")
    if (layer.weights is not None) != (layer.kind in WITH_WEIGHTS):
        raise ValueError("has weights" if layer.weights is not None else "has no weights")


def _check_window(layer: Layer) -> None:
    window = layer.window
    assert window is not None
    (kh, kw), (top, bottom, left, right) = window.kernel, window.padding
    if not all(1 <= each <= 255 for each in (*window.kernel, *window.stride)):
        raise ValueError(f"kernel {window.kernel} and stride {window.stride} are not all from 1 to 255")
    if min(window.padding) < 0 or max(top, bottom) >= kh or max(left, right) >= kw:
        raise ValueError(f"padding {window.padding} is not below the kernel's h and w, {window.kernel}")
    if layer.input_shape[0] + top + bottom < kh or layer.input_shape[1] + left + right < kw:
        raise ValueError(f"a kernel of {window.kernel} is larger than its padded input")


def _check_places(layer: Layer, buffer: int, size: int) -> None:
    n_in, n_out = math.prod(layer.input_shape) * size, math.prod(layer.output_shape) * size
    if layer.kind in LAST:
        n_out = math.prod(layer.output_shape) * 4
    spans = [("input", layer.input_offset, n_in, size), ("output", layer.output_offset, n_out, size)]
    if layer.kind in LAST:
        spans[1] = ("output", layer.output_offset, n_out, 4)
    if layer.kind in WITH_SECOND:
        spans.append(("second input", layer.second_offset, n_in, size))
    for name, offset, length, alignment in spans:
        if not 0 <= offset <= buffer - length:
            raise ValueError(f"its {name} of {length} bytes at {offset} is not within {buffer} bytes")
        if offset % alignment:
            raise ValueError(f"its {name} is at {offset}, no multiple of {alignment}")
    in_place = layer.kind in (*LAST, Kind.RESHAPE)
    for name, offset, length, _ in spans:
        overlaps = offset < layer.output_offset + n_out and layer.output_offset < offset + length
        if name != "output" and overlaps and not (in_place and offset == layer.output_offset):
            raise ValueError(f"its output at {layer.output_offset} overlaps its {name} at {offset}")


def _check_weights(layer: Layer, int8: bool) -> None:
    if layer.weights is None:
        return
    outputs, c = layer.output_shape[2], layer.input_shape[2]
    if layer.kind == Kind.DENSE:
        outputs = math.prod(layer.output_shape)
        shape: tuple[int, ...] = (outputs, math.prod(layer.input_shape))
    else:
        assert layer.window is not None
        shape = (outputs, 1 if layer.kind == Kind.DEPTHWISE else c, *layer.window.kernel)
    _check_array("weights", layer.weights, shape, "int8" if int8 else "float32")
    _check_array("bias", layer.bias, (outputs,), "int32" if int8 else "float32")
    if not int8:
        if not (np.all(np.isfinite(layer.weights)) and np.all(np.isfinite(np.asarray(layer.bias)))):
            raise ValueError("a weight or bias that is infinite or no number")
        return
    _check_array("weight_scales", layer.weight_scales, (1 if layer.kind == Kind.DENSE else outputs,), "float32")
    limit = 2**31 - 1 - MAX_PRODUCT * math.prod(shape[1:])
    if limit < 0 or np.any(np.abs(np.asarray(layer.bias, np.int64)) > limit):
        raise ValueError(f"a bias beyond {limit}: its sums could overflow")


def _check_array(name: str, array: Any, shape: tuple[int, ...], dtype: str) -> None:
    if array is None or array.shape != shape or array.dtype != dtype:
        given = "nothing" if array is None else f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{name} is {given}, not {dtype} of shape {shape}")


def _check_quantisation(layer: Layer) -> None:
    _check_scale(layer.input_q)
    if layer.kind in LAST:
        return
    _check_scale(layer.output_q)
    first, out = Fraction(layer.input_q.scale), Fraction(layer.output_q.scale)
    if layer.kind in (Kind.RESHAPE, Kind.MAX_POOL, Kind.AVERAGE_POOL) and layer.input_q != layer.output_q:
        raise ValueError("its output has another scale or zero point than its input")
    if layer.weight_scales is not None:
        scales = layer.weight_scales
        if not np.all(np.isfinite(scales) & (scales >= 0)):
            raise ValueError("a scale of weights that is negative or no number")
        _check_shift(multiplier(ratio(first, out), float(np.max(scales))))
    elif layer.kind == Kind.GLOBAL_AVERAGE:
        _check_shift(multiplier(ratio(ratio(first, out), Fraction(math.prod(layer.input_shape[:2])))))
    elif layer.kind in WITH_SECOND:
        _check_scale(layer.second_q)
        for scale in (first, Fraction(layer.second_q.scale)):
            _check_shift(multiplier(ratio(scale, out)))


def _check_scale(quantisation: Quantisation) -> None:
    scale, zero = quantisation
    if not (math.isfinite(scale) and scale > 0 and float(np.float32(scale)) == scale):
        raise ValueError(f"a scale of {scale}, which is no positive float32")
    if not -128 <= zero <= 127:
        raise ValueError(f"a zero point of {zero}, not -128..127")


def _check_shift(found: tuple[int, int]) -> None:
    if found[1] < MIN_SHIFT:
        raise ValueError("its output's scale is so small that a sum does not fit")
