# The collector runs, and memory is used again, between loading and predicting.
# models: labels regression int16 FAMILIES
import gc
import io
from array import array

import check

import emltrees


def churn():
    # Fills what is free with other objects, so that what was collected by mistake is overwritten.
    gc.collect()
    kept = [None] * 400
    try:
        for i in range(200):
            kept[2 * i] = bytearray(b"\xa5" * (8 << i % 8))
            kept[2 * i + 1] = [i] * (i % 13)
    except MemoryError:
        pass  # small boards are full
    del kept
    gc.collect()
    for i in range(200):
        bytearray(b"\x5a" * (8 << i % 8))


def make(name, kind):
    # Nothing but the model is left of what it was made from.
    data, text = check.read(name + ".eml"), check.read(name + ".csv")
    load = check.module_of(name).load
    if kind == 0:
        return load(data)
    if kind == 1:
        return load(bytearray(data))
    if kind == 2:
        return load(memoryview(bytes(16) + data)[16:])
    if kind == 3:
        return load(bytearray(data), True)
    if kind == 4:
        return load(io.BytesIO(data))
    if kind == 5:
        return load(text)
    if kind == 6:
        return load(text.decode().split("\n"))
    return load(memoryview(b"xy" + data)[2:])


def lines(name):
    # Collects while the loader is at work.
    with open(name) as f:
        for line in f:
            gc.collect()
            yield line


def stress(name):
    for kind in range(8):
        model = make(name, kind)
        churn()
        check.predicts(model, name + ".vec", 10)
        agreeing, rows = model.selftest()
        check.true(agreeing == rows > 0)
    model = check.module_of(name).load(lines(name + ".csv"))
    churn()
    check.predicts(model, name + ".vec", 10)


for name in ("labels", "regression", "int16"):
    stress(name)

models = [make(name, kind) for kind in range(8) for name in ("labels", "regression", "int16")]
churn()
for i, model in enumerate(models):
    check.predicts(model, ("labels", "regression", "int16")[i % 3] + ".vec", 25)
churn()
check.equal(models[0].label(1), "gr\u00fcn")

# emlearn's files and the builder keep tables of their own while they grow.
text = "f,1\nc,2\nlb,0\nl,0\nl,1\nr,0\n"
for i in range(300):
    text += "n,0," + str(i) + "," + str(-1 - i % 2) + "," + str(1 if i < 299 else -2) + "\n"


def churning():
    for i, line in enumerate(text.split("\n")):
        if i % 16 == 0:
            churn()
        yield line


emlearn = emltrees.load(churning())
churn()
built = emltrees.new()
built.setdata(1, 2)
built.addleaf(0)
built.addleaf(1)
built.addroot(0)
for i in range(300):
    built.addnode(-1 - i % 2, 1 if i < 299 else -2, 0, i)
    if i % 16 == 0:
        churn()
for x in range(-2, 300):
    expected = 0 if x < 0 else x % 2
    check.equal((emlearn.predict(array("h", [x])), built.predict(array("h", [x]))), (expected, expected), x)

# The other families, when there is room for their modules.
del models, model, emlearn, built
for name in check.families():
    gc.collect()
    stress(name)
check.done()
