"""Steps as the device has them: words of 32 bits. See docs/formats.md#pipeline."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..errors import ConvertError
from ..ir.document import Document, Label
from ..ir.pipeline import Encode, Fill, Matrix, Pipeline, Scale, Step
from ..writers import eml

_LIMIT, _ROUND, _INTEGERS = 1, 2, 1
Words = NDArray[np.uint32]


def join(n_features: int, steps: list[Step], model: Any, labels: tuple[Label, ...] | None) -> Pipeline:
    """Put steps before the tables of a model without labels.

    Raises
    ------
    ConvertError
        If a number is NaN or infinite, or there are more columns than the format holds.
    """
    words = [np.concatenate(([step.KIND | _flags(step) << 8 | step.n_out << 16], pack(step))) for step in steps]
    every = np.concatenate(words).astype(np.uint32)
    file = np.frombuffer(eml.write(Document(model)), "<u4").astype(np.uint32)
    try:
        return Pipeline(
            n_features=n_features,
            n_classes=model.n_classes,
            labels=labels,
            family=model.NUMBER,
            n_steps=len(steps),
            width=max(n_features, *(step.n_out for step in steps)),
            n_words=len(every),
            n_model=len(file),
            steps=every,
            model=file,
        )
    except ValueError as error:
        raise ConvertError(f"these steps do not fit the format: {error}") from error


def _flags(step: Step) -> int:
    if isinstance(step, Scale):
        return _LIMIT * (step.low is not None) | _ROUND * step.integers
    return _INTEGERS if isinstance(step, Matrix) and step.units is not None else 0


@singledispatch
def pack(step: Any) -> Words:
    """Return the words of a step after its first."""
    raise TypeError(f"nothing packs a {type(step).__name__}")


@pack.register
def _(step: Fill) -> Words:
    return np.stack((_bits(step.missing), _bits(step.value)), axis=1).reshape(-1)


@pack.register
def _(step: Scale) -> Words:
    if not (np.all(np.isfinite(step.factor)) and np.all(np.isfinite(step.offset))):
        raise ConvertError("a transformer scales by a number that is NaN or infinite; train it on finite features")
    factor, rest, shift = q.factors_to_int37(step.factor)
    offset, unit = q.values_to_int61(step.offset)
    columns = [
        step.source.astype(np.uint32) | (shift.astype(np.uint16).astype(np.uint32) << np.uint32(16)),
        factor.view(np.uint32),
        (offset & 0xFFFFFFFF).astype(np.uint32),
        (offset >> 32 & 0xFFFFFFFF).astype(np.uint32),
        unit.astype(np.uint16).astype(np.uint32) | rest << np.uint32(16),
    ]
    if step.low is not None and step.high is not None:
        columns += [_bits(step.low), _bits(step.high)]
    return np.stack(columns, axis=1).reshape(-1)


@pack.register
def _(step: Matrix) -> Words:
    columns = step.rows
    if not np.all(np.isfinite(columns)):
        raise ConvertError("a component is NaN or infinite; train on finite features")
    integers, shift = q.columns_to_int32(columns)
    padded = np.zeros(len(shift) + len(shift) % 2, "<i2")
    padded[: len(shift)] = shift
    parts = (padded.view("<u4"), integers[:, :-1].reshape(-1).view(np.uint32), integers[:, -1].copy().view(np.uint32))
    return np.concatenate(parts).astype(np.uint32)


@pack.register
def _(step: Encode) -> Words:
    parts = []
    for numbers, unknown, missing in zip(step.categories, step.unknown, step.missing, strict=True):
        codes = _bits(np.array([unknown, missing], np.float32))
        parts += [np.array([len(numbers)], np.uint32), codes, _bits(numbers)]
    return np.concatenate(parts)


def _bits(numbers: NDArray[np.float32]) -> Words:
    found = np.where(np.isnan(numbers), np.float32(np.nan), numbers.astype(np.float32) + np.float32(0))
    return np.ascontiguousarray(found, np.float32).view(np.uint32)
