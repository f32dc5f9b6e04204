"""Prices of work on boards, for certificates: fitted to what emulated boards count. `make bench` does not run this.

    .venv/bin/python bench/board_costs.py            # counts models that bench/counts.csv does not have, fits
    .venv/bin/python bench/board_costs.py --again    # counts everything: after a change of what runs on boards
    .venv/bin/python bench/board_costs.py --fit      # fits again to what is there

Writes export/emlearn/_cost_table.py. A fit is least squares of the relative error, without negative prices. The models
of families.py are in counts.csv as well, and no part of the fit: they say how well it does elsewhere.
"""

import csv
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from subprocess import run

import families
import numpy as np
from cost_cases import cases
from counting import Counter, boards, count_xtensa
from emlearn._core import open_core
from emlearn._cost import price, work_of
from emlearn._features import as_core_input, as_raw
from models import ROOT
from scipy.optimize import nnls

COUNTS = ROOT / "bench" / "counts.csv"
TABLE = ROOT / "export" / "emlearn" / "_cost_table.py"
HEADER = '''"""What work costs on boards, in instructions: made by bench/board_costs.py from bench/counts.csv.

For each architecture, counted on a Cortex-M0 (armv6m), M3 (armv7m), M4F (armv7emsp), riscv32 (rv32imc) and Xtensa
(xtensawin); for each name of `_cost.work_of`, a price for each of its amounts. ERRORS: how far off estimates were, at
most: of the models that prices are fitted to, and of others (bench/families.py), if there were any.
"""

'''


def parts(model, rows):
    """Name and amounts of the first part of the work: of a pipeline, the steps; and the model behind them."""
    work = work_of(model.tables, model._core, as_core_input(as_raw(rows, model.tables), model.tables))
    return (*work[0], len(work) > 1) if work else None


class Behind:
    """The model behind the steps, for `Counter.count`."""

    def __init__(self, model):
        self.tables = model.tables.inner
        self._file = self.tables and np.asarray(model.tables.model).astype("<u4").tobytes()
        self._core = open_core(self.tables.FAMILY, self._file)

    def save(self, format):
        return self._file


def measure(known):
    """Write bench/counts.csv; known: instructions by architecture of models that need not be counted, by title."""
    chosen = [(title, model, rows, 1) for title, model, rows in cases()]
    chosen += [(title, model, rows, 0) for title, model, rows in families.models()]
    emulated = {machine.arch: machine for machine in boards()}
    architectures = (*emulated, "xtensawin")

    new = {title: (model, rows) for title, model, rows, _ in chosen if title not in known}

    def column(architecture):
        pairs, machine = list(new.values()), emulated.get(architecture)
        numbers = [] if not pairs else count(machine, pairs) if machine else on_xtensa(pairs)
        found = dict(zip(new, numbers, strict=True))
        return [found[title] if title in new else known[title][architecture] for title, *_ in chosen]

    with ThreadPoolExecutor(2) as pool:
        write_counts(chosen, architectures, list(pool.map(column, architectures)))


def count(machine, pairs):
    """Instructions of each (model, rows); of a pipeline, of its steps."""
    counted = []
    with Counter(machine) as counter:
        for model, rows in pairs:
            number = counter.count(model, rows).predict
            if model.tables.FAMILY == "pipeline":  # what is behind the steps is priced by itself
                number -= counter.count(Behind(model), model.apply_steps(rows)).predict
            counted.append(number)
    return counted


def on_xtensa(pairs):
    """As `count`."""
    behind = [(Behind(model), model.apply_steps(rows)) for model, rows in pairs if model.tables.FAMILY == "pipeline"]
    counted = count_xtensa([*pairs, *behind])
    numbers, less = counted[: len(pairs)], iter(counted[len(pairs) :])
    return [n - next(less) if m.tables.FAMILY == "pipeline" else n for (m, _), n in zip(pairs, numbers, strict=True)]


