"""Blocks and the model behind them as one file has them. See docs/formats.md#features."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import block_columns
from ..errors import ConvertError
from ..ir.document import Document, Label
from ..ir.features import Featured, Features
from ..writers import eml


def join(source: Featured, model: Any, labels: tuple[Label, ...] | None) -> Features:
    """Put blocks before the tables of a model without labels; model=None makes a file of the columns.

    Raises
    ------
    ConvertError
        If there is more than the format holds.
    """
    words = np.concatenate(source.blocks).astype(np.uint32)
    file = np.zeros(0, np.uint32)
    if model is not None:
        file = np.frombuffer(eml.write(Document(model)), "<u4").astype(np.uint32)
    try:
        return Features(
            n_features=source.n_features,
            n_classes=source.n_classes,
            labels=labels,
            family=0 if model is None else model.NUMBER,
            n_blocks=len(source.blocks),
            type=ord(source.typecode),
            n_columns=block_columns(words, len(source.blocks), source.n_features),
            n_words=len(words),
            n_model=len(file),
            blocks=words,
            model=file,
        )
    except ValueError as error:
        raise ConvertError(f"these transformers do not fit the format: {error}") from error
