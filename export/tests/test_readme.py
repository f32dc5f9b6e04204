"""The README's quick start and docs/signal.md's code, run as they are written: on the PC, then in MicroPython."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

import emlearn
from emlearn import dsp

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = ROOT / "build/unix/micropython"


def block(name: str, document: str = "README.md") -> str:
    text = (ROOT / document).read_text()
    match = re.search(rf"<!-- test: {name} -->\n```\w*\n(.*?)```", text, re.DOTALL)
    assert match, f"{document} has no block {name}"
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


def test_smaller_models() -> None:
    code = block("smaller")
    pc = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "the best for size of" in pc.stdout and "at most 0.01 lost" in pc.stdout


@pytest.mark.parametrize("code, module", (("f", "emliir"), ("h", "emliir"), ("h", "emliir_q15 as emliir")))
def test_signal(code: str, module: str, tmp_path: Path) -> None:
    """Filtered, and the power of that: on the device the bits that the PC has."""
    samples = np.random.default_rng(5).integers(-9999, 9999, 256).astype(np.int16)
    known: dict[str, object] = {"samples": samples, "print": lambda numbers: known.update(printed=numbers)}
    exec(block("design", "docs/signal.md"), known)
    # Within 2 units of float64 with these coefficients, of which float32 is less than 1 away.
    assert np.abs(dsp.sosfilt(known["quantised"], samples) - known["filtered"]).max() < 3
    filtered = dsp.sosfilt(known["sos"], samples) if code == "f" else np.asarray(known["filtered"])
    script = f"from array import array\nsamples = array({code!r}, {samples.tolist()})\n"
    on_device = block("filter", "docs/signal.md").replace("import emliir\n", f"import {module}\n")
    script += on_device.replace("[...]", str(known["printed"]))
    script += "print(bytes(samples))\n"
    if code == "f":
        script += block("spectrum", "docs/signal.md") + "print(bytes(power))\n"
    (tmp_path / "device.py").write_text(script)
    device = subprocess.run(
        [MICROPYTHON, "device.py"],
        cwd=tmp_path,
        env={"MICROPYPATH": str(ROOT / "dist/x64_6.3")},
        capture_output=True,
        text=True,
        check=True,
    )
    printed = [ast.literal_eval(line) for line in device.stdout.splitlines()]
    expected = [filtered.tobytes()]
    if code == "f":
        expected.append(dsp.power_spectrum(filtered).tobytes())
    assert printed == expected


def test_report(tmp_path: Path) -> None:
    X, X_test, y, y_test = train_test_split(*load_wine(return_X_y=True), random_state=0)
    joblib.dump(RandomForestClassifier(5, random_state=0).fit(X, y), tmp_path / "model.joblib")
    np.savetxt(tmp_path / "test.csv", np.c_[X_test, y_test], delimiter=",")
    program, *arguments = block("report").split()
    assert program == "emlearn"
    command = [sys.executable, "-c", "from emlearn.cli import main; main()", *arguments]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert emlearn.load(tmp_path / "model.eml").n_features_in_ == 13
