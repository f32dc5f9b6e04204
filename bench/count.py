# Runs in MicroPython, in build/bench, under callgrind: predicts or loads TIMES times. instructions.py calls it with two
# numbers and takes the difference.
#
#   micropython count.py MODEL N_FEATURES NATIVE_FOLDER TWIN_FOLDER TIMES predict|load CONTENDER
import sys

import contenders

model, n_features, native, twin, times, what, name = sys.argv[1:]
all_of = contenders.Contenders(model, int(n_features), native, twin)
if what == "load":
    function = all_of.load(name)
    for _ in range(int(times)):
        function()
else:
    function, rows, out = all_of.predict(name)
    for i in range(int(times)):
        if out is None:
            function(rows[i % len(rows)])
        else:
            function(rows[i % len(rows)], out)
