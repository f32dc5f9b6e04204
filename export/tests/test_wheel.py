"""What is installed from a source tree with and without native modules in dist/."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"
FILES = ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py")
FOLDERS = ("export/emlearn", "src")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what pip needs, because it leaves things behind."""
    folder = tmp_path_factory.mktemp("source")
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "_eml*.*"))
    return folder


def pip(source, *arguments):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, "--no-deps"]
    environment = {**os.environ, "CFLAGS": "-O0"}  # it need not be fast
    command += ["--no-build-isolation", "-q", str(source)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def emlearn(folder, *arguments):
    """Run the command from the package in this folder."""
    code = "import sys, emlearn.cli; assert sys.argv.pop(1) in emlearn.__file__; emlearn.cli.main(prog_name='emlearn')"
    command = [sys.executable, "-c", code, str(folder), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.returncode, " ".join(done.stderr.split())


def test_without_modules(source, tmp_path):
    pip(source, "install", "--target", str(tmp_path))
    code, told = emlearn(tmp_path, "install", "emltrees", "--port", "socket://127.0.0.1:1")
    assert code == 1 and 'carries no modules for boards. In a checkout, run "make dist"' in told


@pytest.mark.skipif(not (DIST / "manifest.json").exists(), reason="there is no dist/manifest.json: make dist")
def test_wheel(source, tmp_path):
    manifest = json.loads((DIST / "manifest.json").read_text())
    shutil.copytree(DIST, source / "dist")
    pip(source, "wheel", "-w", str(tmp_path))
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = {name for name in wheel.namelist() if name.startswith("emlearn/mpy/")}
        assert {f"emlearn/reporting/{name}" for name in ("page.html", "style.css")} <= set(wheel.namelist())
        wanted = set()
        for arch, described in manifest["architectures"].items():
            for module in described["modules"].values():
                name = f"emlearn/mpy/{module['file']}"
                assert wheel.read(name) == (DIST / module["file"]).read_bytes()
                wanted.add(name)
            for package in described["modules"].keys() & manifest["packages"]:  # not all have a twin
                wanted.add(f"emlearn/mpy/{arch}_{manifest['abi']}/{package}/package.json")
        assert names >= wanted
        assert not any("/file/" in name or name.count("/") > 3 and name.endswith(".mpy") for name in names)
        wheel.extractall(tmp_path / "installed")
    # As far as a board that is not there.
    code, told = emlearn(tmp_path / "installed", "install", "emltrees", "--port", "socket://127.0.0.1:1")
    assert code == 1 and "cannot open socket://127.0.0.1:1" in told
    for arch in manifest["architectures"]:
        (tmp_path / f"installed/emlearn/mpy/{arch}_{manifest['abi']}/emltrees.mpy").unlink()
    code = "from emlearn.device.install import package_files; package_files('emltrees', 'armv6m')"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert "armv6m_6.3/emltrees.mpy. In a checkout" in done.stderr
