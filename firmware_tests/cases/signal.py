# Transforms and filters compute what the PC does, to the bit, for float32 and int16; nothing is allocated by the way;
# bad input is refused.
# files: signal.txt
# packages: emlfft emliir
import gc
import sys
from array import array

import check

import emlfft
import emliir

try:
    from binascii import crc32
except ImportError:

    def crc32(data, crc=0):
        crc ^= 0xFFFFFFFF
        for byte in bytes(data):
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
        return crc ^ 0xFFFFFFFF


native = not hasattr(emlfft, "sine_q30")


def noise(n, seed):
    out = array("h", bytes(2 * n))
    for i in range(n):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        out[i] = (seed >> 15) - 32768
    return out


def crc(exponent, *arrays):
    total = 0
    for x in arrays:
        total = crc32(x, total)
    if exponent is not None:
        total = crc32(array("h", [exponent]), total)
    return total & 0xFFFFFFFF


def allocated(function, *args):
    gc.collect()
    gc.disable()
    function(*args)  # what is made once is made here
    before = gc.mem_alloc()
    for _ in range(3):
        function(*args)
    used = gc.mem_alloc() - before
    gc.enable()
    return used


with open("signal.txt") as f:
    sections = array("f", bytes(array("i", [int(word) for word in f.readline().split()])))
    expected = {}
    for line in f:
        key, _, value = line.strip().rpartition(" ")
        expected[key] = int(value)

# ---- Transforms

for n in (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096):
    if not native and n > 128:
        break
    fft = emlfft.FFT(n)
    bins = n // 2 + 1
    for code in "fh":
        gc.collect()
        re, im = array(code, noise(n, 1)), array(code, noise(n, 2))
        check.equal(crc(fft.run(re, im), re, im), expected[" ".join(("fft", code, str(n)))], code, n)
        x = array(code, noise(n, 1))
        re = im = None
        gc.collect()
        re, im = array(code, [0] * bins), array(code, [0] * bins)
        check.equal(crc(fft.rfft(x, re, im), re, im), expected[" ".join(("rfft", code, str(n)))], code, n)
        out = array("i" if code == "h" else "f", [0] * bins)
        check.equal(crc(fft.power_spectrum(x, out, im), out), expected[" ".join(("power", code, str(n)))], code, n)
        if native and n == 64:
            big = array(code, noise(n, 1)), array(code, noise(n, 2))
            check.equal(allocated(fft.run, *big), 0)
            check.equal(allocated(fft.rfft, x, re, im), 0)
            check.equal(allocated(fft.power_spectrum, x, out, im), 0)
        re = im = x = out = None

# As emlearn-micropython's scripts call it.
fft = emlfft.FFT(8)
emlfft.fill(fft, 8)
fft.fill(array("f", [0] * 4), array("f", [0] * 4))
for code in "fh":
    re, im = array(code, [1] + [0] * 7), array(code, [0] * 8)
    exponent = fft.run(memoryview(re), im)
    scale = 1 if exponent is None else 2.0**exponent
    check.equal([x * scale for x in re] + list(im), [1] * 8 + [0] * 8)

for n in (-8, 0, 1, 4, 7, 9, 12, 4095, 8192, 1 << 20, (1 << 30) + 8):
    check.raises(ValueError, emlfft.FFT, n)
check.raises(TypeError, emlfft.FFT)
check.raises(TypeError, emlfft.FFT, 8, 8)
check.raises(TypeError, emlfft.FFT, "8")
for code in "fh":
    x, other = array(code, [0] * 8), array("h" if code == "f" else "f", [0] * 8)
    wrong = (array(code, [0] * 7), array(code, [0] * 9), array(code), array("i", [0] * 8), array("b", [0] * 8), other)
    for bad in wrong:
        check.raises(ValueError, fft.run, x, bad)
        check.raises(ValueError, fft.rfft, x, array(code, [0] * 5), bad)
        check.raises(ValueError, fft.rfft, x, bad, array(code, [0] * 5))
        check.raises(ValueError, fft.power_spectrum, x, bad, array(code, [0] * 5))
        if len(bad) != 8:
            check.raises(ValueError, fft.run, bad, x)
            check.raises(ValueError, fft.rfft, bad, array(code, [0] * 5), array(code, [0] * 5))
    for bad in ([0] * 8, None, 8):
        check.raises(TypeError, fft.run, x, bad)
        check.raises(TypeError, fft.run, bad, x)
