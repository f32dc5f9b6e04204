"""Bytes -> `Document`, one module a format; for `load`, `emlearn info` and the tests. Bad files raise ValueError."""

from __future__ import annotations

from ..ir.document import Document
from . import csv, eml, trees

__all__ = ["csv", "eml", "read", "trees"]


def read(data: bytes) -> Document:
    """Read a model file of ours, or a CSV file of emlearn.

    Raises
    ------
    ValueError
        If the content is no model file, is damaged, or refers outside itself.
    """
    if data[:4] == eml.MAGIC:
        return eml.read(data)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ValueError("neither an .eml file nor text") from error
    return csv.read(text)
