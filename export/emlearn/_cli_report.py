"""`emlearn report`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import click

from . import reporting, writers
from ._cli_files import EXISTING, WRITTEN, one_line, open_estimator
from ._data_file import LAST, read_data
from .reporting import Report

MAX_LOSS = 0.01
LOADED = (".eml", ".csv", ".tmdl")  # by devices


@click.command("report")
@click.argument("model", type=EXISTING)
@click.option("--data", required=True, type=EXISTING, help="Rows that were not trained on: CSV, .npz (X, y) or .npy.")
@click.option("-o", "--output", required=True, type=WRITTEN, help="HTML file to write.")
@click.option("--target", default=LAST, help="Column of DATA with the labels: name or number. Default: the last.")
@click.option("--max-loss", type=click.FloatRange(0.0), default=MAX_LOSS, show_default=True, help="Of the metric.")
@click.option("--metric", help="roc_auc (default), accuracy, neg_log_loss or a scorer of scikit-learn.")
@click.option("--optimize", type=click.Choice(["size", "speed"]), default="size", show_default=True, help="Of forests.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--save", type=WRITTEN, help="File to write the chosen model to, such as model.eml.")
@click.option("--no-progress", is_flag=True, help="Show no progress on a terminal.")
def report_command(
    model: Path,
    data: Path,
    output: Path,
    target: str,
    max_loss: float,
    metric: str | None,
    optimize: str,
    seed: int,
    save: Path | None,
    no_progress: bool,
) -> None:
    """Write a page about MODEL: a smaller variant within a bound, what it loses on DATA, the boards that it fits on.

    MODEL is a fitted scikit-learn estimator in a .joblib, .pkl, .pickle or .skops file. Opening a joblib or pickle file
    RUNS CODE that it contains: open only files that you made or trust. The page is one file, which loads nothing.
    """
    for path in (output, save):
        if path is not None and not path.parent.is_dir():
            raise click.UsageError(f"the folder {path.parent} does not exist; create it first")
    if save is not None:
        try:
            writers.find_by_suffix(save.suffix)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--save") from error
    estimator = open_estimator(model)
    try:
        X, y = read_data(data, target, estimator)
        report = reporting.report(
            estimator,
            X,
            y,
            max_loss=max_loss,
            metric=metric,
            optimize=optimize,
            seed=seed,
            progress=False if no_progress else None,
            title=model.name,
        )
        file = report.file if save is None or save.suffix not in LOADED else str(save)
        report = replace(report, file=file, converting=_command(report, file, model, data, target, metric))
        report.save(output)
        if save is not None:
            report.model.save(save)
    except (ValueError, OSError) as error:
        raise click.ClickException(one_line(error)) from error
    chosen = report.chosen
    before_after = f"{report.metric} {report.score:.4f} -> {chosen.score:.4f}"
    click.echo(f"chosen: {chosen.name}, {chosen.nbytes:,} bytes (exact: {report.exact.nbytes:,}), {before_after}")
    for path in (output, save):
        if path is not None:
            click.echo(f"wrote {path}: {path.stat().st_size:,} bytes")


def _command(report: Report, file: str, model: Path, data: Path, target: str, metric: str | None) -> str:
    """Say how `emlearn convert` makes the chosen model."""
    words = ["emlearn", "convert", str(model), "-o", file]
    if report.search is None:
        words += ["--dtype", report.chosen.name]
    else:
        words += ["--optimize", report.search.purpose, "--max-loss", f"{report.max_loss:g}", "--data", str(data)]
        words += ["--metric", metric] if metric else []
        words += ["--target", target] if target != LAST else []
        words += ["--seed", str(report.seed)] if report.seed else []
    return shlex.join(words)
