# ---- Steps before a model of another family, as src/emlearn/eml_pipeline.h
# ruff: noqa: F821

FAMILY = 8
_MODULES = ("", "trees", "linear", "knn", "kernel", "bayes", "mixture", "net")
_FILL, _SCALE, _MATRIX, _ENCODE = range(4)
_LIMIT, _ROUND, _INTEGERS = 1, 2, 1
_LARGEST = 0x7F7FFFFF  # integer of a column, and bits of a float32
_DAMAGED, _INCONSISTENT = "not a model file, or damaged", "inconsistent model"


def _load_model(family, data):
    """The model behind the steps, by the module of its family."""
    name = "eml" + _MODULES[family]
    try:
        module = __import__(name)
    except ImportError:
        raise ImportError("this model needs %s as well: install that package" % name)
    return module.load(data)


def _bits(x, code):
    """Bits of the float32 nearest to each of x; some steps take NaN."""
    if code == "f":
        return [bits & 0xFFFFFFFF for bits in array("i", bytes(x))]
    return [nearest(abs(i), 0) | (SIGN if i < 0 else 0) for i in x]


class Tables:
    def __init__(self, data, size):
        fail(size >= 24, _DAMAGED)
        n, classes, n_outputs, output, family, _, n_steps, width, words, n_model = unpack_from("<HHHBBIHHII", data, 16)
        fail(n_model >= 7 and size == 24 + 4 * (words + n_model), _DAMAGED)
        self.n_features, self.n_classes, self.n_outputs = n, classes, n_outputs
        fail(n and n_steps, _INCONSISTENT)
        self.steps, at, end, widest = [], 40, 40 + 4 * words, n
        for i in range(n_steps):
            fail(at < end, _INCONSISTENT)
            head = unpack_from("<I", data, at)[0]
            kind, flags, n_out = head & 0xFF, head >> 8 & 0xFF, head >> 16
            fail(n_out and kind < 4 and flags <= (0, 3, 1, 0)[kind], _INCONSISTENT)
            fail(n_out == n or kind in (_SCALE, _MATRIX), _INCONSISTENT)
            fail(not flags or kind == _SCALE or i + 1 == n_steps and family == 1, _INCONSISTENT)
            step, at = _STEPS[kind](data, at + 4, end, n, n_out, flags)
            fail(at <= end, _INCONSISTENT)
            self.steps.append((kind, step))
            n = n_out
            widest = max(widest, n)
        fail(at == end and widest == width, _INCONSISTENT)
        head = unpack_from("<4sBBBBIIHHHB", data, end)
        fail(0 < family < len(_MODULES), _INCONSISTENT)
        fail(head[0] == b"EML\x1a" and head[1] == 1 and head[3:5] == (family, 0), _INCONSISTENT)
        fail(head[5] == 4 * n_model and head[7:9] == (n, classes), _INCONSISTENT)
        of_model = (classes or 1, 1 if classes else 0) if family == 1 else head[9:11]
        fail((n_outputs, output) == of_model, _INCONSISTENT)
        self.model = _load_model(family, data[end : end + 4 * n_model])

    def columns(self, x):
        """What the model takes, as an array, for the bits of the features."""
        for kind, step in self.steps:
            x = _APPLY[kind](step, x)
        return array("f", b"".join([pack("<I", bits) for bits in x]))

    def classify(self, x):
        return self.model.predict(self.columns(x))

    def evaluate(self, x):
        out = array("f", bytes(4 * self.n_outputs))
        self.model.predict(self.columns(x), out)
        return [bits & 0xFFFFFFFF for bits in array("i", bytes(out))]


# ---- Reading a step: its content, and where the next one begins


def _words(data, at, end, count):
    fail(at + 4 * count <= end, _INCONSISTENT)
    return [word & 0xFFFFFFFF for word in array("i", data[at : at + 4 * count])]


def _read_fill(data, at, end, n, n_out, flags):
    words = _words(data, at, end, 2 * n)
    return list(zip(words[::2], words[1::2])), at + 8 * n


def _read_scale(data, at, end, n, n_out, flags):
    size = 28 if flags & _LIMIT else 20
    fail(at + size * n_out <= end, _INCONSISTENT)
    columns = []
    for i in range(n_out):
        source, shift, factor, offset, unit, low = unpack_from("<HhiqhH", data, at + size * i)
        factor, shift = factor * 64 + low, shift - 6
        good = source < n and -406 <= shift <= 394 and -400 <= unit <= 400 and -(1 << 60) <= offset <= 1 << 60
        fail(good and low < 64, _INCONSISTENT)
        limits = unpack_from("<II", data, at + size * i + 20) if flags & _LIMIT else None
        columns.append((source, shift, factor, offset, unit, flags & _ROUND, limits))
    return columns, at + size * n_out


