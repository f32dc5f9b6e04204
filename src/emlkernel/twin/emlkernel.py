# ---- Support vector machines, as src/emlearn/eml_kernel.h
# ruff: noqa: F821

FAMILY = 4
_LINEAR, _RBF, _POLY, _SIGMOID = range(4)
_VALUE, _BINARY, _OUTLIER, _PLATT, _OVO, _OVR, _BREAK_TIES, _COUPLED = range(8)  # coupled: 7, 8, 9 as the three before


class Tables:
    def __init__(self, data, size):
        fail(size >= 76, "not a model file, or damaged")
        n, classes, n_outputs, output, kernel = unpack_from("<HHHBB", data, 16)
        rule, degree, left, exponent, of_intercept, of_gamma, of_slope, of_bias = unpack_from("<HHHhhhhh", data, 28)
        slope, bias, gamma, n16, n32, vectors = unpack_from("<iiIIII", data, 44)
        shifts, centers, offsets, sizes, rows, sums = unpack_from("<6I", data, 68)
        platts = 2 * sums if rule >= _COUPLED else 0
        at, found = 92, []
        for code, item, count in (
            ("h", 2, shifts),
            ("i", 4, centers),
            ("I", 4, sizes),
            ("i", 4, sums),
            ("i", 4, offsets),
            ("h", 2, vectors),
            ("h", 2, platts),
            ("i", 4, platts),
            ("i", 4, rows * vectors),
            ("h", 2, n16 * n),
            ("i", 4, n32 * n),
        ):
            end = at + count * item
            fail(count < 1 << 25 and end <= 16 + size, "not a model file, or damaged")
            found.append(array(code, data[at:end]))
            at = end + 3 & ~3
        fail(at == 16 + size, "not a model file, or damaged")
        self.shift, self.center, self.sizes, self.intercept, self.offset, self.coef_shift = found[:6]
        platt_shift, platt, coef, vectors16, vectors32 = found[6:]
        rbf, linear, votes = kernel == _RBF, kernel == _LINEAR, rule >= _OVO
        pairs = (classes * (classes - 1) // 2 if classes < 363 else 0) if votes else 1
        good = n and kernel <= _SIGMOID and rule < _COUPLED + 3 and degree <= 15 and left <= 30 and not (n16 and n32)
        good = good and (classes >= 3 if votes else classes == (2 if rule else 0))
        given = (vectors, vectors, shifts, centers, offsets, sizes, rows, sums, n_outputs, output)
        good = good and given == (
            n16 + n32,
            pairs if linear else vectors,
            0 if rbf else n + 1,
            n if rbf else 0,
            0 if rbf else vectors,
            classes if votes and not linear else 0,
            0 if linear else classes - 1 if votes else 1,
            pairs,
            1 if rule <= _OUTLIER else pairs if rule == _OVO else classes,
            0 if rule == _VALUE else 1 if rule == _PLATT or rule >= _COUPLED else 2,
        )
        good = good and (not shifts or min(self.shift) >= -400 and max(self.shift) <= 400)
        fail(good and (not sizes or sum(self.sizes) == vectors), "inconsistent model")
        self.n_features, self.n_classes, self.n_outputs = n, classes, n_outputs
        self.kernel, self.rule, self.degree = kernel, rule - 3 if rule >= _COUPLED else rule, degree
        self.exponent, self.of_intercept = exponent, of_intercept
        self.gamma, self.of_gamma = gamma, of_gamma
        platt = [_number(*each) for each in zip(platt, platt_shift)]
        if rule == _PLATT:
            platt = [_number(slope, of_slope), _number(bias, of_bias)]
        self.slope, self.bias = platt[: len(platt) // 2], platt[len(platt) // 2 :]
        self.coef = [coef[vectors * k : vectors * (k + 1)] for k in range(rows)]
        self.left = left if n16 else 0
        self.vectors = vectors16 if n16 else vectors32
        self.n_vectors = vectors

    def _center(self, x):
        """x less the centre, and the exponent of its units."""
        unit = self.exponent
        center = [bits & 0xFFFFFFFF for bits in self.center]
        for bits in x + center:
            unit = max(unit, (bits >> 23 & 0xFF) - 186)
        found = [_fixed(a, unit) - _fixed(b, unit) for a, b in zip(x, center)]
        extra = max([length(d if d >= 0 else ~d) for d in found]) - 31
        extra = max(extra, 0)
        return [d >> extra for d in found], unit + extra

    def _values(self, x):
        """The kernel of each vector."""
        n = self.n_features
        if self.kernel == _RBF:
            x, exponent = self._center(x)
            drop = min(exponent - self.exponent, 31)
        else:
            x, exponent = _scale(self.shift, x)
        for i in range(self.n_vectors):
            v = self.vectors[n * i : n * i + n]
            total = 0
            if self.kernel == _RBF:
                for a, b in zip(x, v):
                    total += (a - (_int32(b << self.left) >> drop)) ** 2
                bits = length(total)
                product = ((total << 64 - bits if bits < 64 else total >> bits - 64) >> 32) * self.gamma >> 32
                yield _exp2(_q32(product, 2 * exponent + bits + self.of_gamma))
                continue
            for a, b in zip(x, v):
                total += a * b
            z = _number((total << self.left) + self.offset[i] * x[n], exponent)
            if self.kernel == _SIGMOID:
                z = _tanh(_number(z[0] * (self.gamma >> 1), z[1] + self.of_gamma + 1))
            elif self.kernel == _POLY:
                power = (1 << 30, -30)
                for _ in range(self.degree):
                    power = _number(power[0] * z[0], power[1] + z[1])
                z = power
            yield z

    def sums(self, x):
        """Decision values, and the exponent of their units."""
        room = length(self.n_vectors + 1)
        sums = [(i << 30) >> room for i in self.intercept]
        unit = self.of_intercept - 30 + room if any(self.intercept) else -100000
        klass, first = 0, 0
        for index, (mantissa, exponent) in enumerate(self._values(x)):
            while self.sizes and index - first == self.sizes[klass]:
                first = index
                klass += 1
            if not mantissa:
                continue
            exponent += self.coef_shift[index]
            if exponent + room > unit:
                sums = [s >> min(exponent + room - unit, 63) for s in sums]
                unit = exponent + room
            shift = min(unit - exponent, 63)
            if self.kernel == _LINEAR:
                sums[index] += (mantissa << 30) >> shift
            elif not self.sizes:
                sums[0] += self.coef[0][index] * mantissa >> shift
            else:
                for row, coef in enumerate(self.coef):
                    pair = self._pair(row, klass) if row < klass else self._pair(klass, row + 1)
                    sums[pair] += coef[index] * mantissa >> shift
        return sums, unit

    def _pair(self, i, j):
        return i * (2 * self.n_classes - i - 1) // 2 + j - i - 1

    def _scores(self, sums, zero):
        """Votes of each class, and sums of its decision values."""
        bits = length(self.n_classes)
        found = []
        for klass in range(self.n_classes):
            votes = confidence = 0
            for other in range(self.n_classes):
                if other != klass:
                    first = klass < other
                    own = sums[self._pair(klass, other)] if first else -sums[self._pair(other, klass)]
                    confidence += own >> bits
                    votes += own > 0 or own == 0 and first == zero
            found.append((votes, confidence))
        return found, bits

    def _pairs(self, sums, unit):
        """Of each pair libsvm's probability of the less likely class, and which that is not."""
        n = self.n_classes
        pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
        for (i, j), d, slope, bias in zip(pairs, sums, self.slope, self.bias):
            f = _signed_q32(*_times(_number(d, unit), slope)) + _signed_q32(*bias)
            e = _exp2(min(abs(f), 17 << 32) * 193635251 >> 27)
            p = _over(e, _plus(_ONE, e))
            p = (1801439851, -54) if _minus(p, (1801439851, -54))[0] < 0 else p
            yield (p, i, j) if f < 0 else (p, j, i)

    def classify(self, x):
        sums, _ = self.sums(x)
        if self.rule < _OVO:
            return int(sums[0] > 0 or sums[0] == 0 and self.rule != _OUTLIER)
        ties = self.rule == _BREAK_TIES
        scores, _ = self._scores(sums, ties)
        if not ties:
            scores = [votes for votes, _ in scores]
        return scores.index(max(scores))

    def evaluate(self, x):
        sums, unit = self.sums(x)
        if self.slope:
            return [_signed(*p) for p in _couple(self.n_classes, self._pairs(sums, unit))]
        if self.rule < _OVR:
            return [_signed(s, unit) for s in sums]
        scores, bits = self._scores(sums, True)
        found = []
        for votes, confidence in scores:
            mantissa, exponent = _number(abs(confidence), unit + bits)
            q = _q32(mantissa, exponent)
            divisor = q + (1 << 32)
            shift = 64 - length(divisor)
            third = _divide(q << shift >> 32, divisor << shift >> 32) * 2863311531 >> 32
            found.append(_signed((votes << 32) + (-third if confidence < 0 else third), -32))
        return found


def _int32(n):
    n &= 0xFFFFFFFF
    return n - (1 << 32) if n >> 31 else n


def _signed(n, exponent):
    """Bits of the float32 nearest to n * 2^exponent."""
    return nearest(-n, exponent) | SIGN if n < 0 else nearest(n, exponent)


def _fixed(bits, unit):
    mantissa, exponent = parts(bits)
    value = mantissa << 37 >> unit + 37 - exponent
    return -value if bits & SIGN else value


def _scale(shift, x):
    """Integers of 30 bits, with a 1 for the offsets, and the exponent of their units."""
    values = []
    top = 127 + shift[-1]
    for number, s in zip(x + [0x3F800000], shift):
        mantissa, exponent = parts(number)
        level = exponent + 150 + s
        if mantissa and level > top:
            top = level
        values.append((mantissa << 6, level, number & SIGN))
    scaled = []
    for mantissa, level, negative in values:
        drop = top - level
        if drop > 0:
            mantissa = mantissa + (1 << drop - 1) >> drop if drop < 32 else 0
        scaled.append(-mantissa if negative else mantissa)
    return scaled, top - 156


def _number(n, exponent):
    """Mantissa of 31 bits and a sign, and exponent."""
    m = abs(n)
    bits = length(m)
    m = m << 64 - bits if bits < 64 else m >> bits - 64
    top = (m >> 33) + (m >> 32 & 1 if m < 0xFFFFFFFF << 32 else 0)
    return -top if n < 0 else top, exponent + bits - 31


def _q32(m, exponent):
    """In units of 2^-32; 2^61 for all that is larger."""
    shift = -3 - exponent
    return ((m != 0) << 61) if shift < 0 else m << 29 >> min(shift, 63)


def _signed_q32(m, exponent):
    return -_q32(-m, exponent) if m < 0 else _q32(m, exponent)


_POWERS = (627479, 5750554, 41301092, 238389752, 1031764902, 2977044473)


def _exp2(t):
    """2^-t, t in units of 2^-32."""
    whole = t + 0xFFFFFFFF >> 32
    f = -t & 0xFFFFFFFF
    p = 89043
    for c in _POWERS:
        p = c + (p * f >> 32)
    return ((1 << 30) + (p * f >> 34), -30 - whole) if whole < 0x8000 else (0, 0)


def _divide(n, d):
    return (n << 31) // d


def _q31(m, exponent):
    shift = -31 - exponent
    return m << -shift if shift < 0 else m >> shift


def _tanh(z):
    m, exponent = abs(z[0]), z[1]
    if not m:
        return z
    if exponent < -32:
        square = m * m >> -32 - 2 * exponent
        p = 35752614
        for c in (93803799, 231789113, 572662285, 1431655765):
            p = c - (p * square >> 32)
        t = m - (m * (p * square >> 32) >> 32)
    else:
        q = _q32(m, exponent - 2)
        t, exponent = 0x7FFFFFFF, -31
        if q < 12 << 30:
            e = _q31(*_exp2(q * 774541003 >> 26))
            t = _divide(0x80000000 - e, 0x80000000 + e) if e else t
    return _number(-t << 30 if z[0] < 0 else t << 30, exponent - 30)


_ONE = (1 << 30, -30)


def _plus(a, b):
    if a[0] == 0 or b[0] and b[1] > a[1]:
        a, b = b, a
    shift = min(a[1] - b[1], 63) if b[0] else 63
    return _number((a[0] << 31) + (b[0] << 31 >> shift), a[1] - 31)


def _minus(a, b):
    return _plus(a, (-b[0], b[1]))


def _times(a, b):
    return _number(a[0] * b[0], a[1] + b[1])


def _over(a, b):
    q = (abs(a[0]) << 33) // abs(b[0])
    return _number(-q if (a[0] < 0) != (b[0] < 0) else q, a[1] - b[1] - 33)


def _couple(n, pairs):
    """Probabilities of classes, as src/emlearn/eml_kernel_couple.h."""
    q = [[(0, 0)] * n for _ in range(n)]
    for small, likely, other in pairs:
        large = _minus(_ONE, small)
        mantissa, exponent = _times(small, large)
        q[likely][other] = q[other][likely] = (-mantissa, exponent)
        q[likely][likely] = _plus(q[likely][likely], _times(small, small))
        q[other][other] = _plus(q[other][other], _times(large, large))
    classes = _number(n, 0)
    least = _over((1374389535, -38), classes)
    p = [_over(_ONE, classes)] * n
    for _ in range(max(100, n)):
        total, products = (0, 0), []
        for t in range(n):
            row = (0, 0)
            for j in range(n):
                row = _plus(row, _times(q[t][j], p[j]))
            products.append(row)
            total = _plus(total, _times(p[t], row))
        errors = [_minus(row, total) for row in products]
        if max([_minus((abs(mantissa), exponent), least)[0] for mantissa, exponent in errors]) < 0:
            break
        for t in range(n):
            mantissa, exponent = products[t]
            d = _over(_minus(total, products[t]), q[t][t])
            factor = _over(_ONE, _plus(_ONE, d))
            more = _times(d, _plus(_times(d, q[t][t]), (mantissa, exponent + 1)))
            total = _times(_times(_plus(total, more), factor), factor)
            p[t] = _plus(p[t], d)
            products = [_times(_plus(row, _times(d, q[t][j])), factor) for j, row in enumerate(products)]
            p = [_times(each, factor) for each in p]
    return p
