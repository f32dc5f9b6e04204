"""Tree ensembles in plain Python: the API and, bit for bit, the results of the native module `emltrees`.

    model = emltrees.load('gesture.eml')     # or a CSV; a path, an open file, or bytes
    model.predict(array('h', features))      # class number, or value

Formats: docs/formats.md; arithmetic: src/emlearn/eml_trees.h. Whatever decides a result is an integer here: the
floats of MicroPython have 32 bits or fewer. Arrays are read as they lie in memory, so the machine is little-endian.
"""

_DTYPES = ("float", "int16", "int16 scaled")
_FLOAT, _INT16, _SCALED = range(3)
_LEAVES = ("hard", "counts", "weighted", "uint8", "value", "sum")
_HARD, _COUNTS, _WEIGHTED, _UINT8, _VALUE, _SUM = range(6)
_IDENTITY, _EXP, _SIGMOID, _HALF_SIGMOID, _ISOLATION, _SOFTMAX, _MEDIAN = range(7)  # what sums mean
_ACCEPTS = ("fhbBi", "h", "fh")  # typecodes, by dtype
_MAX_COUNT = 1 << 25  # of nodes, leaves, entries, values: what the native module can address
_KEY_INFINITY = 0x7F000001  # keys of NaN lie above it
_SCALED_MAX = 32766  # NaN is one more
_DOUBLE_ONE = (-52, 1 << 52)  # float64 are (exponent, mantissa) here, so that they compare as tuples
_DOUBLE_ZERO = (-1074, 0)


# ---- Numbers of trees


def _refuse(expected, code):
    """Raise what fits an array of another type (one letter), or something that is no array."""
    raise (ValueError if len(code) == 1 else TypeError)("%s, not '%s'" % (expected, code))


def _round(n, d, e, width, lowest):
    """(exponent, mantissa) of n / d * 2^e to `width` bits, ties to even; subnormal below the exponent `lowest`."""
    if n == 0:
        return lowest, 0
    shift = max(0, width + 1 + length(d) - length(n))
    quotient, remainder = divmod(n << shift, d)
    e -= shift
    drop = max(length(quotient) - width, lowest - e)
    mantissa = quotient >> drop
    rest = quotient - (mantissa << drop)
    half = 1 << drop - 1
    if rest > half or rest == half and (remainder or mantissa & 1):
        mantissa += 1
    if mantissa >> width:
        return e + drop + 1, mantissa >> 1
    return e + drop, mantissa


def _float32(n, d, e):
    """Bits of the float32 nearest to n / d * 2^e, n not negative."""
    exponent, mantissa = _round(n, d, e, 24, -149)
    bits = (exponent + 149 << 23) + mantissa  # the hidden bit, where there is one, adds 1 to the exponent field
    return min(bits, INFINITY)


def _double_ratio(n, d, e):
    return _round(n, d, e, 53, -1074)


def _double_add(a, b):
    if a < b:
        a, b = b, a
    distance = a[0] - b[0]
    if b[1] == 0 or distance > 55:  # less than half of the last bit
        return a
    return _round((a[1] << distance) + b[1], 1, b[0], 53, -1074)


def _float_keys(x, code):
    """Integers in the order of the float32 of x, NaNs last."""
    exact = array("f", bytes(x) if code == "f" else iter(x))
    keys = [(b if b >= 0 else b ^ 0x7FFFFFFF) - 0x7FFFFF for b in array("i", bytes(exact))]
    if code == "i":  # array('f') may round these twice
        for i, v in enumerate(x):
            if not -0x1000000 <= v <= 0x1000000:
                bits = nearest(abs(v), 0)
                keys[i] = (bits if v > 0 else -1 - bits) - 0x7FFFFF
    elif min(keys) < -0x80000000:  # negative NaNs wrap around
        keys = [k if k >= -0x80000000 else k + 0x100000000 for k in keys]
    return keys


def _scale(bits, shift, offset):
    """floor(x * 2^shift) - offset of the float32 x with these bits, limited to int16; 32767 for NaN."""
    mantissa, exponent = parts(bits)
    if exponent == 105:
        if mantissa > 0x800000:
            return _SCALED_MAX + 1
        shift = 128  # infinity: beyond every limit
    if bits >> 31:
        mantissa = -mantissa
    point = exponent + shift
    whole = mantissa << min(point, 40) if point >= 0 else mantissa >> -point
    return max(-32768, min(whole - offset, _SCALED_MAX))


def _to_common_unit(values):
    """Turn float32, bits of the magnitude with its sign, into integers in units of 2^exponent; returns that."""
    largest = max([abs(b) for b in values])
    exponent = max((largest >> 23) - 157, -156) if largest else 0  # the largest gets 31 bits
    for i, b in enumerate(values):
        mantissa, shift = parts(abs(b))
        shift -= exponent
        whole = mantissa << shift if shift >= 0 else _round(mantissa, 1, shift, 60, 0)[1]
        values[i] = -whole if b < 0 else whole
    return exponent


def _complement(bits):
    """1 - p for a float32 p from 0 to 1."""
    shift, mantissa = (bits >> 23) - 118, bits & 0x7FFFFF | 0x800000
    return nearest((1 << 32) - (mantissa << shift if shift >= 0 else mantissa >> -shift), -32)


def _argmax(sums):
    best = 0
    for i in range(1, len(sums)):
        if sums[i] > sums[best]:
            best = i
    return best
