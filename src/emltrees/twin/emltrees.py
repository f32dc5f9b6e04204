"""Tree ensembles in plain Python: the API and, bit for bit, the results of the native module `emltrees`.

    model = emltrees.load('gesture.eml')     # or a CSV; a path, an open file, or bytes
    model.predict(array('h', features))      # class number, or value

Formats: docs/formats.md; arithmetic: src/emlearn/eml_trees.h. Whatever decides a result is an integer here: the
floats of MicroPython have 32 bits or fewer. Arrays are read as they lie in memory, so the machine is little-endian.
"""

from array import array

try:
    from binascii import crc32
except ImportError:  # some ports leave it out

    def crc32(data, crc=0):
        crc ^= 0xFFFFFFFF
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
        return crc ^ 0xFFFFFFFF


_DTYPES = ("float", "int16", "int16 scaled")
_FLOAT, _INT16, _SCALED = range(3)
_LEAVES = ("hard", "counts", "weighted", "uint8", "value", "sum")
_HARD, _COUNTS, _WEIGHTED, _UINT8, _VALUE, _SUM = range(6)
_IDENTITY, _EXP, _SIGMOID, _HALF_SIGMOID, _ISOLATION, _SOFTMAX, _MEDIAN = range(7)  # what sums mean
_ACCEPTS = ("fhbBi", "h", "fh")  # typecodes, by dtype
_MAX_COUNT = 1 << 25  # of nodes, leaves, entries, values: what the native module can address
_KEY_INFINITY = 0x7F000001  # keys of NaN lie above it
_SCALED_MAX = 32766  # NaN is one more
_INFINITY = 0x7F800000  # bits of float32
_DOUBLE_ONE = (-52, 1 << 52)  # float64 are (exponent, mantissa) here, so that they compare as tuples
_DOUBLE_ZERO = (-1074, 0)


def _fail(good, reason):
    if not good:
        raise ValueError(reason)


# ---- Arrays and numbers


def _comparable(code, x, ordered):
    try:
        return array(code) <= x if ordered else array(code) == x
    except NotImplementedError:
        return False


def _typecode(x):
    """Typecode of an array; of anything else the name of its type. MicroPython's arrays have no such attribute."""
    if isinstance(x, (bytes, bytearray)):
        return "B"
    if isinstance(x, array):
        return repr(x[:0])[7]
    if not isinstance(x, memoryview):
        return type(x).__name__
    if hasattr(x, "format"):
        return x.format
    if len(x) and isinstance(x[0], float):
        return "f" if len(bytes(x[:1])) == 4 else "d"
    for code in "bhi":  # MicroPython compares integers of one size only, and orders them only when one side is unsigned
        if _comparable(code, x[:0], False):
            return code.upper() if _comparable(code, x[:0], True) else code
    return "?"


def _refuse(expected, code):
    """Raise what fits an array of another type (one letter), or something that is no array."""
    raise (ValueError if len(code) == 1 else TypeError)("%s, not '%s'" % (expected, code))


def _length(n):
    return len(bin(n)) - 2


def _nearest(n, d, e, width, lowest):
    """(exponent, mantissa) of n / d * 2^e to `width` bits, ties to even; subnormal below the exponent `lowest`."""
    if n == 0:
        return lowest, 0
    shift = max(0, width + 1 + _length(d) - _length(n))
    quotient, remainder = divmod(n << shift, d)
    e -= shift
    drop = max(_length(quotient) - width, lowest - e)
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
    exponent, mantissa = _nearest(n, d, e, 24, -149)
    bits = (exponent + 149 << 23) + mantissa  # the hidden bit, where there is one, adds 1 to the exponent field
    return min(bits, _INFINITY)


def _double_ratio(n, d, e):
    return _nearest(n, d, e, 53, -1074)


def _double_add(a, b):
    if a < b:
        a, b = b, a
    distance = a[0] - b[0]
    if b[1] == 0 or distance > 55:  # less than half of the last bit
        return a
    return _nearest((a[1] << distance) + b[1], 1, b[0], 53, -1074)


def _float_keys(x, code):
    """Integers in the order of the float32 of x, NaNs last."""
    exact = array("f", bytes(x) if code == "f" else iter(x))
    keys = [(b if b >= 0 else b ^ 0x7FFFFFFF) - 0x7FFFFF for b in array("i", bytes(exact))]
    if code == "i":  # array('f') may round these twice
        for i, v in enumerate(x):
            if not -0x1000000 <= v <= 0x1000000:
                bits = _float32(abs(v), 1, 0)
                keys[i] = (bits if v > 0 else -1 - bits) - 0x7FFFFF
    elif min(keys) < -0x80000000:  # negative NaNs wrap around
        keys = [k if k >= -0x80000000 else k + 0x100000000 for k in keys]
    return keys


def _scale(bits, shift, offset):
    """floor(x * 2^shift) - offset of the float32 x with these bits, limited to int16; 32767 for NaN."""
    field = bits >> 23 & 0xFF
    mantissa = bits & 0x7FFFFF
    if field == 255:
        if mantissa:
            return _SCALED_MAX + 1
        shift = 128  # infinity: beyond every limit
    if field:
        mantissa += 0x800000
    if bits >> 31:
        mantissa = -mantissa
    point = (field or 1) - 150 + shift
    whole = mantissa << min(point, 40) if point >= 0 else mantissa >> -point
    return max(-32768, min(whole - offset, _SCALED_MAX))


def _to_common_unit(values):
    """Turn float32, bits of the magnitude with its sign, into integers in units of 2^exponent; returns that."""
    largest = max([abs(b) for b in values])
    exponent = max((largest >> 23) - 157, -156) if largest else 0  # the largest gets 31 bits
    for i, b in enumerate(values):
        field, mantissa = abs(b) >> 23, abs(b) & 0x7FFFFF
        shift = (field or 1) - 150 - exponent
        mantissa += 0x800000 if field else 0
        whole = mantissa << shift if shift >= 0 else _nearest(mantissa, 1, shift, 60, 0)[1]
        values[i] = -whole if b < 0 else whole
    return exponent


# Of exp, logistic function and softmax the steps are those of src/emlearn/eml_exp.h, so that all bits are.


