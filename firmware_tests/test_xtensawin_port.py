"""MicroPython's port for qemu-xtensa, which is ours: firmware_tests/ports/xtensawin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PORT = ROOT / "firmware_tests/ports/xtensawin"
MICROPYTHON = ROOT / "build/firmware/xtensawin/micropython"


def run(*arguments, folder, **environment):
    command = [MICROPYTHON, *arguments]
    environment = {"PATH": "/usr/bin:/bin", **environment}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def test_selftest(tmp_path):
    done = run(PORT / "selftest.py", folder=tmp_path)
    assert done.stdout == "OK\n" and done.returncode == 0, done.stdout + done.stderr


def test_windows(tmp_path):
    """setjmp, longjmp and windows_spill, by every kind of call: compiled code uses only one."""
    assembler = [sys.executable, "-B", ROOT / "toolchain/xtensawin/cc.py", "--gnu-ld", "-c", "-o"]
    for name in ("windows", "windows_test"):
        subprocess.run([*assembler, tmp_path / f"{name}.o", PORT / f"{name}.s"], check=True)
    objects = [tmp_path / "windows_test.o", tmp_path / "windows.o"]
    linker = ["xtensa-lx106-elf-ld", "--no-relax", "--no-warn-rwx-segments", "-T", PORT / "link.ld", "-o"]
    subprocess.run([*linker, tmp_path / "test.elf", *objects], check=True)
    assert subprocess.run(["qemu-xtensa", "-cpu", "de233_fpu", tmp_path / "test.elf"], timeout=20).returncode == 0


@pytest.mark.parametrize(
    "script, status",
    [("pass", 0), ("raise SystemExit", 0), ("raise SystemExit(3)", 3), ("import sys; sys.exit(4)", 4), ("1 // 0", 1)],
)
def test_exit_status(script, status, tmp_path):
    (tmp_path / "script.py").write_text(script)
    assert run("script.py", folder=tmp_path).returncode == status


def test_finds_modules(tmp_path):
    for folder in ("scripts", "a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"of_{folder}.py").write_text(f"name = '{folder}'")
    (tmp_path / "scripts/main.py").write_text(
        "import sys, of_a, of_b, of_scripts\nprint(of_a.name, of_b.name, of_scripts.name, *sys.argv[1:])"
    )
    done = run("scripts/main.py", "x", "y", folder=tmp_path, MICROPYPATH="a:b")
    assert done.stdout == "a b scripts x y\n", done.stdout


def test_imports_the_native_module(tmp_path):
    (tmp_path / "script.py").write_text("import emltrees, emltrees_csv\nprint(emltrees.__file__)")
    folder = ROOT / "dist/xtensawin_6.3/emltrees"
    assert run("script.py", folder=tmp_path, MICROPYPATH=str(folder)).stdout == f"{folder}/emltrees.mpy\n"
