"""Estimated beside counted instructions of forests by chance, on each emulated board. `make bench` runs this.

    .venv/bin/python bench/forests.py [--seed 1] [--forests 20]

No price is fitted to them. Prints each forest and the largest error; ends with an error if one is above 10 %.
"""

import argparse
import csv
import sys
from concurrent.futures import ThreadPoolExecutor

import counting
import machines
from emlearn._cost import estimate
from emlearn._features import as_core_input, as_raw
from models import OUT
from random_forests import forests
from rich.console import Console
from rich.table import Table

LIMIT = 0.10
ARCHITECTURES = {"armv7emdp": "armv7emsp"}  # whose price is that of another


def measure(chosen):
    """Instructions of each by architecture."""
    pairs = [(model, rows) for _, model, rows in chosen]

    def counts_of(machine):
        with counting.Counter(machine) as counter:
            return [counter.count(model, rows).predict for model, rows in pairs]

    emulated = machines.machines()
    with ThreadPoolExecutor(2) as pool:
        xtensa = pool.submit(counting.count_xtensa, pairs)
        columns = dict(zip((machine.arch for machine in emulated), pool.map(counts_of, emulated), strict=True))
        return columns | {"xtensawin": xtensa.result()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--forests", type=int, default=20)
    asked = parser.parse_args()
    chosen = forests(asked.seed, asked.forests)
    counted = measure(chosen)
    table = Table(title="Instructions of predict(x), and how far off the estimate is", title_justify="left")
    for column in ("", *counted):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    lines, worst = [("", *counted)], 0.0
    for i, (title, model, rows) in enumerate(chosen):
        core_input = as_core_input(as_raw(rows, model.tables), model.tables)
        estimated = estimate(model.tables, model._core, core_input)
        cells = []
        for architecture, counts in counted.items():
            error = estimated[ARCHITECTURES.get(architecture, architecture)] / counts[i] - 1
            worst = max(worst, abs(error))
            cells.append(f"{counts[i]:,.0f} {error:+.1%}")
        table.add_row(title, *cells)
        lines.append((title, *cells))
    with open(OUT / "forests.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    console.print(table)
    console.print(f"{len(chosen)} forests, {len(counted)} boards: off by {worst:.1%} at most")
    return f"an estimate is off by {worst:.1%}, above {LIMIT:.0%}" if worst > LIMIT else None


if __name__ == "__main__":
    sys.exit(main())