def _exp_q24(x):
    """(mantissa, exponent) of exp(x), x in units of 2^-24."""
    y = x * 3098164010
    f = y >> 23 & 0xFFFFFFFF
    p = 894123
    for c in (5451244, 41455862, 238353606, 1031767986, 2977044430):
        p = c + (p * f >> 32)
    return 0x80000000 + (p * f >> 33), (y >> 55) - 31


def _q24(bits):
    """|x| of a float32 in units of 2^-24, below 128."""
    field, mantissa = bits >> 23 & 0xFF, bits & 0x7FFFFF | 0x800000
    if field >= 134:
        return 0x7FFFFFFF
    if field < 102:
        return 0
    return mantissa << field - 126 if field >= 126 else mantissa + (1 << 125 - field) >> 126 - field


def _exp(bits):
    mantissa, exponent = _exp_q24(-_q24(bits) if bits >> 31 else _q24(bits))
    return _float32(mantissa, 1, exponent)


def _reciprocal(d):
    """2^62 / d for d in [2^31, 2^32), to a few units."""
    r = 3031741621 - (d * 2021161080 >> 32)
    for _ in range(3):
        r = r * (0x80000000 - (d * r >> 32)) >> 30
    return r


def _sigmoid(bits):
    mantissa, exponent = _exp_q24(-_q24(bits))
    r = _reciprocal(min(0x80000000 + (mantissa >> -31 - exponent), 0xFFFFFFFF))
    return _float32(r * mantissa, 1, exponent - 31) if bits >> 31 else _float32(r, 1, -31)


def _normalise(p):
    """Bits of float32 from 0 to 1, each divided by the sum of all."""
    total = 0  # in units of 2^-40
    for bits in p:
        shift, mantissa = 110 - (bits >> 23), bits & 0x7FFFFF | 0x800000
        total += mantissa << -shift if shift <= 0 else mantissa >> shift
    shift = 64 - _length(total)
    r = _reciprocal(total << shift >> 32)
    for i, bits in enumerate(p):
        field = bits >> 23
        p[i] = _float32((bits & 0x7FFFFF | (0x800000 if field else 0)) * r, 1, (field or 1) - 204 + shift)
    return p


def _complement(bits):
    """1 - p for a float32 p from 0 to 1."""
    shift, mantissa = (bits >> 23) - 118, bits & 0x7FFFFF | 0x800000
    return _float32((1 << 32) - (mantissa << shift if shift >= 0 else mantissa >> -shift), 1, -32)


def _argmax(sums):
    best = 0
    for i in range(1, len(sums)):
        if sums[i] > sums[best]:
            best = i
    return best


# ---- Model data


