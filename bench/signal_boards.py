"""Instructions of signal processing on emulated boards, beside emlearn-micropython's. `make bench` runs this.

As emulated.py: instructions, no cycles, net of an empty native method with as many arguments.
"""

import csv
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import machines
import numpy as np
from machines import SECONDS
from models import OUT, ROOT
from ports.qemu.session import Session
from rich.console import Console
from rich.table import Table

import emlearn
from emlearn import dsp

MODULES = ("emlfft", "emliir", "emlfeatures", "emlearn_")
# Of emlearn-micropython 0.10, in the same QEMU; it has no filter and no transform of int16 that could be compared.
PEER = {
    "FFT, 256": {"armv6m": 935_823, "armv7m": 464_449, "armv7emsp": 51_432, "rv32imc": 908_986},
    "IIR, 2 sections, 256": {"armv6m": 491_224, "armv7m": 216_802, "armv7emsp": 22_612, "rv32imc": 492_912},
}
# The most that it may be: of the architectures' natural type, float32 with an FPU and int16 without.
LIMITS = {
    ("FFT, 256", "float32"): {"armv7emsp": 26_000},
    ("FFT, 256", "int16"): {"armv6m": 120_000, "armv7m": 60_000, "armv7emsp": 60_000, "rv32imc": 60_000},
    ("IIR, 2 sections, 256", "float32"): {"armv7emsp": 10_000},
    ("IIR, 2 sections, 256", "int16"): {"armv6m": 60_000},
}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    emulated = machines.machines()
    with ThreadPoolExecutor(2) as pool:
        natives = list(pool.map(lambda machine: measure(machine, "native"), emulated))
        twins = list(pool.map(lambda machine: measure(machine, "twin"), emulated))
    show(emulated, natives, twins)


def files_of_blocks():
    """Files without a model, of which on_board_signal.py computes the columns."""
    mel = {"sr": 8000, "n_fft": 256, "hop_length": 256, "n_mels": 32, "over": "mean"}
    sound, motion = np.zeros((1, 256), np.int16), np.zeros((1, 128 * 6), np.int16)
    blocks = {
        "mel_f": (dsp.MelSpectrogram(**mel), sound.astype(np.float32)),
        "mel_h": (dsp.MelSpectrogram(**mel, q15=True), sound),
        "statistics": (dsp.Statistics(6, correlation=True), motion),
    }
    return {f"{name}.eml": emlearn.convert(block.fit(x)).save(format="eml") for name, (block, x) in blocks.items()}


def measure(machine, module):
    """What on_board_signal.py prints: {(title, type): instructions}."""
    arch = machine.arch if module == "native" else "py"
    files = {path.name: path.read_bytes() for name in MODULES for path in machines.folder(arch).glob(f"{name}*.mpy")}
    with Session(machine, count_instructions=True) as session:
        session.fetch(files)
        session.copy({"settings.py": f"MODULE = {module!r}\n".encode(), **files_of_blocks()})
        if module == "native":
            session.copy({"empty.mpy": Path(OUT, "empty", machine.arch, "empty.mpy").read_bytes()})
        session.reset()
        output = session.run((ROOT / "bench" / "on_board_signal.py").read_text(), SECONDS)
    try:
        rows = [line.split("\t") for line in output.splitlines()]
        return {(title, kind): float(number) for title, kind, number in rows}
    except ValueError:
        sys.exit(f"{machine.name}, {module}:\n{output}")


def show(emulated, natives, twins):
    table = Table(title="Instructions, not cycles", title_justify="left")
    for column in ("", *(machine.name for machine in emulated)):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    results = [("", *(machine.name for machine in emulated))]
    above = []

    def row(title, numbers):
        table.add_row(title, *(f"{value:,.0f}" if value else "" for value in numbers))
        results.append((title, *numbers))

    for title, kind in natives[0]:
        numbers = [native[title, kind] for native in natives]
        row(f"{title}, {kind}", numbers)
        for machine, number in zip(emulated, numbers, strict=True):
            limit = LIMITS.get((title, kind), {}).get(machine.arch, number)
            if number > limit:
                above.append(f"{title}, {kind} takes {number:,.0f} on {machine.name}: more than {limit:,}")
        if kind == "float32" and title in PEER:
            row("   emlearn-micropython", [PEER[title].get(machine.arch) for machine in emulated])
        row("   the twin, times", [t[title, kind] / max(n, 1) for t, n in zip(twins, numbers, strict=True)])
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)
    with open(OUT / "signal.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(results)
    print(f"Written to {(OUT / 'signal.csv').relative_to(ROOT)}")
    sys.exit("\n".join(above) or None)


if __name__ == "__main__":
    main()
