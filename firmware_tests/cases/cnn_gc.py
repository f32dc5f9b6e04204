# Networks hold what they need: every allocation collects first, that of their modules too, and what was taken for free
# is overwritten. Native only: in the twin the interpreter holds everything.
# files: golden.tmdl ours.tmdl ours_fp32.tmdl
# packages: tinymaix_cnn tinymaix_cnn_fp32
# modules: native
import gc
from array import array

import check

import tinymaix_cnn
import tinymaix_cnn_fp32


def collecting(function, *args):
    gc.threshold(1)
    try:
        return function(*args)
    finally:
        gc.threshold(-1)


def churn():
    kept = [bytearray(b"\xa5" * (8 << i % 8)) for i in range(200)]
    del kept


def calling(function, *args):
    return function(*args)


def nothing():
    pass


def seen():
    # Whether the threshold does what this relies on: garbage is gone before the next object is made.
    bytearray(5000)
    before = gc.mem_alloc()
    for _ in range(10):
        bytearray(5000)
    return gc.mem_alloc() - before


def sources(name):
    # Nothing but the network is left of what it was made from.
    yield check.read(name)
    yield bytearray(check.read(name))
    yield memoryview(bytes(16) + check.read(name))[16:]
    yield memoryview(b"xy" + check.read(name))[2:]


def results(module, name, call, after):
    found = []
    for source in sources(name):
        model = call(module.new, source)
        run = call(module.new, source).run  # all that is left of this one
        source = None
        after()
        h, w, c = call(model.input_dimensions)
        x = bytes([i * 37 & 255 for i in range(h * w * c)])
        out = array("f", [0] * call(model.outputs))
        for each in (model.run, run, model.run):
            call(each, x, out)
            after()
            found.append(bytes(out))
        check.raises(ValueError, call, each, x, out[1:])
        labels = call(getattr, model, "labels")
        after()
        found.append((labels, call(model.selftest), call(model.info)))
        check.equal(call(model.output_dimensions), (3,))
    return found


check.true(collecting(seen) < 10000)
for module, name in (
    (tinymaix_cnn, "golden.tmdl"),
    (tinymaix_cnn, "ours.tmdl"),
    (tinymaix_cnn_fp32, "ours_fp32.tmdl"),
):
    stressed = results(module, name, collecting, churn)  # first, so that it imports
    calm = results(module, name, calling, nothing)
    check.equal(stressed, calm, name)
    check.equal(stressed[:4] * 4, stressed, name)
    check.true(stressed[0] == stressed[1] == stressed[2])
    path = collecting(module.load, name)
    check.equal(path.info(), stressed[3][2])
check.done()
