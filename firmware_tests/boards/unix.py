"""MicroPython's unix port on this machine."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from . import ROOT, Board

SECONDS = 60


def run_here(command: list[str], script: str, files: Mapping[str, bytes], seconds: float) -> str:
    """Run the script in an empty folder with these files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {**files, "script.py": script.encode()}.items():
            Path(folder, name).write_bytes(content)
        environment = {**os.environ, "MICROPYPATH": ""}
        done = subprocess.run(
            [*command, "script.py"],
            cwd=folder,
            env=environment,
            timeout=seconds,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    return done.stdout if done.returncode == 0 else f"{done.stdout}\nexit status {done.returncode}\n"


def run(script: str, files: Mapping[str, bytes]) -> str:
    return run_here([str(ROOT / "build/unix/micropython"), "-X", "heapsize=8m"], script, files, SECONDS)


BOARD = Board("unix", "x64", run, SECONDS)
