# Runs in MicroPython, in build/bench: times every way of predicting and loading. run.py calls it.
#
#   micropython device.py MODEL N_FEATURES ROUNDS NATIVE_FOLDER TWIN_FOLDER
#
# Prints lines of cells with tabs between them: `predict NAME ROUND nanoseconds` and `load NAME ROUND nanoseconds` for
# each round and contender, and `class NAME numbers...`, the predictions. Contenders take turns in every round, so that what
# slows the machine down slows all of them.
import gc
import sys
from array import array
from time import ticks_diff, ticks_us

NAME, N_FEATURES, ROUNDS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SLICE = 20000  # microseconds that a timing should last


def import_from(folder, name):
    sys.modules.pop(name, None)
    sys.path.insert(0, folder)
    module = __import__(name)
    sys.path.pop(0)
    return module


def argmax(values):
    best = 0
    for i in range(1, len(values)):
        if values[i] > values[best]:
            best = i
    return best


def read_rows():
    rows = []
    row = array("h", bytes(2 * N_FEATURES))
    with open(NAME + "_rows.bin", "rb") as f:
        while f.readinto(row) == 2 * N_FEATURES:
            rows.append(array("h", row))
    return rows


def parse(lines):
    # As loaders in Python do it: split, and int() a cell. Rows that only our reader knows cost a split.
    n_features = n_classes = 0
    leaves, roots, nodes = [], [], []
    for line in lines:
        cells = line.rstrip("\r\n").split(",")
        kind = cells[0]
        if kind == "n":
            nodes.append([int(cells[1]), int(cells[2]), int(cells[3]), int(cells[4])])
        elif kind == "l":
            leaves.append(int(cells[1]))
        elif kind == "r":
            roots.append(int(cells[1]))
        elif kind == "f":
            n_features = int(cells[1])
        elif kind == "c":
            n_classes = int(cells[1])
    return n_features, n_classes, leaves, roots, nodes


def parse_file(name):
    with open(name) as f:
        return parse(f)


def load_lines(module, lines):
    model = module.new()
    module.load_model(model, lines)
    return model


def read(name):
    with open(name, "rb") as f:
        return f.read()


native = import_from(sys.argv[4], "emltrees")
twin = import_from(sys.argv[5], "emltrees")
m2cgen = import_from(".", NAME + "_m2cgen")
everywhereml = import_from(".", NAME + "_everywhereml").RandomForestClassifier()
empty = import_from("empty", "empty").new()

ints = read_rows()
floats = [array("f", row) for row in ints]
lists = [[float(x) for x in row] for row in ints]
csv, eml = NAME + "_%s.csv", NAME + "_%s.eml"
of_int16, of_float = native.load(eml % "int16"), native.load(eml % "float")
twin_int16, twin_float = twin.load(eml % "int16"), twin.load(eml % "float")
out = array("f", bytes(4 * of_int16.outputs()))
csv_lines = read(csv % "int16").decode().split("\n")
csv_lines = [line + "\n" for line in csv_lines[:-1]]
eml_bytes = read(eml % "int16")

# Name, function, rows, and out if it takes one.
PREDICT = (
    ("native int16", of_int16.predict, ints, None),
    ("native float", of_float.predict, floats, None),
    ("native int16, out", of_int16.predict, ints, out),
    ("native float, out", of_float.predict, floats, out),
    ("twin int16", twin_int16.predict, ints, None),
    ("twin float", twin_float.predict, floats, None),
    ("m2cgen", m2cgen.predict, lists, None),
    ("everywhereml", everywhereml.predict, lists, None),
    ("empty call", empty.predict, ints, None),
    ("empty call, out", empty.predict, ints, out),
)
LOAD = (
    ("native csv int16, file", lambda: native.load(csv % "int16")),
    ("native csv float, file", lambda: native.load(csv % "float")),
    ("native eml int16, file", lambda: native.load(eml % "int16")),
    ("native eml float, file", lambda: native.load(eml % "float")),
    ("native csv int16, lines in RAM", lambda: load_lines(native, csv_lines)),
    ("native eml int16, bytes in RAM", lambda: native.load(eml_bytes)),
    ("twin csv int16, lines in RAM", lambda: load_lines(twin, csv_lines)),
    ("twin eml int16, file", lambda: twin.load(eml % "int16")),
    ("Python parser csv int16, file", lambda: parse_file(csv % "int16")),
    ("Python parser csv int16, lines in RAM", lambda: parse(csv_lines)),
    ("m2cgen import", lambda: import_from(".", NAME + "_m2cgen")),
    ("everywhereml import", lambda: import_from(".", NAME + "_everywhereml")),
)


def time_rows(function, rows, out, times):
    gc.collect()
    start = ticks_us()
    if out is None:
        for _ in range(times):
            for x in rows:
                function(x)
    else:
        for _ in range(times):
            for x in rows:
                function(x, out)
    return ticks_diff(ticks_us(), start)


def time_calls(function, times):
    gc.collect()
    start = ticks_us()
    for _ in range(times):
        function()
    return ticks_diff(ticks_us(), start)


def class_of(function, x, out):
    if out is None:
        result = function(x)
        return result if isinstance(result, int) else argmax(result)
    function(x, out)
    return argmax(out)


for name, function, rows, out_ in PREDICT:
    if not name.startswith("empty"):
        print("class", name, *(class_of(function, x, out_) for x in rows), sep="\t")

predict_times = [SLICE // max(1, time_rows(f, rows, o, 1)) + 1 for _, f, rows, o in PREDICT]
load_times = [SLICE // max(1, time_calls(f, 1)) + 1 for _, f in LOAD]
for i in range(ROUNDS):
    for (name, function, rows, out_), times in zip(PREDICT, predict_times):  # noqa: B905
        spent = time_rows(function, rows, out_, times)
        print("predict", name, i, spent * 1000 // (times * len(rows)), sep="\t")
    for (name, function), times in zip(LOAD, load_times):  # noqa: B905
        print("load", name, i, time_calls(function, times) * 1000 // times, sep="\t")
