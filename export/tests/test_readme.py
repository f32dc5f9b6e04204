"""The README's quick start, run as it is written: on the PC, then in MicroPython."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = ROOT / "build/unix/micropython"


def block(name: str) -> str:
    text = (ROOT / "README.md").read_text()
    match = re.search(rf"<!-- test: {name} -->\n```\w*\n(.*?)```", text, re.DOTALL)
    assert match, f"the README has no block {name}"
    return match.group(1)


def test_quick_start(tmp_path: Path) -> None:
    pc = subprocess.run([sys.executable, "-c", block("pc")], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "150" in pc.stdout  # the certificate speaks of all rows
    (tmp_path / "device.py").write_text(block("device"))
    device = subprocess.run(
        [MICROPYTHON, "device.py"],
        cwd=tmp_path,
        env={"MICROPYPATH": str(ROOT / "dist/x64_6.3/emltrees")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert device.stdout == block("output")
