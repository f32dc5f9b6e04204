"""The table of boards: one file each in this folder, which defines `BOARD`."""

from __future__ import annotations

import re
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
    damaged : mapping
        At most so many damaged models of a family, by module; by default all.
    few : tuple of str
        Modules with which it predicts by families.FEW only.
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
    damaged: Mapping[str, int] = field(default_factory=dict)
    few: tuple[str, ...] = ()
    keeps_running: bool = False
    build: Callable[[], object] = lambda: None


def words() -> dict[str, list[str]]:
    """Return the plain variables of build.mk."""
    text = (ROOT / "build.mk").read_text().replace("\\\n", " ")
    table = dict(re.findall(r"^(\w+) *:= (.*)$", text, re.MULTILINE))
    return {name: value.replace("$(SHARED)", table["SHARED"]).split() for name, value in table.items()}


def packages() -> dict[str, list[str]]:
    """Return the packages of build.mk, each with its modules."""
    table = words()
    return {name: table[f"PACKAGE_{name}"] for name in table["PACKAGES"]}


def module_files(board: Board, module: str, *names: str) -> dict[str, bytes]:
    """Return what packages, by default emltrees, consist of: for the board's architecture, or as twins."""
    files = {}
    for name in names or ("emltrees",):
        folder = ROOT / f"dist/{'py' if module == 'twin' else board.arch}_{ABI}"
        for part in packages()[name]:
            if (folder / f"{part}.mpy").exists():
                files[f"{part}.mpy"] = (folder / f"{part}.mpy").read_bytes()
    return files


def boards() -> list[Board]:
    """Return the boards of all files in this folder, by name of the file."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
    return [import_module(f"{__name__}.{name}").BOARD for name in names]
