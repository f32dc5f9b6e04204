# Convolutional networks compute what the PC does, to the bit, for all types of input and output; nothing is allocated
# by the way; bad input and damaged files are refused.
# files: networks.bin damaged.bin golden.tmdl
# packages: tinymaix_cnn tinymaix_cnn_fp32
import gc
import sys
from array import array

import check

import tinymaix_cnn

native = not hasattr(tinymaix_cnn, "CNN")
MODULES = {"int8": "tinymaix_cnn", "fp32": "tinymaix_cnn_fp32"}
SIZE = {"B": 1, "b": 1, "f": 4}


def records():
    # Name, module, the file, and (input, bytes of the output) of rows of one type, an array for outputs of theirs.
    with open("networks.bin", "rb") as f:
        while True:
            line = f.readline()
            if not line:
                return
            name, kind, size, parts = line.decode().split()
            data = f.read(int(size))
            for _ in range(int(parts)):
                code, n, out_code, n_out, n_rows = f.readline().decode().split()
                rows = []
                for _ in range(int(n_rows)):
                    x = array(code, f.read(int(n) * SIZE[code]))
                    rows.append((x, f.read(int(n_out) * SIZE[out_code])))
                if native or kind == "int8":
                    yield name, MODULES[kind], data, rows, array(out_code, [0] * int(n_out))


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


def agrees(model, rows, out):
    for i, (x, expected) in enumerate(rows):
        for k in range(len(out)):
            out[k] = 77
        check.equal(model.run(x, out), None)
        check.equal(bytes(out), expected, i)


