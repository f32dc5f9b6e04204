"""x64 instructions, counted by callgrind: of calls in MicroPython, and of the C core alone.

Instructions are no cycles: nothing here knows of caches and pipelines.
"""

import subprocess

from models import N_ROWS, OUT, ROOT

import emlearn

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


def per_call(command, few, many):
    """Instructions that one more call takes; the command has TIMES where it takes the number of calls."""
    counts = [callgrind([times if word == "TIMES" else word for word in command]) for times in (few, many)]
    return (counts[1] - counts[0]) / (many - few)


def in_micropython(micropython, arguments, what, contender):
    """Instructions of a call in MicroPython, with what the loop around it takes. arguments: count.py's first ones."""
    few, many = (N_ROWS, 11 * N_ROWS) if what == "predict" else (1, 11)
    return per_call([*micropython, ROOT / "bench" / "count.py", *arguments, "TIMES", what, contender], few, many)


def of_core(model, rows, name, method="loadable", flags=("-Os",)):
    """Instructions of the class and of the outputs, for an emlearn model whose C is compiled with these flags."""
    model.save(file=OUT / f"{name}.h", format="c", name=name, method=method)
    programs = {what: _compiled(model, rows, name, what, flags) for what in CALLS}
    counts = {what: per_call([program, "TIMES"], N_ROWS, 11 * N_ROWS) for what, program in programs.items()}
    return counts["class"] - counts["none"], counts["outputs"] - counts["none"]


def _compiled(model, rows, name, what, flags):
    n_outputs = max(1, model.trees.n_classes)
    fields = {"name": name, "n_features": rows.shape[1], "n_outputs": n_outputs}
    text = ",\n".join("{ " + ", ".join(str(x) for x in row) + " }" for row in rows.tolist())
    ctype = "int16_t" if model.dtype == "int16" else "float"
    source, program = OUT / f"{name}_{what}.c", OUT / f"{name}_{what}"
    source.write_text(DRIVER.format(ctype=ctype, rows=text, call=CALLS[what].format(**fields), **fields))
    include = f"-I{emlearn.includedir}"
    subprocess.run(["gcc", "-std=c99", "-w", "-ffp-contract=off", *flags, include, "-o", program, source], check=True)
    return program