class _Forest:
    """Decoded, validated tables. A child is an element, or -1 - leaf number.

    Without a layout (files of emlearn, the builder), the sizes show only at the end.
    """

    def __init__(self, features, classes, dtype, leaf, layout=None, bits=0, entry=1, trees=None, sizes=(None, 0, 0, 0)):
        self.n_features, self.n_classes, self.dtype, self.leaf = features, classes, dtype, leaf
        self.layout, self.bits, self.entry, self.n_trees = layout, bits, entry, trees
        self.n_nodes, self.n_leaves, self.n_entries, self.n_values = sizes
        _fail(0 < features < 65536 and classes < 65536, "needs 1 to 65535 features and at most 65535 classes")
        _fail(
            dtype <= _SCALED and leaf <= _SUM and (entry <= 1 or leaf == _SUM),
            "unknown dtype, leaf or entry",
        )
        self.link = entry & ~8
        if leaf == _SUM:
            expected = 0 if self.link in (_IDENTITY, _EXP, _MEDIAN) else 2
            good = classes >= 2 if self.link == _SOFTMAX else classes == expected
            _fail(self.link <= _MEDIAN and good, "%d classes do not go with link %d" % (classes, entry))
        else:
            _fail((leaf == _VALUE) == (classes == 0), "%d classes do not go with leaf %d" % (classes, leaf))
        self.records = leaf in (_COUNTS, _WEIGHTED, _UINT8)
        if layout is not None:
            _fail(
                layout == 2 or layout == (1 if dtype == _FLOAT else 0),
                "unknown layout, or one that cannot hold this dtype",
            )
            _fail(bits == 0 if layout == 2 else 8 <= bits <= 14, "%d feature_bits are not for this layout" % bits)
            _fail(layout == 2 or features <= 1 << bits, "%d features do not fit into %d bits" % (features, bits))
            _fail(0 < trees < 65536 and self.n_nodes > 0, "needs 1 to 65535 trees, and nodes")
            _fail(max(sizes) <= _MAX_COUNT, "too many nodes, leaves, entries or values")
            _fail(leaf != _HARD or self.n_leaves == 0, "hard leaves have no records")
            _fail(self.records or self.n_entries == 0, "entries without records")
            top = _MAX_COUNT if leaf == _WEIGHTED else 511 if leaf >= _VALUE else 0
            _fail(self.n_values <= top, "values without weighted leaves, or an exponent out of range")
        else:
            self.bits = max(8, _length(features - 1))
        self.packable = self.bits <= 14  # into packed16
        self.left_codes = (1 << 15 - min(self.bits, 14)) - 2  # leaves below it can be left children
        self.max_jump = 16383 if layout == 1 else 10922
        wide = layout is None or max(self.n_nodes, classes + self.n_leaves) > 32768
        self.feature = array("B" if features <= 256 else "H")
        self.threshold = array("i" if layout else "h")
        self.left = array("i" if wide else "h")
        self.right = array("i" if wide else "h")
        self.roots = array("i")
        self.missing = bytearray()  # a bit a node
        self.scale = array("i")  # shift, offset of each feature
        self.start = array("I", [0])  # of each record in the two below
        self.entry_class = array("B" if classes <= 256 else "H")
        self.entry_value = array("H" if entry == 0 or leaf != _WEIGHTED else "I")
        self.wide = leaf == _SUM and entry & 8  # values have 64 bits
        # bits of float64; integers in units of 2^exponent
        self.values = array("Q" if leaf == _WEIGHTED else "q" if self.wide else "i")
        self.exponent = self.n_values - 256  # of regression and sums
        self.bases = array("q")  # where sums begin; of one for two classes [0] is what it is compared with
        self.labels = None
        self.golden = None  # payload of a golden trailer that stays in memory
        self.tested = [0, 0]

    def add_scale(self, shift, offset):
        _fail(abs(shift) <= 120 and abs(offset) <= 1 << 29, "scale out of range")
        self.scale.append(shift)
        self.scale.append(offset)

    def add_value(self, value):
        """value: bits of a float64, or an integer."""
        if self.leaf == _WEIGHTED:
            _fail(0x17 << 52 <= value <= 0x3FF << 52, "not a float64 from 2^-1000 to 1")
        else:
            top = 1 << (60 - _length(self.n_trees) if self.wide else 31)
            _fail(-top <= value < top, "a value is too large")
        self.values.append(value)

    def add_base(self, value):
        median = self.link == _MEDIAN
        top = 1 << (60 - _length(self.n_trees) if median else 60)
        _fail((0 if median else -top) <= value < top, "a base is too large, or a weight negative")
        self.bases.append(value)

    def add_entry(self, klass, value, first):
        """Add to the record that starts at entry number `first`."""
        low = 0 if len(self.entry_class) == first else self.entry_class[-1] + 1
        _fail(low <= klass < self.n_classes, "classes of a record do not increase, or are out of range")
        if self.leaf == _WEIGHTED:
            _fail(0 <= value < self.n_values, "no value %d" % value)
        else:
            _fail(1 <= value <= (255 if self.leaf == _UINT8 else 65535), "%d is out of range in a record" % value)
        _fail(self.entry or (klass < 256 and value < 256), "class or value does not fit into the entry")
        self.entry_class.append(klass)
        self.entry_value.append(value)

    def end_record(self):
        first, end = self.start[-1], len(self.entry_class)
        _fail(end > first or self.leaf == _UINT8, "a record is empty")
        _fail(self.leaf != _COUNTS or sum(self.entry_value[first:end]) <= 65535, "the counts of a record exceed 65535")
        self.start.append(end)

    def leaf_numbers(self):
        return self.n_leaves + (0 if self.leaf == _SUM else self.n_classes)

    def add_root(self, root):
        """root: an element; without a layout also -1 - leaf."""
        low = -self.leaf_numbers() if self.layout is None else 0
        _fail(low <= root < (self.n_nodes or _MAX_COUNT), "root %d is out of range" % root)
        self.roots.append(root)

    def add_leaf_element(self, leaf):
        _fail(0 <= leaf < self.leaf_numbers(), "leaf %d is out of range" % leaf)
        self.append_node(0, 0, -1 - leaf, -1 - leaf, 0, leaf < 32768)

    def add_node(self, feature, threshold, left, right, missing=0):
        """left, right: a jump, or -1 - leaf."""
        low = -self.leaf_numbers()
        high = (self.n_nodes or _MAX_COUNT) - len(self.left)
        if not (low <= left < high and low <= right < high) or left == 0 or right == 0:
            raise ValueError("a child is out of range: %d, %d" % (left, right))
        if not 0 <= feature < self.n_features:
            raise ValueError("feature %d is out of range" % feature)
        low, high = (-0x80000000, 0x7FFFFFFF) if self.dtype == _FLOAT else (-32768, 32767)
        if not low <= threshold <= min(high, (_KEY_INFINITY, high, _SCALED_MAX)[self.dtype]):
            raise ValueError("threshold %d is out of range" % threshold)
        if missing and self.dtype == _INT16:
            raise ValueError("missing_left is out of place")
        fits = left <= 1 and (left == right or -left <= self.left_codes) and -32768 <= right <= self.max_jump
        self.append_node(feature, threshold, left, right, missing, fits)

    def append_node(self, feature, threshold, left, right, missing, fits):
        i = len(self.left)
        if not fits:
            _fail(self.layout in (2, None), "a child does not fit into the layout: %d, %d" % (left, right))
            self.packable = False
        self.feature.append(feature)
        self.threshold.append(threshold)
        self.left.append(i + left if left > 0 else left)
        self.right.append(i + right if right > 0 else right)
        if i & 7 == 0:
            self.missing.append(0)
        self.missing[i >> 3] |= missing << (i & 7)

    def add_any(self, feature, threshold, left, right):
        """A node without a layout; a threshold that no int16 gets past is decided here."""
        if threshold > 32767:
            threshold, right = 0, left
        elif threshold < -32768:
            threshold, left = 0, right
        self.add_node(feature, threshold, left, right)

    def finish(self):
        """Everything has been added."""
        if self.layout is None:
            n = len(self.left)
            _fail(0 < len(self.roots) < 65536, "needs 1 to 65535 trees")
            _fail(n == 0 or max(max(self.left), max(self.right)) < n, "a child refers beyond the last node")
            _fail(max(self.roots) < n, "a root refers beyond the last node")
            for i, root in enumerate(self.roots):
                if root < 0:  # a tree that is one leaf
                    self.roots[i] = len(self.left)
                    self.add_leaf_element(-1 - root)
            n, self.n_trees, self.n_entries = len(self.left), len(self.roots), len(self.entry_class)
            self.n_nodes = n
            self.layout = 0 if self.packable and max(n, self.n_entries) <= 65535 else 2
            if max(n, self.leaf_numbers()) <= 32768:
                self.left, self.right = array("h", self.left), array("h", self.right)
            if self.leaf == _VALUE:
                self.exponent = _to_common_unit(self.values)
        if not any(self.missing):
            self.missing = None

    def inputs(self, x):
        """The numbers that thresholds are compared with."""
        code = _typecode(x)
        if code not in _ACCEPTS[self.dtype]:
            expected = " or ".join(["'%s'" % c for c in _ACCEPTS[self.dtype]])
            why = " (its thresholds are whole numbers)" if self.dtype == _INT16 and code == "f" else ""
            _refuse("a model of dtype %s takes array %s%s" % (_DTYPES[self.dtype], expected, why), code)
        if len(x) != self.n_features:
            raise ValueError("the model takes %d features, not %d" % (self.n_features, len(x)))
        if self.dtype == _FLOAT:
            return _float_keys(x, code)
        return x if code == "h" else self.scaled(x)

    def scaled(self, x):
        scale = self.scale
        return [_scale(b, scale[2 * i], scale[2 * i + 1]) for i, b in enumerate(array("I", bytes(x)))]

    def walk(self, x):
        """Leaf number of each tree; x as `inputs` made it."""
        if self.missing:
            last = _KEY_INFINITY if self.dtype == _FLOAT else _SCALED_MAX
            if max(x) > last:
                return self.walk_missing(x, last)
        feature, threshold, left, right = self.feature, self.threshold, self.left, self.right
        leaves = []
        for i in self.roots:
            while i >= 0:
                if x[feature[i]] > threshold[i]:
                    i = right[i]
                else:
                    i = left[i]
            leaves.append(-1 - i)
        return leaves

    def walk_missing(self, x, last):
        leaves = []
        for i in self.roots:
            while i >= 0:
                value = x[self.feature[i]]
                go_left = self.missing[i >> 3] >> (i & 7) & 1 if value > last else value <= self.threshold[i]
                i = self.left[i] if go_left else self.right[i]
            leaves.append(-1 - i)
        return leaves

    def quick_sums(self, leaves):
        """Summed proportions, and whether a leaf had several classes. Those of counts and weighted leaves are in units
        of 2^-16, each rounded down, if any had; the others are exact, in any unit.
        """
        n_classes, leaf_type = self.n_classes, self.leaf
        sums = [0] * n_classes
        mixed = []
        for leaf in leaves:
            if leaf < n_classes:
                sums[leaf] += 1
            else:
                mixed.append(leaf - n_classes)
        if not mixed:
            return sums, False
        one = 255 if leaf_type == _UINT8 else 0x10000
        sums = [n * one for n in sums]
        start, classes, values = self.start, self.entry_class, self.entry_value
        for record in mixed:
            first, end = start[record], start[record + 1]
            if leaf_type == _COUNTS:
                total = sum(values[first:end])
                for i in range(first, end):
                    sums[classes[i]] += (values[i] << 16) // total
            elif leaf_type == _UINT8:
                for i in range(first, end):
                    sums[classes[i]] += values[i]
            else:
                for i in range(first, end):
                    exponent, mantissa = self.double(values[i])
                    sums[classes[i]] += mantissa >> -16 - exponent
        return sums, True

    def double(self, index):
        """(exponent, mantissa) of a float64 of a weighted leaf."""
        bits = self.values[index]
        return (bits >> 52) - 1075, (bits & (1 << 52) - 1) + (1 << 52)

    def sums(self, leaves):
        """Summed proportions as scikit-learn has them: float64, rounded at each step, in the order of the trees."""
        sums = [_DOUBLE_ZERO] * self.n_classes
        for leaf in leaves:
            if leaf < self.n_classes:
                sums[leaf] = _double_add(sums[leaf], _DOUBLE_ONE)
                continue
            first, end = self.start[leaf - self.n_classes], self.start[leaf - self.n_classes + 1]
            total = 255 if self.leaf == _UINT8 else sum(self.entry_value[first:end])
            for i in range(first, end):
                c, value = self.entry_class[i], self.entry_value[i]
                p = self.double(value) if self.leaf == _WEIGHTED else _double_ratio(value, total, 0)
                sums[c] = _double_add(sums[c], p)
        return sums

    def add_up(self, leaves):
        """Sums of leaves, to which the trees add in turn."""
        if self.link == _MEDIAN:
            return [self.values[leaf] for leaf in leaves]
        n = self.n_classes if self.link == _SOFTMAX else 1
        sums = list(self.bases)[-n:]
        for i, leaf in enumerate(leaves):
            sums[i % n] += self.values[leaf]
        return sums

    def median(self, values):
        """The smallest value that trees with half of the weight do not exceed."""
        weight, total = 0, sum(self.bases)
        for value, base in sorted(zip(values, self.bases)):  # noqa: B905 (MicroPython's zip has no strict)
            weight += base
            if 2 * weight >= total:
                return value

    def sum_bits(self, total):
        bits = _float32(abs(total), 1, self.exponent + (self.link == _HALF_SIGMOID))
        return bits | 0x80000000 if total < 0 else bits

    def sum_outputs(self, sums):
        """Bits of the float32 outputs that sums mean."""
        if self.link == _SOFTMAX:
            largest = max(sums)
            return _normalise([_exp(self.sum_bits(total - largest)) for total in sums])
        bits = self.sum_bits(self.median(sums) if self.link == _MEDIAN else sums[0])
        if self.link in (_IDENTITY, _EXP, _MEDIAN):
            return [_exp(bits) if self.link == _EXP else bits]
        if self.link == _ISOLATION:
            p = _exp(bits | 0x80000000)
            return [p, _complement(p)]
        return [_sigmoid(bits ^ 0x80000000), _sigmoid(bits)]

    def classify(self, leaves):
        if self.leaf == _SUM:
            sums = self.add_up(leaves)
            return _argmax(sums) if len(sums) > 1 else int(sums[0] > self.bases[0])
        sums, mixed = self.quick_sums(leaves)
        if mixed and self.leaf != _UINT8 and self.n_classes > 1:
            second, best = sorted(sums)[-2:]
            n = len(leaves)
            if best - second <= n + 2:  # closer than the roundings of both sums
                return _argmax([_double_ratio(mantissa, n, exponent) for exponent, mantissa in self.sums(leaves)])
        return _argmax(sums)

    def outputs(self, leaves):
        """Bits of the float32 outputs."""
        if self.leaf == _SUM:
            return array("I", self.sum_outputs(self.add_up(leaves)))
        n = len(leaves)
        if self.n_classes:
            counts, mixed = self.quick_sums(leaves)
            sums = self.sums(leaves) if mixed else [(0, count) for count in counts]
            return array("I", [_float32(mantissa, n, exponent) for exponent, mantissa in sums])
        total = sum([self.values[leaf] for leaf in leaves])
        return array("I", [_float32(abs(total), n, self.exponent) | (0x80000000 if total < 0 else 0)])

    def n_outputs(self):
        return self.n_classes or 1

    def n_bases(self):
        return self.n_trees if self.link == _MEDIAN else self.n_outputs()

    def replay(self, x, klass, outputs):
        """Predict one golden row; outputs: bytes of the expected float32."""
        leaves = self.walk(self.inputs(x))
        same = klass == (self.classify(leaves) if self.n_classes else 0)
        self.tested[0] += same and bytes(self.outputs(leaves)) == outputs
        self.tested[1] += 1

    def replay_golden(self, data):
        """Replay all rows of a golden trailer."""
        _fail(len(data) >= 4 and chr(data[2]) in _ACCEPTS[self.dtype] and chr(data[2]) in "fh", "GOLD: wrong typecode")
        rows, code = _uint(data, 0, 2), chr(data[2])
        features = self.n_features * (4 if code == "f" else 2)
        klass = features + 3 & ~3
        row = klass + 4 + 4 * self.n_outputs()
        _fail(len(data) == 4 + rows * row, "GOLD: wrong size")
        self.tested = [0, 0]
        for at in range(4, len(data), row):
            x = array(code, bytes(data[at : at + features]))
            self.replay(x, _uint(data, at + klass, 4), bytes(data[at + klass + 4 : at + row]))

    def sizes(self):
        """Bytes of the arrays in a file: nodes, roots, scale, leaf_start, entries, values."""
        index = 4 if self.layout == 2 else 2
        values = 4 * self.n_leaves if self.leaf >= _VALUE else 8 * self.n_values
        if self.leaf == _SUM:
            values += 8 * self.n_bases() + (4 * self.n_leaves if self.wide else 0)
        sizes = (
            self.n_nodes * (6, 8, 16)[self.layout],
            self.n_trees * index,
            self.n_features * 8 if self.dtype == _SCALED else 0,
            (self.n_leaves + 1) * index if self.records else 0,
            self.n_entries * (2 * index if self.entry else 2),
            values,
        )
        return [size + 3 & ~3 for size in sizes]

    def info(self):
        return {
            "features": self.n_features,
            "classes": self.n_classes,
            "trees": self.n_trees,
            "nodes": self.n_nodes,
            "leaves": self.n_leaves,
            "dtype": _DTYPES[self.dtype],
            "leaf": _LEAVES[self.leaf],
            "bytes": sum(self.sizes()),
        }


