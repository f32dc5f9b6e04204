# ---- Tables of trees, checked as they are read


class _Tables:
    """Decoded, validated tables. A child is an element, or -1 - leaf number.

    Without a layout (files of emlearn, the builder), the sizes show only at the end.
    """

    def __init__(self, features, classes, dtype, leaf, layout=None, bits=0, entry=1, trees=None, sizes=(None, 0, 0, 0)):
        self.n_features, self.n_classes, self.dtype, self.leaf = features, classes, dtype, leaf
        self.layout, self.bits, self.entry, self.n_trees = layout, bits, entry, trees
        self.n_nodes, self.n_leaves, self.n_entries, self.n_values = sizes
        fail(0 < features < 65536 and classes < 65536, "needs 1 to 65535 features and at most 65535 classes")
        fail(
            dtype <= _SCALED and leaf <= _SUM and (entry <= (7 if leaf == _UINT8 else 1) or leaf == _SUM),
            "unknown dtype, leaf or entry",
        )
        self.link = entry & ~8
        if leaf == _SUM:
            expected = 0 if self.link in (_IDENTITY, _EXP, _MEDIAN) else 2
            good = classes >= 2 if self.link == _SOFTMAX else classes == expected
            fail(self.link <= _MEDIAN and good, "%d classes do not go with link %d" % (classes, entry))
        else:
            fail((leaf == _VALUE) == (classes == 0), "%d classes do not go with leaf %d" % (classes, leaf))
        self.records = leaf in (_COUNTS, _WEIGHTED, _UINT8)
        if layout is not None:
            fail(
                layout == 2 or layout == (1 if dtype == _FLOAT else 0) or (layout == 3 and leaf != _SUM),
                "unknown layout, or one that cannot hold this dtype",
            )
            good = bits == 0 if layout == 2 else bits <= 1 if layout == 3 else 8 <= bits <= 14
            fail(good, "%d feature_bits are not for this layout" % bits)
            fail(layout >= 2 or features <= 1 << bits, "%d features do not fit into %d bits" % (features, bits))
            fail(0 < trees < 65536 and self.n_nodes > 0, "needs 1 to 65535 trees, and nodes")
            fail(max(sizes) <= _MAX_COUNT, "too many nodes, leaves, entries or values")
            fail(leaf != _HARD or self.n_leaves == 0, "hard leaves have no records")
            fail(self.records or self.n_entries == 0, "entries without records")
            top = _MAX_COUNT if leaf == _WEIGHTED else 511 if leaf >= _VALUE else 0
            fail(self.n_values <= top, "values without weighted leaves, or an exponent out of range")
        else:
            self.bits = max(8, length(features - 1))
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
        fail(abs(shift) <= 120 and abs(offset) <= 1 << 29, "scale out of range")
        self.scale.append(shift)
        self.scale.append(offset)

    def add_value(self, value):
        """value: bits of a float64, or an integer."""
        if self.leaf == _WEIGHTED:
            fail(0x17 << 52 <= value <= 0x3FF << 52, "not a float64 from 2^-1000 to 1")
        else:
            top = 1 << (60 - length(self.n_trees) if self.wide else 31)
            fail(-top <= value < top, "a value is too large")
        self.values.append(value)

    def add_base(self, value):
        median = self.link == _MEDIAN
        top = 1 << (60 - length(self.n_trees) if median else 60)
        fail((0 if median else -top) <= value < top, "a base is too large, or a weight negative")
        self.bases.append(value)

    def add_entry(self, klass, value, first):
        """Add to the record that starts at entry number `first`."""
        low = 0 if len(self.entry_class) == first else self.entry_class[-1] + 1
        fail(low <= klass < self.n_classes, "classes of a record do not increase, or are out of range")
        if self.leaf == _WEIGHTED:
            fail(0 <= value < self.n_values, "no value %d" % value)
        else:
            fail(1 <= value <= (255 if self.leaf == _UINT8 else 65535), "%d is out of range in a record" % value)
        fail(self.entry or (klass < 256 and value < 256), "class or value does not fit into the entry")
        self.entry_class.append(klass)
        self.entry_value.append(value)

    def end_record(self):
        first, end = self.start[-1], len(self.entry_class)
        fail(end > first or self.leaf == _UINT8, "a record is empty")
        fail(self.leaf != _COUNTS or sum(self.entry_value[first:end]) <= 65535, "the counts of a record exceed 65535")
        self.start.append(end)

    def leaf_numbers(self):
        return self.n_leaves + (0 if self.leaf == _SUM else self.n_classes)

    def add_root(self, root):
        """root: an element; without a layout also -1 - leaf."""
        low = -self.leaf_numbers() if self.layout is None else 0
        fail(low <= root < (self.n_nodes or _MAX_COUNT), "root %d is out of range" % root)
        self.roots.append(root)

    def add_leaf_element(self, leaf):
        fail(0 <= leaf < self.leaf_numbers(), "leaf %d is out of range" % leaf)
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
            fail(self.layout not in (0, 1), "a child does not fit into the layout: %d, %d" % (left, right))
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
            fail(0 < len(self.roots) < 65536, "needs 1 to 65535 trees")
            fail(n == 0 or max(max(self.left), max(self.right)) < n, "a child refers beyond the last node")
            fail(max(self.roots) < n, "a root refers beyond the last node")
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
