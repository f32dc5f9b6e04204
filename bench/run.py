"""Speed and size of our modules beside the peers', on the same models. `make bench` runs this.

Times are of MicroPython's unix port on this machine: medians over rounds in which all contenders take turns, with the
range that half of the rounds lie in. Ratios are medians of the rounds' own ratios. Times of predict include the call's
overhead and the garbage collection that it causes, in the port's default heap of 2 MB: the larger the heap, the longer
contenders that allocate take, and the larger the ratios. Instructions are callgrind's: they do not depend on what else
the machine does.
"""

import csv
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import instructions
import numpy as np
import sizes
from models import OUT, ROOT, benchmarks
from rich.console import Console
from rich.table import Table

import emlearn

ROUNDS = {"predict": 30, "load": 15}
TIMEOUT = 900  # seconds
MICROPYTHON = (ROOT / "build" / "unix" / "micropython",)

VARIANTS = {"int16": {"dtype": "int16"}, "float": {"dtype": "float"}, "hard": {"dtype": "int16", "leaf": "hard"}}
CONTENDERS = {
    "predict": (
        *("native int16", "native float", "native hard"),
        *("native int16, out", "native float, out", "native hard, out"),
        *("twin int16", "twin float", "m2cgen", "everywhereml", "empty call", "empty call, out"),
    ),
    "load": (
        *("native csv int16, from file", "native csv float, from file", "native csv int16, from RAM"),
        *("native eml int16, from file", "native eml float, from file", "native eml int16, from RAM"),
        *("twin csv int16, from RAM", "twin eml int16, from file"),
        *("parser csv int16, from file", "parser csv int16, from RAM"),
        *("m2cgen module as source, import", "everywhereml module as source, import"),
    ),
}
BASELINE = {"predict": "m2cgen", "load": "parser csv int16, from RAM"}
NOTE = {
    "predict": "out: fills the outputs, else the class. hard: int16 with hard leaves. m2cgen: outputs, no argmax.",
    "load": "parser: the same CSV into lists, in Python: split(','), and int() for each cell of n, l, r, f and c rows.",
}
COUNTED = {"predict": "", "load": ("native", "parser")}  # beginnings; others take callgrind minutes
# Of emlearn-micropython's native module, whose leaves are hard, filling the outputs; net of an empty native method.
PEER_INSTRUCTIONS = {"digits": 2027, "gesture": 571}

# Wide enough for the tables where the output is no terminal.
console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
results = []  # rows of results.csv


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    models = benchmarks()
    say("Generating code with the peers")
    peers = [ROOT / ".venv-peers" / "bin" / "python", ROOT / "bench" / "peers.py"]
    peers_includes = subprocess.run(peers, check=True, capture_output=True, text=True).stdout.strip()
    folders = [next((ROOT / "dist").glob(f"{arch}_*/emltrees.mpy")).parent for arch in ("x64", "py")]

    for name, benchmark in models.items():
        say(f"Measuring {benchmark.title}")
        forest = prepare(name, benchmark)
        arguments = [name, benchmark.X.shape[1], *folders]
        for what, contenders in CONTENDERS.items():
            lines = on_device("device.py", *arguments, ROUNDS[what], what, *contenders)
            times = {cells[1]: np.array(cells[2:], int) for cells in lines if cells[0] == "time"}
            classes = {cells[1]: list(map(int, cells[2:])) for cells in lines if cells[0] == "class"}
            show(name, what, times, count(arguments, what), classes, forest.predict(benchmark.rows).tolist())

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
    for variant, options in VARIANTS.items():
        model = emlearn.convert(forest, **options)
        for suffix in ("csv", "eml"):
            file = OUT / f"{name}_{variant}.{suffix}"
            model.save(file=file)
            record(name, "file", f"{variant} {suffix}", file.stat().st_size, unit="bytes")
    return forest


def record(model, measure, contender, value, low="", high="", unit=""):
    results.append((model, measure, contender, value, low, high, unit))


