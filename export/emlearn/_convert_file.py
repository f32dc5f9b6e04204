"""From a file of another program to a `Model`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .cnn_model import CnnModel
from .converters.tflite import convert_tflite
from .errors import ConvertError
from .ir.document import Document

MAX_GOLDEN = 4


def convert_file(path: Path, dtype: str | None = None, data: Any = None) -> CnnModel:
    """Convert a `.tflite` file, whose numbers stay as they are. Golden rows are bytes by chance.

    Raises
    ------
    ConvertError
        If it is of another kind, damaged or not supported, or if an option means nothing for it.
    """
    if path.suffix.lower() != ".tflite":
        raise ConvertError(f"{str(path)!r} is no .tflite file; pass other models as objects")
    if dtype not in (None, "int8", "int8_t") or data is not None:
        raise ConvertError("a .tflite file is converted as it is, of int8: leave dtype= and data= out")
    model = CnnModel(Document(convert_tflite(path.read_bytes())))
    rows = np.random.default_rng(0).integers(0, 256, (MAX_GOLDEN, model.n_features_in_), np.uint8)
    row_bytes = model.n_features_in_ + 4 + 4 * model.tables.n_outputs
    model.golden = model.golden_of(rows[: max(1, min(MAX_GOLDEN, model.nbytes // 4 // row_bytes))])
    return model
