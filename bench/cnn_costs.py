"""Prices of convolutional networks' work on boards, for `emlearn info`: fitted to what emulated boards count.

    .venv/bin/python bench/cnn_costs.py          # measures, writes bench/cnn_costs.csv, fits
    .venv/bin/python bench/cnn_costs.py --fit    # fits again to what is there

Writes export/emlearn/_cnn_cost_table.py. As board_costs.py: least squares of the relative error, without negative
prices; of all works of a type at once, as a network has several. Some networks are no part of the fit: they say how
well it does elsewhere. `make bench` does not run this.
"""

import csv
import sys
from concurrent.futures import ThreadPoolExecutor

import machines
import numpy as np
from board_costs import versions
from cnn_boards import on_board, on_xtensa
from cnn_cases import CASES, TYPES, _flat, mnist
from emlearn._cnn_cost import price, work_of
from emlearn.ir.tmdl import Kind
from models import ROOT
from networks import Chain
from scipy.optimize import nnls

COUNTS = ROOT / "bench" / "cnn_costs.csv"
TABLE = ROOT / "export" / "emlearn" / "_cnn_cost_table.py"
# Kinds of which cnn_cases.py has one or two.
POOLS = {"max": Kind.MAX_POOL, "average": Kind.AVERAGE_POOL}
SHAPES = {"2x3": ((7, 9, 5), (2, 3), (2, 1)), "4x4": ((8, 8, 2), (4, 4), (4, 4)), "1x2": ((6, 10, 12), (1, 2), (1, 2))}
MORE = {
    f"{name} pool {title}": _flat(shape, ("pool", kind, *window))
    for name, kind in POOLS.items()
    for title, (shape, *window) in SHAPES.items()
}
MORE |= {
    "average, 5x7x3": _flat((5, 7, 3), ("average",)),
    "add, 6x5x3": _flat((6, 5, 3), ("conv", 3, (1, 1)), ("conv", 3, (1, 1)), ("add",)),
    "softmax of 3": _flat((1, 1, 8), ("dense", 3), ("softmax",)),
    "logistic of 1": _flat((1, 1, 8), ("dense", 1), ("logistic",)),
    "logistic of 20": _flat((1, 1, 8), ("dense", 20), ("logistic",)),
    "reshape, 60": _flat((5, 4, 3), ("reshape", 1, 1, 60)),
}
ARCHITECTURES = ("armv6m", "armv7m", "armv7emsp", "rv32imc", "xtensawin")
MAX_LOGGED = 60_000  # multiplications of networks whose instructions are logged, which takes 100 bytes each
N_RANDOM, N_OTHERS = 24, 6  # networks by chance, of each type
HEADER = '''"""What work of convolutional networks costs on boards, in instructions: made by bench/cnn_costs.py.

For each architecture, counted on a Cortex-M0 (armv6m), M3 (armv7m), M4F (armv7emsp), riscv32 (rv32imc) and an Xtensa
(xtensawin); for each name of `_cnn_cost.work_of`, a price for each of its amounts. ERRORS: how far off estimates were,
at most, by type and architecture: of the networks that prices are fitted to, and of others.
"""

'''


def by_chance(kind, seed, n_layers):
    """A network of convolutions, which are most of the work; behind some of them other layers."""
    random = np.random.default_rng(seed)
    shape = (int(random.integers(5, 11)), int(random.integers(5, 11)), int(random.integers(1, 9)))
    chain = Chain(kind, shape, seed)
    for _ in range(n_layers):
        kernel = tuple(int(min(k, n)) for k, n in zip(random.integers(1, 4, 2), chain.shape, strict=False))
        padding = tuple(int(random.integers(0, k)) for k in (kernel[0], kernel[0], kernel[1], kernel[1]))
        stride = tuple(int(s) for s in random.integers(1, 3, 2))
        multiplier = int(random.integers(1, 3)) if random.random() < 0.3 else 0
        chain.conv(int(random.integers(1, 20)), kernel, stride, padding, multiplier=multiplier)
    if seed % 2:
        chain.average()
    if seed % 3 == 0:
        chain.dense(int(random.integers(2, 12))).softmax()
    return chain.done()


