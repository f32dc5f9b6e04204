"""What `emlearn info` prints about convolutional networks."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ._chips import CYCLES, FLASH_SHARE, RAM_SHARE
from ._cnn_cost_table import ERRORS
from .certificate import instructions_in_words

_MAX_LABELS = 20


def show(facts: dict[str, Any], console: Console) -> None:
    """Print what `_cnn_info.info` returned."""
    console.print(_layers(facts))
    console.print(_totals(facts))
    console.print(_chips(facts))
    for line in _notes(facts):
        console.print(Text(line))


def _layers(facts: dict[str, Any]) -> Table:
    table = Table(title="layers", title_justify="left")
    for name in ("", "kind", "input", "output", "kernel", "stride", "padding", "activation"):
        table.add_column(name, no_wrap=True)
    for name in ("MACs", "weights", "bytes", "input at", "output at"):
        table.add_column(name, justify="right", no_wrap=True)
    measured = sorted({name for layer in facts["layers"] for name in layer["instructions"]})
    for name in measured:
        table.add_column(name, justify="right", no_wrap=True)
    for number, layer in enumerate(facts["layers"]):
        table.add_row(
            *(
                str(number),
                layer["kind"].replace("_", " "),
                _shape(layer["input_shape"]),
                _shape(layer["output_shape"]),
            ),
            *(_shape(layer["kernel"]), _shape(layer["stride"]), _padding(layer["padding"])),
            *(
                "" if layer["activation"] == "none" else layer["activation"],
                f"{layer['macs']:,}" if layer["macs"] else "",
            ),
            *(f"{layer['weight_bytes']:,}" if layer["weight_bytes"] else "", f"{layer['nbytes']:,}"),
            *(", ".join(_place(*place) for place in layer["inputs"]), _place(*layer["output"])),
            *(f"{layer['instructions'][name]:,}" if name in layer["instructions"] else "" for name in measured),
        )
    return table


def _totals(facts: dict[str, Any]) -> Table:
    table = Table(show_header=False)
    memory, modules = facts["memory"], facts["modules"]
    table.add_row("type", facts["dtype"])
    table.add_row("MACs", f"{facts['n_macs']:,}")
    table.add_row("parameters", f"{facts['n_parameters']:,}")
    table.add_row("flash: model", f"{facts['nbytes']:,} bytes")
    for architecture, size in modules.items():
        table.add_row(f"flash: module, {architecture}", f"{size:,} bytes")
    run = memory["buffer"] + memory["work"]
    buffers = f"{memory['buffer']:,} main buffer + {memory['work']:,} patch and multipliers"
    table.add_row("RAM: a run", f"{run:,} bytes: {buffers}")
    table.add_row("RAM: model", f"{memory['model']:,} bytes, none where it is used in flash (ROMFS)")
    for text in instructions_in_words(facts["instructions"]):
        table.add_row("instructions a run", text)
    table.add_row("golden rows", str(facts["n_golden"]))
    if facts["labels"]:
        labels = facts["labels"]
        more = f", ... ({len(labels)})" if len(labels) > _MAX_LABELS else ""
        table.add_row("labels", Text(", ".join(map(str, labels[:_MAX_LABELS])) + more))  # Text: labels are no markup
    return table


def _chips(facts: dict[str, Any]) -> Table:
    table = Table(title="on usual chips, estimated", title_justify="left")
    for name in ("chip", "CPU", "MHz", "a run takes", "runs a second", "RAM", "flash"):
        table.add_column(name, no_wrap=True)
    for chip in facts["chips"]:
        known = "milliseconds" in chip
        table.add_row(
            *(chip["name"], chip["cpu"], str(chip["megahertz"])),
            f"{chip['milliseconds']:.3g} ms" if known else "not measured",
            f"{chip['per_second']:.3g}" if known else "",
            *("fits" if chip[f"fits_{name}"] else "too small" for name in ("ram", "flash")),
        )
    return table


def _notes(facts: dict[str, Any]) -> list[str]:
    notes = []
    if facts["instructions"]:
        worst = max(max(off) for name, off in ERRORS.items() if name.startswith(facts["dtype"]))
        notes.append(
            f"Instructions are estimated from counts on emulated CPUs: networks were off by up to {worst:.0%}. "
            f"Times are no measurement: {CYCLES} cycles an instruction are assumed, and no waiting for memory."
        )
    shares = f"{RAM_SHARE:.0%} of the RAM and {FLASH_SHARE:.1%} of the flash"
    notes.append(f"Fits: model, module and a run's memory in {shares}, as MicroPython is reckoned to leave them.")
    if not facts["modules"]:
        notes[-1] += " Without the module, which this installation does not carry."
    return notes


def _shape(sizes: list[int] | None) -> str:
    return "" if sizes is None else "x".join(map(str, sizes))


def _padding(padding: list[int] | None) -> str:
    """Top, bottom, left, right; once where all are the same."""
    if not padding or not any(padding):
        return ""
    return str(padding[0]) if len(set(padding)) == 1 else " ".join(map(str, padding))


def _place(offset: int, size: int) -> str:
    return f"{offset}+{size}"
