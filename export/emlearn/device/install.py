"""Native modules onto a board."""

from __future__ import annotations

import json
from pathlib import Path

from .._resources import folder
from .boards import ABI, PYTHON, SUB_VERSION, Board
from .errors import DeviceError
from .files import Report, make_folder, replace_files
from .link import Link

_HINT = 'In a checkout, run "make dist"; otherwise install a wheel that was made after it'


def packages_folder(architecture: str) -> Path:
    """Return the folder with an architecture's packages, as `make dist` makes it and wheels carry it.

    Raises
    ------
    DeviceError
        If there is none.
    """
    name = f"{architecture}_{ABI}.{SUB_VERSION}"
    try:
        path = folder("mpy") / name
    except FileNotFoundError as error:
        raise DeviceError(f"this installation of emlearn carries no modules for boards. {_HINT}") from error
    if not path.is_dir():
        raise DeviceError(f"this installation of emlearn carries no modules for {architecture}: no {path}. {_HINT}")
    return path


def package_files(package: str, architecture: str) -> dict[str, bytes]:
    """Return the files of a package, by name on the board.

    Raises
    ------
    DeviceError
        If there is no such package for this architecture.
    """
    packages = packages_folder(architecture)
    table = packages / package / "package.json"
    if not table.is_file():
        known = sorted(path.parent.name for path in packages.glob("*/package.json"))
        if known:
            raise DeviceError(f"there is no package {package!r} for {architecture}; there are {', '.join(known)}")
        raise DeviceError(f"this installation of emlearn is not complete: no {table}. {_HINT}")
    files = {}
    for name, _ in json.loads(table.read_text())["urls"]:
        path = packages / name
        if not path.is_file():
            raise DeviceError(f"this installation of emlearn is not complete: no {path}. {_HINT}")
        files[name] = path.read_bytes()
    return files


def choose_architecture(board: Board, python: bool) -> str:
    """Return the architecture whose modules the board is to get; "py" for the twins.

    Raises
    ------
    DeviceError
        If it cannot load native code and `python` is not set.
    """
    reason = board.why_not_bytecode()
    if reason is not None:
        raise DeviceError(f"cannot use this board: {reason}")
    if python:
        return PYTHON
    reason = board.why_not_native()
    if reason is not None:
        raise DeviceError(
            f"cannot install a native module: {reason}. The module in Python runs there, slower: pass --python"
        )
    assert board.native is not None
    return board.native


def install(link: Link, package: str, *, python: bool = False, report: Report | None = None) -> str:
    """Copy a package's modules onto the board, verify and import them.

    Parameters
    ----------
    link : Link
    package : str
        Such as "emltrees".
    python : bool
        Install the twin in Python instead of native code.
    report : callable, optional
        Called with a file's path, the bytes written and the bytes in all.

    Returns
    -------
    str
        The architecture that was installed.

    Raises
    ------
    DeviceError
        If the board cannot take it, or cannot import it; the message says why.
    """
    board = link.board()
    architecture = choose_architecture(board, python)
    files = package_files(package, architecture)
    make_folder(link, board.library)
    replace_files(link, {f"{board.library}/{name}": content for name, content in files.items()}, report=report)
    for name in files:
        _check_hidden(link, board, name.removesuffix(".mpy"))
    link.reset()
    try:
        link.run(f"import {package}")
    except DeviceError as error:
        raise DeviceError(f"the board has {package} for {architecture} now but cannot import it: {error}") from error
    return architecture


def _check_hidden(link: Link, board: Board, module: str) -> None:
    """Refuse to leave a module that import does not find: hidden by a folder or .py beside it, or by another folder."""
    earlier = board.folders[: board.folders.index(board.library)] if board.library in board.folders else ()
    places = [f"{entry}/{module}{suffix}" for entry in earlier for suffix in ("", ".py", ".mpy")]
    places += [f"{board.library}/{module}{suffix}" for suffix in ("", ".py")]
    for place in places:
        if link.exists(place):
            raise DeviceError(f"{place} on the board hides the module that was just installed: remove it")