# ---- .eml files


def _uint(data, at, size):
    return int.from_bytes(data[at : at + size], "little")


def _numbers(data, at, n, code):
    """n numbers of an array at this offset, decoded a few at a time."""
    size = len(bytes(array(code, [0])))
    for first in range(at, at + n * size, 256):
        for number in array(code, bytes(data[first : min(first + 256, at + n * size)])):
            yield number


def _read_eml(data, keep):
    """data: memoryview of bytes. keep: golden rows may stay where they are."""
    _fail(len(data) >= 44 and bytes(data[:4]) == b"EML\x1a", "not an .eml file, or cut off")
    _fail(data[4] == 1, "an .eml file of version %d, this reader knows version 1" % data[4])
    _fail(data[6] == 1, "not a file of trees")
    size = _uint(data, 8, 4)
    _fail(44 <= size <= len(data) and size & 3 == 0, "the file is cut off, or its size is wrong")
    _fail(crc32(data[16:size], crc32(data[:12])) & 0xFFFFFFFF == _uint(data, 12, 4), "the file is damaged: wrong CRC")
    counts = [_uint(data, at, 4) for at in range(28, 44, 4)]
    forest = _Forest(
        _uint(data, 16, 2),
        _uint(data, 18, 2),
        data[23],
        data[24],
        data[22],
        data[25],
        data[26],
        _uint(data, 20, 2),
        counts,
    )
    at, offsets = 44, []
    for part in forest.sizes():
        offsets.append(at)
        at += part
    _fail(at <= size, "the arrays are longer than the file")
    _read_arrays(forest, data, offsets)
    forest.finish()
    _read_trailers(forest, data, at, size, keep)
    return forest


