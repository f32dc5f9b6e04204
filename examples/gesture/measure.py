# What the model costs on this board: prints `name value` lines. demo.py runs it, with the native module and its twin.
import gc
from array import array
from time import ticks_diff, ticks_us

import features

import emltrees

RUNS = 15
window = array("h", bytes(2 * features.AXES * 20))
row = array("h", bytes(2 * features.AXES * features.PER_AXIS))
rows = []
with open("motion.bin", "rb") as motion:
    while motion.readinto(window) == 2 * len(window):
        features.compute(window, row)
        rows.append(array("h", row))


def per_row(function, times):
    """Median over RUNS of the microseconds that one call takes, times 1000."""
    costs = []
    for _ in range(RUNS):
        gc.collect()
        start = ticks_us()
        for _ in range(times):
            for x in rows:
                function(x)
        costs.append(ticks_diff(ticks_us(), start) * 1000 // (times * len(rows)))
    return sorted(costs)[RUNS // 2]


def used(depth=20):
    """Bytes in use. What calls have left on the stack looks like references: other calls wipe it out."""
    if depth:
        return used(depth - 1)
    gc.collect()
    return gc.mem_alloc()


for name in ("gesture.csv", "gesture.eml"):
    emltrees.load(name)  # imports what it needs, which is no part of a model
    before = used()
    model = emltrees.load(name)
    print("ram:" + name, used() - before)
    print("selftest:" + name, "/".join(map(str, model.selftest())))

print("predict", per_row(model.predict, 10))
print("features", per_row(lambda x: features.compute(window, row), 1))
