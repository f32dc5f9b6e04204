"""One module a file format; each registers a function that turns a `Document` into text or bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from ..ir.document import Document

Writer = Callable[[Document, str, str], "str | bytes"]
SomeWriter = TypeVar("SomeWriter", bound=Writer)


class Format(NamedTuple):
    """A file format: its name, the suffixes that stand for it, and its writer."""

    name: str
    suffixes: tuple[str, ...]
    write: Writer


_FORMATS: dict[str, Format] = {}


def writes(name: str, *suffixes: str) -> Callable[[SomeWriter], SomeWriter]:
    """Register a writer ``(document, model name, method) -> text or bytes`` for a format and its file suffixes."""

    def register(function: SomeWriter) -> SomeWriter:
        if name in _FORMATS:
            raise ValueError(f"format {name!r} already has a writer")
        _FORMATS[name] = Format(name, suffixes, function)
        return function

    return register


def find(name: str) -> Format:
    """Return the format of this name; ValueError lists the names."""
    if name not in _FORMATS:
        raise ValueError(f"unknown format {name!r}; use one of {', '.join(sorted(_FORMATS))}")
    return _FORMATS[name]


def find_by_suffix(suffix: str) -> Format:
    """Return the format that a file suffix such as ``".csv"`` stands for; ValueError lists the suffixes."""
    for known in _FORMATS.values():
        if suffix.lower() in known.suffixes:
            return known
    suffixes = ", ".join(s for _, known in sorted(_FORMATS.items()) for s in known.suffixes)
    raise ValueError(f"the file's suffix {suffix!r} tells no format; use one of {suffixes}, or pass format=")


from . import c, csv, eml, py, tmdl, tmdl_c, trees, trees_c  # noqa: E402  (each registers itself)

__all__ = ["Format", "c", "csv", "eml", "find", "find_by_suffix", "py", "tmdl", "tmdl_c", "trees", "trees_c", "writes"]
