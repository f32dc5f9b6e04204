"""Native modules never pass a float by value to the firmware, nor take one: the two may use different registers for it.

What they call is in a table of pointers, mp_fun_table. Those that a float goes through are not used.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Where a table's entry is one instruction with its offset. A Cortex-M0 takes several, and has the same sources.
ARCHES = ("armv7m", "armv7emsp", "armv7emdp")
OBJECTS = [
    path
    for arch in ARCHES
    for module in ("emltrees", "emlfft", "emliir")
    for path in sorted((ROOT / "build/natmod" / arch).glob(f"{module}*/build/{module}*.o"))
]


def mpy():
    return Path((ROOT / "build/mpy-dir").read_text().strip())


def entries():
    """Those entries of the table in whose type a float occurs."""
    table = re.search(r"typedef struct _mp_fun_table_t \{(.*?)\} mp_fun_table_t;", glue(), re.DOTALL)[1]
    return [
        re.search(r"\(\*(\w+)\)", field)[1] for field in table.split(";") if re.search(r"\b(float|double)\b", field)
    ]


def glue():
    return (mpy() / "py/nativeglue.h").read_text()


def offsets_loaded(path):
    """Offset of every load of a word in an object file's code."""
    code = subprocess.run(["arm-none-eabi-objdump", "-d", path], capture_output=True, text=True, check=True).stdout
    return {int(offset) for offset in re.findall(r"\tldr(?:\.w)?\t\w+, \[(?!pc|sp)\w+, #(\d+)\]", code)}


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """{entry: its offset}, and an object file with code that uses each of them."""
    folder = tmp_path_factory.mktemp("probe")
    lines = ['#include "py/dynruntime.h"']
    for name in entries():
        lines.append(f"char at_{name}[__builtin_offsetof(mp_fun_table_t, {name})];")
        lines.append(f"void *use_{name}(void);\nvoid *use_{name}(void) {{ return (void *)mp_fun_table.{name}; }}")
    (folder / "probe.c").write_text("\n".join(lines) + "\n")
    built = ROOT / "build/natmod/armv7m/emltrees"
    flags = (built / "flags").read_text().split()
    config = f"-DMP_CONFIGFILE=<{built}/build/emltrees.config.h>"
    command = ["arm-none-eabi-gcc", *flags, config, f"-I{mpy()}", "-c", "-o", folder / "probe.o", folder / "probe.c"]
    subprocess.run(command, check=True)
    symbols = subprocess.run(["arm-none-eabi-nm", "-S", folder / "probe.o"], capture_output=True, text=True, check=True)
    sizes = re.findall(r"^\w+ (\w+) . at_(\w+)$", symbols.stdout, re.MULTILINE)
    return {name: int(size, 16) for size, name in sizes}, folder / "probe.o"


def test_which_entries_these_are():
    assert {"obj_new_float_from_f", "obj_new_float_from_d", "obj_get_float_to_f", "obj_get_float_to_d"} <= {*entries()}


def test_such_a_use_would_be_seen(probe):
    offsets, compiled = probe
    assert len(offsets) == len(entries())
    assert set(offsets.values()) <= offsets_loaded(compiled)


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: f"{path.parts[-4]}-{path.stem}")
def test_no_use_in_code(path, probe):
    offsets, _ = probe
    loaded = offsets_loaded(path)
    assert not {name for name, offset in offsets.items() if offset in loaded}
    assert max(loaded) > 200  # others are used


def test_no_use_in_sources():
    sources = [path for folder in ("src", "bench") for path in (ROOT / folder).rglob("*.[ch]")]
    macros = re.compile(r"\b(mp_)?(" + "|".join((*entries(), "obj_new_float", "obj_get_float")) + r")\b")
    assert len(sources) > 5 and not [path for path in sources if macros.search(path.read_text())]


def test_there_is_something_to_test():
    assert {path.parts[-4] for path in OBJECTS} == {*ARCHES}
