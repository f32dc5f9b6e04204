# ---- Support vector machines, as src/emlearn/eml_kernel.h; build.mk puts numbers.py before it
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