def on_device(script, *arguments):
    command = [*MICROPYTHON, ROOT / "bench" / script, *arguments]
    run = subprocess.run(list(map(str, command)), cwd=OUT, capture_output=True, text=True, timeout=TIMEOUT)
    if run.returncode:
        sys.exit(f"{script} failed in MicroPython:\n{run.stdout}{run.stderr}")
    return [line.split("\t") for line in run.stdout.splitlines()]


def count(arguments, what):
    """Instructions of a call, by contender."""

    def one(contender):
        return instructions.in_micropython(MICROPYTHON, arguments, what, contender)

    contenders = [contender for contender in CONTENDERS[what] if contender.startswith(COUNTED[what])]
    with ThreadPoolExecutor() as pool:
        return dict(zip(contenders, pool.map(one, contenders), strict=True))


def show(model, what, times, counts, classes, reference):
    """A table of times and instructions, with ratios to the baseline's."""
    baseline, is_predict = BASELINE[what], what == "predict"
    table = Table(title=f"{what}: microseconds, x64 instructions, times faster than {baseline}", title_justify="left")
    table.add_column("")
    for column in ("us", "half of the rounds", "faster", "net*", "instructions", "fewer", "net*", "right"):
        if is_predict or column not in ("net*", "right"):
            table.add_column(column, justify="right")
    for contender, nanoseconds in times.items():
        low, median, high = np.percentile(nanoseconds, (25, 50, 75)) / 1000
        record(model, what, contender, round(median, 3), round(low, 3), round(high, 3), "us")
        faster = ratios(model, what, contender, "times as fast", times[baseline] / nanoseconds)
        cells = [f"{median:,.2f}", f"{low:,.2f} .. {high:,.2f}", faster, "", ""]
        if contender in counts:
            record(model, what, contender, round(counts[contender], 1), unit="instructions")
            fewer = ratios(model, what, contender, "times fewer instructions", counts[baseline] / counts[contender])
            cells[3:] = f"{counts[contender]:,.0f}", fewer
        if is_predict:
            empty = "empty call, out" if contender.endswith("out") else "empty call"
            net = [""] * 2
            if contender.startswith("native"):
                faster = (times[baseline] - times["empty call"]) / np.maximum(nanoseconds - times[empty], 1)
                net[0] = ratios(model, what, contender, "times as fast, net", faster)
                instructions_net = counts[contender] - counts[empty]
                record(model, what, contender, round(instructions_net, 1), unit="instructions, net")
                net[1] = f"{instructions_net:,.0f}"
            cells = [*cells[:3], net[0], *cells[3:], net[1], right(model, contender, classes, reference)]
        table.add_row(contender, *cells)
    console.print(table)
    print(f"   {NOTE[what]}")
    if is_predict:
        print("   * net of an empty native call. right: rows predicted as scikit-learn does.")
        print(f"   emlearn-micropython, hard leaves, outputs: {PEER_INSTRUCTIONS[model]:,} instructions net")


def ratios(model, measure, contender, unit, values):
    low, median, high = np.percentile(values, (25, 50, 75))
    record(model, measure, contender, round(median, 3), round(low, 3), round(high, 3), unit)
    return f"{median:,.0f}" if median >= 10 else f"{median:.2f}"


def right(model, contender, classes, reference):
    if contender not in classes:
        return ""
    same = sum(a == b for a, b in zip(classes[contender], reference, strict=True))
    record(model, "right", contender, same, unit=f"of {len(reference)} rows")
    return f"{same}/{len(reference)}"


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
    print("C: bytes of code and model; digits, 10 trees of depth 8, int16, -Os, linked with all it needs, class only")
    table = Table()
    for column in ("", *sizes.CPUS):
        table.add_column(column, justify="right" if column else "left")
    for what, *measured in rows:
        table.add_row(what, *(f"{size:,}" for size in measured))
        for cpu, size in zip(sizes.CPUS, measured, strict=True):
            record("digits depth 8", f"C, {cpu}", what, size, unit="bytes")
    console.print(table)


if __name__ == "__main__":
    main()
