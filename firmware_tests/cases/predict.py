# Every row of a model's data: the class that scikit-learn gives and, to the bit, the outputs of the PC's core.
# models: *
import check

models = [check.load("model", suffix) for suffix in (".eml", ".csv")]
check.equal(models[0].info(), models[1].info())
for model in models:
    check.predicts(model, "model.vec")
    agreeing, rows = model.selftest()
    check.true(agreeing == rows > 0, agreeing, rows)
check.done()