def _read_arrays(forest, data, offsets):
    index = "H" if forest.layout < 2 else "I"
    nodes, roots, scale, start, entries, values = offsets
    if forest.leaf == _WEIGHTED:
        for bits in _numbers(data, values, forest.n_values, "Q"):
            forest.add_value(bits)
    elif forest.leaf == _VALUE:
        for value in _numbers(data, values, forest.n_leaves, "i"):
            forest.add_value(value)
    elif forest.leaf == _SUM:
        for value in _numbers(data, values, forest.n_leaves, "q" if forest.wide else "i"):
            forest.add_value(value)
        for value in _numbers(data, values + forest.n_leaves * (8 if forest.wide else 4), forest.n_bases(), "q"):
            forest.add_base(value)
    if forest.records:
        _read_records(forest, _numbers(data, start, forest.n_leaves + 1, index), data, entries, index)
    if forest.dtype == _SCALED:
        numbers = _numbers(data, scale, 2 * forest.n_features, "i")
        for _ in range(forest.n_features):
            forest.add_scale(next(numbers), next(numbers))
    for root in _numbers(data, roots, forest.n_trees, index):
        forest.add_root(root)
    (_read_packed if forest.layout < 2 else _read_wide)(forest, data, nodes)


def _read_records(forest, starts, data, at, index):
    first = next(starts)
    _fail(first == 0, "leaf_start does not begin with 0")
    entries = _numbers(data, at, forest.n_entries * (2 if forest.entry else 1), index if forest.entry else "H")
    for end in starts:
        _fail(first <= end <= forest.n_entries, "leaf_start is out of range")
        for _ in range(first, end):
            number = next(entries)
            if forest.entry:
                forest.add_entry(number, next(entries), first)
            else:
                forest.add_entry(number & 255, number >> 8, first)
        forest.end_record()
        first = end
    _fail(first == forest.n_entries, "leaf_start does not reach the last entry")


