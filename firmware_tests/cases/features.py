# Models of windows: streams give what predict gives, however they are cut; windows that overlap; nothing is allocated;
# what is refused leaves all as it was.
# models: features_mel features_mfcc features_cepstra features_statistics features_columns
import gc
from array import array

import check

import emlfeatures

NATIVE = not hasattr(emlfeatures, "Tables")
NAMES = "features_mel features_mfcc features_cepstra"


def measure(function, *args):
    gc.collect()
    gc.disable()
    function(*args)  # what is made once is made here
    before = gc.mem_alloc()
    for _ in range(5):
        function(*args)
    used = gc.mem_alloc() - before
    gc.enable()
    return used


def rows_of(name, most):
    # Copies: vectors change theirs.
    rows = []
    for x, _, outputs in check.Vectors(name):
        if len(rows) < most:
            rows.append((x[:], outputs))
    return rows


# Streams: piece by piece, in sizes that end a window anywhere.
for name in NAMES.split():
    gc.collect()
    model = check.load(name)
    rows = rows_of(name + ".vec", 3)
    n, classes = len(rows[0][0]), model.info()["classes"]
    stream = rows[0][0][:0]
    for x, _ in rows:
        stream.extend(x)
    out = array("f", bytes(4 * model.outputs()))
    for piece in (n, 37, 1)[: 3 if NATIVE and name == "features_mel" else 2]:
        found = []
        for at in range(0, len(stream), piece):
            if model.push(stream[at : at + piece], out):
                found.append(bytes(out))
        check.equal(found, [outputs for _, outputs in rows], name, piece)
    check.equal(model.push(stream[:30], out), False)
    model.reset()
    if classes:
        check.equal(model.push(rows[1][0]), model.predict(rows[1][0]))
        check.equal(model.push(stream[:0]), None)
        check.equal(model.push(stream[: n - 1]), None)
        check.true(model.push(stream[n - 1 : n]) is not None)
    # predict in between begins a new window.
    model.push(stream[:20])
    model.predict(rows[2][0], out)
    check.equal(bytes(out), rows[2][1])
    check.equal(model.push(rows[1][0], out), True)
    check.equal(bytes(out), rows[1][1])
    # What is refused.
    check.raises(ValueError, model.push, array("b", [0]))
    check.raises(ValueError, model.push, stream[: n + 1])
    check.raises(TypeError, model.push, [0])
    if NATIVE:
        piece = stream[: n // 2]
        check.equal(measure(model.push, piece, out), 0, name)
        model.reset()
        check.equal(measure(model.predict, rows[0][0], out), 0, name)

# Blocks of whole windows do not stream.
for name in ("features_statistics", "features_columns"):
    gc.collect()
    model = check.load(name)
    x, outputs = rows_of(name + ".vec", 1)[0]
    check.raises(ValueError, model.push, x)
    check.equal(model.info()["family"], "features")
    out = array("f", bytes(4 * model.outputs()))
    if NATIVE:
        check.equal(measure(model.predict, x, out), 0, name)
    # int16 for a model of floats is the floats of that value; the other way round is refused.
    if repr(x[:1]).startswith("array('f'"):
        whole = array("h", [i % 50 for i in range(len(x))])
        model.predict(whole, out)
        other = array("f", out)
        model.predict(array("f", whole), other)
        check.equal(bytes(out), bytes(other))
        x[0] = float("nan")
        check.raises(ValueError, model.predict, x)
    else:
        check.raises(ValueError, model.predict, array("f", x))

# Without a model: the columns.
model = check.load("features_columns")
x, outputs = rows_of("features_columns.vec", 1)[0]
check.equal(model.info()["output"], "values")
check.raises(ValueError, model.predict, x)
check.raises(ValueError, model.label, 0)
check.raises(ValueError, model.predict, x, array("f", [0] * (model.outputs() + 1)))

# A file that fails leaves the model as it was, and a window that has begun.
model = check.load("features_mel")
x, outputs = rows_of("features_mel.vec", 2)[1]
out = array("f", bytes(4 * model.outputs()))
model.push(x[:100])
check.raises(ValueError, emlfeatures.load_model, model, check.read("features_mel.eml")[:-4])
check.true(model.push(x[100:], out))
check.equal(bytes(out), outputs)
check.raises(ValueError, emlfeatures.new().push, x)
check.raises(ValueError, emlfeatures.new().reset)

# Overlap: windows of 12 values, every 8, from pieces of any size up to a hop.
for code in "hfB":
    for channels in (1, 2):
        for piece in (1, 7, 8):
            buffer = array(code, [0] * 12)
            frames = emlfeatures.Frames(buffer, 8 // channels, channels)
            windows = []
            for _ in range(2):
                del windows[:]
                for at in range(0, 60, piece):
                    if frames.push(array(code, range(at, min(at + piece, 60)))):
                        windows.append(list(buffer))
                frames.reset()
            check.equal(windows, [list(range(s, s + 12)) for s in range(0, 49, 8)], code, piece)
buffer = array("h", [0] * 12)
for wrong in ((0,), (13,), (-1,), (8, 2), (1, 5), (1, 0), (1 << 28, 16)):
    check.raises(ValueError, emlfeatures.Frames, buffer, *wrong)
check.raises(TypeError, emlfeatures.Frames, [0] * 12, 4)
check.raises(TypeError, emlfeatures.Frames, buffer)
frames = emlfeatures.Frames(buffer, 4)
piece = array("h", [1, 2, 3])
check.raises(ValueError, frames.push, array("h", range(5)))
check.raises(ValueError, frames.push, array("f", piece))
check.raises(TypeError, frames.push, [1])
if NATIVE:
    check.equal(measure(frames.push, piece), 0)

# Statistics without a file.
x = array("h", [3, -1, 4, -1, 5, -9, 2, -6])
out = array("f", [0] * 20)
emlfeatures.statistics(x, out, 2)
check.equal(list(out[3:6]), [2, 5, 3.5])  # least, largest, median of 3, 4, 5, 2
check.equal((out[0], out[9], out[17]), (3.5, 13.5, 0))  # mean, energy; zero crossings of -1, -1, -9, -6
one = array("f", [0] * 10)
emlfeatures.statistics(array("f", x), one)
check.equal((one[3], one[4], one[7]), (-9, 5, 7))
for wrong in ((x, one, 2), (x, out, 3), (x, out, 0), (array("b", x), one), (x, array("h", [0] * 10)), (x[:0], one)):
    check.raises(ValueError, emlfeatures.statistics, *wrong)
check.raises(ValueError, emlfeatures.statistics, array("f", [float("inf")]), one)
if NATIVE:
    check.equal(measure(emlfeatures.statistics, x, out, 2), 0)
check.done()
