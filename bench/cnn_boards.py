"""Instructions of convolutional networks on emulated boards, beside emlearn-micropython's. `make bench` runs this.

As emulated.py: instructions, no cycles, net of an empty native method with as many arguments. Of Xtensa, whose
emulator has no counter, the difference that a run makes to a whole script.

    .venv/bin/python bench/cnn_boards.py --counts    # of many layers as well, to bench/cnn_counts.csv
"""

import csv
import sys
from concurrent.futures import ThreadPoolExecutor

import logged
import machines
from cnn_cases import CASES, SHOWN, TYPES, amounts, mnist
from emlearn.writers.tmdl import write
from machines import SECONDS
from models import OUT, ROOT
from ports.qemu.session import Session
from rich.console import Console
from rich.table import Table

COUNTS = ROOT / "bench" / "cnn_counts.csv"
TITLE = "MNIST, 28x28, 51,228 MACs"
# Of emlearn-micropython 0.10, in the same QEMU: a network of these sizes, int8.
PEER = {"armv6m": 1_521_588, "armv7m": 759_165, "armv7emsp": 353_867, "rv32imc": 1_206_215, "xtensawin": 520_615}
# The most that it may be: a part of theirs; and instructions per MAC of convolutions 3x3 with 8 or more channels.
PART = {"armv7emsp": 0.85}
PER_MAC = {"armv6m": 8.0, "armv7emsp": 3.5}
MODULES = {"int8": "tinymaix_cnn", "float32": "tinymaix_cnn_fp32"}


def chosen(every):
    """Title, type and network of what is counted."""
    yield TITLE, "int8", mnist(TYPES["int8"])
    yield TITLE, "float32", mnist(TYPES["float32"])
    for title, make in (CASES if every else SHOWN).items():
        for kind in TYPES if every else ("int8",):
            yield title, kind, make(TYPES[kind])


def module_files(arch):
    """Name: content of what networks need."""
    found = {path.name: path.read_bytes() for path in machines.folder(arch).glob("tinymaix*.mpy")}
    return found | {name: (machines.folder(arch) / name).read_bytes() for name in ("emlearn_tools.mpy",)}


def networks(cases):
    """What on_board_cnn.py calls NETWORKS: bytes where the network takes or gives them."""
    return [
        (f"n{i:03}", MODULES[kind], "b" if kind == "int8" else "f", "f" if network.gives_floats else "b")
        for i, (_, kind, network) in enumerate(cases)
    ]


def on_board(machine, cases):
    """Instructions of each."""
    files = {f"n{i:03}.tmdl": write(network) for i, (_, _, network) in enumerate(cases)}
    files["settings.py"] = f"COUNTS, NETWORKS = True, {networks(cases)!r}\n".encode()
    files["empty.mpy"] = (OUT / "empty" / machine.arch / "empty.mpy").read_bytes()
    with Session(machine, count_instructions=True) as session:
        session.fetch(module_files(machine.arch) | files)
        session.reset()
        output = session.run((ROOT / "bench" / "on_board_cnn.py").read_text(), SECONDS)
    try:
        found = dict(line.split() for line in output.splitlines())
        return [float(found[f"n{i:03}"]) for i in range(len(cases))]
    except (ValueError, KeyError):
        sys.exit(f"{machine.name}:\n{output}")


def on_xtensa(cases):
    """The same by the emulator's log."""
    files = module_files("xtensawin") | {f"n{i:03}.tmdl": write(network) for i, (_, _, network) in enumerate(cases)}
    files["settings.py"] = f"COUNTS, NETWORKS = False, {networks(cases)!r}\n".encode()
    found = logged.between_lines((ROOT / "bench" / "on_board_cnn.py").read_text(), files, 3 * len(cases))
    return [found[3 * i + 1] - found[3 * i] for i in range(len(cases))]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    every = "--counts" in sys.argv
    cases = list(chosen(every))
    emulated = machines.machines()
    emulated = [machine for machine in emulated if machine.arch != "armv7emdp"]  # which runs the code of an M4F
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda machine: on_board(machine, cases), emulated))
    shorter = [case for case in cases if case[1] == "int8" or case[0] == TITLE]  # the log is slow
    found = dict(zip([case[:2] for case in shorter], on_xtensa(shorter), strict=True))
    counts.append([found.get(case[:2]) for case in cases])
    architectures = [machine.arch for machine in emulated] + ["xtensawin"]
    if every:
        write_counts(cases, architectures, counts)
    show(cases, architectures, counts)


def write_counts(cases, architectures, counts):
    with open(COUNTS, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("network", "type", "inputs", "macs", "sums", "gathered", "outputs", *architectures))
        for (title, kind, network), *numbers in zip(cases, *counts, strict=True):
            writer.writerow((title, kind, *amounts(network), *("" if n is None else f"{n:.0f}" for n in numbers)))


def show(cases, architectures, counts):
    table = Table(title="Instructions, not cycles", title_justify="left")
    for column in ("", *architectures):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    results = [("", *architectures)]
    above = []

    def row(title, numbers, form="{:,.0f}"):
        table.add_row(title, *("" if value is None else form.format(value) for value in numbers))
        results.append((title, *numbers))

    for (title, kind, network), *numbers in zip(cases, *counts, strict=True):
        row(f"{title}, {kind}", numbers)
        macs = amounts(network)[1]
        if macs:
            per_mac = [number and number / macs for number in numbers]
            row("   per MAC", per_mac, "{:.2f}")
        if (title, kind) == (TITLE, "int8"):
            row("   emlearn-micropython", [PEER[arch] for arch in architectures])
            parts = [number / PEER[arch] for arch, number in zip(architectures, numbers, strict=True)]
            row("   part of theirs", parts, "{:.2f}")
            above += [
                f"{title} takes {part:.2f} of theirs on {arch}: more than {PART.get(arch, 0.75)}"
                for arch, part in zip(architectures, parts, strict=True)
                if part > PART.get(arch, 0.75)
            ]
        if title.startswith("conv 3x3, 16") and kind == "int8":
            above += [
                f"{title} takes {number:.2f} instructions per MAC on {arch}: more than {PER_MAC[arch]}"
                for arch, number in zip(architectures, per_mac, strict=True)
                if number > PER_MAC.get(arch, number)
            ]
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)
    with open(OUT / "cnn.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(results)
    print(f"Written to {(OUT / 'cnn.csv').relative_to(ROOT)}")
    sys.exit("\n".join(above) or None)


if __name__ == "__main__":
    main()
