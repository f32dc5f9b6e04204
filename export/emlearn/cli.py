"""The `emlearn` command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import __version__, _cli_network, _cnn_info, convert, load, writers
from ._cli_files import EXISTING, WRITTEN, one_line, open_estimator
from ._cli_report import MAX_LOSS, report_command
from ._data_file import LAST, read_data
from .certificate import Certificate, instructions_in_words
from .device.commands import COMMANDS
from .ir.document import Document
from .model import METHODS
from .readers import tmdl


@click.group()
@click.version_option(__version__, prog_name="emlearn")
def main() -> None:
    """Machine learning for MicroPython: convert trained models, look into converted ones, and bring them to boards."""


for _command in (*COMMANDS, report_command):
    main.add_command(_command)


@main.command("convert")
@click.argument("model", type=EXISTING)
@click.option("-o", "--output", required=True, type=WRITTEN, help="File to write.")
@click.option(
    "--format", "format_", type=click.Choice(["csv", "eml", "c", "py", "tmdl"]), help="Default: by OUTPUT's suffix."
)
@click.option("--dtype", type=click.Choice(["float", "int16", "int8", "auto"]), help="Default: float.")
@click.option("--leaf", type=click.Choice(["exact", "uint8", "byte", "hard"]), default="exact", show_default=True)
@click.option("--layout", type=click.Choice(["packed", "packed8"]), help="Of trees: packed8 has nodes of 4 bytes.")
@click.option(
    "--method", type=click.Choice(METHODS), default="loadable", show_default=True, help="For C: data, or code."
)
@click.option("--name", help="Name of the model in C. Default: OUTPUT without suffix.")
@click.option("--data", type=EXISTING, help="Rows to measure the conversion on: CSV, .npz (X, y) or .npy.")
@click.option("--target", "--label", help="Column of DATA with true labels or values: name, number, -1 for the last.")
@click.option(
    "--optimize", type=click.Choice(["size", "speed"]), help="Of forests: the best within --max-loss on DATA."
)
@click.option("--metric", help="For --optimize: roc_auc (default), accuracy, neg_log_loss or a scorer of scikit-learn.")
@click.option("--seed", type=int, default=0, help="For --optimize.")
@click.option(
    "--max-loss",
    type=click.FloatRange(0.0, 1.0),
    help=f"For --dtype auto: part of DATA that may change (0). For --optimize: of the metric ({MAX_LOSS}).",
)
def convert_command(
    model: Path,
    output: Path,
    format_: str | None,
    dtype: str | None,
    leaf: str,
    layout: str | None,
    method: str,
    name: str | None,
    data: Path | None,
    target: str | None,
    optimize: str | None,
    metric: str | None,
    seed: int,
    max_loss: float | None,
) -> None:
    """Convert MODEL, a fitted scikit-learn estimator or a quantised network, into a file for the device.

    MODEL is a .joblib, .pkl or .pickle file, a .skops file, or a .tflite file of TensorFlow Lite. Opening a joblib or
    pickle file RUNS CODE that it contains: open only files that you made or trust. skops files are opened without
    running code: save with skops.io.dump(estimator, "model.skops").
    """
    if target is not None and data is None:
        raise click.UsageError("--target names a column of --data: pass --data too")
    if optimize is not None and data is None:
        raise click.UsageError("--optimize measures what is lost on --data, rows that were not trained on: pass it too")
    if optimize is None and (metric is not None or seed):
        raise click.UsageError("--metric and --seed are for --optimize: pass it too")
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
    estimator = model if is_file else open_estimator(model)
    try:
        target = LAST if optimize is not None and target is None else target
        X, y = (None, None) if data is None else read_data(data, target, estimator)
        options: dict[str, Any] = {}
        if not is_file:
            options = {"method": method, "dtype": dtype, "leaf": leaf, "layout": layout}
            options |= {"data": X, "max_loss": max_loss or 0.0}
        if optimize is not None:
            options |= {"optimize": optimize, "metric": metric or "roc_auc", "seed": seed, "data": (X, y)}
            options["max_loss"] = MAX_LOSS if max_loss is None else max_loss
        converted = convert(estimator, **options)
        if optimize is not None:
            click.echo(str(converted.certificate))
        elif X is not None:
            click.echo(str(converted.certify(X, y)))
        content = converted.save(output, format=format_, name=name)
    except (ValueError, OSError) as error:
        raise click.ClickException(one_line(error)) from error
    size = len(content.encode() if isinstance(content, str) else content)
    click.echo(f"wrote {output}: {size:,} bytes, {converted.tables.summary}")


@main.command("info")
@click.argument("file", type=EXISTING)
def info_command(file: Path) -> None:
    """Show what is in FILE, an .eml, CSV or .tmdl file."""
    try:
        content = file.read_bytes()
        if content[:4] == tmdl.MAGIC:
            _show_network(file, tmdl.read(content), len(content))
            return
        model = load(file)
    except (ValueError, OSError) as error:
        raise click.ClickException(f"{file}: {one_line(error)}") from error
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
