# Neighbours that are learned on the device: additem, getitem, getresult, save, and labels beyond those of the file.
# models: knn_int16 knn_float
from array import array

import check

try:
    from os import remove
except ImportError:  # the port for Xtensa lacks it, and what is left there is in nobody's way

    def remove(name):
        pass


emlknn = check.module_of("knn_int16")


def square(a, b):
    return sum([(v - w) * (v - w) for v, w in zip(a, b)])  # noqa: B905


def root(n):
    found = 0
    for bit in range(31, -1, -1):
        if (found | 1 << bit) * (found | 1 << bit) <= n:
            found |= 1 << bit
    return found


# Squares up to those of the extremes, whose sums have 34 bits; 13 classes; a tie at the end, which the first item wins.
ITEMS = [[-32768, -32768, -32768], [32767, 32767, 32767], [0, 0, 0], [32767, -32768, 1]]
ITEMS += [[i * 701 - 4000, (i * i * 97) % 9000, 5 - i * 1000] for i in range(12)] + [[0, 0, 0]]
for code in "hf":
    model = emlknn.new(len(ITEMS), 3, 1)
    check.raises(ValueError, model.predict, array(code, [0, 0, 0]))
    check.raises(ValueError, model.save, "learned.eml")
    for i, item in enumerate(ITEMS):
        model.additem(array(code, item), i % 13)
    check.raises(ValueError, model.additem, array(code, ITEMS[0]), 1)
    for wrong in (array(code, [1, 2]), array(code, [1, 2, 3, 4])):
        check.raises(ValueError, emlknn.new(5, 3, 1).additem, wrong, 0)
    model.save("learned.eml")
    again = emlknn.load("learned.eml")
    check.equal(again.info(), model.info())
    check.equal((model.outputs(), [model.label(i) for i in range(13)]), (13, list(range(13))))
    out, item = array("f", [0] * 13), array(code, [0, 0, 0])
    for m in (model, again):
        for i, expected in enumerate(ITEMS):
            check.equal(m.getitem(i, item), i % 13)
            check.equal([int(v) for v in item], expected)
        for bad in (-1, len(ITEMS)):
            check.raises(ValueError, m.getitem, bad, item)
            check.raises(ValueError, m.getresult, bad)
        for x in ITEMS + [[v // 2 + 3 for v in item] for item in ITEMS]:
            squares = [square(x, item) for item in ITEMS]
            nearest = squares.index(min(squares))
            check.equal(m.predict(array(code, x)), nearest % 13, x)
            index, distance, label = m.getresult(0)
            check.equal((index, label), (nearest, nearest % 13))
            # Of floats by float32, 24 bits.
            exact = root(min(squares))
            check.true(
                distance == exact if code == "h" else abs(distance - min(squares) ** 0.5) <= exact * 2**-20, x, distance
            )
            m.predict(array(code, x), out)
            check.equal([i for i in range(13) if out[i]], [nearest % 13])
    remove("learned.eml")

# Three at a time, nearest first; fewer where there are fewer.
model = emlknn.new(4, 1, 3)
model.additem(array("h", [10]), 2)
check.equal((model.predict(array("h", [0])), model.getresult(0)), (2, (0, 10, 2)))
check.raises(ValueError, model.getresult, 1)
for value, label in ((-7, 1), (3, 2), (9, 1)):
    model.additem(array("h", [value]), label)
check.equal(model.predict(array("h", [0])), 1)
check.equal([model.getresult(i) for i in range(3)], [(2, 3, 2), (1, 7, 1), (3, 9, 1)])
for label in (-1, 65535):
    check.raises(ValueError, emlknn.new(2, 1, 1).additem, array("h", [0]), label)
for hints in ((), (0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 70000, 1)):
    check.raises(ValueError, emlknn.new(*hints).additem, array("h", [0]), 0)

# A file with labels has room for no more items, but its own may be read.
for name in ("knn_int16", "knn_float"):
    model = check.load(name)
    x = check.first_row(name + ".vec")[0]
    check.raises(ValueError, model.additem, x, 0)
    check.true(0 <= model.getitem(0, x) < model.info()["classes"])
    model.predict(x)
    check.equal(model.getresult(0)[:2], (0, 0))
    model.save("copy.eml")
    copy = emlknn.load("copy.eml")
    check.equal((copy.info(), copy.selftest()), (model.info(), (0, 0)))
    check.predicts(copy, name + ".vec", 3)
    remove("copy.eml")
check.done()
