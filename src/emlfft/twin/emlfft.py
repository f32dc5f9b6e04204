"""emlfft in Python, for ports that cannot load native code: the same calls and the same bits.

The arithmetic is that of src/emlearn/eml_fft.h and eml_fft_q15.h. Floats are rounded to 32 bits by storing them in an
array after every operation; a port whose floats have fewer bits than that is off by what they lack.
"""

from array import array

COEFFICIENTS = (172032, -5026852, 85569264, -693598663, 1686629713)
FRACTION = 13  # bits of the sums of int16


def _multiply(a, b):
    return (a >> 15) * (b >> 15) + ((a >> 15) * (b & 0x7FFF) >> 15) + ((a & 0x7FFF) * (b >> 15) >> 15)


def sine_q30(phase):
    y = phase & 0x7FFFFFFF
    if y > 1 << 30:
        y = (1 << 31) - y
    square = _multiply(y, y)
    total = -3670
    for c in COEFFICIENTS:
        total = c + _multiply(total, square)
    total = _multiply(total, y)
    return -total if phase >> 31 else total


def sine_float32(phase):
    """The float32 nearest to it, ties to even: an integer of 24 bits and a power of two, which no float rounds."""
    q30 = sine_q30(phase)
    magnitude = abs(q30)
    shift = 0
    while magnitude >> shift > 0xFFFFFF:
        shift += 1
    rest = magnitude & (1 << shift) - 1
    mantissa = magnitude >> shift
    if shift:
        half = 1 << shift - 1
        mantissa += rest > half or rest == half and mantissa & 1
    return (-mantissa if q30 < 0 else mantissa) * 2.0 ** (shift - 30)


def typecode(x):
    """Of an array or memoryview of float32 or int16; TypeError for what is neither array nor memoryview."""
    if isinstance(x, array):
        return repr(x[:1])[7]
    if not isinstance(x, memoryview):
        raise TypeError("expected an array, not '%s'" % type(x).__name__)
    if len(x) == 0:
        return "?"
    size = len(bytes(x[:1]))
    return "f" if isinstance(x[0], float) and size == 4 else "h" if size == 2 else "?"


def expect(x, code, size):
    got = typecode(x)
    if got != code:
        raise ValueError("expected %s samples, got %s" % (code, got))
    if len(x) != size:
        raise ValueError("expected %d samples, got %d" % (size, len(x)))


def fill(fft, n):
    """emlearn-micropython's scripts call it: the tables are there already."""


def _reverse(re, im, m):
    j = 0
    for i in range(m):
        if i < j:
            re[i], re[j] = re[j], re[i]
            im[i], im[j] = im[j], im[i]
        bit = m >> 1
        while bit and j & bit:
            j ^= bit
            bit >>= 1
        j ^= bit


def _odd_power(m):
    return m & 0xAAAAAAAA != 0


