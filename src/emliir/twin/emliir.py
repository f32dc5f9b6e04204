"""emliir in Python, for ports that cannot load native code: the same calls and the same bits.

The arithmetic is that of src/emlearn/eml_iir.h and eml_iir_q15.h. Floats are rounded to 32 bits by storing them in an
array after every operation; a port whose floats have fewer bits than that is off by what they lack.
"""

from array import array

SECTION = 6
ONE = 1 << 29
LIMIT = (1 << 28) - (1 << 23)
NOISE = 4096
UNSTABLE = "unstable: a pole is not inside the unit circle, or too near to it for int16"
OVERFLOW = "overflow: int16 samples come out up to 16 times as large or more, or all as 0; scale b"
BAD = "a coefficient is NaN or infinite, a0 is not 1, or all b are 0"


def typecode(x):
    if isinstance(x, array):
        return repr(x[:1])[7]
    if not isinstance(x, memoryview):
        raise TypeError("expected an array, not '%s'" % type(x).__name__)
    if len(x) == 0:
        return "?"
    size = len(bytes(x[:1]))
    return "f" if isinstance(x[0], float) and size == 4 else "h" if size == 2 else "?"


def _round(x, shift):
    return (x >> shift) + 1 >> 1


def _fixed(bits, exponent):
    shift = 157 - exponent - (bits >> 23 & 255)
    if shift < 1:
        return 1 << 30
    magnitude = 0 if shift > 31 else _round((bits & 0x7FFFFF | 0x800000) << 7, shift - 1)
    return -magnitude if bits >> 31 else magnitude


def _normalise(v):
    total = sum([abs(x) for x in v])
    shift = 1
    while total > 1 << 16 << shift:
        shift += 1
    return [_round(x, shift - 1) for x in v], shift


class _Float:
    def __init__(self, sos, bits):
        self.sos = sos
        self.reset()

    def reset(self):
        self.states = array("f", [0] * (len(self.sos) // 3))

    def run(self, x):
        p = array("f", bytes(5 * 4))
        t = array("f", [0, 0, 0])
        for stage in range(len(self.sos) // SECTION):
            b0, b1, b2, _, a1, a2 = self.sos[SECTION * stage : SECTION * (stage + 1)]
            s = self.states[2 * stage : 2 * stage + 2]
            for i in range(len(x)):
                v = x[i]
                p[0] = b0 * v
                t[0] = p[0] + s[0]
                y = t[0]
                p[1], p[2], p[3], p[4] = b1 * v, a1 * y, b2 * v, a2 * y
                t[1], s0 = p[1] - p[2], s[1]
                s[0], s[1] = t[1] + s0, p[3] - p[4]
                x[i] = y
            self.states[2 * stage], self.states[2 * stage + 1] = s[0], s[1]


class _Q15:
    def __init__(self, sos, bits):
        self.stages = []
        self.shift = 15
        for at in range(0, len(bits), SECTION):
            section = bits[at : at + SECTION]
            largest = max([x >> 23 & 255 for x in section[:3]])
            if not 32 <= largest <= 254:
                raise ValueError(BAD)
            b, shift = _normalise([_fixed(x, 154 - largest) for x in section[:3]])
            unit_of_b = 154 - largest - shift
            a = [_fixed(x, 29) for x in section[4:]]
            if ONE - a[1] < 1 << 16 or ONE + a[1] - abs(a[0]) < 1 << 15:
                raise ValueError(UNSTABLE)
            n = [x + ONE // 2 >> 29 for x in a]
            a, shift = _normalise([x - whole * ONE for x, whole in zip(a, n)])
            unit = -4
            gain = LIMIT + 1
            self.stages.append(None)
            while gain > LIMIT:
                unit += 1
                self.stages[-1] = (b, a, n, max(-unit, 0), max(unit, 0), 13 - shift)
                gain = self._gain()
            if gain < LIMIT // 8:
                raise ValueError(UNSTABLE)
            self.shift += unit_of_b - unit - 16
        self.reset()
        if not 11 <= self.shift <= 30:
            raise ValueError(OVERFLOW)

    def _gain(self):
        self.reset()
        total = quiet = 0
        x = 1 << 28
        while quiet < 1024 and total <= LIMIT:
            y = abs(self._step(x))
            x = 0
            quiet += 1
            if y >= NOISE:
                total += y
                quiet = 1
        return total

    def reset(self):
        self.states = [0] * (2 * len(self.stages) + 2)

    def _step(self, x):
        s = self.states
        at = 0
        for b, a, n, left, shift, a_shift in self.stages:
            x1, x2, y1, y2 = s[at], s[at + 1], s[at + 2], s[at + 3]
            forward = b[0] * x + b[1] * x1 + b[2] * x2 >> 15
            back = a[0] * y1 + a[1] * y2 >> 15
            s[at + 1] = x1
            s[at] = x
            x = (_round(forward, shift) << left) - _round(back, a_shift) - n[0] * y1 - n[1] * y2
            at += 2
        s[at + 1] = s[at]
        s[at] = x
        return x

    def run(self, x):
        for i in range(len(x)):
            x[i] = min(max(_round(self._step(x[i] << 15), self.shift - 1), -32768), 32767)


class Filter:
    def __init__(self, sos):
        if typecode(sos) != "f" or len(sos) == 0 or len(sos) % SECTION:
            raise ValueError("expected coefficients as array('f'), 6 numbers a section: b0, b1, b2, 1, a1, a2")
        self.sos = array("f", sos)
        self.bits = [x & 0xFFFFFFFF for x in array("i", bytes(self.sos))]
        self.made = {}
        for i in range(len(sos)):
            if self.bits[i] >> 23 & 255 == 255 or i % SECTION == 3 and self.bits[i] != 0x3F800000:
                raise ValueError(BAD)

    def run(self, samples):
        code = typecode(samples)
        if code == "?" and len(samples) == 0:
            return
        if code not in self.made:
            if code not in ("f", "h"):
                raise ValueError("expected samples as array('f') or array('h')")
            self.made[code] = (_Float if code == "f" else _Q15)(self.sos, self.bits)
        self.made[code].run(samples)

    def reset(self):
        for made in self.made.values():
            made.reset()


new = Filter
