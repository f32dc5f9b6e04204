"""Numbers and arrays of all twins; build.mk puts it before them.

Whatever decides a result is an integer here, the same as in src/emlearn/eml_exp.h: the floats of MicroPython have 32
bits or fewer.
"""

from array import array

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


NAN = 0x7FC00000
INFINITY = 0x7F800000
SIGN = 0x80000000


def fail(good, reason):
    if not good:
        raise ValueError(reason)


# ---- Numbers


def length(n):
    return len(bin(n)) - 2 if n else 0


def nearest(mantissa, exponent):
    """Bits of the float32 nearest to mantissa * 2^exponent, not negative; ties to even."""
    if not mantissa:
        return 0
    drop = max(length(mantissa) - 24, -149 - exponent)
    if drop > 0:
        rest = mantissa & (1 << drop) - 1
        mantissa >>= drop
        half = 1 << drop - 1
        mantissa += rest > half or rest == half and mantissa & 1
    else:
        mantissa <<= -drop
    return min((exponent + drop + 149 << 23) + mantissa, INFINITY)


def parts(bits):
    """Mantissa and exponent of |x|."""
    field = bits >> 23 & 0xFF
    return (bits & 0x7FFFFF) + (0x800000 if field else 0), (field or 1) - 150


def _magnitude_q24(x):
    field = x >> 23 & 0xFF
    mantissa = x & 0x7FFFFF | 0x800000
    if field >= 134:
        return 0x7FFFFFFF
    if field < 102:
        return 0
    return mantissa << field - 126 if field >= 126 else mantissa + (1 << 125 - field) >> 126 - field


def _exp_q24(x):
    """Mantissa of 32 bits, and exponent."""
    y = x * 3098164010
    f = y >> 23 & 0xFFFFFFFF
    p = 894123
    for c in (5451244, 41455862, 238353606, 1031767986, 2977044430):
        p = c + (p * f >> 32)
    return 0x80000000 + (p * f >> 33), (y >> 55) - 31


def reciprocal(d):
    r = 3031741621 - (d * 2021161080 >> 32)
    for _ in range(3):
        r = r * (0x80000000 - (d * r >> 32)) >> 30
    return r


def exp(x):
    if x & ~SIGN > INFINITY:
        return NAN
    q = _magnitude_q24(x)
    return nearest(*_exp_q24(-q if x & SIGN else q))


def sigmoid(x):
    if x & ~SIGN > INFINITY:
        return NAN
    mantissa, exponent = _exp_q24(-_magnitude_q24(x))
    shift = -31 - exponent
    r = reciprocal(0x80000000 + (mantissa >> shift) if shift else 0xFFFFFFFF)
    return nearest(r * mantissa, exponent - 31) if x & SIGN else nearest(r, -31)


def normalise(values):
    total = 0
    for bits in values:
        shift = 110 - (bits >> 23)
        mantissa = bits & 0x7FFFFF | 0x800000
        total += mantissa << -shift if shift <= 0 else mantissa >> shift if shift < 32 else 0
    shift = 64 - length(total)
    r = reciprocal(total << shift >> 32)
    normalised = []
    for bits in values:
        mantissa, exponent = parts(bits)
        normalised.append(nearest(mantissa * r, exponent + shift - 54))
    return normalised


# ---- Arrays


def _comparable(code, x, ordered):
    try:
        return array(code) <= x if ordered else array(code) == x
    except NotImplementedError:
        return False


def typecode(x):
    """Typecode of an array; of anything else the name of its type. MicroPython's arrays have no such attribute."""
    if isinstance(x, (bytes, bytearray)):
        return "B"
    if isinstance(x, array):
        return repr(x[:0])[7]
    if not isinstance(x, memoryview):
        return type(x).__name__
    if hasattr(x, "format"):
        return x.format
    if len(x) and isinstance(x[0], float):
        return "f" if len(bytes(x[:1])) == 4 else "d"
    for code in "bhi":  # MicroPython compares integers of one size only, and orders them only when one side is unsigned
        if _comparable(code, x[:0], False):
            return code.upper() if _comparable(code, x[:0], True) else code
    return "?"
