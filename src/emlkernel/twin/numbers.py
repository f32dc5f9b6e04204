# ---- Numbers of support vector machines, as src/emlearn/eml_kernel_math.h, and their coupling
# ruff: noqa: F821


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
