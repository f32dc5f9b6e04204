"""The twin with what is emlearn's: its CSV files, and its builder."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from twin_models import outputs_of, twin

SOFT = """f,3
c,4
lb,8
l,[255   0   0
   0]
l,[  0  64
 128  63]
r,0
r,-1
n,1,2.5,-1,1
n,2,-1.5e+00,-2,-1
"""


def test_emlearn_soft():
    model = twin.load(SOFT.encode())
    np.testing.assert_array_equal(outputs_of(model, array("h", [0, 2, 0])), [1, 0, 0, 0])
    np.testing.assert_allclose(
        outputs_of(model, array("h", [0, 3, -2])), [0.5, 32 / 255, 64 / 255, 31.5 / 255], rtol=1e-7
    )
    assert outputs_of(model, array("h", [0, 3, -1]))[0] == 1  # -1 is above -1.5
    assert model.info()["leaf"] == "counts" and model.info()["trees"] == 2 and model.info()["nodes"] == 3


def test_emlearn_hard_and_thresholds():
    text = "f,2\nc,3\nlb,0\nl,2\nl,0\nl,1\nr,0\nr,0\nn,0,{},-1,1\nn,1,1e-3,-2,-3\n"
    for threshold, left in [
        ("7.0", [7, -32768]),
        ("7.999999999999999", [7]),
        ("-0.5", [-1]),
        ("32767.5", [32767]),
        ("1e+30", [32767]),
    ]:
        model = twin.load(text.format(threshold).encode())
        assert [model.predict(array("h", [x, 0])) for x in left] == [2] * len(left)
        if left[0] < 32767:
            assert model.predict(array("h", [left[0] + 1, 0])) == 0
            assert model.predict(array("h", [left[0] + 1, 1])) == 1
    assert twin.load(text.format("-40000.5").encode()).predict(array("h", [-32768, 1])) == 1


def test_emlearn_regression():
    text = "f,1\nc,0\nlb,32\nl,4.584905660377358\nl,-7.5e-07\nr,0\nr,0\nn,0,0.5,-1,-2\n"
    model = twin.load(text.encode())
    assert model.outputs() == 1 and model.info()["classes"] == 0
    assert np.float32(model.predict(array("h", [0]))) == np.float32(4.584905660377358)
    assert model.predict(array("h", [1])) == pytest.approx(-7.5e-07, abs=2**-29)  # half a unit of values below 8


@pytest.mark.parametrize(
    "old, new, line",
    [
        ("l,[255   0", "l,[255   0 1", 5),
        ("l,[255   0", "l,[  0   0", 5),
        ("l,[255", "l,255", 4),
        ("r,-1", "r,-3", 9),
        ("r,-1", "r,2", 9),
        ("n,1,2.5,-1,1", "n,1,2.5,-1,2", 10),
        ("n,1,", "n,3,", 10),
        ("2.5", "nan", 10),
        ("2.5", "2.5.1", 10),
        ("-1,1\n", "-1,0\n", 10),
        ("-1,1\n", "-1\n", 10),
        ("c,4", "c,4,4", 2),
        ("c,4", "c,0", 3),
        ("c,4\n", "", 2),
        ("lb,8", "lb,32", 3),
        ("r,0", "x,0", 8),
        ("n,1,2.5,-1,1\nn,2,-1.5e+00,-2,-1\n", "", 8),
        ("r,0\nr,-1\n", "", 11),
    ],
)
def test_emlearn_refused(old, new, line):
    assert old in SOFT
    with pytest.raises(ValueError, match=f"^line {line}: "):
        twin.load(SOFT.replace(old, new, 1).encode())


# ---- The builder


def test_builder():
    model = twin.new(1, 2, 2)
    model.setdata(3, 2)
    model.addroot(0)
    model.addnode(-1, 1, 0, 5)
    model.addnode(-2, -1, 2, -7)
    with pytest.raises(ValueError, match="no leaf"):
        model.predict(array("h", [5, 0, 0]))
    model.addleaf(1)
    model.addleaf(0)
    assert [model.predict(array("h", x)) for x in ([5, 0, 0], [6, 0, -7], [6, 0, -6])] == [1, 0, 1]
    with pytest.raises(ValueError, match="setdata"):
        model.addleaf(1)
    model.setdata(1, 1)
    model.addleaf(0)
    model.addroot(-1)
    assert model.info()["features"] == 1


@pytest.mark.parametrize(
    "node", [(0, -1, 0, 0), (1, -1, 0, 0), (-3, -1, 0, 0), (-1, -2, 3, 0), (-1, -2, -1, 0), (-1, -2, 0, 2**31)]
)
def test_builder_refuses(node):
    with pytest.raises(ValueError):
        model = twin.new()
        model.setdata(3, 2)
        model.addleaf(0)
        model.addleaf(1)
        model.addroot(0)
        model.addnode(*node)
        model.outputs()


@pytest.mark.parametrize("missing", ["setdata", "addroot", "addleaf"])
def test_builder_incomplete(missing):
    model = twin.new()
    with pytest.raises(ValueError):
        for name, args in [("setdata", (3, 2)), ("addleaf", (1,)), ("addroot", (-1,))]:
            if name != missing:
                getattr(model, name)(*args)
        model.outputs()
