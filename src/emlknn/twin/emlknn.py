# ---- Nearest neighbours, as src/emlearn/eml_neighbors.h
# ruff: noqa: F811, F821

FAMILY = 3
_UNIFORM, _DISTANCE, _NEAREST = range(3)
_EUCLIDEAN, _MANHATTAN, _CHEBYSHEV = range(3)


class Tables:
    def __init__(self, data, size):
        fail(size >= 40, "not a model file, or damaged")
        head = unpack_from("<HHHBBIHHhhIIIII", data, 16)
        n, classes, n_out, output, metric, _, weights, k, exponent, value_exponent = head[:10]
        n16, n32, labels, values, used = head[10:]
        items = n16 | n32
        good = n and k and used <= items and not (n16 and n32) and metric <= _CHEBYSHEV and weights <= _NEAREST
        good = good and output == (2 if weights == _NEAREST else 1 if classes else 0) and n_out == (classes or 1)
        good = good and (labels, values) == ((items, 0) if classes else (0, items))
        good = good and -156 <= exponent <= 97 and -400 <= value_exponent <= 400
        fail(good and (weights != _NEAREST or k == items == used == classes), "inconsistent model")
        n_data = (2 if not n32 else 4) * items * n + 3 & ~3
        n_targets = 2 * items + 3 & ~3 if classes else 4 * items
        fail(items * n < 1 << 25 and size == 40 + n_data + n_targets, "not a model file, or damaged")
        self.n_features, self.n_classes, self.n_outputs = n, classes, n_out
        self.metric, self.weights, self.k = metric, weights, k
        self.exponent, self.value_exponent = exponent, value_exponent
        self.int16 = n16 > 0
        code, step = ("h", 2 * n) if self.int16 else ("i", 4 * n)
        self.items = [array(code, data[56 + step * i : 56 + step * (i + 1)]) for i in range(used)]
        at = 56 + n_data
        self.targets = array("H", data[at : at + 2 * used]) if classes else array("i", data[at : at + 4 * used])
        good = not classes or not used or max(self.targets) < classes
        fail(good and (weights != _NEAREST or list(self.targets) == list(range(items))), "inconsistent model")
        self.room = items if classes else 0
        self.size, self.file = size, data
        self.found = []

    def save(self):
        """The file as it began, with what was learned since: without a CRC."""
        data = bytearray(self.file)
        at = 56
        for item in self.items:
            data[at : at + len(bytes(item))] = bytes(item)
            at += len(bytes(item))
        if self.room:
            at = 16 + self.size - (2 * self.room + 3 & ~3)
            data[at : at + 2 * len(self.targets)] = bytes(self.targets)
        data[18:22] = pack("<HH", self.n_classes, self.n_outputs)
        data[32:34] = pack("<h", self.exponent)
        data[52:56] = pack("<I", len(self.items))
        return data

    def target(self, i):
        """Class number of item i; or its value."""
        return self.targets[i] if self.n_classes else self.targets[i] * 2.0**self.value_exponent

    def find(self, x):
        """Neighbours, as (distance, index), nearest first; of euclidean distances the squares."""
        fail(self.items, "there are no items yet")
        shift = 0
        self.unit = 0
        if not self.int16:
            self.unit = max([self.exponent] + [(bits >> 23 & 0xFF) - 157 for bits in x])
            shift = self.unit - self.exponent
            x = [_fixed(bits, self.unit) for bits in x]
        k = min(self.k, len(self.items))
        heap = [(1 << 99, 0)] * (k + 1) + [(-1, 0)]  # as eml_neighbors_push has it
        for i, item in enumerate(self.items):
            parts = [abs(v - (w >> shift)) for v, w in zip(x, item)]
            if self.metric == _EUCLIDEAN:
                parts = [d * d for d in parts]
            distance = max(parts) if self.metric == _CHEBYSHEV else sum(parts)
            hole, child = 0, 1
            while child <= k:
                child += heap[child + 1][0] > heap[child][0]
                if heap[child][0] <= distance:
                    break
                heap[hole] = heap[child]
                hole = child
                child *= 2
            heap[hole] = distance, i
        self.found = sorted(heap[1 : k + 1])

    def vote(self):
        """Weights of the neighbours."""
        if self.weights == _UNIFORM or not self.found[0][0]:
            return [int(self.weights == _UNIFORM or not d) for d, _ in self.found]
        roots = [self.root(d) for d, _ in self.found]
        drops = [exponent - roots[0][1] for _, exponent in roots]
        return [reciprocal(root) >> drop if drop < 32 else 0 for (root, _), drop in zip(roots, drops)]

    def root(self, distance):
        """A distance as mantissa, of 32 bits, and exponent."""
        if self.metric != _EUCLIDEAN:
            drop = length(distance) - 32
            return distance >> drop if drop > 0 else distance << -drop, drop
        if self.int16:
            distance <<= 32
        drop = length(distance) - 64
        drop += drop & 1
        return isqrt(distance >> drop if drop > 0 else distance << -drop), drop >> 1

    def classify(self, x):
        self.find(x)
        if self.weights == _NEAREST:
            return self.targets[self.found[0][1]]
        votes = {}
        for (_, i), w in zip(self.found, self.vote()):
            votes[self.targets[i]] = votes.get(self.targets[i], 0) + w
        most = max(votes.values())
        return min([klass for klass in votes if votes[klass] == most])

    def evaluate(self, x):
        self.find(x)
        if self.weights == _NEAREST:
            out = [0] * self.n_classes
            for distance, i in self.found:
                if distance:
                    root, exponent = self.root(distance)
                    unit = -16 if self.int16 and self.metric == _EUCLIDEAN else self.unit
                    out[i] = nearest(root, exponent + unit) | SIGN
            return out
        weights = self.vote()
        total = sum(weights)
        if not self.n_classes:
            drop = 0 if weights[0] == 1 else 16
            value = sum([self.targets[i] * w >> drop for (_, i), w in zip(self.found, weights)])
            bits = _ratio(abs(value), total, self.value_exponent + drop)
            return [bits | SIGN if value < 0 else bits]
        out = [0] * self.n_classes
        for (_, i), w in zip(self.found, weights):
            out[self.targets[i]] += w
        return [_ratio(n, total, 0) for n in out]

    def add(self, x, klass):
        fail(0 <= klass <= 65534, "a label is not 0..65534")
        fail(len(self.items) < self.room, "there is no room for another item")
        if self.int16:
            self.items.append(array("h", x))
        else:
            unit = max([self.exponent] + [(bits >> 23 & 0xFF) - 157 for bits in x])
            if unit > self.exponent:
                for item in self.items:
                    for j in range(len(item)):
                        item[j] >>= unit - self.exponent
            self.exponent = unit
            self.items.append(array("i", [_fixed(bits, unit) for bits in x]))
        self.targets.append(klass)
        if klass >= self.n_classes:
            self.n_classes = self.n_outputs = klass + 1