def cases():
    """Title, type, network, whether it is fitted."""
    for name, kind in TYPES.items():
        for title, make in (CASES | MORE).items():
            yield title, name, make(kind), 1
        for seed in range(N_RANDOM):
            yield f"by chance, {seed}", name, by_chance(kind, seed, 1), 1
        yield "MNIST", name, mnist(kind), 0
        for seed in range(100, 100 + N_OTHERS):
            yield f"by chance, {seed}", name, by_chance(kind, seed, 3), 0


def measure():
    chosen = list(cases())
    plain = [case[:3] for case in chosen]
    logged = [case for case in plain if case[2].macs <= MAX_LOGGED]
    boards = {machine.arch: machine for machine in machines.machines()}
    with ThreadPoolExecutor(2) as pool:
        xtensa = pool.submit(on_xtensa, logged)
        columns = list(pool.map(lambda arch: on_board(boards[arch], plain), ARCHITECTURES[:-1]))
    of_xtensa = {case[:2]: count for case, count in zip(logged, xtensa.result(), strict=True)}
    with open(COUNTS, "w", newline="") as file:
        print(f"# {versions()}", file=file)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("network", "type", "fitted", *ARCHITECTURES))
        for (title, name, _, fitted), *numbers in zip(chosen, *columns, strict=True):
            counts = [f"{number:.0f}" for number in numbers]
            writer.writerow((title, name, fitted, *counts, of_xtensa.get((title, name), "")))


def read():
    """(title, type, network, whether fitted, instructions by architecture) of each line."""
    of = {(title, name): network for title, name, network, _ in cases()}
    with open(COUNTS, newline="") as file:
        _, *lines = csv.reader(line for line in file if not line.startswith("#"))
    return [
        (title, name, of[title, name], fitted == "1", tuple(float(number or "nan") for number in numbers))
        for title, name, fitted, *numbers in lines
    ]


def amounts_of(members, architecture):
    """Of each network a row, of each work's amounts a column; and what columns are."""
    columns = {}  # (work, amount): where it is in the matrix
    works = [work_of(line[2], architecture) for line in members]
    for name, amounts in (work for each in works for work in each):
        for i in range(len(amounts)):
            columns.setdefault((name, i), len(columns))
    matrix = np.zeros((len(members), len(columns)))
    for row, each in zip(matrix, works, strict=True):
        for name, amounts in each:
            for i, amount in enumerate(amounts):
                row[columns[name, i]] += amount
    return matrix, columns


def fit(lines):
    costs, errors = {}, {}
    for name in TYPES:
        members = [line for line in lines if line[1] == name]
        for at, architecture in enumerate(ARCHITECTURES):
            matrix, columns = amounts_of(members, architecture)
            counted = np.array([line[4][at] for line in members])
            known = np.isfinite(counted)
            fitted = np.array([line[3] for line in members]) & known
            prices, _ = nnls(matrix[fitted] / counted[fitted, None], np.ones(fitted.sum()))
            table = costs.setdefault(architecture, {})
            for (work, _), cost in zip(columns, prices, strict=True):
                table[work] = (*table.get(work, ()), float(f"{cost:.4g}"))
            said = [sum(price(table[w], a) for w, a in work_of(line[2], architecture)) for line in members]
            off = np.array(said) / counted - 1
            worst, others = np.abs(off[fitted]).max(), np.abs(off[known & ~fitted]).max()
            errors[f"{name} {architecture}"] = (worst, others)
            print(f"{name} {architecture}: off by {worst:.1%}; others {others:.1%}")
            for line, error in zip(members, off, strict=True):
                if abs(error) > 0.1:
                    print(f"   {line[0]}: {error:+.1%} of {line[4][at]:,.0f}")
    return costs, errors


def write(costs, errors):
    lines = [HEADER, "COSTS: dict[str, dict[str, tuple[float, ...]]] = {\n"]
    for architecture, prices in costs.items():
        lines.append(f'    "{architecture}": {{\n')
        lines += [f'        "{work}": ({", ".join(f"{p:g}" for p in prices)}),\n' for work, prices in prices.items()]
        lines.append("    },\n")
    lines.append("}\nERRORS: dict[str, tuple[float, float]] = {\n")
    up = {name: [np.ceil(1000 * error) / 1000 for error in both] for name, both in errors.items()}
    lines += [f'    "{name}": ({fitted:.3f}, {other:.3f}),\n' for name, (fitted, other) in up.items()]
    TABLE.write_text("".join(lines) + "}\n")


if __name__ == "__main__":
    if "--fit" not in sys.argv:
        measure()
    write(*fit(read()))
