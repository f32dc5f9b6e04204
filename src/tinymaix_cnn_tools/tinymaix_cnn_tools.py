"""What of convolutional networks is called once, or seldom: model.info() is tinymaix_cnn_tools.info(model).

For networks of both types. The functions work on `model.data`, the .tmdl file in memory, which docs/formats.md
describes. Bytecode, so that it takes memory only where it is used.
"""

from array import array
from struct import unpack_from

_FLOAT32 = 2  # TinyMaix's number for it
_MODULES = ("tinymaix_cnn", "tinymaix_cnn_layers", "tinymaix_cnn_fp32", "tinymaix_cnn_fp32_layers")


def load(path):
    """A network from a file, in the module for its type. One in a ROMFS is used where it lies."""
    with open(path, "rb") as file:
        try:
            data = memoryview(file)
        except TypeError:
            size = file.seek(0, 2)
            file.seek(0)
            data = file.read(size)
    return __import__(_MODULES[_FLOAT32 if _is_float(data) else 0]).new(data)


def _is_float(data):
    return len(data) > 4 and memoryview(data)[4] == _FLOAT32


def find(data, error, module):
    """What `new` of a module, by its number in _MODULES, returns of a path, or of a file that it cannot open itself."""
    if isinstance(data, str):
        return load(data)
    if error == -5:  # of another type or version, or with other layers
        kind = memoryview(data)[4]
        if kind in (0, _FLOAT32) and kind != module & _FLOAT32:
            raise ValueError("network of %s: use %s" % ("float32" if kind else "int8", _MODULES[kind]))
        if not module & 1:
            return __import__(_MODULES[module + 1]).new(data)
        raise ValueError("model file of another version, or with layers that are not known")
    raise ValueError("not a .tmdl file, or damaged" if error == -4 else "inconsistent network")


def _code(x):
    # MicroPython's arrays have no attribute for it.
    text = repr(x)
    return text[7] if text[:7] == "array('" else "B" if isinstance(x, (bytes, bytearray)) else None


def refuse(model, x, out):
    """Raise ValueError for what `run` does not take, in words."""
    code, out_code = _code(x), _code(out)
    codes = "Bf" if _is_float(model.data) else "Bbf"
    n, n_out = _values(model.input_dimensions()), outputs(model)
    if code and code not in codes:
        raise ValueError("expected array %s of inputs, not '%s'" % (codes, code))
    if out_code and out_code not in "bf":
        raise ValueError("expected array('f') for the outputs, not '%s'" % out_code)
    if code and len(x) != n:
        raise ValueError("expected %d inputs, got %d" % (n, len(x)))
    if out_code and len(out) != n_out:
        raise ValueError("expected %d outputs, got %d" % (n_out, len(out)))
    if code == "f" and not all([v - v == 0 for v in x]):
        raise ValueError("an input is NaN or infinite")
    if out_code == "b":
        raise ValueError("expected array('f') for the outputs: this network does not end in integers")
    what = "expected array %s of %d inputs, and array('f') of %d outputs" % (codes, n, n_out)
    raise ValueError(what)  # of memoryviews, which do not say what they are


def _values(shape):
    n = 1
    for size in shape:
        n *= size
    return n


def _layers(data):
    """Bytes of header and layers, and whether trailers follow."""
    if bytes(data[36:40]) == b"EMLN":
        return unpack_from("<I", data, 44)[0], True
    end = 64
    for _ in range(unpack_from("<H", data, 10)[0]):
        end += unpack_from("<I", data, end + 4)[0]
    return end, False


def _trailer(model, tag):
    from emlearn_tools import find as found

    data = memoryview(model.data)
    start, marked = _layers(data)
    return found(data, start, len(data), tag) if marked else None


def outputs(model):
    """How many values run's `output` has."""
    return _values(model.output_dimensions())


def predict(model, x, out=None):
    """The number of the largest output, or of one output its value; with out, an array('f'), fill in the outputs."""
    if out is not None:
        return model.run(x, out)
    found = array("f", bytes(4 * outputs(model)))
    model.run(x, found)
    return found[0] if len(found) == 1 else max(range(len(found)), key=lambda i: found[i])


def label(model, i):
    """The label of class number i."""
    known = _trailer(model, b"LABL")
    classes = outputs(model)
    if known is not None:
        classes = at = 0
        while at + 2 <= len(known):
            at += 2 + known[at + 1]
            classes += 1
    if not 0 <= i < classes:
        raise ValueError("there are %d classes, no number %d" % (classes, i))
    if known is None:
        return i
    from emlearn_tools import label_of

    return label_of(known, i)


def labels(model):
    """The labels of all classes, in their order: model.labels, without a call."""
    found = []
    try:
        while True:
            found.append(label(model, len(found)))
    except ValueError:
        return found


def selftest(model):
    """(golden rows that agree, golden rows): all bits of the PC's outputs. ValueError for a wrong CRC."""
    data = memoryview(model.data)
    if not _layers(data)[1]:
        return 0, 0
    from emlearn_csv import crc32
    from emlearn_tools import replay

    if crc32(data[52:], crc32(data[:48])) & 0xFFFFFFFF != unpack_from("<I", data, 48)[0]:
        raise ValueError("the file is damaged: its CRC is wrong")
    return replay(_trailer(model, b"GOLD"), _values(model.input_dimensions()), outputs(model), model.run, None)


def info(model):
    """A dict of what the network is: dimensions, layers, bytes of header and layers, the certificate's text."""
    certificate = _trailer(model, b"CERT")
    return {
        "family": "cnn",
        "type": "float32" if _is_float(model.data) else "int8",
        "input": model.input_dimensions(),
        "output": model.output_dimensions(),
        "layers": unpack_from("<H", model.data, 10)[0],
        "bytes": _layers(model.data)[0],
        "certificate": None if certificate is None else str(certificate, "utf-8"),
    }
