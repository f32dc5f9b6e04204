"""Methods of emlknn's models that are called seldom: model.getresult(i) is emlknn_tools.getresult(model, i).

They work on `model.data`, the .eml file in memory, as docs/formats.md describes it. A model that learns is such a file
with room for items; its CRC is made when it is saved.
"""

# ruff: noqa: F401
from struct import pack_into, unpack_from

import emlknn
from emlearn_csv import crc32
from emlearn_csv import read as _read_text
from emlearn_tools import _header as _head
from emlearn_tools import info, label, outputs, selftest

_HEADER = "<HHHBBIHHhhIIIII"


def _header(model):
    _head(model)
    return unpack_from(_HEADER, model.data, 16)


def _file(n_items, n_features, k, code):
    """A model that has learned nothing yet."""
    if not (0 < n_items and 0 < n_features < 65536 and 0 < k < 65536 and n_items * n_features < 1 << 25):
        raise ValueError("expected new(n_items, n_features, k), all 1 or more")
    n_data = n_items * n_features * (2 if code == "h" else 4) + 3 & ~3
    size = 40 + n_data + (2 * n_items + 3 & ~3)
    data = bytearray(16 + size)
    counts = (n_items, 0) if code == "h" else (0, n_items)
    exponent = 0 if code == "h" else -156
    pack_into("<4sBBBBI", data, 0, b"EML\x1a", 1, 0, 3, 0, 16 + size)
    pack_into(_HEADER, data, 16, n_features, 1, 1, 1, 0, size, 0, k, exponent, 0, *counts, n_items, 0, 0)
    return data


def _sign(data):
    """Put in the CRC."""
    view = memoryview(data)
    pack_into("<I", data, 12, crc32(view[16:], crc32(view[:12])) & 0xFFFFFFFF)


def _typecode(x):
    # MicroPython's arrays have no attribute for it.
    text = repr(x)
    return text[7] if text[:7] == "array('" else "?"


def read(model, source):
    """An .eml in memory, for a model: from a path, an open file, text in memory, or lines."""
    if isinstance(source, str):
        with open(source, "rb") as file:
            return read(model, file)
    start = b""
    if hasattr(source, "readinto"):
        start = bytearray(16)
        start = start[: source.readinto(start)]
        if start[:4] == b"EML\x1a":
            data = bytearray(int.from_bytes(start[8:11], "little"))  # up to 16 MB
            data[:16] = start
            source.readinto(memoryview(data)[16:])
            return data
    return _read_text(start, source)


def additem(model, x, klass):
    """Learn an item. What emlknn.add does not do is the first one, floats, and errors."""
    if isinstance(model.data, tuple):
        code = _typecode(x)
        if code not in "hf" or len(model.data) != 3:
            raise ValueError("expected new(n_items, n_features, k), and additem(array('h') or array('f'), label)")
        data = _file(*model.data, code)
        _sign(data)
        emlknn.attach(model, data, True)
    if not emlknn.add(model, x, klass):
        from emlknn_full import additem as add

        add(model, x, klass)


def getitem(model, i, out):
    """Fill out, an array('h') or array('f') as the model's items are, with item i. Returns its label."""
    head = _header(model)
    n = head[0]
    if not 0 <= i < head[14]:
        raise ValueError("there are %d items, no number %d" % (head[14], i))
    if len(out) != n or _typecode(out) != ("h" if head[10] else "f"):
        raise ValueError("expected array('%s') of %d" % ("h" if head[10] else "f", n))
    if head[10]:
        out[:] = type(out)("h", bytes(memoryview(model.data)[56 + 2 * n * i : 56 + 2 * n * (i + 1)]))
    else:
        for j in range(n):
            out[j] = unpack_from("<i", model.data, 56 + 4 * (n * i + j))[0] * 2.0 ** head[8]
    return _target(model, head, i)


def _target(model, head, i):
    """Class number of item i; or its value."""
    at = 56 + ((head[10] * head[0] * 2 + 3 & ~3) or head[11] * head[0] * 4)
    if head[12]:
        return unpack_from("<H", model.data, at + 2 * i)[0]
    return unpack_from("<i", model.data, at + 4 * i)[0] * 2.0 ** head[9]


def _root(square):
    root = 0
    bit = 1 << 48
    while bit:
        if (root + bit) * (root + bit) <= square:
            root += bit
        bit >>= 1
    return root


def getresult(model, i):
    """(index, distance, label) of the i-th nearest item of the last predict. Of int16 the distance is rounded down."""
    head = _header(model)
    if not 0 <= i < min(head[7], head[14]):
        raise ValueError("there are %d results, no number %d" % (min(head[7], head[14]), i))
    from emlknn_full import found as memory

    found = memory(model)
    high, low, index = unpack_from("<QII", found, 16 * (i + 1))
    if high >> 60 or index >= head[14]:
        raise ValueError("call predict first")
    distance = high << 32 | low
    if head[10]:
        distance = distance if head[4] else _root(high)
    else:
        distance = (distance if head[4] else distance**0.5) * 2.0 ** unpack_from("<i", found, 12)[0]
    return index, distance, _target(model, head, index)


def save(model, path):
    """Write what was learned as an .eml, with its room for more; labels of classes stay, golden rows do not."""
    head = _header(model)
    end = 16 + head[5]
    data = bytearray(model.data[:end])
    at = end
    while at + 8 <= unpack_from("<I", model.data, 8)[0]:
        tag, size = unpack_from("<4sI", model.data, at)
        size = 8 + (size + 3 & ~3)
        if tag == b"LABL":
            data += model.data[at : at + size]
        at += size
    pack_into("<I", data, 8, len(data))
    _sign(data)
    with open(path, "wb") as file:
        file.write(data)
