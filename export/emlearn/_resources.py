"""Files that the package carries but that live elsewhere in the source tree."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

_SOURCE = {"include": "src/emlearn", "twin": "src/emltrees/twin"}


def folder(name: str) -> Path:
    """Return the folder of the C headers ("include") or of the Python twins of the native modules ("twin").

    Raises
    ------
    FileNotFoundError
        If the package was installed without it.
    """
    source = Path(__file__).resolve().parents[2] / _SOURCE[name]
    if source.is_dir():  # a checkout
        return source
    try:
        with as_file(files(f"emlearn.{name}")) as path:
            return path
    except ModuleNotFoundError as error:
        raise FileNotFoundError(f"this installation of emlearn has no folder {name!r}; install it again") from error