def _read_matrix(data, at, end, n, n_out, flags):
    n_shift = 2 * n + 5 & ~3
    fail((n + 1) * n_out < 1 << 25 and at + n_shift + 4 * (n + 1) * n_out <= end, _INCONSISTENT)
    shift = array("h", data[at : at + 2 * n + 2])
    fail(-400 <= min(shift) and max(shift) <= 400, _INCONSISTENT)
    at += n_shift
    rows = [array("i", data[at + 4 * n * k : at + 4 * n * (k + 1)]) for k in range(n_out)]
    at += 4 * n * n_out
    return (shift, rows, array("i", data[at : at + 4 * n_out]), flags & _INTEGERS), at + 4 * n_out


def _read_encode(data, at, end, n, n_out, flags):
    columns = []
    for _ in range(n):
        count, unknown, missing = _words(data, at, end, 3)
        codes = {}
        for i, bits in enumerate(_words(data, at + 12, end, count)):
            codes[bits] = i
        columns.append((codes, unknown, missing))
        at += 12 + 4 * count
    return columns, at


_STEPS = (_read_fill, _read_scale, _read_matrix, _read_encode)


# ---- Applying a step to the bits of its columns


def _is_nan(bits):
    return bits & ~SIGN > INFINITY


def _key(bits):
    return -(bits & ~SIGN) - 1 if bits & SIGN else bits


def _fill(step, x):
    found = []
    for bits, (missing, value) in zip(x, step):
        same = _is_nan(bits) if _is_nan(missing) else bits == missing or not (bits | missing) & ~SIGN
        found.append(value if same else bits)
    return found


def _scaled(bits, shift, factor, offset, unit, rounds, limits):
    mantissa, exponent = parts(bits)
    if bits & INFINITY == INFINITY:
        bits = NAN if _is_nan(bits) else bits ^ (SIGN if factor < 0 else 0)
    else:
        exponent += shift
        low = min(exponent, unit)
        product = mantissa * factor << exponent - low
        total = (-product if bits & SIGN else product) + (offset << unit - low)
        size = abs(total)
        if rounds and low < 0:
            rest, half = size & (1 << -low) - 1, 1 << -low - 1
            size >>= -low
            size += rest > half or rest == half and size & 1
            low = 0
        bits = nearest(size, low) | (SIGN if total < 0 and size else 0)
    if limits and not _is_nan(bits):
        key = _key(bits)
        bits = limits[0] if key < _key(limits[0]) else limits[1] if key > _key(limits[1]) else bits
    return bits


def _scale(step, x):
    return [_scaled(x[column[0]], *column[1:]) for column in step]


def _integer(size, exponent):
    """size * 2^exponent to the nearest integer, limited."""
    twice = size << exponent + 1 if exponent > -2 else size >> -exponent - 1
    return min(twice + 1 >> 1, _LARGEST)


def _matrix(step, x):
    shifts, rows, intercepts, integers = step
    top = 127 + shifts[-1]
    values = []
    for bits, shift in zip(x, shifts):
        fail(bits & INFINITY != INFINITY, "a feature is NaN or infinite")
        mantissa, exponent = parts(bits)
        if mantissa:
            top = max(top, exponent + 150 + shift)
        values.append((-mantissa if bits & SIGN else mantissa, exponent + 150 + shift))
    values.append((0x800000, 127 + shifts[-1]))
    scaled = []
    for mantissa, level in values:
        drop, value = top - level, abs(mantissa) << 6
        if drop > 0:
            value = value + (1 << drop - 1) >> drop if drop < 32 else 0
        scaled.append(-value if mantissa < 0 else value)
    found = []
    for row, intercept in zip(rows, intercepts):
        total = intercept * scaled[-1]
        for c, value in zip(row, scaled):
            total += c * value
        size = _integer(abs(total), top - 156) if integers else nearest(abs(total), top - 156)
        found.append(size | (SIGN if total < 0 and size else 0))
    return found


def _encode(step, x):
    found = []
    for bits, (codes, unknown, missing) in zip(x, step):
        if _is_nan(bits):
            code = missing
        else:
            i = codes.get(bits if bits & ~SIGN else 0)
            code = unknown if i is None else nearest(i, 0)
        fail(code != INFINITY, "a feature is an unknown category")
        found.append(code)
    return found


_APPLY = (_fill, _scale, _matrix, _encode)
