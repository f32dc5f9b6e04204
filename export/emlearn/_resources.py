"""Files that the package carries but that live elsewhere in the source tree."""

from __future__ import annotations

from pathlib import Path

# An installed package has them as its folders; in a checkout, editable installs included, they are where they are made.
_SOURCE = {"include": "src/emlearn", "mpy": "dist", "twin": "src/emltrees/twin"}


def folder(name: str) -> Path:
    """Return the folder of the C headers ("include"), the modules' Python twins ("twin") or all .mpy files ("mpy").

    Raises
    ------
    FileNotFoundError
        If the package was installed without it.
    """
    here = Path(__file__).resolve().parent
    for path in (here / name, here.parents[1] / _SOURCE[name]):
        if path.is_dir():
            return path
    raise FileNotFoundError(f"this installation of emlearn has no folder {name!r}; install it again")
