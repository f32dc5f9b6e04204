"""examples/activity_small: the figures of its README, on a bare Cortex-M0 and in MicroPython with 16 kB of RAM."""

from __future__ import annotations

import re
import subprocess
import sys

from boards import ROOT

EXAMPLE = ROOT / "examples" / "activity_small"
SECONDS = 300


def said(script):
    done = subprocess.run([sys.executable, EXAMPLE / script], capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def numbers(pattern, text):
    return [int(number.replace(",", "")) for number in re.search(pattern, text).groups()]


# One test: pytest-xdist would have two processes train.
def test_budget():
    readme = (EXAMPLE / "README.md").read_text()
    trained = said("train.py")
    right, nbytes = numbers(r"small: (\d+) of 552, ([\d,]+) bytes", trained)
    # Another machine's scikit-learn may round otherwise in training, which moves a few windows.
    stated, size = numbers(r"small: .*?\| (\d+) of 552 \| ([\d,]+)", readme)
    assert abs(right - stated) <= 5 and abs(nbytes - size) <= size // 10
    (exact,) = numbers(r"exact: (\d+) of 552", trained)
    (sklearn,) = numbers(r"scikit-learn: (\d+) of 552", trained)
    assert exact == sklearn

    found = said("budget.py")
    assert re.search(r"C on a Cortex-M0, (\d+)/\1 classes and all", found), found
    assert re.search(r"C on this machine, 552/552 classes and all", found), found
    flash, ram = (numbers(rf"{name} +([\d,]+) bytes of", found)[0] for name in ("flash", "RAM"))
    assert flash <= 10_000 and ram <= 800
    (stated,) = numbers(r"RAM: .*?\| (\d+) \|", readme)
    assert ram <= stated
    (heap,) = numbers(r"heap +([\d,]+) bytes", found)
    (stated,) = numbers(r"it needs ([\d,]+) bytes of\nheap", readme)
    assert abs(heap - stated) <= 64  # a few blocks: the model's size moves nothing else
