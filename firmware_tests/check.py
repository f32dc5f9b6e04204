# What the cases share, on the device. A case ends with done(): without its line it has failed.
from array import array

made = 0


def true(good, *what):
    global made
    made += 1
    if not good:
        raise AssertionError(what)


def equal(got, expected, *what):
    true(got == expected, got, expected, *what)


def raises(kind, function, *args):
    # The type is exactly this one; returns its message.
    try:
        result = function(*args)
    except Exception as error:
        true(type(error) is kind, kind, type(error), error.args, args)
        message = str(error.args[0]) if error.args else ""
        true(kind is OSError or len(message) > 4, "an error without words")
        return message
    true(False, kind, "not raised, but returned", result, args)


def read(name):
    with open(name, "rb") as f:
        return f.read()


class Vectors:
    """Rows with what the PC computed: features, class, bytes of the outputs; the features change with each row."""

    def __init__(self, name, every=1):
        self.file = open(name, "rb")
        code, rows, features, outputs = self.file.readline().decode().split()
        self.rows = int(rows)
        self.every = every
        size = int(features) * (4 if code == "f" else 2)
        self.row = size + 2 + 4 * int(outputs)
        self.x = array(code, bytes(size))
        self.klass = array("H", [0])
        self.outputs = array("f", [0] * int(outputs))

    def __iter__(self):
        start = self.file.tell()
        true(self.file.seek(0, 2) == start + self.rows * self.row, "rows left over, or missing")
        for i in range(0, self.rows, self.every):
            self.file.seek(start + i * self.row)
            for part in (self.x, self.klass, self.outputs):
                self.file.readinto(part)
            yield self.x, self.klass[0], bytes(self.outputs)
        self.file.close()


def table():
    # Of each family: number, name, module, and the names of the models that stand for it.
    return eval(read("families"))


def families():
    # Names of the models that stand for the families but trees.
    return [name for *_, names in table() for name in names]


def module_of(name):
    # The module that runs the model of this name.
    with open(name + ".eml", "rb") as f:
        number = f.read(7)[6]
    return __import__([module for n, _, module, _ in table() if n == number][0])


def load(name, suffix=".eml"):
    return module_of(name).load(name + suffix)


def first_row(name):
    for x, klass, outputs in Vectors(name):
        return x, klass, outputs


def predicts(model, name, every=1):
    # The model predicts the rows of that file, to the bit.
    vectors = Vectors(name, every)
    out = array("f", vectors.outputs)
    for i, (x, klass, outputs) in enumerate(vectors):
        for k in range(len(out)):
            out[k] = -7
        equal(model.predict(x, out), None)
        equal(bytes(out), outputs, "row", i * every)
        if model.info()["classes"]:
            equal(model.predict(x), klass, "row", i * every)
        elif len(out) == 1:
            equal(bytes(array("f", [model.predict(x)])), outputs, "row", i * every)


def done():
    print("OK", made, "checks")
