"""Speed and size of our modules beside the peers', on the same models. `make bench` runs this.

Times are of MicroPython's unix port on this machine: medians over rounds in which all contenders take turns, with the
range that half of the rounds lie in. Ratios are medians of the rounds' own ratios.
"""

import csv
import subprocess
import sys
from collections import defaultdict

import instructions
import numpy as np
import sizes
from models import OUT, ROOT, benchmarks
from rich.console import Console
from rich.table import Table

import emlearn

ROUNDS = 15
HEAP = "64M"  # the peers' sources take more than any microcontroller has
MICROPYTHON = ROOT / "build" / "unix" / "micropython"
BASELINES = {"predict": "m2cgen", "load": "Python parser csv int16, lines in RAM"}
DEVICE_TIMEOUT = 900  # seconds

# Wide enough for the tables where the output is no terminal.
console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
results = []  # rows of results.csv


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    models = benchmarks()
    say("Generating code with the peers")
    peers = [ROOT / ".venv-peers" / "bin" / "python", ROOT / "bench" / "peers.py"]
    peers_includes = subprocess.run(peers, check=True, capture_output=True, text=True).stdout.strip()
    native, twin = (next((ROOT / "dist").glob(f"{arch}_*/emltrees.mpy")).parent for arch in ("x64", "py"))

    for name, benchmark in models.items():
        forest = prepare(name, benchmark)
        say(f"Timing {benchmark.title}")
        lines = on_device("device.py", name, benchmark.X.shape[1], ROUNDS, native, twin)
        reference = forest.predict(benchmark.rows).tolist()
        for what in ("predict", "load"):
            show_times(name, benchmark.title, what, lines, reference)

    say("Counting instructions")
    show_instructions(instructions.of_modules(models, MICROPYTHON, native), models)
    say("Measuring sizes")
    show_sizes(sizes.measure(peers_includes))
    with open(OUT / "results.csv", "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerows([("model", "measure", "contender", "value", "low", "high", "unit"), *results])
    print(f"Written to {(OUT / 'results.csv').relative_to(ROOT)}")


def say(text):
    print(f"== {text}", flush=True)


def prepare(name, benchmark):
    """Write our files of a model, and the rows to predict."""
    forest = benchmark.train()
    benchmark.rows.astype("<i2").tofile(OUT / f"{name}_rows.bin")
    for dtype in ("int16", "float"):
        model = emlearn.convert(forest, dtype=dtype)
        for suffix in ("csv", "eml"):
            file = OUT / f"{name}_{dtype}.{suffix}"
            model.save(file=file)
            record(name, "file", f"{dtype} {suffix}", file.stat().st_size, unit="bytes")
    return forest


def record(model, measure, contender, value, low="", high="", unit=""):
    results.append((model, measure, contender, value, low, high, unit))


def on_device(script, *arguments):
    command = [MICROPYTHON, "-X", f"heapsize={HEAP}", ROOT / "bench" / script, *arguments]
    run = subprocess.run(list(map(str, command)), cwd=OUT, capture_output=True, text=True, timeout=DEVICE_TIMEOUT)
    if run.returncode:
        sys.exit(f"{script} failed in MicroPython:\n{run.stdout}{run.stderr}")
    return [line.split("\t") for line in run.stdout.splitlines()]


def show_times(model, title, what, lines, reference):
    times = defaultdict(list)  # contender -> nanoseconds, by round
    classes = {}
    for kind, contender, *cells in lines:
        if kind == what:
            times[contender].append(int(cells[1]))
        elif kind == "class":
            classes[contender] = list(map(int, cells))
    baseline = np.array(times[BASELINES[what]])

    table = Table(title=f"{title}: {what}, us", title_justify="left")
    table.add_column("")
    columns = ["median", "half of the rounds", f"{BASELINES[what]} takes"]
    columns += ["net of an empty call", "as scikit-learn"] if what == "predict" else []
    for column in columns:
        table.add_column(column, justify="right")
    for contender, nanoseconds in times.items():
        low, median, high = np.percentile(nanoseconds, (25, 50, 75)) / 1000
        record(model, what, contender, round(median, 3), round(low, 3), round(high, 3), "us")
        cells = [f"{median:,.2f}", f"{low:,.2f} .. {high:,.2f}"]
        ratios = baseline / np.array(nanoseconds)
        cells.append(ratio(model, f"{what}, {BASELINES[what]} / it", contender, ratios))
        if what == "predict":
            net = np.array(nanoseconds) - net_of[", out" if contender.endswith(", out") else ""]
            is_native = contender.startswith("native")
            against = (baseline - net_of[""]) / np.maximum(net, 1)
            cells.append(ratio(model, "predict net of an empty call", contender, against) if is_native else "")
            same = sum(a == b for a, b in zip(classes.get(contender, ()), reference, strict=False))
            cells.append(f"{same}/{len(reference)}" if contender in classes else "")
            if contender in classes:
                record(model, "agreement", contender, same, unit=f"of {len(reference)} rows")
        table.add_row(contender, *cells)
    console.print(table)


def ratio(model, measure, contender, ratios):
    low, median, high = np.percentile(ratios, (25, 50, 75))
    record(model, measure, contender, round(median, 2), round(low, 2), round(high, 2), "times")
    return f"{median:,.0f} x" if median >= 10 else f"{median:.2f} x"


def show_instructions(rows, models):
    table = Table(
        title="x64 instructions a predict, native module, net of an empty native method", title_justify="left"
    )
    for column in ("model", "features", "class", "outputs", "emlearn-micropython: outputs"):
        table.add_column(column, justify="left" if column in ("model", "features") else "right")
    counts = {(model, dtype, what): count for model, dtype, what, count in rows}
    for model in models:
        for dtype in ("int16", "float"):
            pair = [counts[model, dtype, what] for what in ("class", "outputs")]
            peer = f"{instructions.PEERS[model]:,}" if dtype == "int16" else ""
            table.add_row(models[model].title, dtype, *(f"{count:,.0f}" for count in pair), peer)
    for model, dtype, what, count in rows:
        record(model, f"instructions, {what}", f"native {dtype}", round(count, 1), unit="instructions")
    console.print(table)


def show_sizes(rows):
    table = Table(title="Bytes of the modules (.mpy)", title_justify="left")
    for column in ("module", "for", "bytes"):
        table.add_column(column, justify="right" if column == "bytes" else "left")
    for module, arch, size in sizes.modules():
        table.add_row(module, arch, f"{size:,}")
        record("", ".mpy", f"{module} {arch}", size, unit="bytes")
    console.print(table)
    if rows is None:
        print("No arm-none-eabi-gcc here: sizes of C code are left out")
        return
    title = "C: bytes of code and model, digits, 10 trees of depth 8, int16, -Os, linked, class only"
    table = Table(title=title, title_justify="left")
    for column in ("", *sizes.CPUS):
        table.add_column(column, justify="right" if column else "left")
    for what, *measured in rows:
        table.add_row(what, *(f"{size:,}" for size in measured))
        for cpu, size in zip(sizes.CPUS, measured, strict=True):
            record("digits depth 8", f"C, {cpu}", what, size, unit="bytes")
    console.print(table)


if __name__ == "__main__":
    main()
