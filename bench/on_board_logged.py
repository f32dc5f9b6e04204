# Runs on the emulated Xtensa; counting.py sends it there, and settings.py. Prints a line before and behind the
# predictions of each model, and behind as many calls of an empty native method.
import gc
from array import array

from empty import new
from settings import MODELS

nothing = new().predict


def run(function, rows):
    for x in rows:
        function(x)


for name, module, typecode, n_features in MODELS:
    rows = []
    row = array(typecode, [0] * n_features)
    size = len(bytes(row))
    with open(name + ".bin", "rb") as f:
        while f.readinto(row) == size:
            rows.append(array(typecode, row))
    model = __import__(module).load(name + ".eml")
    model.predict(rows[0])
    gc.collect()
    gc.disable()
    print("run")
    run(model.predict, rows)
    print("ran")
    run(nothing, rows)
    print("end")
    gc.enable()
    model = rows = None
