"""The table of boards: one file each in this folder, which defines `BOARD`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ABI = "6.3"


@dataclass(frozen=True)
class Board:
    """Something that runs MicroPython.

    Attributes
    ----------
    name : str
    arch : str
        Of the native modules that it loads, as in build.mk.
    run : callable
        ``run(script, files)``: puts the files, {name: content}, where `open` and `import` find them, runs the script,
        and returns what it prints, tracebacks included. Nothing is left over from an earlier run.
    seconds : float
        Limit for one run.
    cases : tuple of str, optional
        What it runs; by default every case.
    modules : tuple of str
        Which it runs them with: "native", "twin".
    no_room : tuple of str
        What it lacks the memory for, as "module-case" or "module-case-model".
    rows : mapping
        At most so many rows of a vector file, by module; by default all.
    keeps_running : bool
        It boots at the first run, and goes on.
    build : callable
        Makes what it runs on, if that is not up to date.
    """

    name: str
    arch: str
    run: Callable[[str, Mapping[str, bytes]], str]
    seconds: float = 60
    cases: tuple[str, ...] | None = None
    modules: tuple[str, ...] = ("native", "twin")
    no_room: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    keeps_running: bool = False
    build: Callable[[], object] = lambda: None


def module_files(board: Board, module: str) -> dict[str, bytes]:
    """Return what `import emltrees` needs: the native modules of the board's architecture, or the twin."""
    if module == "twin":
        return {"emltrees.mpy": (ROOT / f"dist/py_{ABI}/emltrees.mpy").read_bytes()}
    return {path.name: path.read_bytes() for path in (ROOT / f"dist/{board.arch}_{ABI}").glob("emltrees*.mpy")}


def boards() -> list[Board]:
    """Return the boards of all files in this folder, by name of the file."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
    return [import_module(f"{__name__}.{name}").BOARD for name in names]
