# Every module that is built is imported, and runs: with the smallest models that take them all.
# models: labels packed8_scaled gb_classes knn_float kernel_labels kernel_coupled features_bands features_mfcc FAMILIES
# modules: native
import gc
import sys
from array import array

import check

import emltrees

files = "labels packed8_scaled gb_classes knn_float kernel_labels kernel_coupled features_bands features_mfcc"
for name in files.split() + check.families():
    for suffix in (".eml", ".csv"):
        gc.collect()
        model = check.load(name, suffix)
        check.predicts(model, name + ".vec", 25)
        agreeing, rows = model.selftest()
        check.true(agreeing == rows > 0, name, agreeing, rows)
        check.equal(len({model.label(i) for i in range(model.info()["classes"])}), model.info()["classes"])
model = emltrees.load(b"f,1\nc,2\nlb,0\nl,0\nl,1\nr,0\nn,0,4,-1,-2")  # as emlearn writes it
check.equal([model.predict(array("h", [x])) for x in (4, 5)], [0, 1])
check.equal(sorted(name for name in sys.modules if name.startswith("eml")), eval(check.read("modules")))
check.done()