def refuses(model, x, out):
    # What this network does not take.
    n, code = len(x), repr(x)[7]
    for size in (0, n - 1, n + 1):
        message = check.raises(ValueError, model.run, array(code, [0] * size), out)
        check.true(str(n) in message and str(size) in message, message)
    for size in (0, len(out) - 1, len(out) + 1):
        message = check.raises(ValueError, model.run, x, array("f", [0] * size))
        check.true(str(len(out)) in message and str(size) in message, message)
    for bad in "hHiIlLqQd":
        check.raises(ValueError, model.run, array(bad, [0] * n), out)
        check.raises(ValueError, model.run, x, array(bad, [0] * len(out)))
    for bad in ([0] * n, None, 5, "x" * n):
        if not isinstance(bad, str):  # whose memory is bytes
            check.raises(TypeError, model.run, bad, out)
        check.raises(TypeError, model.run, x, bad)
    check.raises(TypeError, model.run, x, bytes(4 * len(out)))
    check.raises(TypeError, model.run)
    check.raises(TypeError, model.run, x)
    for value in ("nan", "inf", "-inf"):
        bad = array("f", [0] * n)
        bad[n // 2] = float(value)
        check.raises(ValueError, model.run, bad, out)


# ---- Results

seen = 0
last = None
for name, module, data, rows, out in records():
    gc.collect()
    seen += 1
    new = __import__(module).new
    model = new(data)
    agrees(model, rows if native else rows[-2:], out)  # the twin takes its time
    x = rows[0][0]
    shape = model.input_dimensions()
    check.equal(len(shape), 3)
    check.equal(shape[0] * shape[1] * shape[2], len(x))
    n_out = 1
    for size in model.output_dimensions():
        n_out *= size
    check.equal(n_out, len(out), name)
    check.true(0 < model.memory() < 1 << 14)
    if native:
        check.equal(allocated(model.run, x, out), 0, name)
    if (name, module) == last:
        continue
    last = name, module
    # A copy of what can be written, or does not lie at a multiple of 4.
    odd = bytes(1) + data
    sources = [bytearray(data), array("B", data), memoryview(odd)[1:], memoryview(bytearray(data))]
    for source in sources if native else sources[:1]:
        model = new(source)
        if isinstance(source, (bytearray, array)):
            for i in range(len(source)):
                source[i] = 0
        agrees(model, rows[:1], out)
    # Where it lies: only the object takes memory.
    if native:
        gc.collect()
        before = gc.mem_alloc()
        model = new(memoryview(data))
        used = gc.mem_alloc() - before
        check.true(used <= model.memory() + 128, used, model.memory())
    refuses(model, x, out)
    agrees(model, rows[:1], out)
    if type(x[0]) is float:
        check.equal(name, None, "the first of a network's records is of bytes")
    wrong = MODULES["int8" if module == MODULES["fp32"] else "fp32"]
    if native:
        message = check.raises(ValueError, __import__(wrong).new, data)
        check.true(module in message, message)
check.equal(seen, 20 if native else 12)

# As emlearn-micropython's scripts use it: bytes of an image, and as many probabilities as the first dimension says.
with open("golden.tmdl", "rb") as f:
    data = array("B", f.read())
model = tinymaix_cnn.new(data)
n = model.output_dimensions()[0]
probabilities = array("f", (-1 for _ in range(n)))
h, w, c = model.input_dimensions()
model.run(bytearray(h * w * c), probabilities)
check.true(n == 3 and abs(sum(probabilities) - 1) < 1e-6)  # three float32 below 1, each off by 2^-25, and two sums
check.true(0 <= list(probabilities).index(max(probabilities)) < 3)

# ---- What tools know

model = tinymaix_cnn.load("golden.tmdl")
agreeing, total = model.selftest()
check.true(agreeing == total == 2, agreeing, total)
check.equal(model.labels, ["\nblue", "gr\u00fcn", 7])
check.equal(model.label(1), "gr\u00fcn")
check.equal(model.outputs(), 3)
for i in (-1, 3, 1 << 20):
    check.raises(ValueError, model.label, i)
info = model.info()
check.equal((info["type"], info["input"], info["output"], info["layers"]), ("int8", (h, w, c), (3,), 5))
check.true(64 < info["bytes"] < len(data))
check.true("agree" in info["certificate"])
x = bytes(h * w * c)
model.run(x, probabilities)
check.equal(model.predict(x), list(probabilities).index(max(probabilities)))
again = array("f", [0, 0, 0])
check.equal(model.predict(x, again), None)
check.equal(list(again), list(probabilities))
check.true(not hasattr(model, "nothing"))
damaged = bytearray(data)
damaged[48] ^= 1
check.raises(ValueError, tinymaix_cnn.new(damaged).selftest)
golden = bytes(data).find(b"GOLD")
damaged = bytearray(data)
damaged[golden + 8] = 255  # more rows than there are
from emlearn_csv import crc32  # noqa: E402

damaged[48:52] = (crc32(damaged[52:], crc32(damaged[:48])) & 0xFFFFFFFF).to_bytes(4, "little")
check.raises(ValueError, tinymaix_cnn.new(damaged).selftest)
check.raises(OSError, tinymaix_cnn.load, "there_is_no_such_file.tmdl")
check.raises(TypeError, tinymaix_cnn.load, 5.5)

# ---- What is no network

for module in MODULES.values() if native else ("tinymaix_cnn",):
    new = __import__(module).new
    check.raises(TypeError, new)
    check.raises(TypeError, new, 5)
    check.raises(TypeError, new, None)
    check.raises(TypeError, new, [1, 2])
    for bad in (b"", b"M", b"MAIX", bytes(64), bytes(1000), b"EML\x1a" + bytes(200)):
        check.raises(ValueError, new, bad)
        check.raises(ValueError, new, bytearray(bad))

# Damaged files, which are refused or run; which, the PC knows.


def damage(content):
    for size in range(len(content)):
        yield content[:size]
    for i in range(len(content)):
        for mask in (1, 0x80, 0xFF):
            damaged = bytearray(content)
            damaged[i] ^= mask
            yield damaged


with open("damaged.bin", "rb") as f:
    for kind in MODULES:
        found, size = f.readline().decode().split()
        check.equal(found, kind)
        data = f.read(int(size))
        verdicts = f.read(4 * len(data))
        if not native and kind == "fp32":
            continue
        new = __import__(MODULES[kind]).new
        accepted = 0
        for i, case in enumerate(damage(data)):
            if not native and i % 24:
                continue
            if i % 64 == 0:
                gc.collect()
            try:
                model = new(case)
            except ValueError:
                check.equal(verdicts[i], 48, i)
                continue
            except MemoryError:  # it says that it is large, and boards have less room than the PC
                check.equal(verdicts[i], 49, i)
                continue
            check.equal(verdicts[i], 49, i)
            accepted += 1
            h, w, c = model.input_dimensions()
            n = 1
            for size in model.output_dimensions():
                n *= size
            if h * w * c < 999 and n < 999:
                out = array("f", [0] * n)
                for value in (0, 255):
                    model.run(bytes([value]) * (h * w * c), out)
        check.true(accepted > (20 if native else 2) and len(verdicts) > (2 if native else 48) * accepted, accepted)
modules = eval(check.read("modules"))  # all that are built; of twins none
loaded = sorted(name for name in sys.modules if name.startswith(("eml", "tinymaix")))
check.true(not modules or modules == loaded, modules, loaded)
check.done()
