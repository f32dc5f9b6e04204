# Transforms and filters hold what they need: every allocation collects first, that of their modules too, and what was
# taken for free is overwritten. Native only: in the twin the interpreter holds everything.
# packages: emlfft emliir
# modules: native
import gc
from array import array

import check

import emlfft
import emliir

SECTIONS = (0.0675, 0.1349, 0.0675, 1, -1.143, 0.4128, 0.131, 0.262, 0.131, 1, -0.7478, 0.2722)
N = 64


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


def noise(code, n, seed):
    out = array(code, bytes(n * (4 if code == "f" else 2)))
    for i in range(n):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        out[i] = (seed >> 15) - 32768
    return out


def transforms(fft_module, code, call, after):
    fft = call(fft_module.FFT, N)
    run = call(fft_module.FFT, N).run  # all that is left of this one
    after()
    for transform in (fft.run, run, fft.run):
        re, im = noise(code, N, 1), noise(code, N, 2)
        exponent = call(transform, re, im)
        after()
        yield exponent, bytes(re), bytes(im)
    bins = N // 2 + 1
    x, re, im = noise(code, N, 3), array(code, [0] * bins), array(code, [0] * bins)
    yield call(fft.rfft, x, re, im), bytes(re), bytes(im)
    out = array("i" if code == "h" else "f", [0] * bins)
    after()
    yield call(fft.power_spectrum, x, out, im), bytes(out)


def filters(iir_module, code, call, after):
    filter = call(iir_module.new, array("f", SECTIONS))  # nothing else holds the coefficients
    run = call(iir_module.new, array("f", SECTIONS)).run
    after()
    for step in (filter.run, filter.run, run):
        x = noise(code, 300, 4)
        call(step, x)
        after()
        yield bytes(x)
    call(filter.reset)
    after()
    x = noise(code, 300, 4)
    filter.run(x)
    yield bytes(x)


def results(code, call, after):
    modules = [(emlfft, emliir)]
    if code == "h":
        import emlfft_q15
        import emliir_q15

        modules.append((emlfft_q15, emliir_q15))
    return [(list(transforms(f, code, call, after)), list(filters(i, code, call, after))) for f, i in modules]


check.true(collecting(seen) < 10000)
for code in "fh":
    stressed = results(code, collecting, churn)  # first, so that it imports
    calm = results(code, calling, nothing)
    check.equal(stressed, calm, code)
    for transformed, filtered in stressed:
        # The same by each object, going on and after a reset.
        check.true(transformed[0] == transformed[1] == transformed[2])
        check.true(filtered[0] == filtered[2] == filtered[3] != filtered[1])
    check.true(stressed[0] == stressed[-1])
check.done()
