"""The emulated boards themselves: what the cases, the installer's tests and the benchmarks rest on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import vectors
from boards import cortex_m0, cortex_m3, cortex_m4f, cortex_m7, module_files, riscv32
from ports.qemu.machine import BoardError
from ports.qemu.session import Session

HERE = Path(__file__).parent
MACHINES = {module.MACHINE.name: module.MACHINE for module in (cortex_m0, cortex_m3, cortex_m4f, cortex_m7, riscv32)}
each_machine = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
# As sys.implementation._mpy has it: ABI 6.3, and the native architecture in the bits from 10 on.
NATIVE = {"cortex-m0": 4, "cortex-m3": 6, "cortex-m4f": 7, "cortex-m7": 8, "riscv32": 11}

FLOATS = """
from array import array
x, y = array("f", [0.1, 3.0])
print(bytes(array("f", [x * y, x / y, 1 / (x - y)])))
"""


@each_machine
def test_is_what_it_claims(machine):
    with Session(machine) as board:
        script = "import sys\nprint(sys.platform, sys.implementation._mpy & 0xff, sys.implementation._mpy >> 10)\n"
        assert board.run(script, 20).split() == ["qemu", "6", str(NATIVE[machine.name])]
        x, y = np.array([0.1, 3.0], np.float32)
        assert board.run(FLOATS, 20) == f"{np.array([x * y, x / y, 1 / (x - y)]).tobytes()}\n"


@each_machine
@pytest.mark.parametrize("kind", ("lfs2", "fat"))
def test_file_systems_survive_a_reset(machine, kind):
    content = bytes(range(256)) * 40
    with Session(machine) as board:
        board.copy({"before": b"x"})
        board.check(f"import disk\ndisk.format({kind!r})\n", 60)
        board.copy({"copied": content})
        board.fetch({"fetched": content})
        board.check("import os\nos.mkdir('lib')\nos.rename('copied', 'lib/moved')\n", 20)
        board.reset()
        script = "import os\nprint(sorted(os.listdir('/')), os.statvfs('/')[0])\n"
        assert board.run(script, 20) == f"['fetched', 'lib'] {4096 if kind == 'lfs2' else 2048}\n"
        for path in ("fetched", "lib/moved"):
            assert board.connect().fs_readfile(path) == content


LOAD = """
import gc, check, emltrees
gc.collect()
before = gc.mem_alloc()
models = [emltrees.load("/gesture" + suffix) for suffix in (".eml", ".csv")]
for model in models:
    check.predicts(model, "/gesture.vec", 7)
gc.collect()
print(check.made, before, gc.mem_alloc())
"""


@each_machine
def test_soft_reset_and_load_again(machine):
    """As often as one likes: the second time is as the first, memory included."""
    files = {"check.py": (HERE / "check.py").read_bytes(), **module_files(machine, "native")}
    files |= {name: (vectors.FOLDER / name).read_bytes() for name in vectors.files("gesture")}
    with Session(machine) as board:
        board.copy(files)
        said = []
        for _ in range(3):
            board.reset()
            said.append(board.run(LOAD, 60))
    assert said == said[:1] * 3 and int(said[0].split()[0]) > 50, said


@each_machine
def test_instructions_are_the_same_in_every_run(machine):
    script = """
import emulator
def work(n):
    for i in range(n):
        pass
work(1)
print(emulator.count(work, 10)[0], emulator.count(work, 1010)[0], emulator.count(len, "abc")[1])
"""
    counts = []
    for _ in range(2):
        with Session(machine, count_instructions=True) as board:
            counts.append(board.run(script, 20))
    few, many, length = map(int, counts[0].split())
    assert counts[0] == counts[1] and length == 3
    assert 20 < (many - few) / 1000 < 1000


def test_what_hangs_is_ended():
    with Session(cortex_m3.MACHINE) as board:
        started = time.monotonic()
        with pytest.raises(BoardError, match="has not finished in 2 s"):
            board.run("while True: pass\n", 2)
        assert time.monotonic() - started < 20
        with pytest.raises(BoardError):
            board.reset()


def test_a_firmware_that_does_not_boot_is_noticed(monkeypatch):
    monkeypatch.setattr("ports.qemu.session.BOOT_TIME", 2)
    with pytest.raises(BoardError, match="does not boot"):
        Session(cortex_m3.MACHINE, firmware=riscv32.MACHINE.build())


# A pytest plugin: no board gets the firmware that it is made for.
SPOILED = """
from boards import cortex_m3, riscv32
from ports.qemu import machine, session
firmware = {name: m.BOARD.build() for name, m in (("arm", riscv32), ("riscv32", cortex_m3))}
machine.Machine.build = lambda self: firmware[self.qemu_arch]
session.BOOT_TIME = 2
"""


def test_a_board_that_does_not_boot_fails_the_run(tmp_path):
    (tmp_path / "spoiled.py").write_text(SPOILED)
    names = ("cortex-m3", "riscv32")
    tests = [f"{HERE}/test_boards.py::test_starts[{name}]" for name in names]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "spoiled", *tests],
        cwd=HERE.parent,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{HERE}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1 and f"{len(names)} failed in" in done.stdout, done.stdout + done.stderr
    assert all(f"{name} does not boot" in done.stdout for name in names), done.stdout


def test_a_board_boots_in_one_process_only():
    """However pytest-xdist deals out the tests: four of two boards, to two processes."""
    names = ("cortex-m3", "riscv32")
    tests = [
        f"{HERE}/test_boards.py::{test}[{name}]" for test in ("test_starts", "test_failure_shows") for name in names
    ]
    command = [sys.executable, "-m", "pytest", "-n", "2", "-vv", *tests]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=HERE.parent, env=environment, capture_output=True, text=True, timeout=120)
    ran = re.findall(r"\[(gw\d)\].* PASSED .*\[(.*)\]", done.stdout)
    assert len(ran) == len(tests) and len(set(ran)) == len(names), done.stdout


def test_mpremotes_command_line():
    with Session(cortex_m3.MACHINE) as board:
        board.disconnect()
        command = [sys.executable, "-m", "mpremote", "connect", board.port]
        done = subprocess.run([*command, "exec", "print(6 * 7)"], capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == "42", done.stderr
        board.reset()
