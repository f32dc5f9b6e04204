"""The emulated boards themselves: what the cases, the installer's tests and the benchmarks rest on."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from boards import cortex_m0, cortex_m3, cortex_m4f, cortex_m7, riscv32
from ports.qemu.machine import BoardError
from ports.qemu.session import Session

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


def test_firmware_is_built_once(monkeypatch):
    def refuse(*_):
        raise AssertionError("built again")

    monkeypatch.setattr("ports.qemu.machine.Machine._make", refuse)
    for machine in MACHINES.values():
        assert machine.build().stat().st_size > 100_000


def test_mpremotes_command_line():
    with Session(cortex_m3.MACHINE) as board:
        board.disconnect()
        command = [sys.executable, "-m", "mpremote", "connect", board.port]
        done = subprocess.run([*command, "exec", "print(6 * 7)"], capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == "42", done.stderr
        board.reset()