def write_counts(chosen, architectures, columns):
    lines = []
    for (title, model, rows, fitted), *numbers in zip(chosen, *columns, strict=True):
        found = parts(model, rows)
        if found is None:
            raise SystemExit(f"{title}: nothing knows its work")
        name, amounts, _ = found
        counts = (f"{n:.1f}" if n == n else "" for n in numbers)  # NaN: not counted
        lines.append((title, fitted, name, " ".join(f"{float(a):.9g}" for a in amounts), *counts))
    with open(COUNTS, "w", newline="") as file:
        print(f"# {versions()}", file=file)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("model", "fitted", "work", "amounts", *architectures))
        writer.writerows(lines)


def versions():
    """Of what the counts depend on."""
    found = [f"{name} {version(name)}" for name in ("emlearn-mpy", "scikit-learn", "numpy")]
    for tool in ("arm-none-eabi-gcc", "riscv64-unknown-elf-gcc", "qemu-system-arm"):
        found.append(run([tool, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
    return ", ".join(found)


def read():
    """Architectures; and (model, whether fitted, work, amounts, instructions by architecture) of each line."""
    with open(COUNTS, newline="") as file:
        header, *lines = csv.reader(line for line in file if not line.startswith("#"))
    return header[4:], [
        (title, fitted == "1", work, tuple(map(float, amounts.split())), tuple(float(n or "nan") for n in numbers))
        for title, fitted, work, amounts, *numbers in lines
    ]


def fit(architectures, lines):
    of_work = defaultdict(list)
    for line in lines:
        of_work[line[2]].append(line)
    costs = {architecture: {} for architecture in architectures}
    errors = {}
    for work, members in of_work.items():
        fitted = [line for line in members if line[1]]
        worst = {True: 0.0, False: 0.0}
        for i, architecture in enumerate(architectures):
            known = [line for line in fitted if not np.isnan(line[4][i])]
            if not known:
                continue
            amounts = np.array([line[3] for line in known])
            counted = np.array([line[4][i] for line in known])
            prices, _ = nnls(amounts / counted[:, None], np.ones(len(counted)))
            costs[architecture][work] = tuple(float(f"{cost:.4g}") for cost in prices)
            for title, in_fit, _, terms, numbers in members:
                error = price(costs[architecture][work], terms) / numbers[i] - 1  # NaN where nothing was counted
                worst[in_fit] = max(worst[in_fit], abs(error) if error == error else 0.0)
                if abs(error) > 0.1:
                    print(f"   {architecture} {title}: {error:+.1%} of {numbers[i]:,.0f}")
        errors[work] = (worst[True], worst[False])
        others = len(members) - len(fitted)
        print(f"{work}: {len(fitted)} models, off by {worst[True]:.1%}; {others} others, {worst[False]:.1%}")
    return costs, errors


def write(costs, errors):
    lines = [HEADER, "COSTS: dict[str, dict[str, tuple[float, ...]]] = {\n"]
    for architecture, prices in costs.items():
        lines.append(f'    "{architecture}": {{\n')
        lines += [f'        "{work}": ({", ".join(f"{p:g}" for p in prices)}),\n' for work, prices in prices.items()]
        lines.append("    },\n")
    lines.append("}\nERRORS: dict[str, tuple[float, float]] = {\n")
    # Rounded up.
    up = {work: [np.ceil(1000 * error) / 1000 for error in both] for work, both in errors.items()}
    lines += [f'    "{work}": ({fitted:.3f}, {other:.3f}),\n' for work, (fitted, other) in up.items()]
    TABLE.write_text("".join(lines) + "}\n")


if __name__ == "__main__":
    if "--fit" not in sys.argv:
        architectures, lines = ((), ()) if "--again" in sys.argv else read()
        measure({title: dict(zip(architectures, numbers, strict=True)) for title, _, _, _, numbers in lines})
    write(*fit(*read()))
