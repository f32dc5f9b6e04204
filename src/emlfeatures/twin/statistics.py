# ---- Statistics of windows, and numbers of all features: as src/emlearn/eml_{number,statistics}.h, the same bits.
# Before it come emlfft.py and numbers.py. Floats are rounded to 32 bits by storing them in an array after an operation.
# ruff: noqa: F821

_LOG = (-80006503, 137509932, -142442927, 152467582, -178331009, 214758452, -268452411)
_LOG += (357914070, -536870788, 1073741823)
_ROUNDS = array("f", [0])
_BAD_SAMPLE = "a sample is NaN, infinite or too large"


def _f(x):
    _ROUNDS[0] = x
    return _ROUNDS[0]


def _float(bits):
    return array("f", bytes(array("I", [bits])))[0]


def _bits(x):
    return array("I", bytes(array("f", [x])))[0]


def _key(bits):
    """As an integer in the order of the numbers; -0 is 0."""
    return -(bits & 0x7FFFFFFF) if bits & SIGN else bits


def _truncated(a, b):
    return a // b if a >= 0 else -(-a // b)


def _number(mantissa, exponent):
    drop = length(mantissa) - 32
    return (mantissa >> drop if drop > 0 else mantissa << -drop, exponent + drop) if mantissa else (0, 0)


