# Labels, numbers about a model, its golden rows.
# models: labels regression int16
import check

import emltrees

for suffix in (".eml", ".csv"):
    model = emltrees.load("labels" + suffix)
    check.equal([model.label(i) for i in range(model.outputs())], ["\nblue", "gr\u00fcn", "red, \\"])
    for i in (-1, 3, 1 << 20):
        check.raises(ValueError, model.label, i)
    check.raises(TypeError, model.label, "red")
    info = model.info()
    check.equal(sorted(info), ["bytes", "classes", "dtype", "features", "leaf", "leaves", "nodes", "trees"])
    check.equal((info["features"], info["classes"], info["trees"]), (4, 3, 2))
    check.equal((info["dtype"], info["leaf"]), ("float", "counts"))
    check.true(info["bytes"] > info["nodes"] * 8 > 0)

    model = emltrees.load("int16" + suffix)
    check.equal([model.label(i) for i in range(3)], [-5, 0, 700])
    check.equal(model.info()["dtype"], "int16")
    check.true(model.selftest()[1] > 0)
    check.equal(model.selftest(), model.selftest())

    model = emltrees.load("regression" + suffix)
    check.equal((model.outputs(), model.info()["classes"], model.info()["leaf"]), (1, 0, "value"))
    check.raises(ValueError, model.label, 0)

# Golden rows that say something else are told apart.
data = check.read("labels.eml")
rows = emltrees.load(data).selftest()[1]
text = check.read("labels.csv").decode().split("\n")
for i, line in enumerate(text):
    if line.startswith("u,"):
        cells = line.split(",")
        cells[1] = "2" if cells[1] == "0" else "0"
        text[i] = ",".join(cells)
        break
check.equal(emltrees.load(text).selftest(), (rows - 1, rows))
check.done()
