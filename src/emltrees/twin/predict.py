# ---- Prediction, as src/emlearn/eml_trees.h and eml_trees_sums.h


class _Forest(_Tables):
    """Tables that predict."""

    def inputs(self, x):
        """The numbers that thresholds are compared with."""
        code = typecode(x)
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
        bits = nearest(abs(total), self.exponent + (self.link == _HALF_SIGMOID))
        return bits | 0x80000000 if total < 0 else bits

    def sum_outputs(self, sums):
        """Bits of the float32 outputs that sums mean."""
        if self.link == _SOFTMAX:
            largest = max(sums)
            return normalise([exp(self.sum_bits(total - largest)) for total in sums])
        bits = self.sum_bits(self.median(sums) if self.link == _MEDIAN else sums[0])
        if self.link in (_IDENTITY, _EXP, _MEDIAN):
            return [exp(bits) if self.link == _EXP else bits]
        if self.link == _ISOLATION:
            p = exp(bits | 0x80000000)
            return [p, _complement(p)]
        return [sigmoid(bits ^ 0x80000000), sigmoid(bits)]

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
        fail(len(data) >= 4 and chr(data[2]) in _ACCEPTS[self.dtype] and chr(data[2]) in "fh", "GOLD: wrong typecode")
        rows, code = _uint(data, 0, 2), chr(data[2])
        features = self.n_features * (4 if code == "f" else 2)
        klass = features + 3 & ~3
        row = klass + 4 + 4 * self.n_outputs()
        fail(len(data) == 4 + rows * row, "GOLD: wrong size")
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
            self.n_nodes * (6, 8, 16, 4)[self.layout],
            self.n_trees * index,
            self.n_features * 8 if self.dtype == _SCALED else 0,
            (self.n_leaves + 1) * index if self.records else 0,
            self.n_entries * (1 if self.entry > 1 else 2 * index if self.entry else 2),
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
