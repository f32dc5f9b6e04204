"""Native modules onto a board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._resources import folder
from .boards import ABI, PYTHON, SUB_VERSION, Board
from .files import make_folder, replace_file
from .link import DeviceError, Link

# Each module with what it imports when it meets files of another making.
MODULES = {"emltrees": ("emltrees", "emltrees_build")}

Report = Callable[[str, int, int], Any]  # file, bytes done, bytes in all


def module_file(name: str, architecture: str) -> Path:
    """Return the .mpy of a module for an architecture, as the package carries it.

    Raises
    ------
    DeviceError
        If the package was installed without it.
    """
    path = folder("mpy") / f"{architecture}_{ABI}.{SUB_VERSION}" / f"{name}.mpy"
    if not path.is_file():
        raise DeviceError(
            f"this installation of emlearn carries no {name} for {architecture}. In a checkout, build it with "
            f'make dist ARCHES="{architecture}"'
        )
    return path


def choose_architecture(board: Board, python: bool) -> str:
    """Return the architecture whose modules the board is to get; "py" for the twins.

    Raises
    ------
    DeviceError
        If it cannot load native code and `python` is not set.
    """
    if python:
        if board.mpy & 0xFF != ABI:
            raise DeviceError(f"cannot use this board: {board.why_not_native()}")
        return PYTHON
    reason = board.why_not_native()
    if reason is not None:
        offer = "; the slower module in Python would run: pass --python" if board.mpy & 0xFF == ABI else ""
        raise DeviceError(f"cannot install a native module: {reason}{offer}")
    assert board.native is not None
    return board.native


def install(link: Link, module: str, *, python: bool = False, report: Report | None = None) -> str:
    """Copy a module onto the board, verify and import it.

    Parameters
    ----------
    link : Link
    module : str
        Such as "emltrees".
    python : bool
        Install the twin in Python instead of native code.
    report : callable, optional
        Called with a file's name, the bytes written and the bytes in all.

    Returns
    -------
    str
        The architecture that was installed.

    Raises
    ------
    DeviceError
        If the board cannot take it, or cannot import it; the message says why.
    """
    if module not in MODULES:
        raise DeviceError(f"there is no module {module!r}; there are {', '.join(MODULES)}")
    board = link.board()
    architecture = choose_architecture(board, python)
    library = board.library
    make_folder(link, library)
    names = MODULES[module] if architecture != PYTHON else (module,)
    for name in names:
        content = module_file(name, architecture).read_bytes()
        file = f"{library}/{name}.mpy"
        replace_file(link, file, content, None if report is None else _progress(report, file))
    _check_hidden(link, board, library, module)
    link.reset()
    try:
        link.run(f"import {module}\n{module}.new")
    except DeviceError as error:
        raise DeviceError(f"the board has {module} for {architecture} now but cannot import it: {error}") from error
    return architecture


def _progress(report: Report, file: str) -> Callable[[int, int], Any]:
    return lambda done, total: report(file, done, total)


def _check_hidden(link: Link, board: Board, library: str, module: str) -> None:
    """Refuse to leave a module that another file hides on import: in an earlier folder, or a .py beside it."""
    earlier = board.path[: board.path.index(library) if library in board.path else None]
    folders = [entry for entry in earlier if not entry.startswith(".")]
    places = [f"{entry}/{module}{suffix}" for entry in folders for suffix in (".py", ".mpy")]
    for place in [*places, f"{library}/{module}.py"]:
        path = place if place.startswith("/") else f"/{place}"
        if link.exists(path):
            raise DeviceError(f"{path} on the board hides the module that was just installed: remove it")