def _fixed(bits, unit):
    mantissa, exponent = parts(bits)
    shift = exponent - unit
    if shift >= 0:
        mantissa <<= shift
    else:
        mantissa = mantissa + (1 << -shift - 1) >> -shift
    return -mantissa if bits & SIGN else mantissa


def isqrt(n):
    root = 0
    for bit in range(31, -1, -1):
        if (root | 1 << bit) * (root | 1 << bit) <= n:
            root |= 1 << bit
    return root


def _ratio(n, d, exponent):
    """Bits of the float32 nearest to n / d * 2^exponent; for a large d almost."""
    if not n:
        return 0
    if n == d:
        return nearest(1, exponent)
    if d <= 0xFFFF:
        quotient = (n << 64) // d
        return nearest(quotient << 1 | (quotient * d != n << 64), exponent - 65)
    n_shift, d_shift = 64 - length(n), 64 - length(d)
    return nearest((n << n_shift >> 32) * reciprocal(d << d_shift >> 32), exponent - n_shift + d_shift - 62)


class Model(Model):
    def __init__(self, *hints):
        self.learned = False
        super().__init__()
        self.hints = hints

    @property
    def data(self):
        """The file in memory, or None."""
        if self.learned:
            self.learned = False
            self._data = bytes(self.tables.save())
        return self._data

    @data.setter
    def data(self, data):
        self.learned = False
        self._data = data

    def save(self, path):
        """Write what was learned as an .eml, with its room for more; labels of classes stay, golden rows do not."""
        fail(self.tables is not None, "no model is loaded: use load_model(model, file), or additem")
        whole = self.data
        at = 16 + self.tables.size
        data = bytearray(whole[:at])
        while at + 8 <= len(whole):
            size = 8 + (unpack_from("<I", whole, at + 4)[0] + 3 & ~3)
            if whole[at : at + 4] == b"LABL":
                data += whole[at : at + size]
            at += size
        data[8:12] = pack("<I", len(data))
        view = memoryview(data)
        data[12:16] = pack("<I", crc32(view[16:], crc32(view[:12])) & 0xFFFFFFFF)
        with open(path, "wb") as file:
            file.write(data)

    def additem(self, x, klass):
        """Learn an item of a class, an array('h') or array('f')."""
        code = typecode(x)
        if self.tables is None:
            fail(len(self.hints) == 3 and code in "hf", "expected new(n_items, n_features, k), and array 'h' or 'f'")
            n_items, n, k = self.hints
            fail(n_items > 0 and 0 < n < 65536 and 0 < k < 65536, "n_items, n_features or k is 0, or above 65535")
            size = 40 + ((2 if code == "h" else 4) * n_items * n + 3 & ~3) + (2 * n_items + 3 & ~3)
            counts = (n_items, 0) if code == "h" else (0, n_items)
            head = (n, 1, 1, 1, 0, size, 0, k, 0 if code == "h" else -156, 0) + counts + (n_items, 0, 0)
            start = pack("<4sBBBBII", b"EML\x1a", 1, 0, FAMILY, 0, 16 + size, 0)
            self.tables = Tables(start + pack("<HHHBBIHHhhIIIII", *head) + bytes(size - 40), size)
        tables = self.tables
        fail(len(x) == tables.n_features, "expected %d features, got %d" % (tables.n_features, len(x)))
        fail(code == "h" or not tables.int16, "expected array('h'): this model takes int16 features as they are")
        tables.add(x if tables.int16 else _bits(x, code), klass)
        self.learned = True

    def getitem(self, i, out):
        """Fill out with item i. Returns its label."""
        tables = self.tables
        fail(0 <= i < len(tables.items), "there are %d items, no number %d" % (len(tables.items), i))
        for j, v in enumerate(tables.items[i]):
            out[j] = v if tables.int16 else v * 2.0**tables.exponent
        return tables.target(i)

    def getresult(self, i):
        """(index, distance, label) of the i-th nearest of the last predict. Of int16 the distance is rounded down."""
        tables = self.tables
        fail(0 <= i < len(tables.found), "there are %d results, no number %d" % (len(tables.found), i))
        distance, index = tables.found[i]
        squared = tables.metric == _EUCLIDEAN
        if tables.int16:
            distance = isqrt(distance) if squared else distance
        else:
            distance = (distance**0.5 if squared else distance) * 2.0**tables.unit
        return index, distance, tables.target(index)

    def predict(self, x, out=None):
        """As all models; for items of int16 an array('h') only."""
        tables = self.tables
        if tables is None or not tables.int16:
            return super().predict(x, out)
        _check(x, "h", tables.n_features, "features")
        if out is not None:
            _check(out, "f", tables.n_outputs, "outputs")
        if out is None and tables.n_classes:
            return tables.classify(x)
        values = array("f", b"".join([pack("<I", bits) for bits in tables.evaluate(x)]))
        if out is None:
            return values[0]
        out[:] = values


new = Model
