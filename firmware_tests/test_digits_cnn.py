"""examples/digits_cnn: the figures of its README, and the same bits on PC and devices."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from boards import ROOT, boards, module_files
from emlearn._cnn_core import CnnCore

import emlearn

EXAMPLE = ROOT / "examples" / "digits_cnn"
NAMES = ("unix", "cortex-m0", "cortex-m3", "cortex-m4f", "cortex-m7", "riscv32", "xtensawin")
FLASH, RAM = 2400, 1400  # bytes, what TinyMaix states of its network for MNIST

# After main.py: what the network says of all images, by bits.
BITS = """
with open("digits.bin", "rb") as digits:
    while digits.readinto(head) == 2 and digits.readinto(image):
        model.run(image, chances)
        print("bits", *bytes(chances))
"""
# Of main.py, what takes no screen.
ALL = """
from array import array
import tinymaix_cnn
with open("digits.tmdl", "rb") as file:
    model = tinymaix_cnn.new(file.read())
image, head, chances = bytearray(784), bytearray(2), array("f", bytes(40))
"""

# The same where files stay in flash: the object is all that takes RAM.
IN_FLASH = """
import gc
from array import array
import tinymaix_cnn
data, digits = (memoryview(open(name, "rb")) for name in ("digits.tmdl", "digits.bin"))
chances = array("f", bytes(40))
gc.collect()
before = gc.mem_alloc()
model = tinymaix_cnn.new(data)
gc.collect()
print("takes", gc.mem_alloc() - before)
for at in range(2, len(digits), 786):
    model.run(digits[at : at + 784], chances)
    print("bits", *bytes(chances))
"""


@pytest.fixture(scope="module")
def example():
    """The example's modules, with Keras on its NumPy back end; other examples have modules of the same names."""
    names = ("data", "convert", "prepare")
    kept = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    folders = [str(EXAMPLE), str(ROOT / "export" / "tests")]
    sys.path[:0] = folders
    try:
        import keras_numpy

        keras_numpy.load()
        import convert
        import prepare

        yield SimpleNamespace(convert=convert, prepare=prepare)
    finally:
        for folder in folders:
            sys.path.remove(folder)
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


@pytest.fixture(scope="module")
def digits(example):
    return example.convert.data.digits()


@pytest.fixture(scope="module")
def model():
    return emlearn.load(EXAMPLE / "digits.tmdl")


def stated(pattern):
    """A number in the README."""
    return int(re.search(pattern, (EXAMPLE / "README.md").read_text())[1].replace(",", ""))


def table_row(title):
    """The numbers of a line of the README's table of boards."""
    (line,) = re.findall(rf"^\| {re.escape(title)} \|(.*)\|$", (EXAMPLE / "README.md").read_text(), re.MULTILINE)
    return [int(cell.replace(",", "")) for cell in line.split("|")]


def test_split(digits):
    (X, y), (X_test, y_test) = digits
    assert np.all(np.bincount(y) == 400) and np.all(np.bincount(y_test) == 100)
    assert len({image.tobytes() for image in np.concatenate((X, X_test))}) == 5000  # none is in both


def test_accuracy(example, digits, model):
    (X, _), (X_test, y_test) = digits
    predicted = model.predict(X_test[..., None])
    right = int(np.sum(predicted == y_test))
    assert right == stated(r"accuracy: (\d+) of 1000, says int8") >= 970

    trained = example.convert.network()
    float32 = np.argmax(trained.predict(X_test[..., None], verbose=0), axis=1)
    # Another machine's sums in float32 round otherwise, which may change an image between two digits.
    assert abs(int(np.sum(float32 == y_test)) - stated(r"accuracy: (\d+) of 1000, says Keras")) <= 1
    agreeing = int(np.sum(float32 == predicted))
    assert abs(agreeing - stated(r"agreement: (\d+) of 1000")) <= 1 and agreeing >= 990

    # The network's own sums are of float64 here, so that a scale in the file, of float32, depends on no machine.
    again = example.convert.converted(trained, X)
    again.golden = again.certificate = None
    assert again.save(format="tmdl") == (EXAMPLE / "digits.tmdl").read_bytes()


