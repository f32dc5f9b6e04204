# Runs in MicroPython, in build/bench, under callgrind: predicts TIMES rows. instructions.py calls it twice and takes the
# difference.
#
#   micropython count.py MODEL DTYPE N_FEATURES class|outputs native|empty TIMES NATIVE_FOLDER
import sys
from array import array

MODEL, DTYPE, N_FEATURES, WHAT, WHO, TIMES, FOLDER = sys.argv[1:]
N_FEATURES, TIMES = int(N_FEATURES), int(TIMES)
sys.path.insert(0, FOLDER if WHO == "native" else "empty")
if WHO == "native" else "empty")
if WHO == "native":
    import emltrees

    model = emltrees.load(MODEL + "_" + DTYPE + ".eml")
    out = array("f", bytes(4 * model.outputs()))
else:
    import empty

    model, out = empty.new(), array("f", (0,))

rows = []
row = array("h", bytes(2 * N_FEATURES))
with open(MODEL + "_rows.bin", "rb") as f:
    while f.readinto(row) == 2 * N_FEATURES:
        rows.append(array("h" if DTYPE == "int16" else "f", row))

for i in range(TIMES):
    if WHAT == "class":
        model.predict(rows[i % len(rows)])
    else:
        model.predict(rows[i % len(rows)], out)
