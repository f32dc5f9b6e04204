"""What the tests of `emlearn deploy` share: its commands, as a user calls them, and the files they leave on a board."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path

import pytest
from boards import cortex_m3
from click.testing import CliRunner
from emlearn.cli import main
from emlearn.device import Link
from emlearn.device.link import DIGEST
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

import emlearn

DIST = Path(__file__).resolve().parents[1] / "dist"
ABI = "6.3"
if not (DIST / "manifest.json").exists():
    pytest.skip("there is no dist/manifest.json: make dist", allow_module_level=True)
one_machine = pytest.mark.xdist_group(cortex_m3.MACHINE.name)


def make_models(folder):
    """Two certified models in both formats."""
    X, y = load_iris(return_X_y=True)
    for seed, name in enumerate(("iris", "changed")):
        model = emlearn.convert(RandomForestClassifier(5, random_state=seed).fit(X, y))
        model.certify(X, y)
        for suffix in ("csv", "eml"):
            model.save(file=folder / f"{name}.{suffix}")
    return folder


def run(*arguments):
    """The exit code, and what the command says."""
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output.strip()


def succeed(*arguments):
    code, output = run(*arguments)
    assert code == 0, output
    return output


def fail(*arguments):
    code, output = run(*arguments)
    assert code == 1, output
    return " ".join(output.split())


def package(arch):
    """Files of emltrees, by path on a board."""
    folder = DIST / f"{arch}_{ABI}"
    names = [name for name, _ in json.loads((folder / "emltrees/package.json").read_text())["urls"]]
    return {f"/lib/{name}": (folder / name).read_bytes() for name in names}


def files(port):
    """The SHA-256 of each file on the board, by path."""
    with Link(port) as link:
        script = """
def walk(folder):
    for entry in os.ilistdir(folder or '/'):
        path = folder + '/' + entry[0]
        if entry[1] == 0x4000:
            walk(path)
        else:
            print(path)
"""
        paths = link.run(f"import os\n{script}walk('')").split()
        return {path: ast.literal_eval(link.run(DIGEST.format(path, 4096))) for path in paths}


def sums(contents):
    return {path: hashlib.sha256(content).digest() for path, content in contents.items()}
