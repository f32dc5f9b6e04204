# A model from everything that can hold one.
# models: labels regression FAMILIES
import io
from array import array

import check


def lines(text):
    yield from text.split("\n")


def sources(name):
    data, text = check.read(name + ".eml"), check.read(name + ".csv").decode()
    yield name + ".eml"
    yield name + ".csv"
    yield open(name + ".eml", "rb")
    yield open(name + ".csv", "rb")
    yield open(name + ".csv")
    yield data
    yield bytearray(data)
    yield memoryview(data)
    yield memoryview(bytearray(data))
    for offset in (1, 2, 3, 4):  # not where the tables could be used in place
        yield memoryview(b"xxxx" + data)[4:] if offset == 4 else memoryview(b"xxx"[:offset] + data)[offset:]
    yield data + b"more than the file"
    yield text.encode()
    yield bytearray(text.encode())
    yield text.split("\n")
    yield [line + "\n" for line in text.split("\n") if line]
    yield [line + "\r\n" for line in text.split("\n") if line]
    yield [line.encode() for line in text.split("\n")]
    yield tuple(text.split("\n"))
    yield lines(text)
    yield iter(text.split("\n"))
    yield io.StringIO(text)
    yield io.StringIO(text.replace("\n", "\r\n"))
    yield io.BytesIO(text.encode())
    yield io.BytesIO(data)


for name in ["labels", "regression"] + check.families():
    module = check.module_of(name)
    info = module.load(name + ".eml").info()
    labels = [module.load(name + ".eml").label(i) for i in range(info["classes"])]
    for source in sources(name):
        model = module.load(source)
        check.equal(model.info(), info, source)
        check.predicts(model, name + ".vec", 9)
        agreeing, rows = model.selftest()
        check.true(agreeing == rows > 0, agreeing, rows)
        check.equal([model.label(i) for i in range(info["classes"])], labels)
    for source in sources(name):
        if isinstance(source, str):
            continue  # a path is for load
        model = module.new()
        check.equal(module.load_model(model, source), None)
        check.equal(model.info(), info)
        check.predicts(model, name + ".vec", 30)

# A writable buffer may change after loading, unless one says that it will not.
for name in ("labels", "linear_labels"):
    data = bytearray(check.read(name + ".eml"))
    x, klass, outputs = check.first_row(name + ".vec")
    module = check.module_of(name)
    copied, in_place = module.load(data), module.load(data, True)
    check.equal(in_place.predict(x), klass)
    for i in range(len(data)):
        data[i] = 0
    check.equal(copied.predict(x), klass)
    out = array("f", [0] * copied.outputs())
    copied.predict(x, out)
    check.equal(bytes(out), outputs)
check.done()
