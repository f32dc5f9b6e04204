"""Methods of models that are called once, or seldom: model.info() is emlearn_tools.info(model).

For every family whose header begins as docs/formats.md says, which is all but trees. They work on `model.data`, the
.eml file in memory. Bytecode, so that it takes memory only where it is used.
"""

from array import array
from struct import unpack_from

_FAMILIES = ("", "trees", "linear", "neighbors", "kernel", "bayes", "mixture", "net", "pipeline", "features")
_OUTPUTS = ("values", "probabilities", "decision values", "probabilities and score")


def _header(model):
    """n_features, n_classes, n_outputs, what they are, the family's own kind, bytes of header and arrays."""
    if not isinstance(model.data, (bytes, bytearray, memoryview)):
        raise ValueError("no model is loaded: use load_model(model, file)")
    return unpack_from("<HHHBBI", model.data, 16)


def find(data, at, end, tag):
    """Payload of a trailer, or None; trailers are from `at` to `end` in the memory of a file."""
    while at + 8 <= end:
        found, size = unpack_from("<4sI", data, at)
        if size > end - at - 8:
            raise ValueError("a trailer is incomplete")
        if found == tag:
            return data[at + 8 : at + 8 + size]
        at += 8 + (size + 3 & ~3)


def _trailer(model, tag):
    at = 16 + _header(model)[5]
    data = memoryview(model.data)
    return find(data, at, unpack_from("<I", data, 8)[0], tag)


def outputs(model):
    """How long predict's `out` is."""
    return _header(model)[2]


def label(model, i):
    """The label of class number i."""
    classes = _header(model)[1]
    if not 0 <= i < classes:
        raise ValueError("there are %d classes, no number %d" % (classes, i))
    labels = _trailer(model, b"LABL")
    return i if labels is None else label_of(labels, i)


def label_of(labels, i):
    """Label number i of those in a trailer."""
    at = 0
    for _ in range(i + 1):
        if at + 2 > len(labels):
            return i  # a class that was learned on the device has no other label
        start, at = at, at + 2 + labels[at + 1]
    text = str(labels[start + 2 : at], "utf-8")
    return int(text) if labels[start] == 105 else text


def selftest(model):
    """(golden rows that agree, golden rows): the class and all bits of the outputs that the PC computed."""
    rows = _trailer(model, b"GOLD")
    features, classes, n_out = _header(model)[:3]
    return replay(rows, features, n_out, model.predict, model.predict if classes else lambda x: 0)


def replay(rows, features, n_out, run, classify):
    """What `selftest` returns of the golden rows in a trailer: by run(x, out) and, unless it is None, classify(x)."""
    if rows is None:
        return 0, 0
    total, code = unpack_from("<HB", rows)
    n_x = features * (2 if code == 104 else 4 if code == 102 else 1)
    padded = n_x + 3 & ~3
    size = padded + 4 + 4 * n_out
    if total and (len(rows) - 4) // total < size:
        raise ValueError("the golden rows are incomplete")
    out = array("f", bytes(4 * n_out))
    agreeing = 0
    for at in range(4, 4 + total * size, size):
        x = array(chr(code), bytes(rows[at : at + n_x]))
        expected = bytes(rows[at + padded : at + size])
        run(x, out)
        klass = classify(x) if classify else unpack_from("<I", expected)[0]
        agreeing += bytes(out) == expected[4:] and klass == unpack_from("<I", expected)[0]
    return agreeing, total


def info(model):
    """A dict of what the model is."""
    features, classes, n_out, output, kind, size = _header(model)
    return {
        "family": _FAMILIES[model.data[6]],
        "features": features,
        "classes": classes,
        "outputs": n_out,
        "output": _OUTPUTS[output],
        "kind": kind,
        "bytes": size,
    }
