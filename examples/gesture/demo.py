"""Gestures, from scikit-learn to MicroPython: `make demo` runs this.

Trains on recordings of a smart watch, converts the model, runs it as a native module in MicroPython's unix port, and
compares what scikit-learn, the C core on this machine and the device say to each window of the test recordings.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import data
import features
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import RandomForestClassifier

import emlearn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "build" / "demo"
BOARD = OUT / "board"  # what a board's file system would hold
MICROPYTHON = ROOT / "build" / "unix" / "micropython"
DEVICE_TIMEOUT = 120  # seconds
MOST_ROWS = 40

console = Console()


def main():
    shutil.rmtree(BOARD, ignore_errors=True)
    (BOARD / "lib").mkdir(parents=True)
    forest = train_forest()
    test, test_labels = data.windows("TEST", OUT)
    X_test = feature_table(test)

    say("Converting it: model = emlearn.convert(forest, dtype='int16')")
    model = emlearn.convert(forest, dtype="int16")
    certificate = model.certify(X_test, test_labels)
    for name in ("gesture.csv", "gesture.eml"):
        model.save(file=BOARD / name)
    (OUT / "certificate.txt").write_text(f"{certificate}\n")
    print(indented(str(certificate)))

    for name in ("main.py", "features.py"):
        shutil.copy(HERE / name, BOARD)
    native = next((ROOT / "dist").glob("x64_*/emltrees.mpy"))
    twin = next((ROOT / "dist").glob("py_*/emltrees.mpy"))
    for module in native.parent.glob("emltrees*.mpy"):
        shutil.copy(module, BOARD / "lib")
    (BOARD / "motion.bin").write_bytes(test.astype("<i2").tobytes())

    say(f"Running main.py in MicroPython, with the native module {native.relative_to(ROOT)}")
    device = on_device("main.py", BOARD / "lib").splitlines()
    if len(device) != len(X_test):
        sys.exit(f"main.py printed {len(device)} labels for {len(X_test)} windows:\n" + "\n".join(device))
    says = np.array([forest.predict(X_test), model.predict(X_test), device])
    agree = np.all(says == says[0], axis=0)
    show_rows(test_labels, says, agree)

    say("Measuring")
    shutil.copy(HERE / "measure.py", BOARD)
    (OUT / "twin").mkdir(exist_ok=True)
    shutil.copy(twin, OUT / "twin")
    of_native, of_twin = measured(BOARD / "lib"), measured(OUT / "twin")
    show_facts(of_native, of_twin, native, twin)
    print(f"Copy {BOARD.relative_to(ROOT)} to a board: examples/gesture/README.md says how.")
    print(f"agreement: {int(np.sum(agree))}/{len(agree)}")
    return 0 if np.all(agree) else 1


def say(text):
    print(f"== {text}", flush=True)


def indented(text):
    return "\n".join(f"   {line}" for line in text.splitlines())


def train_forest():
    windows, labels = data.windows("TRAIN", OUT)
    say(f"Training a random forest: {len(windows)} windows of 2 s, 6 axes, {', '.join(np.unique(labels))}")
    return RandomForestClassifier(n_estimators=10, random_state=1).fit(feature_table(windows), labels)


def feature_table(windows):
    """int16 [windows][features], computed by the very file that the board has."""
    table = np.zeros((len(windows), features.AXES * features.PER_AXIS), np.int16)
    for window, row in zip(windows, table, strict=True):
        features.compute(window.reshape(-1).tolist(), row)
    return table


def on_device(script, modules):
    """Standard output of a script in MicroPython, which finds emltrees in the folder `modules`."""
    command = [str(MICROPYTHON), script]
    environment = {**os.environ, "MICROPYPATH": str(modules)}
    run = subprocess.run(command, cwd=BOARD, env=environment, capture_output=True, text=True, timeout=DEVICE_TIMEOUT)
    if run.returncode:
        sys.exit(f"{script} failed in MicroPython:\n{run.stdout}{run.stderr}")
    return run.stdout


def measured(modules):
    return dict(line.split() for line in on_device("measure.py", modules).splitlines())


def show_rows(true_labels, says, agree):
    """At most MOST_ROWS rows from all over the table, and all those that the three do not agree on."""
    step = -(-len(agree) // MOST_ROWS)
    shown = [i for i in range(len(agree)) if i % step == 0 or not agree[i]]
    rows = [(str(i), str(true_labels[i]), *map(str, says[:, i]), "" if agree[i] else "DISAGREE") for i in shown]
    show(("window", "truth", "scikit-learn", "C core, host", "device", ""), rows)
    if len(shown) < len(agree):
        print(f"   and {len(agree) - len(shown)} more rows, on which all three agree")


def show_facts(of_native, of_twin, native, twin):
    microseconds = [int(facts["predict"]) / 1000 for facts in (of_native, of_twin)]
    files = [f"{(BOARD / name).stat().st_size:,} bytes" for name in ("gesture.csv", "gesture.eml")]
    rows = [
        ("module emltrees", f"{native.stat().st_size:,} bytes", f"{twin.stat().st_size:,} bytes"),
        ("gesture.csv, in a file", files[0], "same"),
        ("gesture.eml, in a file", files[1], "same"),
        *(
            (f"{name}, loaded", *(f"{int(facts[f'ram:{name}']):,} bytes of RAM" for facts in (of_native, of_twin)))
            for name in ("gesture.csv", "gesture.eml")
        ),
        *(
            (f"{name}, selftest()", *(f"{facts[f'selftest:{name}']} rows" for facts in (of_native, of_twin)))
            for name in ("gesture.csv", "gesture.eml")
        ),
        ("predict, median of 15 runs", f"{microseconds[0]:.2f} us", f"{microseconds[1]:.2f} us"),
        ("features of 2 s, in Python", f"{int(of_native['features']) / 1000:.0f} us", "same"),
    ]
    show(("on MicroPython's unix port, x64", "native module", "Python twin"), rows)
    print(f"   native is {microseconds[1] / microseconds[0]:.0f} times as fast as its twin in plain Python")


def show(header, rows):
    if console.is_terminal:
        table = Table(*header)
        for row in rows:
            table.add_row(*row, style="bold red" if row[-1] == "DISAGREE" else None)
        console.print(table)
        return
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        print("   " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
