# Every row of a model's data: the class that scikit-learn gives and, to the bit, the outputs of the PC's core.
# models: *
import check

models = [check.load("model", suffix) for suffix in (".eml", ".csv")]
infos = [model.info() for model in models]
if check.read("model.eml")[22] == 3 and check.read("model.eml")[6] == 1:  # trees in packed8, which text is not
    for info in infos:
        del info["bytes"], info["nodes"]
check.equal(*infos)
for model in models:
    check.predicts(model, "model.vec")
    agreeing, rows = model.selftest()
    check.true(agreeing == rows > 0, agreeing, rows)
check.done()
