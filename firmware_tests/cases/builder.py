# emlearn's builder methods.
from array import array

import check

import emltrees


def built():
    # x[0] <= 5 ? (x[1] <= -2 ? 0 : 1) : 2; then a tree that is leaf 1; then x[1] <= 3 ? 2 : 0
    model = emltrees.new(3, 20, 3)
    model.setdata(2, 3)
    for klass in (0, 1, 2):
        model.addleaf(klass)
    model.addroot(0)
    model.addroot(-2)
    model.addroot(2)
    model.addnode(1, -3, 0, 5)
    model.addnode(-1, -2, 1, -2)
    model.addnode(-3, -1, 1, 3)
    return model


ROWS = (
    ((5, -2), [1, 1, 1], 0),
    ((5, -1), [0, 2, 1], 1),
    ((6, -2), [0, 1, 2], 2),
    ((6, 4), [1, 1, 1], 0),
    ((0, 4), [1, 2, 0], 1),
)


def right(model):
    out = array("f", [0, 0, 0])
    for x, votes, klass in ROWS:
        check.equal(model.predict(array("h", x)), klass, x)
        model.predict(array("h", x), out)
        check.equal([int(p * 3 + 0.5) for p in out], votes, x)


model = built()
right(model)
info = model.info()
check.equal((info["features"], info["classes"], info["trees"], info["nodes"]), (2, 3, 3, 4))
check.equal((info["dtype"], info["leaf"], model.outputs(), model.selftest()), ("int16", "hard", 3, (0, 0)))
check.equal([model.label(i) for i in range(3)], [0, 1, 2])
right(model)

# The order is free: nodes first, leaves last.
model = emltrees.new()
model.setdata(2, 3)
model.addnode(1, -3, 0, 5)
model.addnode(-1, -2, 1, -2)
model.addnode(-3, -1, 1, 3)
for root in (0, -2, 2):
    model.addroot(root)
for klass in (0, 1, 2):
    model.addleaf(klass)
right(model)

# Thresholds beyond int16 are decided, whatever the feature.
for value, klass in ((32767, 0), (40000, 0), (-32769, 1)):
    model.setdata(1, 2)
    model.addleaf(0)
    model.addleaf(1)
    model.addroot(0)
    model.addnode(-1, -2, 0, value)
    for x in (-32768, 0, 32767):
        check.equal(model.predict(array("h", [x])), klass, value, x)


# Wrong ones are refused, when they are added or at the first use.
def refused(*steps):
    model = emltrees.new()
    try:
        for step in steps:
            getattr(model, step[0])(*step[1:])
        model.predict(array("h", [0, 0]))
    except ValueError:
        return check.true(True)
    check.true(False, "taken", steps)


START = ("setdata", 2, 2), ("addleaf", 0), ("addleaf", 1)
refused(("setdata", 0, 2))
refused(("setdata", 2, 0))
refused(("setdata", 65536, 2))
refused(("setdata", 2, 65536))
refused(*START)
refused(*START, ("addroot", 0))
refused(*START, ("addnode", -1, -2, 0, 0))
refused(*START, ("addroot", 1), ("addnode", -1, -2, 0, 0))
refused(*START, ("addroot", -3))
refused(*START, ("addleaf", 2), ("addroot", -3))
refused(*START, ("addleaf", -1))
refused(*START, ("addroot", 0), ("addnode", 0, -2, 0, 0))
refused(*START, ("addroot", 0), ("addnode", -1, 0, 0, 0))
refused(*START, ("addroot", 0), ("addnode", 1, -2, 0, 0))
refused(*START, ("addroot", 0), ("addnode", -1, 5, 0, 0))
refused(*START, ("addroot", 0), ("addnode", -3, -2, 0, 0))
refused(*START, ("addroot", 0), ("addnode", -1, -2, 2, 0))
refused(*START, ("addroot", 0), ("addnode", -1, -2, -1, 0))

# What was forgotten can be added after the error.
model = emltrees.new()
model.setdata(1, 3)
model.addleaf(1)
model.addleaf(2)
model.addleaf(0)
model.addnode(-1, -2, 0, 7)
check.raises(ValueError, model.predict, array("h", [7]))
model.addroot(0)
check.equal((model.predict(array("h", [7])), model.predict(array("h", [8]))), (1, 2))

# A child that no packed node can hold, and many leaves: the same with larger nodes.
model = emltrees.new()
model.setdata(2, 3)
for klass in (0, 1, 2):
    model.addleaf(klass)
model.addroot(0)
model.addnode(2, 1, 0, 5)
model.addnode(-1, -1, 1, 0)
model.addnode(-2, -3, 1, 3)
check.equal([model.predict(array("h", x)) for x in ((5, 3), (5, 4), (6, 0))], [1, 2, 0])
check.done()
