# Integers to a model of floats are the floats of the same value.
# models: labels digits_rf10 FAMILIES
from array import array

import check

for name in ["labels", "digits_rf10"] + check.families():
    model = check.load(name)
    n = model.info()["features"]
    if repr(check.Vectors(name + ".vec").x).startswith("array('h'"):
        continue  # takes nothing else
    classes = model.info()["classes"]
    outs = array("f", [0] * model.outputs()), array("f", [0] * model.outputs())
    for code, values in (
        ("b", (-128, -1, 0, 1, 5, 9, 15, 127)),
        ("B", (0, 1, 3, 8, 14, 128, 255)),
        ("h", (-32768, -300, -1, 0, 4, 16, 255, 32767)),
        ("i", (-0x80000000, -0x1000001, 0, 2, 7, 0x1000001, 0x1000003, 0x7FFFFFBF, 0x7FFFFFFF)),
    ):
        for shift in range(len(values)):
            integers = array(code, [values[(i * i + shift) % len(values)] for i in range(n)])
            floats = array("f", integers)
            if classes or len(outs[0]) == 1:
                check.equal(model.predict(integers), model.predict(floats), name, code, shift)
            model.predict(integers, outs[0])
            model.predict(floats, outs[1])
            check.equal(bytes(outs[0]), bytes(outs[1]), code, shift)
check.done()
