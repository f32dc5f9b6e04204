"""A model and the module that runs it onto a board, with proof that it runs there as here."""

from __future__ import annotations

from pathlib import Path

from .._resources import module_of, package_of_network
from ..ir.document import families_of
from .errors import DeviceError
from .files import Report, replace_files
from .install import install
from .link import Link

SELFTEST_TIME = 300  # seconds; the twin on a slow board takes most


def checked(model: Path) -> tuple[bytes, list[str]]:
    """Return the content of a model's file, and the packages that run it: the last one is that to load it with.

    Raises
    ------
    ValueError
        If the device would refuse it.
    """
    from .. import load

    tables = load(model).tables
    families = families_of(tables)
    if families == ["cnn"]:
        return model.read_bytes(), [package_of_network(tables)]
    return model.read_bytes(), [module_of(family) for family in reversed(families)]


def deploy(link: Link, model: Path, *, python: bool = False, report: Report | None = None) -> tuple[int, int]:
    """Install the model's modules, copy the model, and replay its golden rows on the board.

    The board's old model stays until the new one is complete and has predicted its golden rows there.

    Parameters
    ----------
    link : Link
    model : Path
        An `.eml`, `.tmdl` or CSV file.
    python, report
        As for `install`.

    Returns
    -------
    (int, int)
        Golden rows on which the device agrees, and golden rows in all: none if the model was saved without a
        certificate.

    Raises
    ------
    ValueError
        If the file is no model.
    DeviceError
        If the board cannot take module or model, or computes something else.
    """
    content, packages = checked(model)
    for package in packages:
        install(link, package, python=python, report=report)
    target = link.board().absolute(model.name)

    def selftest(path: str) -> tuple[int, int]:
        expression = f"{package}.load({path!r}).selftest()"
        try:
            agree, rows = link.value(expression, f"import {package}, gc\ngc.collect()", SELFTEST_TIME)
        except DeviceError as error:
            raise DeviceError(f"{model.name} does not run on the board: {error}") from error
        if agree != rows:
            raise DeviceError(
                f"device agrees: {agree}/{rows}. The board computes something else than this PC: please report it, "
                "with the model and the board"
            )
        return int(agree), int(rows)

    replace_files(link, {target: content}, report=report, check=selftest)
    return selftest(target)
