# Runs in MicroPython, in build/bench: times contenders. run.py calls it.
#
#   micropython device.py MODEL N_FEATURES NATIVE_FOLDER TWIN_FOLDER ROUNDS predict|load CONTENDER...
#
# Prints lines of cells with tabs between them: `time CONTENDER nanoseconds...`, one of each round; and for predict
# `class CONTENDER numbers...`, the predictions. Contenders take turns in every round, so that what slows the machine
# down slows all of them. A timing of predict lasts long enough to pay for the garbage that it makes.
import gc
import sys
from time import ticks_diff, ticks_us

import contenders

SLICE = 30000  # microseconds that a timing lasts at least
BATCH = 20  # loads between two collections of garbage


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
    # Programs load once: not into a heap full of models that were loaded before.
    spent = 0
    for first in range(0, times, BATCH):
        gc.collect()
        start = ticks_us()
        for _ in range(first, min(first + BATCH, times)):
            function()
        spent += ticks_diff(ticks_us(), start)
    return spent


def class_of(function, x, out):
    result = function(x) if out is None else function(x, out)
    if result is None:
        result = out
    return result if isinstance(result, int) else contenders.argmax(result)


def time_predict(names, made, rounds):
    for name, (function, rows, out) in zip(names, made):  # noqa: B905
        if not name.startswith("empty"):
            print("class", name, *(class_of(function, x, out) for x in rows), sep="\t")
    times = [SLICE // max(1, time_rows(f, rows, out, 1)) + 1 for f, rows, out in made]
    results = [[] for _ in made]
    for _ in range(rounds):
        for (function, rows, out), n, result in zip(made, times, results):  # noqa: B905
            result.append(time_rows(function, rows, out, n) * 1000 // (n * len(rows)))
    return results


def time_load(made, rounds):
    times = [SLICE // max(1, time_calls(function, 1)) + 1 for function in made]
    results = [[] for _ in made]
    for _ in range(rounds):
        for function, n, result in zip(made, times, results):  # noqa: B905
            result.append(time_calls(function, n) * 1000 // n)
    return results


model, n_features, native, twin, rounds, what = sys.argv[1:7]
names = sys.argv[7:]
all_of = contenders.Contenders(model, int(n_features), native, twin)
if what == "predict":
    results = time_predict(names, [all_of.predict(name) for name in names], int(rounds))
else:
    results = time_load([all_of.load(name) for name in names], int(rounds))
for name, result in zip(names, results):  # noqa: B905
    print("time", name, *result, sep="\t")
