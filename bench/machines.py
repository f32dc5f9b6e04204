"""The emulated boards, by what QEMU calls machines."""

import sys

from models import ROOT

sys.path.insert(0, str(ROOT / "firmware_tests"))
from boards import ABI, boards  # noqa: E402
from ports.qemu.machine import Machine  # noqa: E402

SECONDS = 600  # limit for a run


def machines():
    """Return those that have room for the models."""
    modules = [sys.modules[f"boards.{board.name.replace('-', '_')}"] for board in boards()]
    return [m for m in (getattr(module, "MACHINE", None) for module in modules) if isinstance(m, Machine)]


def folder(arch):
    """Where the modules are; arch: as in dist/."""
    return ROOT / "dist" / f"{arch}_{ABI}"


def module_files(arch):
    """Name: content of what the board imports; arch: as in dist/."""
    return {path.name: path.read_bytes() for path in folder(arch).glob("emltrees*.mpy")}
