"""examples/activity: each device says of people that the model has not seen what the PC says, window by window."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from boards import ROOT, Board, cortex_m0, cortex_m3, cortex_m4f, cortex_m7, module_files, riscv32, unix, xtensawin
from ports.qemu.session import Session

import emlearn

EXAMPLE = ROOT / "examples" / "activity"
SECONDS = 120
MACHINES = [module.MACHINE for module in (cortex_m0, cortex_m3, cortex_m4f, cortex_m7, riscv32)]


@pytest.fixture(scope="module")
def example():
    """The example's module; other examples have modules of the same names."""
    names = ("data", "train")
    kept = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(EXAMPLE))
    try:
        import train

        yield train
    finally:
        sys.path.remove(str(EXAMPLE))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


def expected(recordings, model, data, size):
    """What main.py prints, by the core on the PC."""
    lines, right = [], 0
    for r in recordings:
        for label in model.predict(data.windows([r], size)[0]):
            lines.append(f"{r.subject} {r.arm} {r.exercise} {label}")
            right += label == r.exercise
    return "\n".join([*lines, f"accuracy: {right} of {len(lines)}", ""])


def on(device, files):
    script = files["main.py"].decode()
    files = {name: content for name, content in files.items() if name != "main.py"}
    if isinstance(device, Board):
        return device.run(script, files)
    with Session(device) as session:
        session.fetch(files)
        session.reset()
        return session.run(script, SECONDS)


# One test: pytest-xdist would have two processes train.
def test_the_same_on_pc_and_device(example):
    done = subprocess.run([sys.executable, EXAMPLE / "train.py"], capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    data, folder = example.data, example.BOARD
    unknown = data.split(data.recordings(example.OUT))[1]
    model = emlearn.load(folder / "activity.eml")
    assert model.save(format="eml") == emlearn.load(folder / "activity.csv").save(format="eml")
    said = expected(unknown, model, data, example.WINDOW)
    accuracy = said.splitlines()[-1]
    assert done.stdout.endswith(f"{accuracy}, says scikit-learn\n{accuracy}, says the C core\n"), done.stdout
    # Another machine's linear algebra rounds otherwise in training, by which few windows can change.
    right, total = map(int, re.findall(r"[0-9]+", accuracy))
    stated = re.search(r"accuracy: ([0-9]+) of ([0-9]+)", (EXAMPLE / "README.md").read_text())
    assert int(stated[2]) == total and abs(int(stated[1]) - right) <= 0.01 * total

    files = {name: (folder / name).read_bytes() for name in ("main.py", "activity.eml", "motion.bin")}

    def modules(device, module="native"):
        return module_files(device, module, "emlfeatures", "emllinear")

    for device in (unix.BOARD, *MACHINES):
        assert on(device, {**files, **modules(device)}) == said, device.name
    # Some of each exercise where it takes longer: the emulated Xtensa, and the twin.
    some = list({r.exercise: r._replace(samples=r.samples[: 2 * example.WINDOW]) for r in unknown}.values())
    assert len(some) == len(data.EXERCISES)
    files["motion.bin"] = example.stream(some)
    said = expected(some, model, data, example.WINDOW)
    for device, module in ((xtensawin.BOARD, "native"), (unix.BOARD, "twin")):
        assert on(device, {**files, **modules(device, module)}) == said, (device.name, module)
