"""What a model file holds, whatever the family of the model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

MAX_LABEL_BYTES = 255

Label = int | str


class Output(IntEnum):
    """What a model's outputs are; `eml_output_t` in src/emlearn/eml_file.h."""

    VALUES = 0
    PROBABILITIES = 1
    DECISION_VALUES = 2
    PROBABILITIES_AND_SCORE = 3  # and, last, the log-likelihood


class Tables(Protocol):
    """A device-ready model of any family: what `Model`, writers and readers ask of it.

    Attributes
    ----------
    FAMILY : str
        Also the middle of its names in C: ``eml_FAMILY_t``.
    NUMBER : int
        Of the family, in the `.eml` header.
    """

    FAMILY: ClassVar[str]
    NUMBER: ClassVar[int]

    @property
    def n_features(self) -> int:
        """Number of features."""

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""

    @property
    def output(self) -> Output:
        """What the outputs are."""

    @property
    def labels(self) -> tuple[Label, ...] | None:
        """Class labels, unless they are 0, 1, 2..."""

    @property
    def typecode(self) -> str:
        """Of the raw features: "f" or "h"."""

    @property
    def dtype_name(self) -> str:
        """What the model computes with, in words."""

    @property
    def summary(self) -> str:
        """The model in a few words."""

    def facts(self) -> dict[str, Any]:
        """Return facts about the model that only its family has, by name."""


def families_of(tables: Any) -> list[str]:
    """Return the family of a model, and those of what is behind its blocks or steps."""
    found = [tables.FAMILY]
    while tables.FAMILY in ("features", "pipeline") and tables.inner is not None:
        tables = tables.inner
        found.append(tables.FAMILY)
    return found


@dataclass(frozen=True, eq=False)
class Golden:
    """Rows that a device can replay, with what the host's core made of them.

    Attributes
    ----------
    features : ndarray of float32 or int16, shape (n_rows, n_features)
        Raw features: int16 for typecode "h".
    classes : ndarray of uint32, shape (n_rows,)
        Class numbers; 0 for regression.
    outputs : ndarray of float32, shape (n_rows, n_outputs)
    """

    features: NDArray[np.float32] | NDArray[np.int16]
    classes: NDArray[np.uint32]
    outputs: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Document:
    """Everything a model file holds.

    Attributes
    ----------
    tables : Tables
    golden : Golden, optional
    certificate : str, optional
        JSON.
    """

    tables: Any
    golden: Golden | None = None
    certificate: str | None = None

    @property
    def trees(self) -> Any:
        """The tables, where they are known to be trees."""
        return self.tables

    @property
    def network(self) -> Any:
        """The tables, where they are known to be a convolutional network."""
        return self.tables


def check_labels(labels: tuple[Label, ...] | None, n_classes: int) -> None:
    """Raise ValueError unless a file can hold these labels."""
    if labels is None:
        return
    if len(labels) != n_classes:
        raise ValueError(f"{len(labels)} labels for {n_classes} classes")
    for label in labels:
        if len(str(label).encode()) > MAX_LABEL_BYTES:
            raise ValueError(f"label {str(label)[:20]!r}... has more than 255 bytes")
