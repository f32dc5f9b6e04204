# Every module that is built is imported, and runs: with the smallest models that take them all.
# models: labels gb_classes knn_float kernel_labels kernel_coupled FAMILIES
# modules: native
import gc
import sys

import check

for name in "labels gb_classes knn_float kernel_labels kernel_coupled".split() + check.families():
    for suffix in (".eml", ".csv"):
        gc.collect()
        model = check.load(name, suffix)
        check.predicts(model, name + ".vec", 25)
        agreeing, rows = model.selftest()
        check.true(agreeing == rows > 0, name, agreeing, rows)
        check.equal(len({model.label(i) for i in range(model.info()["classes"])}), model.info()["classes"])
check.equal(sorted(name for name in sys.modules if name.startswith("eml")), eval(check.read("modules")))
check.done()
