# Runs on an emulated board; emulated.py sends it there. Prints `name number` lines, of instructions and of bytes.
#
# settings.py has MODULE, "native" or "twin", and MODELS: (name, ((variant, typecode of its rows), ...)).
import gc
from array import array

from emulator import count
from settings import MODELS, MODULE


def allocated(make):
    # Bytes that what it makes keeps, and that.
    gc.collect()
    before = gc.mem_alloc()
    made = make()
    gc.collect()
    return gc.mem_alloc() - before, made


def average(function, rows, *out):
    # Instructions of a call, of which the first is not counted: what it makes once is no part of the others. The twin
    # makes garbage; it is collected between the calls, and fewer of them do.
    if MODULE == "twin":
        rows = rows[::5]
    function(rows[0], *out)
    gc.collect()
    gc.disable()
    total = 0
    for x in rows:
        if MODULE == "twin":
            gc.collect()
        total += count(function, x, *out)[0]
    gc.enable()
    return total / len(rows)


def once(function, *args):
    # The second call: the first may import.
    function(*args)
    gc.collect()
    return count(function, *args)[0]


def read_rows(name, typecode, n_features):
    row = array("h", bytes(2 * n_features))
    with open(name + "_rows.bin", "rb") as f:
        while f.readinto(row) == 2 * n_features:
            yield array(typecode, row)


def load_lines(lines):
    model = emltrees.new()
    emltrees.load_model(model, lines)


def show(*cells):
    print(*cells, sep="\t")


used, emltrees = allocated(lambda: __import__("emltrees"))
show("module, heap bytes", used)
if MODULE == "native":
    show("emltrees_full, heap bytes", allocated(lambda: __import__("emltrees_full"))[0])
    import empty

    nothing = empty.new().predict

for name, variants in MODELS:
    for variant, typecode in variants:
        file = "%s_%s.eml" % (name, variant)
        used, model = allocated(lambda: emltrees.load(file))
        show(name, variant, "model, heap bytes", used)
        rows = list(read_rows(name, typecode, model.info()["features"]))
        out = array("f", bytes(4 * model.outputs()))
        call, call_out = (average(nothing, rows), average(nothing, rows, out)) if MODULE == "native" else (0, 0)
        show(name, variant, "predict", average(model.predict, rows) - call)
        show(name, variant, "predict, out", average(model.predict, rows, out) - call_out)
        if MODULE == "native":
            show("empty call", call)
            show("empty call, out", call_out)
            del rows
            with open(file, "rb") as f:
                data = f.read()
            show(name, variant, "load .eml in place", once(emltrees.load, data))
            show(name, variant, "model in place, heap bytes", allocated(lambda: emltrees.load(data))[0])
            del data
            with open("%s_%s.csv" % (name, variant)) as f:
                lines = list(f)
            show(name, variant, "load CSV, lines in RAM", once(load_lines, lines))
            del lines
        rows = model = None
