# Every allocation collects first, also those of the module: what it holds in C variables alone would be lost.
# Native only: in the twin the interpreter holds everything.
# models: labels regression int16 FAMILIES
# modules: native
import gc
import io
from array import array

import check

import emltrees


def made(make, *args):
    gc.threshold(1)
    try:
        return make(*args)
    finally:
        gc.threshold(-1)


def churn():
    # In place of what was taken for free by mistake.
    kept = [bytearray(b"\xa5" * (8 << i % 8)) for i in range(200)]
    del kept


def sources(name):
    data, text = check.read(name + ".eml"), check.read(name + ".csv")
    yield bytearray(data)
    yield io.BytesIO(data)
    yield (line for line in text.decode().split("\n"))
    if name in check.families():
        return  # they share load.py with the others
    yield data
    yield memoryview(bytes(16) + data)[16:]
    yield text
    yield io.BytesIO(text)
    yield text.decode().split("\n")
    yield name + ".eml"
    yield name + ".csv"


def seen():
    # Whether the threshold does what this relies on: garbage is gone before the next object is made.
    bytearray(5000)
    before = gc.mem_alloc()
    for _ in range(10):
        bytearray(5000)
    return gc.mem_alloc() - before


check.true(made(seen) < 10000)
for name in ["labels", "regression", "int16"] + check.families():
    for source in sources(name):
        model = made(check.module_of(name).load, source)
        churn()
        check.predicts(model, name + ".vec", 29)
        agreeing, rows = made(model.selftest)
        check.true(agreeing == rows > 0, agreeing, rows)


# emlearn's builder, whose tables grow.
def built():
    model = emltrees.new()
    model.setdata(1, 2)
    model.addleaf(0)
    model.addleaf(1)
    model.addroot(0)
    for i in range(40):
        model.addnode(-1 - i % 2, 1 if i < 39 else -2, 0, i)
    model.predict(array("h", [0]))
    return model


model = made(built)
churn()
check.equal([model.predict(array("h", [x])) for x in range(40)], [0, 1] * 20)
check.done()
