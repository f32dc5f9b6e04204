"""The unix port with each object in a block of its own, under valgrind: sees what a native module touches beside them.

Nothing is collected there, so that cases about memory mean nothing; see scripts/memcheck_heap.c.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import ROOT, Board
from .unix import run_here

SECONDS = 240
COMMAND = ["valgrind", "-q", "--error-exitcode=9", str(ROOT / "build/unix-memcheck/micropython")]


def run(script: str, files: Mapping[str, bytes]) -> str:
    return run_here(COMMAND, script, files, SECONDS)


CASES = ("builder", "corrupt", "emlearn_csv", "errors", "info", "integers", "learn", "load", "state")
CASES += ("signal", "signal_gc", "cnn", "cnn_gc")
BOARD = Board("unix-memcheck", "x64", run, SECONDS, CASES, ("native",))
