# ---- Gaussian components, as src/emlearn/eml_gaussian.h. build.mk puts it before the twins of two families.
# ruff: noqa: F821

_BAYES, _MIXTURE = 5, 6
_ENVELOPE = 2  # what its outputs are
_LEAST = -32768  # exponent of 0
_LOG = (137509932, -142442927, 152467582, -178331009, 214758452, -268452411, 357914070, -536870788, 1073741823)


class Tables:
    def __init__(self, data, size):
        fail(size >= 32, "not a model file, or damaged")
        n, classes, n_outputs, output, kind, _, components, matrices, rows = unpack_from("<HHHBBIHHH", data, 16)
        n_coef, base, fraction = unpack_from("<IiI", data, 36)
        at, found = 48, []
        for code, item, count in (
            ("h", 2, n),
            ("I", 4, n),
            ("h", 2, matrices * n),
            ("i", 4, components * n),
            ("I", 4, components),
            ("I", 4, components),
            ("i", 4, n_coef),
        ):
            end = at + count * item
            fail(count < 1 << 25 and end <= 16 + size, "not a model file, or damaged")
            found.append(array(code, data[at:end]))
            at = end + 3 & ~3
        fail(at == 16 + size, "not a model file, or damaged")
        unit, centre, shift, mean, constant, rest, coef = found
        envelope = FAMILY == _MIXTURE and components == 1 and classes == 2
        expected = (_ENVELOPE, 1) if envelope else (1, components) if FAMILY == _BAYES else (3, components + 1)
        good = n and components and (output, n_outputs) == expected and (envelope or classes == components)
        good = good and kind <= 1 and (1 <= rows <= n if kind else rows == n)
        of_matrix = rows * n - rows * (rows - 1) // 2 if kind else rows
        good = good and matrices in (1, components) and of_matrix * matrices == n_coef
        fail(good, "inconsistent model")
        fail(-400 <= min(min(unit), min(shift)) and max(max(unit), max(shift)) <= 400, "inconsistent model")
        self.n_features, self.n_classes, self.n_outputs, self.output = n, classes, n_outputs, output
        self.triangular = kind
        self.base = (base << 32) + fraction
        self.unit = unit
        self.centre = [_fixed(bits, u) for bits, u in zip(centre, unit)]
        self.components = []
        for k in range(components):
            j = k if matrices > 1 else 0
            own = (constant[k] << 32) + rest[k], mean[n * k : n * (k + 1)], shift[n * j : n * (j + 1)]
            self.components.append(own + (coef[of_matrix * j : of_matrix * (j + 1)], rows))

    def penalties(self, x):
        """Mantissa and exponent of each component's: the smallest is the best."""
        x = [_fixed(bits, u) - c for bits, u, c in zip(x, self.unit, self.centre)]
        penalise = self.full if self.triangular else self.diagonal
        return [penalise(x, *component) for component in self.components]

    def diagonal(self, x, constant, mean, shift, coef, rows):
        total = _number(constant, -32)
        for value, m, u, s, c in zip(x, mean, self.unit, shift, coef):
            value = abs(value - m)
            drop = max(length(value) - 32, 0)
            total = _add_square(total, c * (value >> drop), u + s + drop)
        return total

    def full(self, x, constant, mean, shift, coef, rows):
        total = _number(constant, -32)
        values = [value - m for value, m in zip(x, mean)]
        levels = [u + s for u, s in zip(self.unit, shift)]
        top = max([(length(abs(value)) if value else _LEAST) + level for value, level in zip(values, levels)])
        scaled = []
        for value, level in zip(values, levels):
            drop = top - 30 - level
            size = abs(value)
            if drop > 0:
                size = size + (1 << drop - 1) >> drop if drop < 63 else 0
            elif size:
                size <<= -drop
            scaled.append(-size if value < 0 else size)
        at = 0
        for row in range(rows):
            total_of_row = 0
            for value in scaled[row:]:
                total_of_row += coef[at] * value
                at += 1
            total = _add_square(total, total_of_row, top - 30)
        return total

    def score(self, penalty, log):
        """Bits of base - penalty, less a float32."""
        pro, contra = (0, _LEAST), penalty
        if self.base < 0:
            contra = _add(contra, _number(-self.base, -32))
        else:
            pro = _number(self.base, -32)
        if log >> 23 & 0xFF:
            number = _number(*parts(log))
            if log & SIGN:
                pro = _add(pro, number)
            else:
                contra = _add(contra, number)
        return _minus(pro, contra)

    def classify(self, x):
        penalties = self.penalties(x)
        if self.output == _ENVELOPE:
            return int(not self.score(penalties[0], 0) & SIGN)
        return _best(penalties)

    def evaluate(self, x):
        penalties = self.penalties(x)
        if self.output == _ENVELOPE:
            return [self.score(penalties[0], 0)]
        best = _best(penalties)
        found = normalise([exp(_minus(penalties[best], penalty)) for penalty in penalties])
        if FAMILY == _MIXTURE:
            found.append(self.score(penalties[best], log(found[best])))
        return found


