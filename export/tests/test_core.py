"""The C core: every header alone and all of them twice, in C and C++, without warnings; and its own tests, in core/."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "src" / "emlearn"
HEADERS = sorted(path.name for path in INCLUDE.glob("eml_*.h"))
TESTS = sorted((ROOT / "export" / "tests" / "core").glob("test_*.c"))

WARNINGS = "-pedantic -Wall -Wextra -Wconversion -Wdouble-promotion -Werror".split()
COMPILERS = {
    "gcc": ["gcc", "-x", "c", "-std=c99", "-O2", "-ffp-contract=off"],
    "clang": ["clang", "-x", "c", "-std=c99", "-O1"],
    "g++": ["g++", "-x", "c++", "-O1"],
    "clang++": ["clang++", "-x", "c++", "-O1"],
    "sanitizers": [
        *["clang", "-x", "c", "-std=c99", "-g", "-O1", "-fno-omit-frame-pointer"],
        *["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    ],
}


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def compile_and_link(compiler, program, *sources):
    """Compile each source on its own, so that the linker sees several translation units."""
    run(*COMPILERS[compiler], *WARNINGS, f"-I{INCLUDE}", "-o", program, *sources, "-lm")


@pytest.mark.parametrize("compiler", COMPILERS)
def test_headers_are_complete_and_link_twice(compiler, tmp_path):
    assert len(HEADERS) >= 10
    units = []
    for header in HEADERS:  # alone: it includes what it needs
        unit = tmp_path / f"{header}_alone.c"
        unit.write_text(f'#include "{header}"\n')
        units.append(unit)
    everything = "".join(f'#include "{header}"\n' for header in HEADERS)
    first, second = tmp_path / "first.c", tmp_path / "second.c"
    first.write_text(everything + "int other(void);\nint main(void) { return (int)eml_pad4(0) + other(); }\n")
    second.write_text(everything + "int other(void);\nint other(void) { return (int)eml_pad4(0); }\n")
    compile_and_link(compiler, tmp_path / "program", first, second, *units)
    run(tmp_path / "program")


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("source", TESTS, ids=lambda path: path.stem)
def test_unit(source, compiler, tmp_path):
    compile_and_link(compiler, tmp_path / "program", source)
    checks, word = run(tmp_path / "program").split()
    assert int(checks) > 100 and word == "checks"


def test_every_header_has_a_test():
    included = {line.split('"')[1] for path in TESTS for line in path.read_text().splitlines() if '"eml_' in line}
    # by those of the tests
    pulled_in = {
        "eml_common.h",
        "eml_trees_data.h",
        "eml_trees_file.h",
        "eml_trees_image.h",
        "eml_trees_rows.h",
        "eml_trees_sums.h",
        "eml_neighbors_data.h",
        "eml_neighbors_search.h",
        "eml_net_data.h",
        "eml_gaussian.h",
        "eml_gaussian_data.h",
        "eml_kernel_data.h",
        "eml_kernel_math.h",
        "eml_features_data.h",
        "eml_cnn_data.h",
        "eml_cnn_window.h",
        "eml_cnn_scale.h",
        "eml_cnn_single.h",
        "eml_cnn_pairs.h",
        "eml_cnn_layers.h",
        "eml_cnn_f32_layers.h",
        "eml_simd.h",
    }
    elsewhere = {"eml_trees_golden.h"}  # hostile.c, and the firmware tests' selftest
    assert included | pulled_in | elsewhere == set(HEADERS)
