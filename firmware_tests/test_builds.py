"""When the firmware of a board is built again: when something that it is made of has changed, and only then."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from boards import cortex_m3
from ports.qemu import machine as machines

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def build(tmp_path, monkeypatch):
    """build(machine): whether that made a firmware, in a project and of a MicroPython that are in tmp_path."""
    made = []

    def make(machine, _):
        machine.folder.mkdir(exist_ok=True)
        (machine.folder / "firmware.elf").unlink(missing_ok=True)
        if (tmp_path / "broken").exists():
            raise machines.BoardError("broken")
        (machine.folder / "firmware.elf").touch()
        made.append(machine)

    for file in ("build/mpy-dir", "scripts/need-packages.sh", "port/board.c", "port/session.py", "mpy/py/gc.c"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("#!/bin/sh\n")
    (tmp_path / "scripts/need-packages.sh").chmod(0o755)
    (tmp_path / "build/mpy-dir").write_text(f"{tmp_path / 'mpy'}\n")
    monkeypatch.setattr(machines, "ROOT", tmp_path)
    monkeypatch.setattr(machines, "PORT", tmp_path / "port")
    monkeypatch.setattr(machines.Machine, "_make", make)

    def built(machine=cortex_m3.MACHINE):
        before = len(made)
        assert machine.build() == machine.folder / "firmware.elf"
        return len(made) > before

    return built


def test_once(build):
    assert build() and not build()


@pytest.mark.parametrize("file", ["port/board.c", "port/new.c", "mpy/py/gc.c", "mpy/extmod/new.c"])
def test_again_when_content_changes(build, file, tmp_path):
    build()
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("changed")
    assert build() and not build()
    (tmp_path / file).write_text("changed")  # a later time, the same content
    assert not build()
    (tmp_path / file).unlink()
    assert build() and not build()


@pytest.mark.parametrize("file", ["port/session.py", "port/README.md", "mpy/docs/index.rst"])
def test_not_for_what_is_not_in_it(build, file, tmp_path):
    build()
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("changed")
    assert not build()


def test_again_with_other_settings(build):
    build()
    assert build(replace(cortex_m3.MACHINE, heap_size=4711))


def test_again_with_another_compiler(build, tmp_path, monkeypatch):
    build()
    (tmp_path / "arm-none-eabi-gcc").write_text("#!/bin/sh\necho another\n")
    (tmp_path / "arm-none-eabi-gcc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert build() and not build()


def test_again_when_it_is_gone(build):
    build()
    (cortex_m3.MACHINE.folder / "firmware.elf").unlink()
    assert build()


def test_again_after_a_failure(build, tmp_path):
    build()
    (tmp_path / "broken").touch()
    (tmp_path / "port/board.c").write_text("changed")
    for _ in range(2):
        with pytest.raises(machines.BoardError, match="broken"):
            build()
    (tmp_path / "broken").unlink()
    assert build() and not build()


def test_nothing_is_left_to_build():
    """As `make test` has built everything before it runs this."""
    for command in ([sys.executable, "firmware_tests/build.py"], ["make", "build/firmware/xtensawin/micropython"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0 and "Building" not in done.stdout, done.stdout + done.stderr
