# Ten thousand predictions, and the collector after each: not a byte more is in use at the end. Native only: the twin is
# slow, and Python's own.
# models: gesture digits_rf10_int16
# modules: native
import gc
from array import array

import check

import emltrees

models = [emltrees.load(name + suffix) for name in ("gesture", "digits_rf10_int16") for suffix in (".eml", ".csv")]
rows = [check.first_row(name + ".vec") for name in ("gesture", "gesture", "digits_rf10_int16", "digits_rf10_int16")]
outs = [array("f", bytes(4 * model.outputs())) for model in models]


def soak(n):
    before = gc.mem_alloc()
    for i in range(n):
        k = i & 3
        x, klass, _ = rows[k]
        if i & 4:
            models[k].predict(x, outs[k])
        elif models[k].predict(x) != klass:
            return -1
        gc.collect()
    return gc.mem_alloc() - before


gc.collect()
soak(8)  # what is made once is made here
gc.collect()
check.equal(soak(10000), 0)
for i, out in enumerate(outs):
    check.equal(bytes(out), rows[i][2])
check.done()
