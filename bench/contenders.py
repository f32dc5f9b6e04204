# Runs in MicroPython, in build/bench: every way of predicting and loading, for device.py and count.py. A contender is
# made when it is asked for, so that counting one does not count what others import.
import sys
from array import array


class Contenders:
    def __init__(self, name, n_features, native_folder, twin_folder):
        self.name, self.n_features = name, n_features
        self.native_folder, self.twin_folder = native_folder, twin_folder
        self.rows = []
        row = array("h", bytes(2 * n_features))
        with open(name + "_rows.bin", "rb") as f:
            while f.readinto(row) == 2 * n_features:
                self.rows.append(array("h", row))

    def predict(self, contender):
        """Function, its rows, and its second argument or None."""
        who, _, rest = contender.partition(" ")
        variant, _, with_out = rest.partition(", ")
        if who == "m2cgen":
            return self.module("_m2cgen").predict, [[float(x) for x in row] for row in self.rows], None
        if who == "everywhereml":
            forest = self.module("_everywhereml").RandomForestClassifier()
            return forest.predict, [[float(x) for x in row] for row in self.rows], None
        if who == "empty":
            return import_from("empty/x64", "empty").new().predict, self.rows, array("f", (0,)) if with_out else None
        model = self.module(who).load(self.file(variant + ".eml"))
        rows = [array("f", row) for row in self.rows] if variant == "float" else self.rows
        return model.predict, rows, array("f", bytes(4 * model.outputs())) if with_out else None

    def load(self, contender):
        """Function without arguments."""
        who, format_, variant, _, source = contender.split(" ")
        if who in ("m2cgen", "everywhereml"):
            return lambda: self.module("_" + who)
        file = self.file(variant.rstrip(",") + "." + format_)
        with open(file, "rb") as f:
            content = f.read()
        lines = [line + "\n" for line in content.decode().split("\n")[:-1]] if format_ == "csv" else None
        if who == "parser":
            return (lambda: parse_file(file)) if source == "file" else (lambda: parse(lines))
        load = self.module(who).load
        memory = lines if format_ == "csv" else content
        return (lambda: load(file)) if source == "file" else (lambda: load(memory))

    def file(self, rest):
        return self.name + "_" + rest

    def module(self, name):
        if name == "native":
            return import_from(self.native_folder, "emltrees")
        if name == "twin":
            return import_from(self.twin_folder, "emltrees")
        return import_from(".", self.name + name)


def import_from(folder, name):
    sys.modules.pop(name, None)
    sys.path.insert(0, folder)
    module = __import__(name)
    sys.path.pop(0)
    return module


def parse_file(name):
    with open(name) as f:
        return parse(f)


def parse(lines):
    # As loaders in Python do it: split, and int() a cell. Rows that only our reader knows cost a split.
    n_features = n_classes = 0
    leaves, roots, nodes = [], [], []
    for line in lines:
        cells = line.rstrip("\r\n").split(",")
        kind = cells[0]
        if kind == "n":
            nodes.append([int(cells[1]), int(cells[2]), int(cells[3]), int(cells[4])])
        elif kind == "l":
            leaves.append(int(cells[1]))
        elif kind == "r":
            roots.append(int(cells[1]))
        elif kind == "f":
            n_features = int(cells[1])
        elif kind == "c":
            n_classes = int(cells[1])
    return n_features, n_classes, leaves, roots, nodes


def argmax(values):
    best = 0
    for i in range(1, len(values)):
        if values[i] > values[best]:
            best = i
    return best
