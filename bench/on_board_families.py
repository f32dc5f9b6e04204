# Runs on an emulated board; counting.py sends it there, and settings.py. Prints instructions of predict(x) and of
# predict(x, out), and bytes of the heap: of the model, and of what it imports; 0 where a second model has no room.
import gc
from array import array

from emulator import count
from settings import MODULE, N_FEATURES, TWIN, TYPECODE

if not TWIN:
    import empty


def used():
    gc.collect()
    return gc.mem_alloc()


def average(function, *out):
    # Instructions of a call, of a native module net of the empty method's.
    total = 0
    for x in rows:
        if TWIN:  # which makes garbage, for some models more than the heap holds
            gc.collect()
        total += count(function, x, *out)[0]
        if not TWIN:
            total -= count(nothing, x, *out)[0]
    return total / len(rows)


rows = []
with open("rows.bin", "rb") as f:
    row = array(TYPECODE, [0] * N_FEATURES)
    size = len(bytes(row))
    while f.readinto(row) == size:
        rows.append(array(TYPECODE, row))

before = used()
module = __import__(MODULE)
model = module.load("model.eml")
model.predict(rows[0])
both = used() - before
heap = 0
if gc.mem_free() > 3 * both:  # a second one is the model alone
    before = used()
    second = module.load("model.eml")
    heap = used() - before
nothing = None if TWIN else empty.new().predict
if not TWIN:
    gc.disable()
predict = average(model.predict)
out = array("f", [0] * model.outputs())
model.predict(rows[0], out)
gc.collect()
print(predict, average(model.predict, out), heap, both - heap if heap else 0)
gc.enable()
