"""Reads CSV files of every family whose rows are its header and arrays, which is all but trees: into an .eml in memory.

docs/formats.md#csv. What the numbers mean, and whether they are in range, the module checks that opens the .eml.
"""

from struct import calcsize, pack, pack_into

try:
    from binascii import crc32
except ImportError:  # some ports leave it out

    def crc32(data, crc=0):
        crc ^= 0xFFFFFFFF
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
        return crc ^ 0xFFFFFFFF


_UNESCAPE = {"\\": "\\", "n": "\n", "r": "\r"}


def _lines(start, source):
    # `start` has been read from the file already.
    if not hasattr(source, "readinto"):
        try:
            source = bytes(memoryview(source))
        except TypeError:
            yield from source
            return
        start, source = source, None
    rest = bytes(start)
    while True:
        end = rest.find(b"\n")
        if end < 0:
            chunk = source.read(256) if source else None
            if not chunk:
                yield rest
                return
            rest += chunk if isinstance(chunk, bytes) else chunk.encode()
        else:
            yield rest[:end]
            rest = rest[end + 1 :]


def _integer(text):
    digits = text[1:] if text[:1] == "-" else text
    if not digits.isdigit() or len(digits) > 10:
        raise ValueError("no integer")
    return int(text)


class _Reader:
    def __init__(self):
        self.file = None
        self.array = None  # its name and type
        self.labels = b""
        self.golden = []
        self.certificate = None
        self.rows = 0
        self.done = False

    def pad(self):
        self.file += bytes(-len(self.file) % 4)

    def put(self, codes, cells):
        if len(codes) != len(cells):
            raise ValueError("wrong number of cells")
        values = [_integer(cell) for cell in cells]
        for code, value in zip(codes, values):
            bits = 8 * calcsize(code)
            low = -(1 << bits - 1) if code in "bhi" else 0
            if code not in "BbHhIi" or not low <= value < low + (1 << bits):
                raise ValueError("number out of range")
            self.file += pack("<" + code, value)
        return values

    def row(self, line):
        tag, _, rest = line.partition(",")
        cells = rest.split(",")
        if self.done:
            raise ValueError("a row after `end`")
        if self.file is None:
            if tag != "eml" or len(cells) < 11 or cells[0] != "1" or cells[3][:6] != "HHHBBI":
                raise ValueError("not a model file, or of another version")
            self.file = bytearray(b"EML\x1a\x01\0\0\0" + bytes(8))
            self.file[6] = _integer(cells[2]) & 0xFF
            self.head = self.put(cells[3], cells[4:])
            # The features of golden rows: int16 of neighbours with items of int16, and of windows of int16, else the
            # bits of float32.
            int16 = cells[2] == "3" and self.head[10] or cells[2] == "9" and self.head[7] == 104
            self.code = "h" if int16 else "I"
        elif tag == "label":
            kind, _, text = rest.partition(",")
            parts = iter(text)
            text = "".join([c if c != "\\" else _UNESCAPE[next(parts)] for c in parts]).encode()
            if kind not in ("i", "s") or len(text) > 255:
                raise ValueError("a label is wrong")
            if kind == "i":
                int(text)
            self.labels += kind.encode() + bytes([len(text)]) + text
        elif tag == "t" and len(cells) == self.head[0]:
            row = b"".join([pack("<" + self.code, _integer(cell)) for cell in cells])
            self.golden.append(row + bytes(-len(row) % 4))
        elif tag == "u" and len(cells) == self.head[2] + 1 and self.golden:
            self.golden[-1] += b"".join([pack("<I", _integer(cell)) for cell in cells])
        elif tag == "cert":
            self.certificate = rest.encode()
        elif tag == "end" and _integer(rest) == self.rows:
            self.done = True
        elif len(cells[0]) == 1 and cells[0] in "BbHhIif":
            if self.array != (tag, cells[0]):
                self.array = (tag, cells[0])
                self.pad()
            code = "I" if cells[0] == "f" else cells[0]
            if cells[1:] != [""]:
                self.put(code * (len(cells) - 1), cells[1:])
        else:
            raise ValueError("row unknown, incomplete or out of order")
        self.rows += 1

    def trailer(self, tag, payload):
        self.file += tag + pack("<I", len(payload)) + payload
        self.pad()

    def finish(self):
        if not self.done:
            raise ValueError("the file ends before its end")
        self.pad()
        if self.head[5] != len(self.file) - 16:
            raise ValueError("the arrays are not as large as the first row says")
        if self.labels:
            self.trailer(b"LABL", self.labels)
        if self.golden:
            n_x = self.head[0] * calcsize(self.code)
            size = (n_x + 3 & ~3) + 4 * (1 + self.head[2])
            for row in self.golden:
                if len(row) != size:
                    raise ValueError("a golden row has no result")
            code = 102 if self.code == "I" else 104  # "f", "h"
            self.trailer(b"GOLD", pack("<HBB", len(self.golden), code, 0) + b"".join(self.golden))
        if self.certificate is not None:
            self.trailer(b"CERT", self.certificate)
        pack_into("<I", self.file, 8, len(self.file))
        pack_into("<I", self.file, 12, crc32(memoryview(self.file)[16:], crc32(memoryview(self.file)[:12])))
        return self.file


def read(start, source):
    """The .eml file of text: bytes that were read already, then a file, or a buffer, or lines."""
    reader = _Reader()
    number = 0
    for line in _lines(start, source):
        number += 1
        if not isinstance(line, str):
            line = bytes(memoryview(line))
        try:
            line = line if isinstance(line, str) else str(line, "utf-8")
            line = line.rstrip("\r\n") if line[-1:] in "\r\n" else line
            if line:
                reader.row(line)
        except (ValueError, KeyError, IndexError, StopIteration, RuntimeError) as error:
            raise ValueError("line %d: %s" % (number, error))
    try:
        return reader.finish()
    except ValueError as error:
        raise ValueError("line %d: %s" % (number, error))
