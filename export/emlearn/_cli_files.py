"""What commands read, and how they say what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
WRITTEN = click.Path(dir_okay=False, path_type=Path)


def open_estimator(path: Path) -> Any:
    """Return what a .joblib, .pkl or .skops file holds; ClickException if it cannot be opened."""
    if path.suffix == ".skops":
        return _open_skops(path)
    click.echo(f"warning: opening {path} runs code that it contains; open only files that you trust", err=True)
    import joblib

    try:
        return joblib.load(path)  # reads pickle files too
    except Exception as error:  # whatever the pickled code raises
        raise click.ClickException(f"cannot open {path} as a joblib or pickle file: {one_line(error)}") from error


def _open_skops(path: Path) -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise click.ClickException("opening .skops files needs skops: pip install skops") from error
    try:
        return skops.io.load(path)
    except Exception as error:  # skops has no base class of its errors
        raise click.ClickException(f"cannot open {path} as a skops file: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """Return what an error says."""
    return " ".join(str(error).split()) or type(error).__name__
