"""What `make dist` made is installed by mpremote's mip, over HTTP, into MicroPython's unix port."""

from __future__ import annotations

import functools
import http.server
import json
import os
import pty
import subprocess
import sys
import threading
import tty
from pathlib import Path

import pytest
import vectors

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
if not (DIST / "manifest.json").exists():
    pytest.skip("there is no dist/manifest.json: make dist", allow_module_level=True)
MANIFEST = json.loads((DIST / "manifest.json").read_text())
# Not every package has a twin.
OFFERED = [
    (arch, package)
    for package in MANIFEST["packages"]
    for arch, described in MANIFEST["architectures"].items()
    if package in described["modules"]
]
HERE = "x64"  # the architecture that this machine can import


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def host():
    handler = functools.partial(Quiet, directory=ROOT)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def mpremote(tmp_path):
    """Runs mpremote with a unix port whose files are in tmp_path and whose library is lib/; returns what it prints."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    (tmp_path / "lib").mkdir()
    repl = str(Path(__file__).with_name("raw_repl.py"))
    board = subprocess.Popen(
        [str(ROOT / "build/unix/micropython"), repl],
        cwd=tmp_path,
        env={**os.environ, "MICROPYPATH": str(tmp_path / "lib")},
        stdin=ours,
        stdout=ours,
    )

    def run(*arguments):
        command = [sys.executable, "-m", "mpremote", "connect", os.ttyname(theirs), *arguments]
        done = subprocess.run(command, timeout=60, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        return done.stdout

    yield run
    board.kill()
    board.wait()
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("arch, package", OFFERED)
def test_by_url(arch, package, host, mpremote, tmp_path):
    mpremote("mip", "install", f"{host}/dist/{arch}_{MANIFEST['abi']}/{package}")
    check_files(arch, package, tmp_path / "lib")


@pytest.mark.parametrize("arch, package", OFFERED)
def test_by_index(arch, package, host, mpremote, tmp_path):
    mpremote("mip", "install", "--index", f"{host}/dist/{arch}_{MANIFEST['abi']}", package)
    check_files(arch, package, tmp_path / "lib")


def test_by_path(mpremote, tmp_path):
    mpremote("mip", "install", f"{DIST}/{HERE}_{MANIFEST['abi']}/emltrees/package.json")
    check_files(HERE, "emltrees", tmp_path / "lib")


def test_one_file(host, mpremote, tmp_path):
    mpremote("mip", "install", f"{host}/dist/{HERE}_{MANIFEST['abi']}/emltrees.mpy")
    assert [path.name for path in (tmp_path / "lib").iterdir()] == ["emltrees.mpy"]


def test_by_version(host, mpremote, tmp_path):
    index = f"{host}/dist/{HERE}_{MANIFEST['abi']}"
    mpremote("mip", "install", "--index", index, f"emltrees@{MANIFEST['version']}")
    check_files(HERE, "emltrees", tmp_path / "lib")


def check_files(arch, package, folder):
    """The folder holds the package's modules of this architecture, and nothing else."""
    wanted = [m for m in MANIFEST["packages"][package] if m in MANIFEST["architectures"][arch]["modules"]]
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{module}.mpy" for module in wanted)
    for module in wanted:
        assert (folder / f"{module}.mpy").read_bytes() == (DIST / f"{arch}_{MANIFEST['abi']}/{module}.mpy").read_bytes()


def test_installed_once(host, mpremote):
    """The hashes in the index are those that mip computes of the files on the board."""
    command = ["mip", "install", "--index", f"{host}/dist/{HERE}_{MANIFEST['abi']}", "emltrees"]
    assert "Exists" not in mpremote(*command)
    assert mpremote(*command).count("Exists") == len(MANIFEST["packages"]["emltrees"])


def test_installs_and_predicts(host, mpremote, tmp_path):
    """One command a step: the module, the model, a prediction."""
    vectors.files("labels")
    mpremote("mip", "install", f"{host}/dist/{HERE}_{MANIFEST['abi']}/emltrees")
    mpremote("fs", "cp", str(vectors.FOLDER / "labels.csv"), ":model.csv")
    said = mpremote("exec", "import emltrees; print(*emltrees.load('model.csv').selftest(), emltrees.__file__)")
    agreeing, rows, file = said.split()
    assert agreeing == rows != "0" and file == str(tmp_path / "lib/emltrees.mpy")


def test_sums():
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=DIST, check=True)


# As MicroPython's py/persistentcode.h numbers them.
ARMS = {"armv6m": 4, "armv7m": 5, "armv7emsp": 7, "armv7emdp": 8}
ARCH_CODES = {"py": 0, "x64": 2, **ARMS, "xtensawin": 10, "rv32imc": 11}


def test_manifest():
    """It speaks of the files that are there, and each is for the architecture that it says."""
    for arch, described in MANIFEST["architectures"].items():
        assert described["compiler"]
        for module, file in described["modules"].items():
            content = (DIST / file["file"]).read_bytes()
            assert len(content) == file["bytes"]
            code = ARCH_CODES[arch] if "flags" in file else 0  # bytecode
            assert content[:2] == b"M\x06" and content[2] >> 2 == code, (arch, module)
            assert str(ROOT) not in file.get("flags", "")
