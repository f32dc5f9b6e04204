"""Generated C on Cortex-M0 and M4F: no warnings, and the bits that the PC's core predicts.

The programs need nothing but the compiler's own library, and run in QEMU.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import test_families
import test_pipelines
import test_writers
from emlearn.writers.c import FUNCTIONS
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from support import data

import emlearn

ROOT = Path(__file__).resolve().parents[2]
ARM = Path(__file__).parent / "arm"
sys.path.append(str(ROOT / "firmware_tests"))

from boards.cortex_m0 import MACHINE as CORTEX_M0  # noqa: E402
from boards.cortex_m4f import MACHINE as CORTEX_M4F  # noqa: E402
from families import features as windows  # noqa: E402

MACHINES = {machine.name: machine for machine in (CORTEX_M0, CORTEX_M4F)}
COMPILE = "arm-none-eabi-gcc -std=c99 -Os -ffp-contract=off -ffunction-sections -fdata-sections".split()
WARNINGS = "-pedantic -Wall -Wextra -Wconversion -Wdouble-promotion -Werror".split()
LINK = "-nostartfiles -Wl,--gc-sections,--defsym=ram_size=65536,--defsym=stack_size=16384".split()
N_ROWS = 10
SECONDS = 60


def of_family(*case):
    return lambda: (test_families.converted(*case), test_families.fitted(*case)[1])


def of_pipeline(*case):
    return lambda: (test_pipelines.converted(*case), test_pipelines.fitted(*case)[1])


def of_trees(name):
    return lambda: test_writers.make(name)


def of(estimator, dataset, integers=False, **options):
    def make():
        X, y = data(dataset)
        X = StandardScaler().fit_transform(X).astype(np.float32)
        X = np.rint(100 * X) if integers else X
        return emlearn.convert(estimator.fit(X, y), **options), X

    return make


TREES = "hard uint8 weighted boosted histogram stumps median isolation".split()
FOREST = RandomForestClassifier(4, min_samples_leaf=3, random_state=0)
def of_windows(name):
    return lambda: windows.MODELS[name]()


MODELS = {f"trees {name}": of_trees(name) for name in [*TREES, "boosted regression"]}
MODELS |= {
    "trees float": of(FOREST, "wine"),
    "trees int16": of(FOREST, "wine", True, dtype="int16"),
    "trees scaled": of(FOREST, "iris", dtype="int16"),
    "trees regression": of(RandomForestRegressor(3, max_depth=5, random_state=0), "diabetes"),
    "linear": of_family("", "logistic", "wine"),
    "linear decision": of_family("", "svc", "iris"),
    "linear values": of_family("", "several values", "diabetes"),
    "net float": of_family("", "net tanh", "breast_cancer"),
    "net int8": of(MLPClassifier((10,), max_iter=80, random_state=0), "wine", dtype="int8"),
    "net int16": of(MLPClassifier((9,), activation="logistic", max_iter=80, random_state=0), "iris", dtype="int16"),
    "neighbors": of(KNeighborsClassifier(5, weights="distance"), "iris"),
    "neighbors int16": of(KNeighborsClassifier(3), "iris", True, dtype="int16"),
    "neighbors regression": of(KNeighborsRegressor(4, metric="manhattan"), "iris"),
    "neighbors centroids": of(NearestCentroid(), "iris"),
    "kernel rbf": of_family("", "SVC rbf", "iris"),
    "kernel poly": of_family("scaled ", "SVC poly", "wine"),
    "kernel sigmoid": of_family("scaled ", "NuSVC sigmoid", "wine"),
    "kernel coupled": of_family("scaled ", "coupled rbf", "iris"),
    "kernel regression": of_family("scaled ", "SVR rbf", "wine"),
    "bayes": of_family("", "naive bayes", "iris"),
    "bayes qda": of_family("PCA ", "qda", "wine"),
    "mixture": of_family("", "full mixture", "iris"),
    "mixture envelope": of_family("", "envelope", "wine"),
    "pipeline trees": of_pipeline("pca", "forest", "wine"),
    "pipeline integers": of_pipeline("pca", "histogram", "wine"),
    "pipeline sums": of_pipeline("pca", "isolation", "wine"),
    "pipeline neighbors": of_pipeline("mean", "knn", "wine"),
    "pipeline linear": of_pipeline("number", "logistic", "wine"),
    **{name.replace("_", " "): of_windows(name) for name in windows.MODELS},
}
made = cache(lambda name: MODELS[name]())
INLINE = [name for name in MODELS if name.split()[1:2] in (["trees"], ["sums"]) or name.startswith("trees ")]
CASES = [(name, "loadable") for name in MODELS] + [(name, "inline") for name in INLINE]

MAIN = """
#include "golden.h"
void print_word(uint32_t word);
static const {word} rows[{n_rows}][{n}] = {{
{rows}
}};
int main(void) {{
    for (int row = 0; row < {n_rows}; row++) {{
        {ctype} x[{n}];
        float out[{n_out}];
        memcpy(x, rows[row], sizeof(x));
        {body}
        for (int i = 0; i < {n_out}; i++) {{
            print_word(eml_float_bits(&out[i]));
        }}
    }}
    return 0;
}}
"""


def main_of(model, rows):
    n, n_out = rows.shape[1], model.tables.n_outputs
    body = f"if (golden_{FUNCTIONS[model.tables.output]}(x, {n}, out, {n_out})) {{ return 1; }}"
    if not model.is_classifier and n_out == 1:
        body = f"out[0] = golden_predict(x, {n});"
    if model.is_classifier:
        body += f"\n        print_word((uint32_t)golden_predict(x, {n}));"
    word, ctype, view = ("int16_t", "int16_t", "<i2") if rows.dtype == np.int16 else ("uint32_t", "float", "<u4")
    lines = ",\n".join("    { " + ", ".join(map(str, row)) + " }" for row in rows.view(view).tolist())
    return MAIN.format(word=word, ctype=ctype, n=n, n_out=n_out, n_rows=len(rows), rows=lines, body=body)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name, method", CASES)
def test_generated(name, method, machine, tmp_path):
    model, X = made(name)
    dtype = np.int16 if model.tables.typecode == "h" else np.float32
    rows = np.ascontiguousarray(X[:: max(1, len(X) // N_ROWS)][:N_ROWS]).astype(dtype)
    (tmp_path / "golden.h").write_text(model.save(format="c", name="golden", method=method))
    (tmp_path / "main.c").write_text(main_of(model, rows))
    words = run(MACHINES[machine], tmp_path, [tmp_path / "main.c"])
    expected = model.predictions(rows)
    said = np.array(words, np.uint32).reshape(N_ROWS, -1)
    assert np.array_equal(said[:, model.is_classifier :], expected.outputs.view(np.uint32))
    if model.is_classifier:
        assert np.array_equal(model.classes_[said[:, 0]], expected.labels)


def run(machine, folder, sources):
    """What a program prints. It is compiled without warnings, and ends well."""
    program = folder / "program.elf"
    linker = ["-T", ROOT / "firmware_tests/ports/qemu/cortex_m.ld"]
    flags = [*machine.cpu_flags.split(), *WARNINGS, *LINK, *linker, f"-I{emlearn.includedir}"]
    compiled = subprocess.run(
        [*COMPILE, *flags, "-o", program, *sources, ARM / "start.c"], capture_output=True, text=True
    )
    assert compiled.returncode == 0, compiled.stderr
    console = ["-chardev", "stdio,id=console", "-semihosting-config", "enable=on,target=native,chardev=console"]
    command = ["qemu-system-arm", "-machine", machine.qemu_name, *machine.soc.qemu_options, "-display", "none"]
    command += ["-monitor", "none", "-serial", "none", *console, "-kernel", program]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    assert ran.returncode == 0, ran.stdout[-200:] + ran.stderr
    return [int(line, 16) for line in ran.stdout.split()]


def test_a_program_that_fails(tmp_path):
    """Or all of the above would pass."""
    good = "#include <stdint.h>\nvoid print_word(uint32_t word);\nint main(void) { print_word(7); return 0; }\n"
    for text, message in (
        (good.replace("7", "6.5f"), "Werror"),
        (good.replace("return 0", "return 1"), "00000007"),
        (good.replace("return 0", "__builtin_trap(); return 0"), "00000007"),
    ):
        (tmp_path / "main.c").write_text(text)
        with pytest.raises(AssertionError, match=message):
            run(CORTEX_M0, tmp_path, [tmp_path / "main.c"])
    (tmp_path / "main.c").write_text(good)
    assert run(CORTEX_M0, tmp_path, [tmp_path / "main.c"]) == [7]