def _read_packed(forest, data, at):
    bits, unit = forest.bits, 2 if forest.layout else 3
    words = _numbers(data, at, forest.n_nodes * (4 if forest.layout else 3), "H")
    for _ in range(forest.n_nodes):
        head, right, threshold = next(words), next(words), next(words)
        if forest.layout:
            high = next(words)
            threshold += (high - (high >> 15 << 16)) << 16
        else:
            threshold -= threshold >> 15 << 16
        if right >> 15:
            right = -1 - (right & 0x7FFF)
        else:
            _fail(right % unit == 0, "a jump into the middle of an element")
            right //= unit
        left = -((head & 0x7FFF) >> bits) or 1
        if -left > forest.left_codes:
            _fail(right < 0, "a leaf element refers to a child that is none")
            left = right
        forest.add_node(head & (1 << bits) - 1, threshold, left, right, head >> 15)


def _read_wide(forest, data, at):
    words = _numbers(data, at, forest.n_nodes * 4, "I")
    for _ in range(forest.n_nodes):
        head, threshold, left, right = next(words), next(words), next(words), next(words)
        left = 0x7FFFFFFF - left if left >> 31 else left
        right = 0x7FFFFFFF - right if right >> 31 else right
        _fail(head & 0xBFFF0000 == 0, "unknown bits in a node")
        forest.add_node(head & 0xFFFF, threshold - (threshold >> 31 << 32), left, right, head >> 30)


def _read_trailers(forest, data, at, size, keep):
    while at < size:
        length = _uint(data, at + 4, 4)
        _fail(length <= size - at - 8, "a trailer is longer than the file")
        tag, payload = bytes(data[at : at + 4]), data[at + 8 : at + 8 + length]
        if tag == b"LABL" and forest.labels is None:
            forest.labels = _read_labels(payload, forest.n_classes)
        elif tag == b"GOLD":
            forest.replay_golden(payload)
            forest.golden = payload if keep else None
        at += 8 + (length + 3 & ~3)


def _read_labels(payload, n):
    labels, at = [], 0
    while at < len(payload):
        _fail(at + 2 + payload[at + 1] <= len(payload), "a label is longer than its trailer")
        labels.append(_label(chr(payload[at]), bytes(payload[at + 2 : at + 2 + payload[at + 1]]).decode()))
        at += 2 + payload[at + 1]
    _fail(len(labels) == n, "%d labels for %d classes" % (len(labels), n))
    return labels


def _label(kind, text):
    _fail(kind in ("i", "s") and len(text.encode()) <= 255, "a label must be an integer or text of at most 255 bytes")
    return _int(text) if kind == "i" else text


# ---- CSV files


def _int(text):
    digits = text[1:] if text[:1] in ("-", "+") else text
    _fail(digits.isdigit(), "not a whole number: '%s'" % text[:20])
    return int(text)


def _int32(number):
    _fail(-0x80000000 <= number <= 0x7FFFFFFF, "not an int32")
    return number


def _decimal(text):
    """(n, d) of a decimal number n / d."""
    mantissa, _, exponent = text.replace("E", "e").partition("e")
    negative = mantissa[:1] == "-"
    whole, _, fraction = (mantissa[1:] if negative else mantissa).partition(".")
    n, power = _int("+" + whole + fraction), _int(exponent or "0") - len(fraction)
    _fail(len(text) < 256 and abs(power) < 1000, "a number too long: '%s'" % text[:20])
    n = -n if negative else n
    return (n * 10**power, 1) if power > 0 else (n, 10**-power)


class _Rows:
    """Rows of a CSV file, one after the other; `line` is the number of the one last looked at."""

    def __init__(self, lines):
        self.lines = iter(lines)  # TypeError if it is none
        self.line = self.taken = 0
        self.row = self.text = None

    def tag(self):
        """First cell of the next row, None at the end."""
        while self.row is None:
            self.line += 1
            try:
                line = next(self.lines)
            except StopIteration:
                return None
            if not isinstance(line, (str, bytes, bytearray, memoryview)):
                raise TypeError("expected an open file or lines, not %s" % type(line).__name__)
            line = line if isinstance(line, str) else bytes(line).decode()
            line = line[:-1] if line[-1:] == "\n" else line
            self.text = line[:-1] if line[-1:] == "\r" else line
            self.row = self.text.split(",") if self.text else None
        return self.row[0]

    def drop(self):
        self.row = None
        self.taken += 1

    def expect(self, tag):
        found = self.tag()
        _fail(found == tag, "expected a row '%s', not %s" % (tag, "the end" if found is None else "'%s'" % found[:20]))

    def take(self, tag, fewest, most=None):
        """The integers in the next row."""
        self.expect(tag)
        n = len(self.row) - 1
        _fail(fewest <= n <= (most or fewest), "a row '%s' with %d numbers, expected %d" % (tag, n, fewest))
        numbers = [_int(cell) for cell in self.row[1:]]
        self.drop()
        return numbers

    def take_cell(self, tag):
        self.expect(tag)
        _fail(len(self.row) == 2, "a row '%s' needs one cell" % tag)
        cell = self.row[1]
        self.drop()
        return cell

    def take_list(self, tag):
        """Integers as numpy prints them: in brackets, wrapped over several lines."""
        text = self.take_cell(tag)
        _fail(text[:1] == "[", "expected a list in brackets")
        numbers = []
        while True:
            numbers.extend([_int(cell) for cell in text.strip("[]").split()])
            if text[-1:] == "]":
                return numbers
            _fail(self.tag() is not None, "a list does not end")
            text = self.text
            self.drop()


def _read_csv(lines):
    rows = _Rows(lines)
    try:
        forest = (_read_ours if rows.tag() == "eml" else _read_emlearn)(rows)
        _fail(rows.tag() is None, "a row '%s' is out of place" % (rows.tag() or "")[:20])
        return forest
    except ValueError as error:
        raise ValueError("line %d: %s" % (rows.line, str(error) or "not UTF-8"))