if native:
    import emlfft_full

    check.raises(TypeError, emlfft_full.real, x, x, x, x, x)
    check.raises(TypeError, emlfft_full.expect, None, x)
    check.raises(TypeError, fft.run, bytes(32), bytes(32))

    # Those of int16 alone.
    import emlfft_q15
    import emlfft_q15_full

    for n in (-8, 0, 1, 4, 7, 9, 12, 4095, 8192, 1 << 20, (1 << 30) + 8):
        check.raises(ValueError, emlfft_q15.FFT, n)
    check.raises(TypeError, emlfft_q15.FFT)
    check.raises(TypeError, emlfft_q15.FFT, 8, 8)
    check.raises(TypeError, emlfft_q15.FFT, "8")
    for bad in (fft, bytearray(32), (8,), None):
        check.raises(TypeError, emlfft_q15_full.real, bad, x, x, x, x)
    for bad in (array("f", [0] * 8), array("h", [0] * 7)):
        check.raises(ValueError, emlfft_q15.FFT(8).run, bad, bad)
    emlfft_q15.fill(emlfft_q15.FFT(8), 8)

# ---- Filters

for n in (1, 2, 3):
    filter = emliir.new(sections[: 6 * n])
    for code in "fh":
        key = " ".join(("iir", code, str(n)))
        x = array(code, noise(600, 3))
        filter.run(x)
        check.equal(crc(None, x), expected[key], key)
        # In pieces, after a reset.
        filter.reset()
        x = array(code, noise(600, 3))
        for start, end in ((0, 1), (1, 1), (1, 255), (255, 600)):
            filter.run(memoryview(x)[start:end])
        check.equal(crc(None, x), expected[key], key)
        filter.run(x)
        filter.reset()
        gc.collect()
        x = array(code, noise(600, 3))
        filter.run(x)
        check.equal(crc(None, x), expected[key], key)
        if native:
            check.equal(allocated(filter.run, x), 0)
            check.equal(allocated(filter.reset), 0)

identity = [1, 0, 0, 1, 0, 0]
check.raises(TypeError, emliir.new)
check.raises(TypeError, emliir.new, identity)
for code, bad in (("f", []), ("f", identity[:5]), ("f", identity + [1]), ("h", identity), ("d", identity)):
    check.raises(ValueError, emliir.new, array(code, bad))
for place, value in ((3, 2), (3, 0), (0, float("nan")), (4, float("inf")), (1, -float("inf"))):
    check.raises(ValueError, emliir.new, array("f", identity[:place] + [value] + identity[place + 1 :]))
filter = emliir.new(array("f", identity))
for bad in (array("i", [1]), array("b", [1]), array("H", [1]), array("d", [1])):
    check.raises(ValueError, filter.run, bad)
check.raises(TypeError, filter.run, [1.0])
check.raises(TypeError, filter.run)
x = array("h", [32767, -32768, 1, 0])
filter.run(x)
check.equal(list(x), [32767, -32768, 1, 0])
# What int16 cannot do: unstable, on the unit circle, too near to it, too loud, silent.
for bad in (
    [1, 0, 0, 1, 0, 1],
    [1, 0, 0, 1, -2, 1],
    [1, 0, 0, 1, 0, 1.5],
    [1, 0, 0, 1, 3, 0.5],
    [1, 0, 0, 1, -1.9999999, 0.9999999],
    [100, 0, 0, 1, 0, 0],
    [1e30, 0, 0, 1, 0, 0],
    [1e-9, 0, 0, 1, 0, 0],
    [0, 0, 0, 1, 0, 0],
):
    filter = emliir.new(array("f", bad))
    check.raises(ValueError, filter.run, array("h", [1]))
    if native:
        import emliir_q15

        check.raises(ValueError, emliir_q15.new, array("f", bad))
if native:
    check.raises(TypeError, emliir_q15.new)
    check.raises(TypeError, emliir_q15.new, identity)
    for code, bad in (("f", []), ("f", identity[:5]), ("f", identity + [1]), ("h", identity), ("d", identity)):
        check.raises(ValueError, emliir_q15.new, array(code, bad))
    filter = emliir_q15.new(array("f", identity))
    for bad in (array("f", [1]), array("i", [1]), array("b", [1])):
        check.raises(ValueError, filter.run, bad)
    for name in ("other", "sos", "nothing"):
        check.true(not hasattr(filter, name))
    # run and reset are one function, told apart by the number of their arguments.
    check.raises(TypeError, filter.run)
    check.raises(TypeError, filter.reset, array("h", [1]))
    check.raises(TypeError, emliir_q15.new, filter)

    def store():
        filter.run = None

    check.raises(AttributeError, store)
# Saturation: twice as loud.
filter = emliir.new(array("f", [2, 0, 0, 1, 0, 0]))
x = array("h", [20000, -20000, 16383, -16384, 5])
filter.run(x)
check.equal(list(x), [32767, -32768, 32766, -32768, 10])
modules = eval(check.read("modules"))  # all that are built; of twins none
check.true(not modules or modules == sorted(name for name in sys.modules if name.startswith("eml")))
check.done()
