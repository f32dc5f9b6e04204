# ---- Linear models, as src/emlearn/eml_linear.h
# ruff: noqa: F821

FAMILY = 2
_IDENTITY, _SIGMOID, _SOFTMAX, _OVR = range(4)
_VANISHED = 0xC4317218  # -709.78: exp of the opposite is beyond float64, and for scikit-learn all classes are equal


class Tables:
    def __init__(self, data, size):
        fail(size >= 16, "not a model file, or damaged")
        n, classes, n_outputs, output, link, _, rows = unpack_from("<HHHBBIH", data, 16)
        n_shift = 2 * n + 2 + 3 & ~3
        fail(n * rows < 1 << 25 and size == 16 + n_shift + 4 * rows * (n + 1), "not a model file, or damaged")
        good = n and rows and link <= _OVR and n_outputs == rows + (link == _SIGMOID)
        good = good and output == (1 if link else 2 if classes else 0)
        binary = rows == 1 and classes == 2
        per_class = rows == classes >= 2
        good = good and (classes == 0 or binary or per_class)
        good = good and (link == _IDENTITY or (binary if link == _SIGMOID else per_class))
        fail(good, "inconsistent model")
        self.n_features, self.n_classes, self.n_outputs, self.link = n, classes, n_outputs, link
        self.shift = array("h", data[32 : 34 + 2 * n])
        fail(-400 <= min(self.shift) and max(self.shift) <= 400, "inconsistent model")
        at = 32 + n_shift
        self.rows = [array("i", data[at + 4 * n * k : at + 4 * n * (k + 1)]) for k in range(rows)]
        at += 4 * n * rows
        self.intercept = array("i", data[at : at + 4 * rows])

    def sums(self, x):
        """Sum of each row, and the exponent of their units."""
        values = []
        top = 127 + self.shift[-1]
        for bits, shift in zip(x, self.shift):
            mantissa, exponent = parts(bits)
            level = exponent + 150 + shift
            if mantissa and level > top:
                top = level
            values.append((-mantissa if bits & SIGN else mantissa, level))
        scaled = []
        for mantissa, level in values:
            drop = top - level
            value = abs(mantissa) << 6
            if drop > 0:
                value = value + (1 << drop - 1) >> drop if drop < 32 else 0
            scaled.append(-value if mantissa < 0 else value)
        drop = top - 127 - self.shift[-1]
        one = 1 << 29 if not drop else (1 << 29) + (1 << drop - 1) >> drop if drop < 32 else 0
        found = []
        for row, intercept in zip(self.rows, self.intercept):
            total = intercept * one
            for c, value in zip(row, scaled):
                total += c * value
            found.append(total)
        return found, top - 156

    def classify(self, x):
        sums, _ = self.sums(x)
        return sums.index(max(sums)) if len(sums) > 1 else int(sums[0] > 0)

    def evaluate(self, x):
        sums, exponent = self.sums(x)
        link = self.link
        best = max(sums)
        decision = [_signed(s, exponent) for s in sums]
        if link == _IDENTITY:
            return decision
        if link == _SIGMOID:
            return [sigmoid(decision[0] ^ SIGN), sigmoid(decision[0])]
        if link == _OVR and best >= 0:
            return normalise([sigmoid(d) for d in decision])
        if link == _OVR and _signed(best, exponent) > _VANISHED:
            return normalise([nearest(1, 0)] * len(sums))
        powers = [exp(_signed(s - best, exponent)) for s in sums]
        if link == _OVR:
            powers = [_product(sigmoid(d ^ SIGN), e) for d, e in zip(decision, powers)]
        return normalise(powers)


def _signed(n, exponent):
    """Bits of the float32 nearest to n * 2^exponent."""
    return nearest(-n, exponent) | SIGN if n < 0 else nearest(n, exponent)


def _product(p, e):
    (m, i), (n, k) = parts(p), parts(e)
    return nearest((m | 0x800000) * n, i + k) if e >> 23 else 0