def _read_ours(rows):
    version, layout, dtype, leaf, bits, entry, trees, *sizes = rows.take("eml", 11)
    _fail(version == 1, "version %d of the format, this reader knows version 1" % version)
    _fail(min(layout, dtype, leaf, bits, entry, min(sizes)) >= 0, "a negative number")
    features, classes, leaf_bits = rows.take("f", 1)[0], rows.take("c", 1)[0], rows.take("lb", 1)[0]
    forest = _Forest(features, classes, dtype, leaf, layout, bits, entry, trees, sizes)
    _fail(leaf_bits == (0 if classes else 32), "lb is 0 for classification, 32 for regression")
    for _ in range(features if dtype == _SCALED else 0):
        forest.add_scale(*rows.take("s", 2))
    if leaf == _SUM:
        words = array("i")
        for _ in range(forest.n_leaves * (2 if forest.wide else 1) + 2 * forest.n_bases()):
            words.append(_int32(rows.take("v", 1)[0]))
        at = len(words) - 2 * forest.n_bases()
        for value in array("q", bytes(words[:at])) if forest.wide else words[:at]:
            forest.add_value(value)
        for value in array("q", bytes(words[at:])):
            forest.add_base(value)
    for _ in range(forest.n_leaves if leaf == _VALUE else forest.n_values if leaf == _WEIGHTED else 0):
        words = rows.take("v", 1 if leaf == _VALUE else 2)
        _fail(leaf == _VALUE or min(words) >= 0 and max(words) < 1 << 32, "not an u32")
        forest.add_value(words[0] + (words[-1] << 32 if leaf == _WEIGHTED else 0))
    for _ in range(forest.n_leaves if forest.records else 0):
        cells, first = rows.take("p", 0, 2 * classes), len(forest.entry_class)
        _fail(len(cells) & 1 == 0, "a class without a value")
        for i in range(0, len(cells), 2):
            forest.add_entry(cells[i], cells[i + 1], first)
        forest.end_record()
    _fail(
        len(forest.entry_class) == forest.n_entries, "%d entries, not %d" % (len(forest.entry_class), forest.n_entries)
    )
    for _ in range(forest.leaf_numbers() if classes and leaf != _SUM else 0):
        _fail(0 <= rows.take("l", 1)[0] < classes, "no such class")
    for _ in range(trees):
        forest.add_root(rows.take("r", 1)[0])
    for _ in range(forest.n_nodes):
        feature, threshold, left, right, *missing = rows.take("n", 4, 5)
        _fail(missing in ([], [1]), "missing_left must be 1 or left out")
        if left == right < 0:
            _fail(0 <= feature < features, "feature %d is out of range" % feature)
            forest.add_leaf_element(-1 - left)
        else:
            forest.add_node(feature, threshold - (dtype != _FLOAT), left, right, len(missing))
    forest.finish()
    _read_extras(forest, rows)
    return forest


def _read_extras(forest, rows):
    """Labels, golden rows, certificate, end."""
    if rows.tag() == "label":
        forest.labels = [_take_label(rows) for _ in range(forest.n_classes)]
    while rows.tag() == "t":
        x = rows.take("t", forest.n_features)
        low, high = (-32768, 32767) if forest.dtype == _INT16 else (0, 0xFFFFFFFF)
        _fail(low <= min(x) and max(x) <= high, "a feature is out of range")
        x = array("h", x) if forest.dtype == _INT16 else array("f", bytes(array("I", x)))
        klass, *outputs = rows.take("u", 1 + forest.n_outputs())
        _fail(min(outputs) >= 0 and max(outputs) < 1 << 32, "an output is out of range")
        forest.replay(x, klass, bytes(array("I", outputs)))
    if rows.tag() == "cert":
        rows.drop()
    taken = rows.taken
    _fail(rows.take("end", 1)[0] == taken, "%d rows come before the end" % taken)


def _take_label(rows):
    rows.expect("label")
    _fail(len(rows.row) >= 3, "a label needs a kind and a text")
    _, kind, text = rows.text.split(",", 2)
    rows.drop()
    parts = text.split("\\\\")  # between escaped backslashes
    return _label(kind, "\\".join([part.replace("\\n", "\n").replace("\\r", "\r") for part in parts]))


