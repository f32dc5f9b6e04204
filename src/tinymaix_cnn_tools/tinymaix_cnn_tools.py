"""What of convolutional networks is called once, or seldom: model.info() is tinymaix_cnn_tools.info(model).

For networks of both types. The functions work on `model.data`, the .tmdl file in memory, which docs/formats.md describes.
Bytecode, so that it takes memory only where it is used.
"""

from array import array
from struct import unpack_from

from emlearn_tools import find, label_of, replay


def load(path):
    """A network from a file, in the module for its type. One in a ROMFS is used where it lies."""
    with open(path, "rb") as file:
        try:
            data = memoryview(file)
        except TypeError:
            size = file.seek(0, 2)
            file.seek(0)
            data = file.read(size)
    module = "tinymaix_cnn_fp32" if bytes(data[4:5]) == b"\2" else "tinymaix_cnn"
    return __import__(module).new(data)


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
    data = memoryview(model.data)
    start, marked = _layers(data)
    return find(data, start, len(data), tag) if marked else None


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
    return i if known is None else label_of(known, i)


def labels(model):
    """The labels of all classes, in their order: model.labels, without a call."""
    found = []
    try:
        while True:
            found.append(label(model, len(found)))
    except ValueError:
        return found


def selftest(model):
    """(golden rows that agree, golden rows): all bits of the outputs that the PC computed. ValueError for a wrong CRC."""
    data = memoryview(model.data)
    if not _layers(data)[1]:
        return 0, 0
    from emlearn_csv import crc32

    if crc32(data[52:], crc32(data[:48])) & 0xFFFFFFFF != unpack_from("<I", data, 48)[0]:
        raise ValueError("the file is damaged: its CRC is wrong")
    return replay(_trailer(model, b"GOLD"), _values(model.input_dimensions()), outputs(model), model.run, None)


def info(model):
    """A dict of what the network is: dimensions, number of layers, bytes of header and layers, the certificate's text."""
    certificate = _trailer(model, b"CERT")
    return {
        "family": "cnn",
        "type": "float32" if model.data[4] == 2 else "int8",
        "input": model.input_dimensions(),
        "output": model.output_dimensions(),
        "layers": unpack_from("<H", model.data, 10)[0],
        "bytes": _layers(model.data)[0],
        "certificate": None if certificate is None else str(certificate, "utf-8"),
    }
