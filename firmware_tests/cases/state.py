# Hints that are too small, and loads that fail: the model stays what it was.
# models: labels regression int16 FAMILIES
import gc

import check

import emltrees

for hints in ((), (0,), (0, 0, 0), (1, 1, 1), (1000, 5, 2)):
    for name in ("labels.eml", "labels.csv"):
        model = emltrees.new(*hints)
        check.raises(ValueError, model.predict, check.first_row("labels.vec")[0])
        with open(name, "rb") as f:
            emltrees.load_model(model, f)
        check.predicts(model, "labels.vec", 10)

model = emltrees.load("labels.eml")
info = model.info()
eml, csv = check.read("regression.eml"), check.read("regression.csv")
bad = [b"", b"E", eml[:20], eml[:-4], eml[:60] + b"\xff" + eml[61:]]
bad += [csv[:-5], csv[: len(csv) // 2], b"f,2\nc,2\nlb,0\nl,5\n"]
for data in bad:
    check.raises(ValueError, emltrees.load_model, model, data)
    check.equal(model.info(), info)
    check.predicts(model, "labels.vec", 20)
    check.equal(model.selftest()[0], model.selftest()[1])
    check.equal(model.label(0), "\nblue")


def breaks_off():
    yield csv.decode().split("\n")[0]
    raise KeyError("no more lines")


check.raises(KeyError, emltrees.load_model, model, breaks_off())
check.raises(OSError, emltrees.load, "there_is_no_such_file.eml")
check.predicts(model, "labels.vec", 20)

# One object, one model after the other.
for name in ("regression", "int16", "labels", "regression"):
    with open(name + ".eml", "rb") as f:
        emltrees.load_model(model, f)
    check.predicts(model, name + ".vec", 10)
check.equal(model.info()["classes"], 0)

# The other families.
for name in check.families():
    gc.collect()  # small boards: what is left in pieces must become whole
    module = check.module_of(name)
    x = check.first_row(name + ".vec")[0]
    for hints in ((), (0,), (0, 0, 0), (1000, 5, 2)):
        model = module.new(*hints)
        check.raises(ValueError, model.predict, x)
        with open(name + ".eml", "rb") as f:
            module.load_model(model, f)
        check.predicts(model, name + ".vec", 20)
    info = model.info()
    eml, csv = check.read(name + ".eml"), check.read(name + ".csv")
    for data in (b"", b"E", eml[:20], eml[:-4], eml[:60] + b"\xff\xfe" + eml[62:], csv[:-5], csv[: len(csv) // 2]):
        check.raises(ValueError, module.load_model, model, data)
        check.equal(model.info(), info)
        check.predicts(model, name + ".vec", 40)
    check.raises(OSError, module.load, "there_is_no_such_file.eml")
    check.raises(ValueError, module.load, check.read("labels.eml"))
    check.raises(ValueError, module.load, check.read("labels.csv"))
    check.raises(ValueError, emltrees.load, eml)
    check.raises(ValueError, emltrees.load, csv)
    check.equal(model.selftest()[0], model.selftest()[1])
check.done()
