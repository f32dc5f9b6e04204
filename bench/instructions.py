"""x64 instructions of a predict, counted by callgrind: of the native module in MicroPython, and of the C core alone.

The native module's are net of an empty native method with as many arguments, as the peers' are. Instructions are no
cycles: nothing here knows of caches and pipelines.
"""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from models import N_ROWS, OUT

FEW, MANY = N_ROWS, 11 * N_ROWS
# emlearn-micropython's native module on the same kind of models, natmod -Os, fills probabilities only.
PEERS = {"digits": 2027, "gesture": 571}

DRIVER = """
#include "{name}.h"
#include <stdio.h>
#include <stdlib.h>

static const {ctype} rows[][{n_features}] = {{ {rows} }};

int main(int argc, char **argv) {{
    (void)argc;
    float out[{n_outputs}];
    const int n_rows = (int)(sizeof rows / sizeof rows[0]), times = atoi(argv[1]);
    unsigned sum = 0;
    for (int i = 0; i < times; i++) {{
        {call}
    }}
    printf("%u\\n", sum + (unsigned)out[0]);
    return 0;
}}
"""
CALLS = {
    "none": "sum += (unsigned)rows[i % n_rows][0];",
    "class": "sum += (unsigned){name}_predict(rows[i % n_rows], {n_features});",
    "outputs": "sum += (unsigned){name}_predict_proba(rows[i % n_rows], {n_features}, out, {n_outputs});",
}


def callgrind(command):
    """Instructions that a command executes."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, command)]
    run = subprocess.run(command, cwd=OUT, capture_output=True, text=True)
    collected = [line for line in run.stderr.splitlines() if "Collected" in line]
    if run.returncode or not collected:
        raise RuntimeError(f"{' '.join(command)} failed:\n{run.stdout}{run.stderr}")
    return int(collected[0].split(":")[1])


def per_call(command):
    """Instructions that one more predict takes; `command` lacks the number of predicts, which it has as `TIMES`."""
    few, many = (callgrind([times if word == "TIMES" else word for word in command]) for times in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def of_modules(benchmarks, micropython, native_folder):
    """Rows of (model, dtype, "class" or "outputs", instructions)."""
    cases = list(product(benchmarks, ("int16", "float"), ("class", "outputs")))

    def count(case, who):
        model, dtype, what = case
        n_features = benchmarks[model].X.shape[1]
        arguments = ["count.py", model, dtype, n_features, what, who, "TIMES", native_folder]
        return per_call([micropython, *arguments])

    with ThreadPoolExecutor() as pool:
        native = pool.map(count, cases, ["native"] * len(cases))
        empty = pool.map(count, cases, ["empty"] * len(cases))
        return [(*case, n - e) for case, n, e in zip(cases, native, empty, strict=True)]


def of_core(model, rows, name, method="loadable", flags=("-Os",)):
    """Instructions of the class and of the outputs, for an emlearn model whose C is compiled with these flags."""
    model.save(file=OUT / f"{name}.h", format="c", name=name, method=method)
    counts = {what: per_call([_compiled(model, rows, name, what, flags), "TIMES"]) for what in CALLS}
    return counts["class"] - counts["none"], counts["outputs"] - counts["none"]


def _compiled(model, rows, name, what, flags):
    import emlearn

    n_outputs = max(1, model.trees.n_classes)
    fields = {"name": name, "n_features": rows.shape[1], "n_outputs": n_outputs}
    text = ",\n".join("{ " + ", ".join(str(x) for x in row) + " }" for row in rows.tolist())
    ctype = "int16_t" if model.dtype == "int16" else "float"
    source, program = OUT / f"{name}_{what}.c", OUT / f"{name}_{what}"
    source.write_text(DRIVER.format(ctype=ctype, rows=text, call=CALLS[what].format(**fields), **fields))
    include = f"-I{emlearn.includedir}"
    subprocess.run(["gcc", "-std=c99", "-w", "-ffp-contract=off", *flags, include, "-o", program, source], check=True)
    return program
