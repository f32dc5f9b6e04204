"""How the instructions of predict(x) and of opening an .eml grow with a forest. `make bench` runs this.

On an emulated Cortex-M3, with hard leaves and int16 features, net of an empty native method. Writes growth.csv and, for
the README, docs/growth.svg.
"""

import csv

import machines
import matplotlib
import numpy as np
from emlearn._core import TreesCore
from machines import SECONDS
from models import OUT, ROOT
from ports.qemu.session import Session
from rich.console import Console
from rich.progress import track
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

import emlearn

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "growth"  # the same file from the same numbers
import matplotlib.pyplot as plt  # noqa: E402

BASE = {"trees": 10, "depth": 6, "features": 32, "classes": 4}
SWEEPS = {
    "trees": (1, 2, 5, 10, 20, 40, 70, 100),
    "depth": (1, 2, 3, 4, 6, 8, 10, 12),
    "features": (4, 8, 16, 32, 64, 128, 256),
    "classes": (2, 4, 8, 16, 32, 64),
}
N_ROWS = 40
SCRIPT = """
import gc
from array import array
import empty
import emltrees
from emulator import count

data = open("model.eml", "rb").read()
model = emltrees.load(data)
gc.collect()
print(count(emltrees.load, data)[0])
total = 0
nothing = empty.new().predict
with open("rows.bin", "rb") as f:
    row = array("h", bytes(2 * {features}))
    while f.readinto(row) == 2 * {features}:
        total += count(model.predict, row)[0] - count(nothing, row)[0]
print(total / {rows})
"""


def forest(trees, depth, features, classes):
    """A forest of integers, rows for it, and the decisions that a row takes on average."""
    X, y = make_classification(
        2000, features, n_informative=min(features, 12), n_redundant=0, n_classes=classes, n_clusters_per_class=1,
        class_sep=0.7, random_state=0,
    )  # fmt: skip
    X = np.round(X * 1000).clip(-32768, 32767).astype(np.int16)
    estimator = RandomForestClassifier(trees, max_depth=depth, random_state=0).fit(X[N_ROWS:].astype(float), y[N_ROWS:])
    model = emlearn.convert(estimator, dtype="int16", leaf="hard")
    return model, X[:N_ROWS]


def measure(session, model, rows):
    session.fetch({"model.eml": model.save(format="eml"), "rows.bin": rows.astype("<i2").tobytes()})
    output = session.run(SCRIPT.format(features=rows.shape[1], rows=len(rows)), SECONDS).split()
    return [float(number) for number in output]


def main():
    machine = next(m for m in machines.machines() if m.name == "cortex-m3")
    results = []
    with Session(machine, count_instructions=True) as session:
        session.copy(machines.module_files(machine.arch))
        session.copy({"empty.mpy": (OUT / "empty" / machine.arch / "empty.mpy").read_bytes()})
        points = [(what, value) for what, values in SWEEPS.items() for value in values]
        for what, value in track(points, "Growth, on an emulated Cortex-M3"):
            model, rows = forest(**(BASE | {what: value}))
            decisions = TreesCore(model.save(format="eml")).work(rows).decisions
            load, predict = measure(session, model, rows)
            results.append((what, value, model.trees.n_nodes, decisions, predict, load))
    with open(OUT / "growth.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("varied", "value", "nodes", "decisions a row", "instructions of predict(x)", "of load"))
        writer.writerows(results)
    say(results)
    draw(results)


def say(results):
    """Print what a decision, a tree, a class and a node cost: the fit is linear."""
    values = {key: np.array([BASE[key] if key != row[0] else row[1] for row in results]) for key in BASE}
    decisions, predict = (np.array([row[i] for row in results]) for i in (3, 4))
    columns = np.stack((decisions, values["trees"], values["classes"], np.ones(len(results))), axis=1)
    fit = np.linalg.lstsq(columns / predict[:, None], np.ones(len(results)), rcond=None)[0]
    worst = np.max(np.abs(columns @ fit / predict - 1))
    Console(highlight=False).print(
        f"predict(x): {fit[0]:.1f} a decision + {fit[1]:.1f} a tree + {fit[2]:.1f} a class + {fit[3]:.0f}, "
        f"at most {worst:.1%} off"
    )


def draw(results):
    figure, axes = plt.subplots(1, len(SWEEPS), figsize=(11, 2.8), sharey=True, layout="constrained")
    for axis, what in zip(axes, SWEEPS, strict=True):
        chosen = np.array([row[1:] for row in results if row[0] == what], float)
        axis.plot(chosen[:, 0], chosen[:, 3], "o-", markersize=3, label="predict(x)")
        axis.set_xlabel(what)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("instructions, not cycles")
    others = "{trees} trees of depth {depth}, {features} features, {classes} classes".format(**BASE)
    figure.suptitle(f"predict(x) on a Cortex-M3; where not varied: {others}", fontsize=10)
    figure.savefig(OUT / "growth.png", dpi=80)
    figure.savefig(ROOT / "docs" / "growth.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
