"""What the twins of all families but trees share.

build.mk puts numbers.py before it, each src/MODULE/twin/MODULE.py behind, and load.py last. The family's file has
FAMILY, its number, and Tables(data, size): a class with n_features, n_classes, n_outputs, classify(x) and evaluate(x),
which take a list of the bits of float32; evaluate returns such a list.
"""

from struct import pack, unpack_from

from emlearn_tools import info, label, outputs, selftest

abi = 1  # of a native module, load.py asks


# ---- Features


def _check(x, wanted, count, what):
    code = typecode(x)
    if len(code) != 1:
        raise TypeError("expected an array of %s, not '%s'" % (what, code))
    fail(code in wanted, "expected array %s of %s, not '%s'" % (wanted, what, code))
    fail(len(x) == count, "expected %d %s, got %d" % (count, what, len(x)))
    return code


def _bits(x, code):
    """Bits of the float32 nearest to each of x, finite."""
    if code == "f":
        found = [bits & 0xFFFFFFFF for bits in array("i", bytes(x))]
        for bits in found:
            fail(bits >> 23 & 0xFF != 255, "a feature is NaN or infinite")
        return found
    return [nearest(abs(i), 0) | (SIGN if i < 0 else 0) for i in x]


# ---- A model


class Model:
    """A model that `load` made."""

    # This class's methods, with the model as their first argument, as in the native module.
    info, label, outputs, selftest = info, label, outputs, selftest

    def __init__(self, *hints):
        self.data = self.tables = None

    def predict(self, x, out=None):
        """Class number or value of x; with out, an array('f'), fill in the outputs instead."""
        tables = self.tables
        fail(tables is not None, "no model is loaded: use load_model(model, file)")
        code = _check(x, "fhbBi", tables.n_features, "features")
        if out is not None:
            _check(out, "f", tables.n_outputs, "outputs")
        elif not tables.n_classes:
            fail(tables.n_outputs == 1, "several values: use predict(features, out)")
        x = _bits(x, code)
        if out is None and tables.n_classes:
            return tables.classify(x)
        values = array("f", b"".join([pack("<I", bits) for bits in tables.evaluate(x)]))
        if out is None:
            return values[0]
        out[:] = values


new = Model


def attach(model, data, in_place=False):
    """Use a whole .eml file in memory. Returns None for anything but a file that begins like an .eml."""
    try:
        data = memoryview(data)
    except TypeError:
        return None
    if bytes(data[:1]) != b"E":
        return None
    data = bytes(data)
    fail(len(data) >= 16 and data[:4] == b"EML\x1a", "not a model file, or damaged")
    size, crc = unpack_from("<II", data, 8)
    fail(16 <= size <= len(data) and size % 4 == 0, "not a model file, or damaged")
    fail(data[4] == 1 and data[6] == FAMILY, "model file of another version or family")
    view = memoryview(data)
    fail(crc32(view[16:size], crc32(view[:12])) & 0xFFFFFFFF == crc, "not a model file, or damaged")
    fail(size >= 28, "not a model file, or damaged")
    body = unpack_from("<HHHBBI", data, 16)[5]
    fail(body % 4 == 0 and body <= size - 16, "not a model file, or damaged")
    model.tables = Tables(data, body)
    model.data = data
    return True
