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
import numpy as np
from emlearn._cost import estimate
from emlearn._features import as_core_input, as_raw
from models import OUT
from rich.console import Console
from rich.table import Table
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

import emlearn

LIMIT = 0.10
N_ROWS = 20
ARCHITECTURES = {"armv7emdp": "armv7emsp"}  # whose price is that of another


def forests(seed, n):
    """Title, model and rows: sizes, data, and the form of thresholds and leaves by chance."""
    random = np.random.default_rng(seed)
    for i in range(n):
        n_features, n_classes = int(random.integers(3, 61)), int(random.integers(2, 11))
        n_informative = int(random.integers(min(n_features, 6), min(n_features, 16) + 1))
        while n_classes > 2 ** (n_informative - 1):
            n_classes -= 1
        X, y = make_classification(
            int(random.integers(200, 2000)),
            n_features,
            n_informative=n_informative,
            n_redundant=0,
            n_classes=n_classes,
            n_clusters_per_class=1,
            class_sep=random.uniform(0.3, 2.0),
            random_state=i,
        )
        unit = random.choice((10, 1000, 0))  # few thresholds, many, or decimals, which int16 takes as scaled
        X = np.round(X * unit).clip(-32768, 32767) if unit else X.astype(np.float32)
        make = (RandomForestClassifier, ExtraTreesClassifier)[random.integers(2)]
        n_trees, depth = int(random.integers(1, 61)), (None, *range(2, 13))[random.integers(12)]
        forest = make(n_trees, max_depth=depth, min_samples_leaf=int(random.integers(1, 6)), random_state=i)
        forest.fit(X[N_ROWS:], y[N_ROWS:])
        dtype, leaf = random.choice(("int16", "float")), random.choice(("exact", "uint8", "hard"))
        layout = random.choice(("auto", "packed8"))
        try:
            model = emlearn.convert(forest, dtype=dtype, leaf=leaf, layout=layout)
        except emlearn.ConvertError:  # more thresholds than 8 bits can tell
            layout, model = "auto", emlearn.convert(forest, dtype=dtype, leaf=leaf)
        title = f"{n_trees} trees, {n_features} features, {forest.n_classes_} classes, {dtype}, {leaf}"
        yield title + (", 8 bits" if layout == "packed8" else ""), model, X[:N_ROWS]


def measure(chosen):
    """Instructions of each by architecture."""
    pairs = [(model, rows) for _, model, rows in chosen]

    def count(machine):
        with counting.Counter(machine) as counter:
            return [counter.count(model, rows).predict for model, rows in pairs]

    emulated = machines.machines()
    with ThreadPoolExecutor(2) as pool:
        xtensa = pool.submit(counting.count_xtensa, pairs)
        columns = dict(zip((machine.arch for machine in emulated), pool.map(count, emulated), strict=True))
        return columns | {"xtensawin": xtensa.result()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--forests", type=int, default=20)
    asked = parser.parse_args()
    chosen = list(forests(asked.seed, asked.forests))
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
