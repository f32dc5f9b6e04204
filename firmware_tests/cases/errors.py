# What is refused, by which exception; the messages say what was expected.
# models: labels regression int16 scaled FAMILIES
import gc
from array import array

import check

import emltrees

check.raises(TypeError, emltrees.load, 5)  # imports what reads text, while there is room
names = "labels regression int16 scaled".split() + check.families()
x = {name: check.first_row(name + ".vec")[0] for name in names}
takes = {name: "h" for name in names if repr(x[name]).startswith("array('h'")}
takes["scaled"] = "fh"

for name in names:
    gc.collect()  # small boards: one after the other
    model = check.load(name)
    n = len(x[name])
    for code in "fhbBiIHdlLqQ":
        features = array(code, [0] * n)
        if code in takes.get(name, "fhbBi"):
            model.predict(features)
            for size in (0, 1, n - 1, n + 1):
                message = check.raises(ValueError, model.predict, array(code, [0] * size))
                check.true(str(n) in message and str(size) in message, message)
        else:
            check.raises(ValueError, model.predict, features)
            check.raises(ValueError, model.predict, features, array("f", [0] * model.outputs()))
    for wrong in ([0] * n, (0,) * n, 1, 1.5, None, {}):
        check.raises(TypeError, model.predict, wrong)
    for size in (0, model.outputs() - 1, model.outputs() + 1):
        message = check.raises(ValueError, model.predict, x[name], array("f", [0] * size))
        check.true(str(model.outputs()) in message, message)
    for code in "dhBbi":
        check.raises(ValueError, model.predict, x[name], array(code, [0] * model.outputs()))
    check.raises(TypeError, model.predict, x[name], [0.0] * model.outputs())
    check.raises(TypeError, model.predict)
    check.predicts(model, name + ".vec", 50)
    for value in ("nan", "inf", "-inf"):
        if name in check.families():  # trees take them
            features = array("f", x[name])
            features[1] = float(value)
            check.raises(ValueError, model.predict, features)

# Nothing is loaded.
empty = emltrees.new(3, 10, 2)
for method, args in (
    ("predict", (x["int16"],)),
    ("predict", (x["int16"], array("f", [0, 0, 0]))),
    ("outputs", ()),
    ("label", (0,)),
    ("selftest", ()),
    ("info", ()),
    ("addleaf", (0,)),
    ("addroot", (0,)),
    ("addnode", (-1, -1, 0, 0)),
):
    check.raises(ValueError, getattr(empty, method), *args)

# Nor here; and arguments of the module's functions.
for module in {check.module_of(name) for name in names}:
    gc.collect()
    empty = module.new(3, 10, 2)
    check.raises(ValueError, empty.predict, x["regression"])
    for method, args in (("outputs", ()), ("label", (0,)), ("selftest", ()), ("info", ())):
        check.raises(ValueError, getattr(empty, method), *args)
    check.raises(OSError, module.load, "")
    check.raises(TypeError, module.load, 5)
    check.raises(TypeError, module.load, None)
    check.raises(TypeError, module.load_model, empty, 5)
    check.raises(TypeError, module.load)
    check.raises(ValueError, module.load, [])
    check.raises(ValueError, module.load, b"")
    check.raises(TypeError, module.load, [5])

# Scaling is for models that have scales.
scaled = check.load("scaled")
out = array("h", [0] * len(x["scaled"]))
raw = array("f", x["scaled"])
check.equal(scaled.scale(raw, out), None)
check.equal(scaled.predict(out), scaled.predict(raw))
for bad in ((raw, array("h", [0])), (array("f", [0]), out), (out, out), (raw, raw)):
    check.raises(ValueError, scaled.scale, *bad)
check.raises(
    ValueError, check.load("int16").scale, array("f", [0] * len(x["int16"])), array("h", [0] * len(x["int16"]))
)
check.done()
