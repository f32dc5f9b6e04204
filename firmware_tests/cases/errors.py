# What is refused, by which exception; the messages say what was expected.
# models: labels regression int16 scaled
from array import array

import check

import emltrees

x = {name: check.first_row(name + ".vec")[0] for name in ("labels", "regression", "int16", "scaled")}
models = {name: emltrees.load(name + ".eml") for name in x}
takes = {"labels": "fhbBi", "regression": "fhbBi", "int16": "h", "scaled": "fh"}

for name, model in models.items():
    n = len(x[name])
    for code in "fhbBiIHdlLqQ":
        features = array(code, [0] * n)
        if code in takes[name]:
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

# Arguments of the module's functions.
check.raises(OSError, emltrees.load, "")
check.raises(TypeError, emltrees.load, 5)
check.raises(TypeError, emltrees.load, None)
check.raises(TypeError, emltrees.load_model, empty, 5)
check.raises(TypeError, emltrees.load)
check.raises(ValueError, emltrees.load, [])
check.raises(ValueError, emltrees.load, b"")
check.raises(TypeError, emltrees.load, [5])

# Scaling is for models that have scales.
out = array("h", [0] * len(x["scaled"]))
raw = array("f", x["scaled"])
check.equal(models["scaled"].scale(raw, out), None)
check.equal(models["scaled"].predict(out), models["scaled"].predict(raw))
for bad in ((raw, array("h", [0])), (array("f", [0]), out), (out, out), (raw, raw)):
    check.raises(ValueError, models["scaled"].scale, *bad)
check.raises(ValueError, models["int16"].scale, array("f", [0] * len(x["int16"])), array("h", [0] * len(x["int16"])))
check.done()