@pytest.fixture(scope="module")
def memory():
    """What a run needs."""
    return CnnCore((EXAMPLE / "digits.tmdl").read_bytes()).memory_size


def test_memory(memory):
    size = (EXAMPLE / "digits.tmdl").stat().st_size
    assert size == stated(r"([\d,]+) bytes of file") <= FLASH
    assert memory == stated(r"([\d,]+) bytes of RAM") <= RAM


def expected(model, X, y):
    """What main.py and BITS print, but for pictures, memory and time."""
    outputs = model.predict_proba(X[..., None]).astype(np.float32)
    digits = model.predict(X[..., None])
    lines = [f"written {a}, read {b}, on the PC {b}" for a, b in zip(y, digits, strict=True)]
    bits = [" ".join(["bits", *map(str, row.tobytes())]) for row in outputs]
    return lines, f"{np.sum(digits == y)} of {len(y)} right, {len(y)} as on the PC", bits


def test_the_same_on_pc_and_device(example, digits, model, memory):
    X, y = digits[1]
    predicted = model.predict(X[..., None])
    chosen = example.prepare.shown(y, predicted)
    assert len(chosen) == 10 + example.prepare.SHOWN
    lines, last, bits = expected(model, X[chosen], y[chosen])
    files = {name: (EXAMPLE / name).read_bytes() for name in ("digits.tmdl",)}
    files["digits.bin"] = example.prepare.images(X[chosen], y[chosen], predicted[chosen])
    script = (EXAMPLE / "main.py").read_text() + BITS
    *_, others, xtensa = table_row("network with its object, bytes of RAM")
    assert memory < others <= RAM
    known = {board.name: board for board in boards()}
    runs = [(known[name], "native") for name in NAMES] + [(known[NAMES[0]], "twin")]
    for board, module in runs:
        said = board.run(script, {**files, **module_files(board, module, "tinymaix_cnn")}).splitlines()
        where = (board.name, module)
        assert [line for line in said if line.startswith("written")] == lines, where
        assert [line for line in said if line.startswith("bits")] == bits, where
        (end,) = [line for line in said if "as on the PC;" in line]
        ram, microseconds = re.fullmatch(rf"{last}; (\d+) bytes of RAM, (\d+|None) us an image", end).groups()
        if module != "twin" and board.name == "unix":  # whose pointers have 64 bits
            assert others < int(ram) <= RAM
        elif module != "twin":
            assert int(ram) == (xtensa if board.name == "xtensawin" else others), where
        pictures = "\n".join(line for line in said if not re.match("written|bits|.*PC;", line))
        assert set(pictures) == set("\n .:+#"), where


def test_all_images_on_a_device(example, digits, model):
    X, y = digits[1]
    board = next(board for board in boards() if board.name == NAMES[0])
    files = {"digits.tmdl": (EXAMPLE / "digits.tmdl").read_bytes(), "digits.bin": example.prepare.images(X, y, y)}
    said = board.run(ALL + BITS, {**files, **module_files(board, "native", "tinymaix_cnn")}).splitlines()
    assert said == expected(model, X, y)[2]


def test_in_flash_with_16_kb_of_ram(example, digits, model):
    X, y = (each[:8] for each in digits[1])
    files = {"digits.tmdl": (EXAMPLE / "digits.tmdl").read_bytes(), "digits.bin": example.prepare.images(X, y, y)}
    board = next(board for board in boards() if board.name == "cortex-m0-16k")
    takes, *said = board.run(IN_FLASH, {**files, **module_files(board, "native", "tinymaix_cnn")}).splitlines()
    assert said == expected(model, X, y)[2]
    assert int(takes.split()[1]) <= RAM < len(files["digits.tmdl"])
