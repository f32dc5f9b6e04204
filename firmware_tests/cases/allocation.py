# Prediction allocates nothing: neither a class nor outputs. Native only: the twin computes in Python's own numbers.
# models: digits_rf10 digits_rf10_int16 digits_et7 scaled regression labels linear_labels linear_several net_digits kernel_chances
# modules: native
# ruff: noqa: E501
import gc

import check


def measure(function, *args):
    gc.collect()
    gc.disable()
    function(*args)  # what is made once is made here
    before = gc.mem_alloc()
    for _ in range(20):
        function(*args)
    used = gc.mem_alloc() - before
    gc.enable()
    return used


NAMES = "digits_rf10 digits_rf10_int16 digits_et7 scaled regression labels linear_labels linear_several net_digits"
for name in NAMES.split() + ["kernel_chances"]:
    for suffix in (".eml", ".csv"):
        model = check.load(name, suffix)
        vectors = check.Vectors(name + ".vec")
        x, out = vectors.x, vectors.outputs
        vectors.file.readinto(x)
        check.equal(measure(model.predict, x, out), 0, name)
        if model.info()["classes"]:
            check.equal(measure(model.predict, x), 0, name)
check.true(measure(bytearray, 1) > 0)  # this would show
check.done()
