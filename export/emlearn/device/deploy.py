"""A model and the module that runs it onto a board, with proof that it runs there as here."""

from __future__ import annotations

from pathlib import Path

from .files import replace_file
from .install import Report, _progress, install
from .link import DeviceError, Link


def deploy(link: Link, model: Path, *, python: bool = False, report: Report | None = None) -> tuple[int, int]:
    """Install the model's module, copy the model, and replay its golden rows on the board.

    Parameters
    ----------
    link : Link
    model : Path
        An `.eml` or CSV file.
    python, report
        As for `install`.

    Returns
    -------
    (int, int)
        Golden rows on which the device agrees, and golden rows in all.

    Raises
    ------
    ValueError
        If the file is no model.
    DeviceError
        If the board cannot take module or model, or the model has no golden rows.
    """
    from .. import load

    load(model)  # a file that the device would refuse need not travel
    install(link, "emltrees", python=python, report=report)
    target = f"/{model.name}"
    replace_file(link, target, model.read_bytes(), None if report is None else _progress(report, target))
    agree, rows = link.value(f"emltrees.load({target!r}).selftest()", setup="import emltrees", timeout=120)
    if rows == 0:
        raise DeviceError(f"{model.name} has no golden rows to check: convert it again with emlearn")
    return int(agree), int(rows)
