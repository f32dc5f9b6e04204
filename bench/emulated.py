"""Instructions and memory on emulated boards, beside emlearn-micropython's. `make bench` runs this.

QEMU counts instructions, which are no cycles: it knows of no cache, no wait states of the flash and no pipeline. They
are the same in every run. Those of predict are averages over rows, net of an empty native method with as many
arguments.
"""

import csv
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import machines
from machines import SECONDS
from models import OUT, ROOT, benchmarks
from ports.qemu.session import Session
from rich.console import Console
from rich.table import Table

import emlearn

# Name: typecode of the rows, options of convert.
VARIANTS = {
    "int16": ("h", {"dtype": "int16"}),
    "float": ("f", {"dtype": "float"}),
    "hard": ("h", {"dtype": "int16", "leaf": "hard"}),
}
# Of emlearn-micropython 0.10, in the same QEMU. Its leaves are hard, and it fills the votes: the argmax is the user's.
PEER = {
    "digits": {"armv6m": 5046, "armv7m": 3073, "armv7emsp": 1728, "rv32imc": 3637},
    "gesture": {"armv6m": 1451, "armv7m": 833, "armv7emsp": 518, "rv32imc": 1125},
    "digits CSV": {"armv6m": 45_700_000, "armv7m": 30_700_000, "armv7emsp": 30_600_000, "rv32imc": 31_700_000},
    "digits bytes": {"armv6m": 8032, "armv7m": 8032, "armv7emsp": 8032, "rv32imc": 8032},
    "module bytes": {"armv6m": 4816, "armv7m": 4048, "armv7emsp": 2592, "rv32imc": 5120},
}
# Title, key of what on_board.py prints, key of PEER.
ROWS = (
    ("digits, predict(x)", "digits\t{}\tpredict", None),
    ("digits, predict(x, out)", "digits\t{}\tpredict, out", "digits"),
    ("gesture, predict(x)", "gesture\t{}\tpredict", None),
    ("gesture, predict(x, out)", "gesture\t{}\tpredict, out", "gesture"),
    ("digits, CSV from lines in RAM", "digits\t{}\tload CSV, lines in RAM", "digits CSV"),
    ("digits, .eml in place", "digits\t{}\tload .eml in place", None),
    ("digits, heap bytes", "digits\t{}\tmodel, heap bytes", "digits bytes"),
    ("digits in place, heap bytes", "digits\t{}\tmodel in place, heap bytes", None),
)
TITLE = "Instructions, not cycles. predict(x): class; predict(x, out): probabilities; hard: int16 with hard leaves"


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    emulated = machines.machines()
    files = model_files()
    with ThreadPoolExecutor(2) as pool:
        natives = list(pool.map(lambda machine: measure(machine, "native", files), emulated))
        twins = list(pool.map(lambda machine: measure(machine, "twin", files), emulated))
    show(emulated, natives, twins)


def model_files():
    """Name: content."""
    files = {}
    for name, benchmark in benchmarks().items():
        forest = benchmark.train()
        files[f"{name}_rows.bin"] = benchmark.rows.astype("<i2").tobytes()
        for variant, (_, options) in VARIANTS.items():
            model = emlearn.convert(forest, **options)
            files[f"{name}_{variant}.eml"] = model.save(format="eml")
            files[f"{name}_{variant}.csv"] = model.save(format="csv").encode()
    return files


def measure(machine, module, files):
    """What on_board.py prints, by its words but the last, which is the number."""
    variants = [(variant, typecode) for variant, (typecode, _) in VARIANTS.items()]
    models = [(name, variants) for name in ("digits", "gesture")]
    with Session(machine, count_instructions=True) as session:
        session.copy(machines.module_files(machine.arch if module == "native" else "py"))
        session.copy({"settings.py": f"MODULE = {module!r}\nMODELS = {models}\n".encode()})
        if module == "native":
            session.copy({"empty.mpy": Path(OUT, "empty", machine.arch, "empty.mpy").read_bytes()})
        session.fetch(files)
        session.reset()
        output = session.run((ROOT / "bench" / "on_board.py").read_text(), SECONDS)
    try:
        return {key: float(number) for key, _, number in (line.rpartition("\t") for line in output.splitlines())}
    except ValueError:
        sys.exit(f"{machine.name}, {module}:\n{output}")


def show(emulated, natives, twins):
    table = Table(title=TITLE, title_justify="left")
    for column in ("", *(machine.name for machine in emulated)):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)

    def row(title, numbers):
        table.add_row(title, *(f"{value:,.0f}" if value else "" for value in numbers))
        results.append((title, *numbers))

    def peer(key):
        row("   emlearn-micropython", [PEER[key].get(machine.arch) for machine in emulated])

    results = [("", *(machine.name for machine in emulated))]
    for title, key, peers in ROWS:
        for variant in VARIANTS:
            row(f"{title}, {variant}", [native[key.format(variant)] for native in natives])
        if peers:
            peer(peers)
        table.add_section()
    row("emltrees, heap bytes", [native["module, heap bytes"] for native in natives])
    row("emltrees_full, heap bytes", [native["emltrees_full, heap bytes"] for native in natives])
    peer("module bytes")
    table.add_section()
    for key in ("empty call", "empty call, out"):
        row(key, [native[key] for native in natives])
    for variant in VARIANTS:
        key = f"digits\t{variant}\tpredict"
        with_call = [native[key] + native["empty call"] for native in natives]
        row(
            f"digits, {variant}: twin / native, with the call",
            [twin[key] / native for twin, native in zip(twins, with_call, strict=True)],
        )

    # Wide enough for the table where the output is no terminal.
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)
    with open(OUT / "boards.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(results)
    print(f"Written to {(OUT / 'boards.csv').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
