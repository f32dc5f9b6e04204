"""From a report to its page."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from .._chips import CYCLES, FLASH_SHARE, RAM_SHARE
from .._cnn_cost_table import ERRORS as CNN_ERRORS
from .._cost import work_of
from .._cost_table import ERRORS
from .._features import as_core_input
from .._modules import modules_of
from .._resources import module_of, package_of_network
from ..search.results import MARGIN
from . import plots

if TYPE_CHECKING:
    from .report import Report

MAX_MATRIX = 30  # classes of a confusion matrix that is shown
MAX_CLASSES = 100  # rows of a table of classes
MAX_EXAMPLE = 64  # features that are written out
FACTS = {"n_trees": "trees", "n_decisions": "decisions"}


def render(report: Report) -> str:
    """Return the page. All that comes from the user is escaped by the templates."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("emlearn.reporting", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": _count,
        "score": _score,
        "percent": _percent,
        "hundredths": _hundredths,
        "time": _time,
    }
    return environment.get_template("page.html").render(_content(report))


def _content(report: Report) -> dict[str, Any]:
    search, chosen, exact = report.search, report.chosen, report.exact
    facts = {FACTS[name]: value for name, value in report.facts.items() if name in FACTS}
    if report.leaves:
        facts["leaves"] = sum(row.n_leaves[0] for row in report.leaves)
    drawn = []
    if search is not None:
        drawn.append(plots.score_plot(search, exact.nbytes))
        speed = plots.speed_plot(search, (exact.nbytes, exact.instructions.get(plots.BOARD)))
        drawn += [] if speed is None else [speed]
    confusion = report.confusion
    matrices = []
    if confusion is not None and len(confusion.labels) <= MAX_MATRIX:
        counts = ((report.estimator, confusion.before), ("the chosen model", confusion.after))
        matrices = [{"title": title, "rows": table.tolist(), "shades": _shades(table)} for title, table in counts]
    return {
        "report": report,
        "chosen": chosen,
        "exact": exact,
        "search": search,
        "metric": plots.metric_name(report.metric),
        "saved": 1.0 - chosen.nbytes / exact.nbytes,
        "facts": facts,
        "board": plots.BOARD,
        "plots": drawn,
        "bars": plots.bars(report.leaves),
        "matrices": matrices,
        "max_classes": MAX_CLASSES,
        "modules": modules_of(report.model.tables),
        "commands": _commands(report),
        "cycles": CYCLES,
        "ram_share": RAM_SHARE,
        "flash_share": FLASH_SHARE,
        "margin": MARGIN,
        "error": _largest_error(report),
    }


def _commands(report: Report) -> list[tuple[str, str]]:
    """What to run one after the other, with a word about each."""
    return [
        ("On the PC: make the model again", report.converting),
        ("Bring module and model to the board on USB", shlex.join(["emlearn", "deploy", report.file])),
        ("Predict on the board", shlex.join(["mpremote", "exec", on_board(report)])),
    ]


def on_board(report: Report) -> str:
    """Return Python that predicts the first row on the board, of networks a row of zeros."""
    tables = report.model.tables
    name = json.dumps(PurePath(report.file).name, ensure_ascii=False)  # which is Python, too
    zeros = tables.FAMILY == "cnn" or len(report.first_row) > MAX_EXAMPLE
    values = ", ".join(_literal(value, tables.typecode) for value in report.first_row[:MAX_EXAMPLE])
    row = f"[0] * {tables.n_features}" if zeros else f"[{values}]"
    code = "B" if tables.dtype_name == "int8" and tables.FAMILY == "cnn" else tables.typecode
    row = f'array.array("{code}", {row})'
    if tables.FAMILY == "cnn":
        module = package_of_network(tables)
        out = f'array.array("f", bytes({4 * tables.n_outputs}))'
        made = f'm = {module}.new(open({name}, "rb").read()); out = {out}'
        return f"import array, {module}; {made}; m.run({row}, out); print(out)"
    module = module_of(tables.FAMILY)
    return f"import array, {module}; m = {module}.load({name}); print(m.predict({row}))"


def _literal(value: float, typecode: str) -> str:
    if typecode != "f":
        return str(int(value))
    return f"{np.float32(value):.9g}" if math.isfinite(value) else f'float("{value}")'


def _shades(table: Any) -> list[list[int]]:
    """Of each cell, from 0 to 10: how much of its row it has."""
    totals = np.maximum(table.sum(axis=1, keepdims=True), 1)
    return [list(map(int, row)) for row in np.ceil(10 * table / totals)]


def _largest_error(report: Report) -> float:
    """How far off estimates of instructions were, at most, for work like this model's."""
    model = report.model
    if model.tables.FAMILY == "cnn":
        return max(max(off) for name, off in CNN_ERRORS.items() if name.startswith(model.tables.dtype_name))
    if model.golden is None:
        return 0.0
    work = work_of(model.tables, model._core, as_core_input(model.golden.features, model.tables))
    return max((max(ERRORS[name]) for name, _ in work if name in ERRORS), default=0.0)


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"


def _score(value: float) -> str:
    return f"{round(value, 4) + 0.0:.4f}"  # no -0.0000


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _hundredths(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _time(microseconds: float | None) -> str:
    if microseconds is None:
        return "–"
    return f"{microseconds:,.0f} µs" if microseconds >= 10 else f"{microseconds:.2g} µs"
