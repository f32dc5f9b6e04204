# Steps before a model: what is allocated, where the file lies, what is refused, and that a failure changes nothing.
# models: pipeline_trees pipeline_neighbors pipeline_linear pipeline_sums
import gc
import sys
from array import array

import check

import emlearn_csv
import emlpipeline

NATIVE = not hasattr(emlpipeline, "Tables")
NAN = float("nan")


def measure(function, *args):
    gc.collect()
    gc.disable()
    function(*args)  # what is made once is made here
    before = gc.mem_alloc()
    for _ in range(20):
        function(*args)
    used = gc.mem_alloc() - before
    gc.enable()
    return used


for name in ("pipeline_trees", "pipeline_linear"):
    model = emlpipeline.load(name + ".eml")
    x, klass, outputs = check.first_row(name + ".vec")
    out = array("f", outputs)
    if NATIVE:  # the twin computes in Python's own numbers
        check.equal(measure(model.predict, x), 0, name)
        check.equal(measure(model.predict, x, out), 0, name)
    check.raises(ValueError, model.predict, array("f", [0] * (len(x) + 1)))
    check.raises(ValueError, model.predict, x, array("f", [0] * (len(out) + 1)))
    check.raises(ValueError, model.predict, x, array("i", [0] * len(out)))
    check.raises(TypeError, model.predict, 1)
    check.raises(ValueError, model.predict, array("f", [NAN] * len(x)))  # by PCA; by the linear model
    check.equal(model.predict(array("i", [1] * len(x))), model.predict(array("f", [1] * len(x))))
    check.equal(model.info()["family"], "pipeline")

# NaN is what an imputer takes, and what an encoder does not know.
model = emlpipeline.load("pipeline_neighbors.eml")
n = model.info()["features"]
check.true(0 <= model.predict(array("f", [NAN] * n)) < 3)
model = emlpipeline.load("pipeline_sums.eml")
check.true(0 <= model.predict(array("f", [123456] * 4)) < 3)

# A read-only file is used where it lies, the model in it as well.
data = check.read("pipeline_neighbors.eml")
emlpipeline.load(data)
gc.collect()
before = gc.mem_alloc()
model = emlpipeline.load(data)
gc.collect()
used = gc.mem_alloc() - before
check.true(not NATIVE or used < 1500 < len(data), used, len(data))

# What fails leaves the model as it was.
x, klass, _ = check.first_row("pipeline_neighbors.vec")
inner = 40 + 4 * int.from_bytes(data[32:36], "little")
damaged = bytearray(data)
damaged[inner + 60] ^= 1  # of the model; its own CRC tells
crc = emlearn_csv.crc32(memoryview(damaged)[16:], emlearn_csv.crc32(memoryview(damaged)[:12]))
damaged[12:16] = (crc & 0xFFFFFFFF).to_bytes(4, "little")
check.raises(ValueError, emlpipeline.load_model, model, damaged)
check.equal(model.predict(x), klass)
check.raises(ValueError, emlpipeline.new().predict, x)

# Without the module that the model needs.
sys.modules.pop("emlknn", None)
sys.path[:] = []
message = check.raises(ImportError, emlpipeline.load, data)
check.true("emlknn" in message, message)
check.done()