class _Float:
    # Each name is a place of an array that rounds.

    def __init__(self, n):
        self.n = n
        self.table = array("f", [sine_float32(i * ((1 << 32) // n)) for i in range(n)])

    def run(self, re, im, m):
        n, table = self.n, self.table
        _reverse(re, im, m)
        q = 1
        if _odd_power(m):
            t = array("f", [0, 0])
            for i in range(0, m, 2):
                t[0], t[1] = re[i + 1], im[i + 1]
                re[i + 1], im[i + 1] = re[i] - t[0], im[i] - t[1]
                re[i] += t[0]
                im[i] += t[1]
            q = 2
        p = array("f", bytes(12 * 4))
        t = array("f", bytes(6 * 4))
        w = array("f", bytes(8 * 4))
        while q < m:
            step = n // (4 * q)
            for k in range(q):
                sines = [table[turns * k * step] for turns in (2, 1, 3)]
                cosines = [table[turns * k * step + n // 4] for turns in (2, 1, 3)]
                for i in range(k, m, 4 * q):
                    for place in range(3):
                        at = i + (place + 1) * q
                        x, y = re[at], im[at]
                        if k:
                            s, c = sines[place], cosines[place]
                            p[0], p[1], p[2], p[3] = x * c, y * s, y * c, x * s
                            t[2 * place], t[2 * place + 1] = p[0] + p[1], p[2] - p[3]
                        else:
                            t[2 * place], t[2 * place + 1] = x, y
                    cr, ci, br, bi, dr, di = t
                    ar, ai = re[i], im[i]
                    w[0], w[1], w[2], w[3] = ar + cr, ai + ci, br + dr, bi + di
                    w[4], w[5], w[6], w[7] = ar - cr, ai - ci, br - dr, bi - di
                    er, ei, gr, gi, fr, fi, hr, hi = w
                    re[i], im[i] = er + gr, ei + gi
                    re[i + q], im[i + q] = fr + hi, fi - hr
                    re[i + 2 * q], im[i + 2 * q] = er - gr, ei - gi
                    re[i + 3 * q], im[i + 3 * q] = fr - hi, fi + hr
            q *= 4

    def join(self, re, im):
        n, table = self.n, self.table
        m = n // 2
        re[m], im[m] = re[0], im[0]
        p = array("f", bytes(6 * 4))
        w = array("f", bytes(4 * 4))
        for i in range(m // 2 + 1):
            j = m - i
            w[0], w[1], w[2], w[3] = re[i] + re[j], im[i] - im[j], im[i] + im[j], re[j] - re[i]
            er, ei, gr, gi = [0.5 * x for x in w]
            s, c = table[i], table[i + n // 4]
            p[0], p[1], p[2], p[3] = gr * c, gi * s, gi * c, gr * s
            p[4], p[5] = p[0] + p[1], p[2] - p[3]
            tr, ti = p[4], p[5]
            re[i], im[i], re[j], im[j] = er + tr, ei + ti, er - tr, ti - ei

    def power(self, re, im, out):
        p = array("f", [0, 0])
        for i in range(len(re)):
            p[0], p[1] = re[i] * re[i], im[i] * im[i]
            out[i] = p[0] + p[1]


def _exponent(largest, growth):
    exponent = 1 - FRACTION
    largest -= largest != 0
    largest >>= 30 + 2 * exponent - growth
    while largest:
        exponent += 1
        largest >>= 2
    return exponent


def _clip(above, shift):
    return min(max(above >> shift, -32768), 32767)


def _largest(re, im, m):
    return max([re[i] * re[i] + im[i] * im[i] for i in range(m)])


class _Q15:
    def __init__(self, n):
        self.n = n
        self.table = array("h", bytes(2 * n))
        sine, cosine = 1 << 14, (1 << 30) + (1 << 14)
        for i in range(2047, -1, -1):
            cosine -= (sine >> 15) * 51472 >> 10
            sine += (cosine >> 15) * 51472 >> 10
            at = i * n >> 12
            self.table[at] = -(sine >> 15)
            self.table[at + n // 2] = min(sine >> 15, 32767)

    def run(self, re, im, m):
        n, table = self.n, self.table
        _reverse(re, im, m)
        total = 0
        q = 1
        if _odd_power(m):
            total = _exponent(_largest(re, im, m), 2)
            shift = FRACTION + total
            half = 1 << shift >> 1
            for i in range(0, m, 2):
                for x in (re, im):
                    a, b = (x[i] << FRACTION) + half, x[i + 1] << FRACTION
                    x[i], x[i + 1] = _clip(a + b, shift), _clip(a - b, shift)
            q = 2
        while q < m:
            exponent = _exponent(_largest(re, im, m), 4)
            shift = FRACTION + exponent
            half = 1 << shift >> 1
            total += exponent
            step = n // (4 * q)
            for k in range(q):
                sines = [table[turns * k * step] for turns in (2, 1, 3)]
                cosines = [table[turns * k * step + n // 4] for turns in (2, 1, 3)]
                for i in range(k, m, 4 * q):
                    turned = []
                    for place in range(3):
                        x, y, s, c = re[i + (place + 1) * q], im[i + (place + 1) * q], sines[place], cosines[place]
                        turned += (x * c + y * s >> 15 - FRACTION, y * c - x * s >> 15 - FRACTION)
                    cr, ci, br, bi, dr, di = turned
                    # Of the table's numbers, which are minus sine and cosine, b to d are minus what they are.
                    ar, ai = (re[i] << FRACTION) + half, (im[i] << FRACTION) + half
                    re[i], im[i] = _clip(ar - cr - br - dr, shift), _clip(ai - ci - bi - di, shift)
                    re[i + q], im[i + q] = _clip(ar + cr - bi + di, shift), _clip(ai + ci + br - dr, shift)
                    re[i + 2 * q], im[i + 2 * q] = _clip(ar - cr + br + dr, shift), _clip(ai - ci + bi + di, shift)
                    re[i + 3 * q], im[i + 3 * q] = _clip(ar + cr + bi - di, shift), _clip(ai + ci - br + dr, shift)
            q *= 4
        return total

    def join(self, re, im):
        n, table = self.n, self.table
        m = n // 2
        re[m], im[m] = re[0], im[0]
        squares = [re[i] * re[i] + im[i] * im[i] for i in range(m + 1)]
        exponent = _exponent(max([squares[i] + squares[m - i] for i in range(m // 2 + 1)]), 0)
        shift = FRACTION + exponent
        half = 1 << shift >> 1
        for i in range(m // 2 + 1):
            j = m - i
            er, ei = re[i] + re[j] << FRACTION - 1, im[i] - im[j] << FRACTION - 1
            gr, gi = -im[i] - im[j], re[i] - re[j]
            s, c = table[i], table[i + n // 4]
            tr, ti = (gr * c >> 3) + (gi * s >> 3), (gi * c >> 3) - (gr * s >> 3)
            re[i], im[i] = _clip(er + tr + half, shift), _clip(ei + ti + half, shift)
            re[j], im[j] = _clip(er - tr + half, shift), _clip(ti - ei + half, shift)
        return exponent

    def power(self, re, im, out):
        for i in range(len(re)):
            out[i] = re[i] * re[i] + im[i] * im[i]


class FFT:
    def __init__(self, n):
        if not isinstance(n, int):
            raise TypeError("expected a number of samples")
        if not 8 <= n <= 4096 or n & n - 1:
            raise ValueError("expected n = 8, 16, 32... 4096")
        self.n = n
        self.made = {}

    def _core(self, x):
        code = typecode(x)
        if code not in self.made:
            self.made[code] = _Q15(self.n) if code == "h" else _Float(self.n)
        return self.made[code], "h" if code == "h" else "f"

    def run(self, re, im):
        core, code = self._core(re)
        expect(re, code, self.n)
        expect(im, code, self.n)
        return core.run(re, im, self.n)

    def rfft(self, x, re, im):
        core, code = self._core(x)
        expect(x, code, self.n)
        expect(re, code, self.n // 2 + 1)
        expect(im, code, self.n // 2 + 1)
        for i in range(self.n // 2):
            re[i], im[i] = x[2 * i], x[2 * i + 1]
        exponent = core.run(re, im, self.n // 2)
        joined = core.join(re, im)
        return None if exponent is None else exponent + joined

    def power_spectrum(self, x, out, work):
        core, code = self._core(x)
        if code == "f":
            expect(out, "f", self.n // 2 + 1)
        elif typecode(out) != "i" or len(out) != self.n // 2 + 1:
            raise ValueError("expected %d numbers as array('i')" % (self.n // 2 + 1))
        re = array(code, [0] * (self.n // 2 + 1))
        exponent = self.rfft(x, re, work)
        core.power(re, work, out)
        return None if exponent is None else 2 * exponent

    def fill(self, sin, cos):
        """emlearn-micropython's: the tables are there already."""