def _best(penalties):
    keys = [(exponent, mantissa) for mantissa, exponent in penalties]
    return keys.index(min(keys))


def _fixed(bits, unit):
    """A float32 in units of 2^unit, halves away from 0."""
    mantissa, exponent = parts(bits)
    drop = unit - exponent
    if drop > 0:
        mantissa = mantissa + (1 << drop - 1) >> drop if drop < 25 else 0
    elif drop < -37:
        mantissa = (1 << 61) - 1 if mantissa else 0
    else:
        mantissa <<= -drop
    return -mantissa if bits & SIGN else mantissa


def _number(mantissa, exponent):
    """The mantissa with 63 bits, and the exponent."""
    if not mantissa:
        return 0, _LEAST
    shift = 63 - length(mantissa)
    return (mantissa >> 1 if shift < 0 else mantissa << shift), exponent - shift


def _add(a, b):
    if a[1] < b[1]:
        a, b = b, a
    drop = a[1] - b[1]
    mantissa = a[0] + (b[0] >> drop if drop < 63 else 0)
    return (mantissa >> 1, a[1] + 1) if mantissa >> 63 else (mantissa, a[1])


def _minus(a, b):
    """Bits of the float32 nearest to a - b."""
    sign = 0
    if (a[1], a[0]) < (b[1], b[0]):
        a, b, sign = b, a, SIGN
    drop = a[1] - b[1]
    mantissa = a[0] - (b[0] >> drop if drop < 63 else 0)
    return nearest(mantissa, a[1]) | sign if mantissa else 0


def _add_square(total, value, exponent):
    """Half the square of value * 2^exponent more, of its 32 highest bits."""
    value = abs(value)
    drop = max(length(value) - 32, 0)
    return _add(total, _number((value >> drop) ** 2, 2 * (exponent + drop) - 1))


def log(x):
    if x - 1 >= INFINITY - 1 or x < 1:
        return 0xFF800000 if not x & ~SIGN else x if x == INFINITY else NAN
    mantissa, exponent = parts(x)
    shift = 24 - length(mantissa)
    mantissa = (mantissa << shift) & 0x7FFFFF
    exponent += 23 - shift
    f = mantissa << 8
    if mantissa > 0x3504F3:
        f = (mantissa << 7) - 0x40000000
        exponent += 1
    p = -80006503
    for c in _LOG:
        p = c + _quotient(p * f, 31)
    total = _quotient(f * p, 9) + exponent * 3121657384082680
    return nearest(abs(total), -52) | (SIGN if total < 0 else 0) if total else 0


def _quotient(n, shift):
    """n / 2^shift, rounded towards 0."""
    return -(-n >> shift) if n < 0 else n >> shift