def _divide(a, b):
    return _number((a[0] << 33) // b[0], a[1] - b[1] - 33)


def _isqrt(square):
    root = 0
    bit = 1 << (length(square) + 1) // 2
    while bit:
        if (root | bit) * (root | bit) <= square:
            root |= bit
        bit >>= 1
    return root


def _root(a):
    shift = 32 - (a[1] & 1)
    return _isqrt(a[0] << shift), (a[1] - shift) // 2


def _nearest(value, exponent):
    return nearest(abs(value), exponent) | (SIGN if value < 0 else 0)


def _ratio(n, d, exponent):
    """Bits of the float32 nearest to n / d * 2^exponent: 64 bits of the quotient, and whether there is more."""
    shift = 64 + length(d)
    magnitude = abs(n) << shift
    quotient = magnitude // d
    return _nearest((quotient << 1 | (quotient * d != magnitude)) * (-1 if n < 0 else 1), exponent - shift - 1)


def _log(bits):
    """Of the bits of a positive finite number."""
    mantissa, exponent = parts(bits)
    while mantissa < 0x800000:
        mantissa <<= 1
        exponent -= 1
    mantissa &= 0x7FFFFF
    exponent += 23
    f = mantissa << 8
    if mantissa > 0x3504F3:
        f = (mantissa << 7) - 0x40000000
        exponent += 1
    p = _LOG[0]
    for c in _LOG[1:]:
        p = c + _truncated(p * f, 1 << 31)
    return _float(_nearest(_truncated(f * p, 512) + exponent * 3121657384082680, -52))


def _sqrt(bits):
    mantissa, exponent = parts(bits)
    shift = 60 + (exponent & 1)
    square = mantissa << shift
    root = _isqrt(square)
    return _float(nearest(root << 1 | (root * root != square), (exponent - shift) // 2 - 1))


def _window_bits(window, code):
    return [] if code == "h" else array("I", bytes(window))


def _check_samples(window, code, limit):
    fail(code in "hf", "expected samples as array('h') or array('f')")
    for bits in _window_bits(window, code):
        fail(bits & 0x7FFFFFFF <= limit, _BAD_SAMPLE)


def _popcount(mask):
    return len([c for c in bin(mask) if c == "1"])


class Statistics:
    def __init__(self, words, n_values):
        good = len(words) >= 2 and words[0] & 0xFF == 0 and words[0] >> 8 & 0xFF <= 1 and words[1] < 1 << 10
        fail(good, "inconsistent model")
        self.channels, self.correlation, self.mask = words[0] >> 16, words[0] >> 8 & 1, words[1]
        pairs = self.channels * (self.channels - 1) // 2 if self.correlation else 0
        self.columns = self.channels * _popcount(self.mask) + pairs
        fail(1 <= self.channels <= 255 and self.columns, "inconsistent model")
        self.n = n_values // self.channels
        fail(1 <= self.n <= 32767 and self.n * self.channels == n_values, "inconsistent model")
        self.words = 2

    def run(self, window, code):
        fail(code in "hf", "expected samples as array('h') or array('f')")
        raw, samples = list(_window_bits(window, code)), list(window)
        out, found = [], []
        for c in range(self.channels):
            made = self._channel(samples[c :: self.channels] if code == "h" else None, raw[c :: self.channels])
            out += made[0]
            found.append(made[1:])
        for i in range(self.channels if self.correlation else 0):
            for j in range(i + 1, self.channels):
                out.append(self._pair(found[i], found[j]))
        return array("f", bytes(array("I", out)))

    def _moment(self, total, less):
        exponent = 0
        if not -(1 << 47) <= total < 1 << 47:
            total >>= 16
            exponent, less = 16, 0
        total = total * self.n - less
        return _number(abs(total), exponent), total < 0

    def _channel(self, samples, raw):
        n, mask = self.n, self.mask
        if samples is None:
            for bits in raw:
                fail(bits & INFINITY != INFINITY, "a sample is NaN or infinite")
            keys = [_key(bits) for bits in raw]
            low, high = [-k | SIGN if k < 0 else k for k in (min(keys), max(keys))]
            largest = max(low & 0x7FFFFFFF, high & 0x7FFFFFFF)
            field = (largest >> 23) or 1
            values = [_in_units(bits, field) for bits in raw]
        else:
            keys = values = samples
            low, high = _nearest(min(keys), 0), _nearest(max(keys), 0)
            largest = max(low & 0x7FFFFFFF, high & 0x7FFFFFFF)
            field = 150
        unit = field - 150
        crossings = sum([(keys[i] < 0) != (keys[i - 1] < 0) for i in range(1, n)])
        squares = sum([v * v for v in values])
        mean = _ratio(sum(values), n, unit)
        centre = _in_units(mean, field)
        distances = [v - centre for v in values]
        rest = sum(distances)
        spread = self._moment(sum([d * d for d in distances]), rest * rest)[0]
        std = _root(_divide(spread, _number(n * n, 0)))
        rms = _root(_divide(_number(squares, 2 * unit), _number(n, 0)))
        crest = nearest(*_divide(_number(*parts(largest)), rms)) if largest else 0
        every = [mean, nearest(std[0], std[1] + unit), nearest(*rms), low, high, 0, 0, nearest(crossings, 0), crest]
        every.append(_ratio(squares, n, 2 * unit))
        if mask & 0x60:
            order = sorted(values)
            quarters = []
            for quarter in (1, 2, 3):
                rank, part = quarter * (n - 1) >> 2, quarter * (n - 1) & 3
                quarters.append(4 * order[rank] + (part * (order[rank + 1] - order[rank]) if part else 0))
            every[5], every[6] = _nearest(quarters[1], unit - 2), _nearest(quarters[2] - quarters[0], unit - 2)
        return [every[i] for i in range(10) if mask >> i & 1], distances, rest, spread

    def _pair(self, a, b):
        r, negative = self._moment(sum([x * y for x, y in zip(a[0], b[0])]), a[1] * b[1])
        scale = _root(_number(a[2][0] * b[2][0], a[2][1] + b[2][1]))
        if not r[0] or not scale[0]:
            return 0
        return nearest(*_divide(r, scale)) | (SIGN if negative else 0)


def _in_units(bits, field):
    own = bits >> 23 & 0xFF
    shift = field - (own or 1)
    magnitude = parts(bits)[0] + (1 << shift >> 1) >> shift if shift <= 25 else 0
    return -magnitude if bits & SIGN else magnitude