def _read_emlearn(rows):
    """A file of emlearn: no `eml` row, float thresholds; how many there are of each row shows only at the end."""
    features, classes = rows.take("f", 1)[0], rows.take("c", 1)[0]
    leaf_bits = rows.take("lb", 1)[0] if rows.tag() == "lb" else 0 if classes else 32  # old files lack it
    _fail((leaf_bits == 32) == (classes == 0), "lb is 32 for regression, and only there")
    forest = _Forest(features, classes, _INT16, (_COUNTS if leaf_bits else _HARD) if classes else _VALUE)
    leaves = array("I")  # leaf number of each row 'l'
    while rows.tag() == "l":
        leaves.append(_take_leaf(forest, rows))
    furthest = (-1, 0)  # element referred to, and where
    while rows.tag() == "r":
        root = _renumber(rows.take("r", 1)[0], leaves)
        forest.add_root(root)
        furthest = max(furthest, (root, rows.line))
    while rows.tag() == "n":
        row = rows.row
        _fail(len(row) == 5, "a row 'n' with %d cells, expected 4" % (len(row) - 1))
        n, d = _decimal(row[2])
        left, right = _renumber(_int(row[3]), leaves), _renumber(_int(row[4]), leaves)
        furthest = max(furthest, (len(forest.left) + max(left, right), rows.line))
        forest.add_any(_int(row[1]), n // d, left, right)
        rows.drop()
    if rows.tag() is None and furthest[0] >= len(forest.left):
        rows.line = furthest[1]
        raise ValueError("refers to node %d of %d" % (furthest[0], len(forest.left)))
    forest.finish()
    return forest


def _renumber(child, leaves):
    _fail(-child <= len(leaves), "there is no leaf %d" % (-1 - child))
    return child if child >= 0 else -1 - leaves[-1 - child]


def _take_leaf(forest, rows):
    """Leaf number of the leaf in the next row."""
    if forest.leaf == _HARD:
        klass = rows.take("l", 1)[0]
        _fail(0 <= klass < forest.n_classes, "no class %d" % klass)
        return klass
    if forest.leaf == _VALUE:
        n, d = _decimal(rows.take_cell("l"))
        bits = _float32(abs(n), d, 0)
        _fail(bits < _INFINITY, "a value is too large for float32")
        forest.add_value(-bits if n < 0 else bits)  # until all of them are known
        forest.n_leaves += 1
        return forest.n_leaves - 1
    counts, first = rows.take_list("l"), len(forest.entry_class)
    _fail(len(counts) == forest.n_classes, "%d proportions for %d classes" % (len(counts), forest.n_classes))
    for c, count in enumerate(counts):
        if count:
            forest.add_entry(c, count, first)
    forest.end_record()
    forest.n_leaves += 1
    return forest.n_classes + forest.n_leaves - 1


# ---- The module


class Model:
    """Made by `new` or `load`."""

    def __init__(self):
        self._forest = None
        self._parts = None  # of a model that is being built: (features, classes), leaves, roots, nodes

    def _ready(self):
        if self._parts is not None:
            self._forest = _assemble(*self._parts)
            self._parts = None
        if self._forest is None:
            raise ValueError("the model is empty: load_model(model, file), or build it, first")
        return self._forest

    def predict(self, x, out=None):
        """Class number or value of x; with out, an array('f'), fill in the probabilities or the value instead."""
        forest = self._ready()
        if out is not None:
            if _typecode(out) != "f":
                _refuse("out must be array 'f'", _typecode(out))
            _fail(len(out) == forest.n_outputs(), "out must have %d elements, not %d" % (forest.n_outputs(), len(out)))
        leaves = forest.walk(forest.inputs(x))
        if out is None and forest.n_classes:
            return forest.classify(leaves)
        values = array("f", bytes(forest.outputs(leaves)))
        if out is None:
            return values[0]
        out[:] = values

    def outputs(self):
        return self._ready().n_outputs()

    def label(self, i):
        forest = self._ready()
        _fail(0 <= i < forest.n_classes, "there are %d classes, no number %s" % (forest.n_classes, i))
        return forest.labels[i] if forest.labels else i

    def selftest(self):
        """(agreeing, total): golden rows that give the class and all bits of the outputs they gave on the host."""
        forest = self._ready()
        if forest.golden is not None:
            forest.replay_golden(forest.golden)
        return tuple(forest.tested)

    def info(self):
        return self._ready().info()

    def scale(self, features, out):
        """Scale raw features, array('f'), into out, array('h')."""
        forest = self._ready()
        _fail(forest.dtype == _SCALED, "a model of dtype %s has no scales" % _DTYPES[forest.dtype])
        for x, code in ((features, "f"), (out, "h")):
            if _typecode(x) != code:
                _refuse("scale takes arrays 'f' and 'h'", _typecode(x))
        n = forest.n_features
        _fail(
            len(features) == n and len(out) == n,
            "scale needs %d features, not %d and %d" % (n, len(features), len(out)),
        )
        out[:] = array("h", forest.scaled(features))

    def setdata(self, n_features, n_classes):
        """Begin to build a model, which takes the place of the old one at its first use."""
        _fail(0 < n_features < 65536 and 0 < n_classes < 65536, "setdata takes 1 to 65535 features and classes")
        self._parts = (n_features, n_classes), array("H"), array("i"), array("i")

    def _building(self):
        _fail(self._parts is not None, "call setdata(features, classes) first")
        return self._parts

    def addleaf(self, klass):
        _fail(0 <= klass < 65535, "class %d is out of range" % klass)
        self._building()[1].append(klass)

    def addroot(self, node):
        _fail(abs(node) <= _MAX_COUNT, "root %d is out of range" % node)
        self._building()[2].append(node)

    def addnode(self, left, right, feature, value):
        """x[feature] <= value goes left. left, right: a jump of nodes, or -1 - number of a leaf."""
        _fail(max(abs(left), abs(right)) <= _MAX_COUNT, "a child is out of range: %d, %d" % (left, right))
        _fail(0 <= feature < 65536 and -0x80000000 <= value < 0x80000000, "feature or value is out of range")
        nodes = self._building()[3]
        for number in (left, right, feature, value):
            nodes.append(number)


def _assemble(data, leaves, roots, nodes):
    forest = _Forest(data[0], data[1], _INT16, _HARD)
    for root in roots:
        forest.add_root(_renumber(root, leaves))
    for i in range(0, len(nodes), 4):
        left, right, feature, value = nodes[i : i + 4]
        forest.add_any(feature, value, _renumber(left, leaves), _renumber(right, leaves))
    forest.finish()
    return forest


def new(trees=0, nodes=0, classes=0):
    """An empty model. What it will hold need not be said here: the arrays grow."""
    return Model()


def load_model(model, source):
    """Fill a model from an open file, bytes, or lines of text: CSV or `.eml`. After an error it is what it was."""
    if isinstance(source, str):
        raise TypeError("load_model takes an open file, bytes or lines; load takes a path")
    model._forest, model._parts = _read(source, False), None


def load(source, in_place=False):
    """A model from a path, or from what load_model takes. in_place: a writable buffer will not change."""
    model = Model()
    if isinstance(source, str):
        with open(source, "rb") as f:
            model._forest = _read(f, False)
    else:
        model._forest = _read(source, in_place)
    return model


def _read(source, in_place):
    if hasattr(source, "read"):
        return _read_file(source)
    if not isinstance(source, (bytes, bytearray, memoryview)):
        return _read_csv(source)
    if bytes(source[:4]) != b"EML\x1a":
        return _read_csv(_split(bytes(source)))
    forest = _read_eml(memoryview(source), True)
    if forest.golden is not None and not (in_place or isinstance(source, bytes)):
        forest.golden = bytes(forest.golden)
    return forest


def _read_file(f):
    first = f.read(1)
    if isinstance(first, str):
        _fail(first != "E", "an .eml file must be opened in binary mode, 'rb'")
    elif first == b"E":
        f.seek(-1, 1)
        return _read_eml(memoryview(f.read()), False)
    return _read_csv(_lines_from(first, f))


def _lines_from(first, f):
    """The lines of a file whose first character has been read."""
    yield first if first in ("\n" if isinstance(first, str) else b"\n") else first + f.readline()
    for line in f:
        yield line


def _split(data):
    at = 0
    while at < len(data):
        end = data.find(b"\n", at) + 1 or len(data)
        yield data[at:end]
        at = end
