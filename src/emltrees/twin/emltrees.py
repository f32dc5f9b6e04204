# ---- The module


class Model:
    """Made by `new` or `load`."""

    def __init__(self):
        self._forest = None
        self._parts = None  # of a model that is being built: (features, classes), leaves, roots, nodes

    def _ready(self):
        if self._parts is not None:
            self._forest = _assemble(*self._parts)
            self._parts = None
        if self._forest is None:
            raise ValueError("the model is empty: load_model(model, file), or build it, first")
        return self._forest

    def predict(self, x, out=None):
        """Class number or value of x; with out, an array('f'), fill in the probabilities or the value instead."""
        forest = self._ready()
        if out is not None:
            if typecode(out) != "f":
                _refuse("out must be array 'f'", typecode(out))
            fail(len(out) == forest.n_outputs(), "out must have %d elements, not %d" % (forest.n_outputs(), len(out)))
        leaves = forest.walk(forest.inputs(x))
        if out is None and forest.n_classes:
            return forest.classify(leaves)
        values = array("f", bytes(forest.outputs(leaves)))
        if out is None:
            return values[0]
        out[:] = values

    def outputs(self):
        return self._ready().n_outputs()

    def label(self, i):
        forest = self._ready()
        fail(0 <= i < forest.n_classes, "there are %d classes, no number %s" % (forest.n_classes, i))
        return forest.labels[i] if forest.labels else i

    def selftest(self):
        """(agreeing, total): golden rows that give the class and all bits of the outputs they gave on the host."""
        forest = self._ready()
        if forest.golden is not None:
            forest.replay_golden(forest.golden)
        return tuple(forest.tested)

    def info(self):
        return self._ready().info()

    def scale(self, features, out):
        """Scale raw features, array('f'), into out, array('h')."""
        forest = self._ready()
        fail(forest.dtype == _SCALED, "a model of dtype %s has no scales" % _DTYPES[forest.dtype])
        for x, code in ((features, "f"), (out, "h")):
            if typecode(x) != code:
                _refuse("scale takes arrays 'f' and 'h'", typecode(x))
        n = forest.n_features
        fail(
            len(features) == n and len(out) == n,
            "scale needs %d features, not %d and %d" % (n, len(features), len(out)),
        )
        out[:] = array("h", forest.scaled(features))

    def setdata(self, n_features, n_classes):
        """Begin to build a model, which takes the place of the old one at its first use."""
        fail(0 < n_features < 65536 and 0 < n_classes < 65536, "setdata takes 1 to 65535 features and classes")
        self._parts = (n_features, n_classes), array("H"), array("i"), array("i")

    def _building(self):
        fail(self._parts is not None, "call setdata(features, classes) first")
        return self._parts

    def addleaf(self, klass):
        fail(0 <= klass < 65535, "class %d is out of range" % klass)
        self._building()[1].append(klass)

    def addroot(self, node):
        fail(abs(node) <= _MAX_COUNT, "root %d is out of range" % node)
        self._building()[2].append(node)

    def addnode(self, left, right, feature, value):
        """x[feature] <= value goes left. left, right: a jump of nodes, or -1 - number of a leaf."""
        fail(max(abs(left), abs(right)) <= _MAX_COUNT, "a child is out of range: %d, %d" % (left, right))
        fail(0 <= feature < 65536 and -0x80000000 <= value < 0x80000000, "feature or value is out of range")
        nodes = self._building()[3]
        for number in (left, right, feature, value):
            nodes.append(number)


def _assemble(data, leaves, roots, nodes):
    forest = _Forest(data[0], data[1], _INT16, _HARD)
    for root in roots:
        forest.add_root(_renumber(root, leaves))
    for i in range(0, len(nodes), 4):
        left, right, feature, value = nodes[i : i + 4]
        forest.add_any(feature, value, _renumber(left, leaves), _renumber(right, leaves))
    forest.finish()
    return forest


def new(trees=0, nodes=0, classes=0):
    """An empty model. What it will hold need not be said here: the arrays grow."""
    return Model()


def load_model(model, source):
    """Fill a model from an open file, bytes, or lines of text: CSV or `.eml`. After an error it is what it was."""
    if isinstance(source, str):
        raise TypeError("load_model takes an open file, bytes or lines; load takes a path")
    model._forest, model._parts = _read(source, False), None


def load(source, in_place=False):
    """A model from a path, or from what load_model takes. in_place: a writable buffer will not change."""
    model = Model()
    if isinstance(source, str):
        with open(source, "rb") as f:
            model._forest = _read(f, False)
    else:
        model._forest = _read(source, in_place)
    return model


def _read(source, in_place):
    if hasattr(source, "read"):
        return _read_file(source)
    if not isinstance(source, (bytes, bytearray, memoryview)):
        return _read_csv(source)
    if bytes(source[:4]) != b"EML\x1a":
        return _read_csv(_split(bytes(source)))
    forest = _read_eml(memoryview(source), True)
    if forest.golden is not None and not (in_place or isinstance(source, bytes)):
        forest.golden = bytes(forest.golden)
    return forest


def _read_file(f):
    first = f.read(1)
    if isinstance(first, str):
        fail(first != "E", "an .eml file must be opened in binary mode, 'rb'")
    elif first == b"E":
        f.seek(-1, 1)
        return _read_eml(memoryview(f.read()), False)
    return _read_csv(_lines_from(first, f))


def _lines_from(first, f):
    """The lines of a file whose first character has been read."""
    yield first if first in ("\n" if isinstance(first, str) else b"\n") else first + f.readline()
    for line in f:
        yield line


def _split(data):
    at = 0
    while at < len(data):
        end = data.find(b"\n", at) + 1 or len(data)
        yield data[at:end]
        at = end
