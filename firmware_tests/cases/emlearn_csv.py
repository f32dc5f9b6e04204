# CSV files as emlearn 0.23 writes them: lines end with CR LF but the last, thresholds are decimals. A feature not above
# a threshold goes left, as in scikit-learn.
# models: FAMILIES
import io
from array import array

import check

import emltrees

others = [check.module_of(name) for name in check.families()]  # while there is room

HARD = (
    "f,2\r\nc,3\r\nlb,0\r\nl,0\r\nl,1\r\nl,2\r\nr,0\r\nr,2\r\nr,-2\r\nn,0,-3.5,1,-2\r\nn,1,7.0,-3,-1\r\nn,1,2.25,-3,-2"
)
# NumPy breaks long rows into lines.
SOFT = "f,1\r\nc,4\r\nlb,8\r\nl,[255   0   0   0]\r\n"
SOFT += "l,[ 50\n   0\n 200\n   0]\r\nl,[ 0 85 85 85]\r\nr,0\r\nn,0,0.5,-1,1\r\nn,0,1.5,-2,-3"
VALUE = "f,1\r\nc,0\r\nlb,32\r\nl,0.5\r\nl,-2500.0\r\nl,1e-3\r\nr,0\r\nr,0\r\nn,0,0.5,-1,1\r\nn,0,1.999999,-2,-3"


def sources(text):
    yield text.encode()
    yield bytearray(text.encode())
    yield io.StringIO(text)
    yield io.BytesIO(text.encode())
    yield text.split("\r\n")
    yield iter(text.split("\n"))
    yield io.StringIO(text.replace("\r", ""))


def probabilities(model, *x):
    out = array("f", [9] * model.outputs())
    model.predict(array("h", x), out)
    return list(out)


def rounded(*values):
    return list(array("f", values))


for source in sources(HARD):
    model = emltrees.load(source)
    check.equal((model.info()["dtype"], model.info()["leaf"]), ("int16", "hard"))
    check.equal(probabilities(model, -4, 7), rounded(0, 2 / 3, 1 / 3))
    check.equal(probabilities(model, -4, 8), rounded(1 / 3, 2 / 3, 0))
    check.equal(probabilities(model, -4, 2), rounded(0, 1 / 3, 2 / 3))
    check.equal(probabilities(model, -3, 3), rounded(0, 1, 0))
    check.equal([model.predict(array("h", x)) for x in ((-4, 7), (-4, 2), (-3, 2), (32767, -32768))], [1, 2, 1, 1])
    check.raises(ValueError, model.predict, array("f", [0, 0]))

for source in sources(SOFT):
    model = emltrees.new(1, 1, 1)
    emltrees.load_model(model, source)
    check.equal((model.info()["classes"], model.info()["leaf"]), (4, "counts"))
    check.equal(probabilities(model, 0), [1, 0, 0, 0])
    check.equal(probabilities(model, 1), rounded(0.2, 0, 0.8, 0))
    check.equal(probabilities(model, 2), rounded(0, 1 / 3, 1 / 3, 1 / 3))
    check.equal([model.predict(array("h", [x])) for x in (-9, 0, 1, 2)], [0, 0, 2, 1])

for source in sources(VALUE):
    model = emltrees.load(source)
    check.equal((model.outputs(), model.info()["leaf"]), (1, "value"))
    check.equal([model.predict(array("h", [x])) for x in (0, 1)], [0.5, -2500.0])
    check.true(abs(model.predict(array("h", [2])) - 1e-3) <= 2**-20)  # half a unit beside -2500
    check.equal(probabilities(model, 1), [-2500])

BAD = (
    ("l,2", "l,3"),
    ("l,2", "l,-1"),
    ("l,2", "l,x"),
    ("l,2", "l,[1 2]"),
    ("r,2", "r,3"),
    ("r,-2", "r,-4"),
    ("n,0,", "n,2,"),
    ("n,0,", "n,-1,"),
    ("-3.5", "nan"),
    ("-3.5", "3.5.5"),
    ("1,-2\r", "3,-2\r"),
    ("1,-2\r", "0,-2\r"),
    ("1,-2\r", "1,-4\r"),
    ("1,-2\r", "1\r"),
    ("1,-2\r", "1,-2,3\r"),
    ("c,3", "c,2"),
    ("f,2", "f,0"),
    ("f,2", "g,2"),
    ("f,2\r\n", ""),
    ("c,3\r\n", ""),
    ("r,0\r\nr,2\r\nr,-2\r\n", ""),
)
for old, new in BAD:
    check.true(old in HARD)
    text = HARD.replace(old, new, 1)
    for source in (text.encode(), io.StringIO(text), text.split("\r\n")):
        check.raises(ValueError, emltrees.load, source)
check.raises(ValueError, emltrees.load, (SOFT[: SOFT.index("200")]).encode())
for module in others:
    for source in (HARD.encode(), io.StringIO(HARD), HARD.split("\r\n")):
        check.raises(ValueError, module.load, source)
check.done()
