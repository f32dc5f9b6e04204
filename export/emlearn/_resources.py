"""Files that the package carries but that live elsewhere in the source tree."""

from __future__ import annotations

from importlib.util import find_spec
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
    spec = find_spec(f"emlearn.{name}")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"this installation of emlearn has no folder {name!r}; install it again")
    return Path(next(iter(spec.submodule_search_locations)))
