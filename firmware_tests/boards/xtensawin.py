"""MicroPython on an emulated Xtensa with register windows, as an ESP32 has: qemu-xtensa in user mode.

Its twin is the unix port's, byte for byte, and slow here.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import ROOT, Board
from .unix import run_here

SECONDS = 240


def run(script: str, files: Mapping[str, bytes]) -> str:
    return run_here([str(ROOT / "build/firmware/xtensawin/micropython")], script, files, SECONDS)


BOARD = Board("xtensawin", "xtensawin", run, SECONDS, modules=("native",), damaged={"native": 600})
