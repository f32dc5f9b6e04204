"""Data frames in files of R: `.rda`, and the `.rdb` in which packages keep them, whose index is beside it.

The format, XDR, is that of "R Internals", section 1.8: https://cran.r-project.org/doc/manuals/r-release/R-ints.html.
"""

import bz2
import gzip
import lzma
import zlib

import numpy as np

SYMBOL, PAIRS, CHARS, LOGICAL, INTEGER, REAL, STRING, LIST, ALTREP = 1, 2, 9, 10, 13, 14, 16, 19, 238
NIL, REFERENCE = 254, 255
NA = -(2**31)
MAGIC = {b"\x1f\x8b": gzip.decompress, b"BZ": bz2.decompress, b"\xfd7": lzma.decompress}


def read_rda(path):
    """The objects of a file, by name."""
    content = decompressed(path.read_bytes())
    if content[:5] not in (b"RDX2\n", b"RDX3\n"):
        raise ValueError(f"{path} is not a .rda file in XDR")
    return frames(Reader(content[5:]).read())


def read_rdb(path, name):
    """The object of this name in a package's database."""
    index = Reader(decompressed(path.with_suffix(".rdx").read_bytes())).read()
    start, size = index["variables"][name]
    stored = path.read_bytes()[start : start + size]
    # Its size when decompressed, and where it is not zlib's, how it is compressed.
    kind, rest = stored[4:5], stored[5:]
    if kind == b"Z":
        return Reader(lzma.decompress(rest, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2}])).read()
    return Reader(bz2.decompress(rest) if kind == b"2" else zlib.decompress(stored[4:])).read()


def decompressed(content):
    return MAGIC[content[:2]](content)


def frames(pairs):
    return {name: value for name, value in pairs.items() if isinstance(value, dict)}


class Reader:
    """Reads one object: numbers and factors as arrays, strings and unnamed lists as lists, named ones as dicts."""

    def __init__(self, content):
        if content[:2] != b"X\n":
            raise ValueError("only R's binary format XDR is read")
        self._content, self._at = content, 2
        self._references = []
        (version,) = self._numbers(">i4", 3)[:1]
        if version == 3:
            self._take(self._int())  # the encoding's name

    def read(self):
        flags = self._int()
        kind, has_attributes, has_tag = flags & 255, flags >> 9 & 1, flags >> 10 & 1
        if kind == NIL:
            return None
        if kind == REFERENCE:
            return self._references[(flags >> 8) - 1]
        if kind == SYMBOL:
            self._references.append(self.read())
            return self._references[-1]
        if kind == PAIRS:
            return self._pairs(has_attributes, has_tag)
        if kind == CHARS:
            size = self._int()
            return None if size < 0 else self._take(size).decode("latin1")
        if kind == ALTREP:
            (what, *_), state, _ = self.read().values(), self.read(), self.read()
            return state if what != "compact_intseq" else np.arange(state[0]) * state[2] + state[1]
        value = self._vector(kind)
        attributes = self.read() if has_attributes else {}
        if "levels" in attributes:
            return value - 1
        if "names" in attributes:
            return dict(zip(attributes["names"], value, strict=True))
        return value

    def _vector(self, kind):
        if kind in (LOGICAL, INTEGER):
            numbers = self._numbers(">i4", self._int())
            return np.where(numbers == NA, np.nan, numbers) if np.any(numbers == NA) else numbers
        if kind == REAL:
            return self._numbers(">f8", self._int())
        if kind in (STRING, LIST):
            return [self.read() for _ in range(self._int())]
        raise ValueError(f"R's type {kind} is no part of a data frame")

    def _pairs(self, has_attributes, has_tag):
        found = {}
        while True:
            if has_attributes:
                self.read()
            tag = self.read() if has_tag else len(found)
            found[tag] = self.read()
            flags = self._int()
            if flags & 255 == NIL:
                return found
            if flags & 255 != PAIRS:
                raise ValueError("a list of R that ends in something else")
            has_attributes, has_tag = flags >> 9 & 1, flags >> 10 & 1

    def _int(self):
        return int(self._numbers(">i4", 1)[0])

    def _numbers(self, dtype, n):
        return np.frombuffer(self._take(n * np.dtype(dtype).itemsize), dtype)

    def _take(self, n):
        taken = self._content[self._at : self._at + n]
        if n < 0 or len(taken) < n:
            raise ValueError("a file of R ends too early")
        self._at += n
        return taken
