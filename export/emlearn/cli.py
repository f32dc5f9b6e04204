"""The `emlearn` command."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import __version__, _cli_network, _cnn_info, convert, load, writers
from .certificate import Certificate, instructions_in_words
from .device.commands import COMMANDS
from .ir.document import Document
from .model import METHODS
from .readers import tmdl

_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
@click.version_option(__version__, prog_name="emlearn")
def main() -> None:
    """Machine learning for MicroPython: convert trained models, look into converted ones, and bring them to boards."""


for _command in COMMANDS:
    main.add_command(_command)


@main.command("convert")
@click.argument("model", type=_EXISTING)
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option(
    "--format", "format_", type=click.Choice(["csv", "eml", "c", "py", "tmdl"]), help="Default: by OUTPUT's suffix."
)
@click.option("--dtype", type=click.Choice(["float", "int16", "int8", "auto"]), default="float", show_default=True)
@click.option("--leaf", type=click.Choice(["exact", "uint8", "hard"]), default="exact", show_default=True)
@click.option("--layout", type=click.Choice(["packed", "packed8"]), help="Of trees: packed8 has nodes of 4 bytes.")
@click.option(
    "--method", type=click.Choice(METHODS), default="loadable", show_default=True, help="For C: data, or code."
)
@click.option("--name", help="Name of the model in C. Default: OUTPUT without suffix.")
@click.option("--data", type=_EXISTING, help="CSV file with a header row: rows to measure the conversion on.")
@click.option("--label", help="Column of DATA that holds the true label or value.")
@click.option(
    "--max-loss", type=click.FloatRange(0.0, 1.0), default=0.0, help="For --dtype auto: part of DATA that may change."
)
def convert_command(
    model: Path,
    output: Path,
    format_: str | None,
    dtype: str,
    leaf: str,
    layout: str | None,
    method: str,
    name: str | None,
    data: Path | None,
    label: str | None,
    max_loss: float,
) -> None:
    """Convert MODEL, a fitted scikit-learn estimator or a quantised network, into a file for the device.

    MODEL is a .joblib, .pkl or .pickle file, a .skops file, or a .tflite file of TensorFlow Lite. Opening a joblib or
    pickle file RUNS CODE that it contains: open only files that you made or trust. skops files are opened without
    running code: save with skops.io.dump(estimator, "model.skops").
    """
    if label is not None and data is None:
        raise click.UsageError("--label names a column of --data: pass --data too")
    if dtype == "auto" and data is None:
        raise click.UsageError("--dtype auto decides by --data: pass --data too")
    if format_ is None:
        try:
            format_ = writers.find_by_suffix(output.suffix).name
        except ValueError as error:
            raise click.BadParameter(f"{error}".replace("format=", "--format"), param_hint="--output") from error
    is_file = model.suffix.lower() == ".tflite"
    if is_file and data is not None:
        raise click.UsageError("--data compares with the model, and a .tflite file is not run here: leave it out")
    estimator = model if is_file else _open_estimator(model)
    try:
        X, y = (None, None) if data is None else _read_table(data, label, estimator)
        options: dict[str, Any] = {}
        if not is_file:
            options = {"method": method, "dtype": dtype, "leaf": leaf, "layout": layout}
            options |= {"data": X, "max_loss": max_loss}
        converted = convert(estimator, **options)
        if X is not None:
            click.echo(str(converted.certify(X, y)))
        content = converted.save(output, format=format_, name=name)
    except (ValueError, OSError) as error:
        raise click.ClickException(_one_line(error)) from error
    size = len(content.encode() if isinstance(content, str) else content)
    click.echo(f"wrote {output}: {size:,} bytes, {converted.tables.summary}")


@main.command("info")
@click.argument("file", type=_EXISTING)
def info_command(file: Path) -> None:
    """Show what is in FILE, an .eml, CSV or .tmdl file."""
    try:
        content = file.read_bytes()
        if content[:4] == tmdl.MAGIC:
            _show_network(file, tmdl.read(content), len(content))
            return
        model = load(file)
    except (ValueError, OSError) as error:
        raise click.ClickException(f"{file}: {_one_line(error)}") from error
    facts = model.info()
    table = Table(show_header=False)
    for key, value in facts.items():
        if isinstance(value, str):
            table.add_row(key, value)
        elif isinstance(value, int) and key != "nbytes":
            table.add_row(key.removeprefix("n_").replace("_", " "), f"{value:,}")
    if facts["labels"]:
        shown = ", ".join(str(label) for label in facts["labels"][:20])
        more = f", ... ({len(facts['labels'])})" if len(facts["labels"]) > 20 else ""
        table.add_row("labels", Text(shown + more))  # Text: labels are no markup
    for section, size in facts["bytes"].items():
        table.add_row(f"bytes of {section}", f"{size:,}")
    table.add_row("bytes as .eml", f"{facts['nbytes']:,}")
    if facts["certificate"] is None:  # which says it
        for text in instructions_in_words(facts["instructions"]):
            table.add_row("instructions", text)
    click.echo(f"{file}: {model.tables.summary}")
    Console().print(table)
    if facts["certificate"] is not None:
        click.echo(f"\ncertificate\n{facts['certificate']}")


def _show_network(file: Path, document: Document, nbytes: int) -> None:
    click.echo(f"{file}: {document.network.summary}")
    _cli_network.show(_cnn_info.info(document, nbytes), Console())
    if document.certificate is not None:
        click.echo(f"\ncertificate\n{Certificate.from_json(document.certificate)}")


def _open_estimator(path: Path) -> Any:
    if path.suffix == ".skops":
        return _open_skops(path)
    click.echo(f"warning: opening {path} runs code that it contains; open only files that you trust", err=True)
    import joblib

    try:
        return joblib.load(path)  # reads pickle files too
    except Exception as error:  # whatever the pickled code raises
        raise click.ClickException(f"cannot open {path} as a joblib or pickle file: {_one_line(error)}") from error


def _open_skops(path: Path) -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise click.ClickException("opening .skops files needs skops: pip install skops") from error
    try:
        return skops.io.load(path)
    except Exception as error:  # skops has no base class of its errors
        raise click.ClickException(f"cannot open {path} as a skops file: {_one_line(error)}") from error


def _read_table(path: Path, label: str | None, estimator: Any) -> tuple[NDArray[np.float64], NDArray[Any] | None]:
    """Features, and labels of the type that the estimator has; ValueError names the line that is wrong."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    if not rows:
        raise ValueError(f"{path} is empty; it needs a header row and data")
    header, rows = rows[0], rows[1:]
    if label is not None and label not in header:
        raise ValueError(f"{path} has no column {label!r}; it has {', '.join(header[:20])}")
    at = None if label is None else header.index(label)
    features, labels = list[list[float]](), list[str]()
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise ValueError(f"{path}, line {number}: {len(row)} cells, the header has {len(header)}")
        try:
            features.append([float(cell or "nan") for i, cell in enumerate(row) if i != at])
        except ValueError as error:
            hint = "" if label else "; name the column of the labels with --label"
            raise ValueError(f"{path}, line {number}: {error}{hint}") from error
        if at is not None:
            labels.append(row[at])
    X = np.array(features, np.float64).reshape(len(rows), -1)
    return X, None if at is None else _labels(labels, estimator)


def _labels(texts: list[str], estimator: Any) -> NDArray[Any]:
    if not hasattr(estimator, "classes_"):
        return np.array([float(text) for text in texts])
    known = {str(value): value for value in np.asarray(estimator.classes_).tolist()}
    unknown = next((text for text in texts if text not in known), None)
    if unknown is not None:
        raise ValueError(f"label {unknown!r} is not one of the estimator's classes, {', '.join(list(known)[:20])}")
    return np.array([known[text] for text in texts], dtype=np.asarray(estimator.classes_).dtype)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
