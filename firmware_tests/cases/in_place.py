# A model that is used where it lies, as in flash: only its object takes RAM.
# models: gesture iris_rf
# modules: native
import gc

import check

import emltrees


def file(name):
    f = open(name, "rb")
    try:
        return memoryview(f)  # in a ROMFS
    except TypeError:
        return f.read()


for name in ("gesture", "iris_rf"):
    data = file(name + ".eml")
    emltrees.load(data)  # what is made once is made here
    gc.collect()
    before = gc.mem_alloc()
    model = emltrees.load(data)
    gc.collect()
    used = gc.mem_alloc() - before
    check.true(used < 400 < len(data), used, len(data))
    for x, klass, _ in check.Vectors(name + ".vec"):  # outputs and selftest() are load.py's: they take emltrees_full
        check.equal(model.predict(x), klass)
check.done()
