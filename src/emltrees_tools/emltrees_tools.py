"""Methods of emltrees' models that are called once, or seldom: model.info() is emltrees_tools.info(model).

They work on `model.data`, the .eml file in memory, as docs/formats.md describes it. Bytecode, imported when one of
them is called.
"""

from array import array
from struct import unpack_from

import emltrees

_DTYPES = ("float", "int16", "int16 scaled")
_LEAVES = ("hard", "counts", "weighted", "uint8", "value", "sum")


def complete(model):
    """Make the model from what the builder methods have added."""
    data = model.data
    if data is None:
        raise ValueError("no model is loaded: use load_model(model, file)")
    emltrees.attach(model, data.file(), True)


def _header(model):
    if not isinstance(model.data, (bytes, bytearray, memoryview)):
        complete(model)
    return unpack_from("<HHHBBBBBBIIII", model.data, 16)


def _body(model):
    """Size of the tables."""
    features, classes, trees, layout, dtype, leaf, _, entry, _, nodes, leaves, entries, values = _header(model)
    index = 4 if layout == 2 else 2
    size = _pad(nodes * (6, 8, 16, 4)[layout]) + _pad(trees * index)
    if dtype == 2:
        size += 8 * features
    if 0 < leaf < 4:
        size += _pad((leaves + 1) * index) + _pad(entries * (1 if entry > 1 else 2 * index if entry else 2))
    if leaf == 5:
        size += 4 * leaves * (2 if entry & 8 else 1) + 8 * (trees if entry & 7 == 6 else classes or 1)
    return size + (8 * values if leaf == 2 else 4 * leaves if leaf == 4 else 0)


def _trailer(model, tag):
    """Payload of a trailer, or None."""
    at = 44 + _body(model)
    data = memoryview(model.data)
    end = unpack_from("<I", data, 8)[0]
    while at + 8 <= end:
        found, size = unpack_from("<4sI", data, at)
        if size > end - at - 8:
            raise ValueError("a trailer is incomplete")
        if found == tag:
            return data[at + 8 : at + 8 + size]
        at += 8 + _pad(size)


def _pad(size):
    return size + 3 & ~3


def outputs(model):
    """How long predict's `out` is."""
    return _header(model)[1] or 1


def label(model, i):
    """The label of class number i."""
    classes = _header(model)[1]
    if not 0 <= i < classes:
        raise ValueError("there are %d classes, no number %d" % (classes, i))
    labels = _trailer(model, b"LABL")
    if labels is None:
        return i
    at = 0
    for _ in range(i):
        at += 2 + labels[at + 1]
    text = str(labels[at + 2 : at + 2 + labels[at + 1]], "utf-8")
    return int(text) if labels[at] == 105 else text


def replay(model, code, x, expected):
    """Whether features, of which `x` is the memory, give the class and all bits of the outputs that the PC computed."""
    x = array(code, x)
    out = array("f", bytes(len(expected) - 4))
    model.predict(x, out)
    klass = model.predict(x) if _header(model)[1] else 0
    return bytes(out) == expected[4:] and klass == unpack_from("<I", expected)[0]


def selftest(model):
    """(golden rows that agree, golden rows)."""
    rows = _trailer(model, b"GOLD")
    if rows is None:
        tested = _trailer(model, b"TEST")  # of text, of which they are not kept
        return unpack_from("<HH", tested) if tested else (0, 0)
    total, code = unpack_from("<HB", rows)
    n_x = _header(model)[0] * (2 if code == 104 else 4)
    n_y = 4 + 4 * outputs(model)
    if total and (len(rows) - 4) // total < _pad(n_x) + n_y:
        raise ValueError("the golden rows are incomplete")
    agreeing = 0
    at = 4
    for _ in range(total):
        end = at + _pad(n_x)
        agreeing += replay(model, chr(code), bytes(rows[at : at + n_x]), bytes(rows[end : end + n_y]))
        at = end + n_y
    return agreeing, total


def info(model):
    """A dict of what the model is."""
    features, classes, trees, _, dtype, leaf, _, _, _, nodes, leaves, _, _ = _header(model)
    return {
        "features": features,
        "classes": classes,
        "trees": trees,
        "nodes": nodes,
        "leaves": leaves,
        "bytes": _body(model),
        "dtype": _DTYPES[dtype],
        "leaf": _LEAVES[leaf],
    }


def scale(model, features, out):
    """Raw array('f') to the array('h') that trees compare, for int16 models with scales."""
    from emltrees_full import scale

    _header(model)
    scale(model, features, out)


def setdata(model, features, classes):
    """Begin to build a model, which takes the place of the old one at its first use."""
    from emltrees_emlearn import Builder

    model.data = Builder(features, classes)


def _builder(model):
    if not hasattr(model.data, "file"):
        raise ValueError("call setdata(features, classes) first")
    return model.data


def addleaf(model, klass):
    _builder(model).addleaf(klass)


def addroot(model, root):
    _builder(model).addroot(root)


def addnode(model, left, right, feature, value):
    _builder(model).addnode(left, right, feature, value)
