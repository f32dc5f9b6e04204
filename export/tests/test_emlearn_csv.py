"""CSV files of emlearn, read as scikit-learn meant them; and ours, as emlearn's reader takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from emlearn._core import TreesCore
from emlearn.ir import trees as ir
from emlearn.ir.trees import Document
from emlearn.readers import read
from emlearn.writers import csv, eml
from support import random_ensemble
from test_passes import build

import emlearn

GOLDEN = Path(__file__).parent / "golden"


def emlearn_walk(text, row, decide, parse):
    """Leaf rows that emlearn's rows lead to: only f, c, lb, l, r and n count."""
    rows = [line.split(",") for line in text.replace("\n ", " ").splitlines()]
    nodes = [(int(f), parse(t), int(a), int(b)) for tag, f, t, a, b, *_ in (r + [""] * 5 for r in rows) if tag == "n"]
    leaves = [r[1] for r in rows if r[0] == "l"]
    reached = []
    for root in [int(r[1]) for r in rows if r[0] == "r"]:
        at = root
        while at >= 0:
            feature, threshold, left, right = nodes[at]
            child = left if decide(row[feature], threshold) else right
            at = child if child < 0 else at + child
        reached.append(leaves[-1 - at])
    return reached


def numbers(leaf):
    return np.array([float(cell) for cell in leaf.strip("[]").split()])


@pytest.mark.parametrize("kind", ["hard", "soft", "value", "many"])
def test_files_of_emlearn(kind):
    path = GOLDEN / f"emlearn_{kind}.csv"
    text = path.read_bytes().decode().replace("\r\n", "\n")
    model = emlearn.load(path)
    assert model.dtype == "int16"
    random = np.random.default_rng(0)
    X = random.integers(0, 17 if kind == "many" else 80, (500, model.n_features_in_))
    reached = [emlearn_walk(text, row, lambda x, t: x <= t, float) for row in X]
    if kind == "value":
        assert np.allclose(
            model.predict(X), [np.mean([float(leaf) for leaf in leaves]) for leaves in reached], rtol=1e-6
        )
        return
    if kind == "hard":
        assert model.leaf == "hard"
        expected = [np.mean([np.eye(3)[int(leaf)] for leaf in leaves], axis=0) for leaves in reached]
    else:
        assert model.leaf == "counts"
        expected = [np.mean([numbers(leaf) / numbers(leaf).sum() for leaf in leaves], axis=0) for leaves in reached]
    assert np.max(np.abs(model.predict_proba(X) - expected)) < 1e-6
    assert len(np.unique(model.predict(X))) > 1


@pytest.mark.parametrize(
    "change, message",
    [
        (("n,2,", "n,9,"), "no such feature"),
        (("r,0", "r,77"), "a reference is out of range"),
        (("lb,0", "lb,32"), "does not go with"),
        (("l,0", "l,3"), "expected one class below 3"),
        (("l,0", "q,0"), "unknown row 'q'"),
        (("r,0\r\n", "r,0\r\nl,0\r\n"), "a row 'l' after rows 'r'"),
        ((",-1,", ",-9,"), "a reference is out of range"),
        ((",-1,", ",0,"), "a reference is out of range"),
        (("f,4\r\n", ""), "0 rows 'f'"),
        ((",-1,", ",one,"), "'one' is no integer"),
    ],
)
def test_bad_files_of_emlearn(change, message):
    text = (GOLDEN / "emlearn_hard.csv").read_bytes().decode()
    assert change[0] in text
    with pytest.raises(ValueError, match=message):
        read(text.replace(*change, 1).encode())


def test_emlearn_reads_our_integer_files_as_hard_votes():
    """Its reader truncates thresholds, asks `value < threshold`, and ignores the rows that it does not know."""
    random = np.random.default_rng(7)
    ensemble = random_ensemble(random, 5, 40, 6, 4, np.arange(-9, 9) + 0.5)
    text = csv.write(Document(build(ensemble, ir.DTYPE_INT16)))
    X = random.integers(-10, 10, (300, 6))
    votes = [[int(leaf) for leaf in emlearn_walk(text, row, lambda x, t: x < t, int)] for row in X]
    expected = [np.argmax(np.bincount(v, minlength=4)) for v in votes]
    hard = TreesCore(eml.write(Document(build(ensemble, ir.DTYPE_INT16, "hard"))))
    assert np.array_equal(hard.classes(X.astype(np.int16)), expected)


def test_values_are_rounded_to_float32_first():
    text = "f,1\nc,0\nlb,32\nl,{}\nl,{}\nr,0\nn,0,0.5,-1,-2\n"
    above = "1.00000005960464477540"  # as float64 it lies in the middle of two float32, and would go to the even one
    trees = read(text.format(above, "-0.1").encode()).trees
    assert trees.exponent == -30
    expected = [np.float32(1 + 2**-23), np.float32(-0.1)]
    assert trees.values.tolist() == [int(np.rint(float(value) * 2**30)) for value in expected]
    with pytest.raises(ValueError, match="does not fit in float32"):
        read(text.format("3.5e38", "1").encode())
