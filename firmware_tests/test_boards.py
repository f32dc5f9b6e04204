"""Each case on each board, with the native module and with the twin."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import networks
import pytest
import signals
import vectors
from boards import boards, module_files, words
from families import FEW, MODELS, TABLE, WORDS, packages

HERE = Path(__file__).parent
BOARDS = {board.name: board for board in boards()}
MODULES = ("native", "twin")
OTHERS = {"signal.txt": signals.lines, **networks.FILES}  # files of cases that are about no model


def said(case, what):
    """Words of the line `# what: ...` of a case."""
    found = re.search(rf"^# {what}: (.*)$", (HERE / "cases" / f"{case}.py").read_text(), re.MULTILINE)
    return [name for word in found[1].split() for name in WORDS.get(word, [word])] if found else []


def runs():
    for board in BOARDS.values():
        for case in sorted(path.stem for path in (HERE / "cases").glob("*.py")):
            if board.cases is not None and case not in board.cases:
                continue
            for module in said(case, "modules") or MODULES:
                if module not in board.modules:
                    continue
                models = said(case, "models")
                some = FEW if module in board.few else MODELS
                for name in some if models == ["*"] else [None]:
                    label = "-".join(filter(None, (module, case, name)))
                    if label not in board.no_room:
                        label = f"{board.name}-{label}"
                        yield pytest.param(board, module, case, name, id=label)


@pytest.mark.parametrize("arch", words()["ALL_ARCHES"])
def test_every_module_runs_on(arch):
    """What `modules`, `signal` and `cnn` show where they run; and each case, with all models, runs somewhere."""
    ran = [run.values for run in runs() if run.values[0].arch == arch and run.values[1] == "native"]
    shown = set().union(*map(packages, MODELS), *(said(case, "packages") for case in ("signal", "modules", "cnn")))
    assert shown == set(words()["PACKAGES"])
    assert {case for _, _, case, _ in ran} == {path.stem for path in (HERE / "cases").glob("*.py")}
    lacking = set(MODELS) - {model for _, _, _, model in ran}
    if any(board.arch == arch and "native" in board.few for board in BOARDS.values()):
        assert lacking == {*MODELS} - {*FEW}
    else:
        assert lacking <= {"wide"}  # 17,000 features, which Cortex-M0 has no room for


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_starts(board):
    script = "import sys\nprint(sys.implementation.name, 6 * 7)\n"
    assert board.run(script, {}).split() == ["micropython", "42"]


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_failure_shows(board):
    """What the cases below rest on: an exception on the board is seen here."""
    files = {"check.py": (HERE / "check.py").read_bytes()}
    output = board.run("import check\ncheck.equal(1, 2)\ncheck.done()\n", files)
    assert "AssertionError" in output and not re.search(r"^OK", output, re.MULTILINE)


IMPORT = """
try:
    import emltrees
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_module_for_something_else(board):
    """What MicroPython checks before it runs anything of a module."""
    ours = module_files(board, "native")["emltrees.mpy"]
    arch = "rv32imc" if board.arch.startswith("arm") else "armv6m"
    other = module_files(replace(board, arch=arch), "native")["emltrees.mpy"]
    abi = ours[:2] + bytes([ours[2] ^ 1]) + ours[3:]
    for module, message in ((other, "incompatible .mpy arch"), (abi, "incompatible .mpy file")):
        assert board.run(IMPORT, {"emltrees.mpy": module}) == f"ValueError {message}\n"


ARMS = ("armv6m", "armv7m", "armv7emsp", "armv7emdp")


@pytest.mark.parametrize(
    "board, arch",
    [
        pytest.param(board, arch, id=f"{board.name}-{arch}")
        for board in BOARDS.values()
        if board.arch in ARMS
        for arch in ARMS[: ARMS.index(board.arch)]
    ],
)
def test_module_for_a_lower_arm(board, arch):
    """MicroPython takes it, and it may pass floats in other registers: the module passes none."""
    files = {"check.py": (HERE / "check.py").read_bytes(), **module_files(replace(board, arch=arch), "native")}
    files["families"] = TABLE
    for file in vectors.files("regression"):
        files["model" + Path(file).suffix] = (vectors.FOLDER / file).read_bytes()
    assert board.run((HERE / "cases" / "predict.py").read_text(), files).startswith("OK ")


@pytest.mark.parametrize("board, module, case, model", list(runs()))
def test_case(board, module, case, model, record_property):
    for key, value in (("arch", board.arch), ("board", board.name), ("module", module)):
        record_property(key, value)
    record_property("case", case if model is None else f"{case} {model}")
    names = [model] if model else said(case, "models")
    needed = {*said(case, "packages")} or set().union(*map(packages, names), () if model else ("emltrees",))
    own = module_files(board, module, *sorted(needed))
    files = {"check.py": (HERE / "check.py").read_bytes(), **own, "families": TABLE}
    files["modules"] = repr(sorted(name.removesuffix(".mpy") for name in own if module == "native")).encode()
    files |= {name: OTHERS[name]() for name in said(case, "files")}
    for name in names:
        for file in vectors.files(name):
            path = Path(file)
            content = vectors.part(file, board.rows.get(module), board.damaged.get(module))
            files["model" + path.suffix if model else file] = content
    output = board.run((HERE / "cases" / f"{case}.py").read_text(), files)
    verdict = re.fullmatch(r"OK ([0-9]+) checks", output.strip())
    assert verdict and int(verdict[1]) > 0, output
