# Ten thousand predictions, and the collector after every seventh: not a byte more is in use at the end. Native only:
# the twin is slow, and Python's own.
# models: gesture FAMILIES
# modules: native
import gc
from array import array

import check

names = ["gesture"] + check.families()
for name in names:
    check.load(name, ".csv")  # imports what it takes, while small boards have room
    gc.collect()
models = [check.load(name, suffix) for name in names for suffix in (".eml", ".csv")]
rows = [check.first_row(name + ".vec") for name in names for _ in range(2)]
outs = [array("f", bytes(4 * model.outputs())) for model in models]
n_models = len(models)
classifies = [model.info()["classes"] > 0 for model in models]


def soak(n):
    before = gc.mem_alloc()
    for i in range(n):
        k = i % n_models
        x, klass, _ = rows[k]
        if i // n_models & 1 or not classifies[k]:
            models[k].predict(x, outs[k])
        elif models[k].predict(x) != klass:
            return -1
        if (i + i // n_models) % 7 == 0:  # in time after each model
            gc.collect()
    gc.collect()
    return gc.mem_alloc() - before


gc.collect()
soak(2 * n_models)  # what is made once is made here
gc.collect()
check.equal(soak(10000), 0)
for i, out in enumerate(outs):
    check.equal(bytes(out), rows[i][2])
check.done()
