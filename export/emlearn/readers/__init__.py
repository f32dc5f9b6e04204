"""Bytes -> `Document`, one module a format; for `load`, `emlearn info` and the tests. Bad files raise ValueError."""

from __future__ import annotations

from ..ir.document import Document
from . import csv, eml, tmdl, trees

__all__ = ["csv", "eml", "read", "tmdl", "trees"]


def read(data: bytes) -> Document:
    """Read a model file of ours, a CSV file of emlearn, or a network of TinyMaix.

    Raises
    ------
    ValueError
        If the content is no model file, is damaged, or refers outside itself.
    """
    if data[:4] == eml.MAGIC:
        return eml.read(data)
    if data[:4] == tmdl.MAGIC:
        return tmdl.read(data)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ValueError("neither an .eml or .tmdl file nor text") from error
    return csv.read(text)
