# ---- CSV files


def _int(text):
    digits = text[1:] if text[:1] in ("-", "+") else text
    fail(digits.isdigit(), "not a whole number: '%s'" % text[:20])
    return int(text)


def _int32(number):
    fail(-0x80000000 <= number <= 0x7FFFFFFF, "not an int32")
    return number


def _decimal(text):
    """(n, d) of a decimal number n / d."""
    mantissa, _, exponent = text.replace("E", "e").partition("e")
    negative = mantissa[:1] == "-"
    whole, _, fraction = (mantissa[1:] if negative else mantissa).partition(".")
    n, power = _int("+" + whole + fraction), _int(exponent or "0") - len(fraction)
    fail(len(text) < 256 and abs(power) < 1000, "a number too long: '%s'" % text[:20])
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
        fail(found == tag, "expected a row '%s', not %s" % (tag, "the end" if found is None else "'%s'" % found[:20]))

    def take(self, tag, fewest, most=None):
        """The integers in the next row."""
        self.expect(tag)
        n = len(self.row) - 1
        fail(fewest <= n <= (most or fewest), "a row '%s' with %d numbers, expected %d" % (tag, n, fewest))
        numbers = [_int(cell) for cell in self.row[1:]]
        self.drop()
        return numbers

    def take_cell(self, tag):
        self.expect(tag)
        fail(len(self.row) == 2, "a row '%s' needs one cell" % tag)
        cell = self.row[1]
        self.drop()
        return cell

    def take_list(self, tag):
        """Integers as numpy prints them: in brackets, wrapped over several lines."""
        text = self.take_cell(tag)
        fail(text[:1] == "[", "expected a list in brackets")
        numbers = []
        while True:
            numbers.extend([_int(cell) for cell in text.strip("[]").split()])
            if text[-1:] == "]":
                return numbers
            fail(self.tag() is not None, "a list does not end")
            text = self.text
            self.drop()


def _read_csv(lines):
    rows = _Rows(lines)
    try:
        forest = (_read_ours if rows.tag() == "eml" else _read_emlearn)(rows)
        fail(rows.tag() is None, "a row '%s' is out of place" % (rows.tag() or "")[:20])
        return forest
    except ValueError as error:
        raise ValueError("line %d: %s" % (rows.line, str(error) or "not UTF-8"))


def _read_ours(rows):
    version, layout, dtype, leaf, bits, entry, trees, *sizes = rows.take("eml", 11)
    fail(version == 1, "version %d of the format, this reader knows version 1" % version)
    fail(min(layout, dtype, leaf, bits, entry, min(sizes)) >= 0, "a negative number")
    features, classes, leaf_bits = rows.take("f", 1)[0], rows.take("c", 1)[0], rows.take("lb", 1)[0]
    forest = _Forest(features, classes, dtype, leaf, layout, bits, entry, trees, sizes)
    if entry > 1 and leaf != _SUM:
        forest.entry = 0  # of a byte in an .eml; text has what they stand for
    fail(leaf_bits == (0 if classes else 32), "lb is 0 for classification, 32 for regression")
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
        fail(leaf == _VALUE or min(words) >= 0 and max(words) < 1 << 32, "not an u32")
        forest.add_value(words[0] + (words[-1] << 32 if leaf == _WEIGHTED else 0))
    for _ in range(forest.n_leaves if forest.records else 0):
        cells, first = rows.take("p", 0, 2 * classes), len(forest.entry_class)
        fail(len(cells) & 1 == 0, "a class without a value")
        for i in range(0, len(cells), 2):
            forest.add_entry(cells[i], cells[i + 1], first)
        forest.end_record()
    fail(
        len(forest.entry_class) == forest.n_entries, "%d entries, not %d" % (len(forest.entry_class), forest.n_entries)
    )
    for _ in range(forest.leaf_numbers() if classes and leaf != _SUM else 0):
        fail(0 <= rows.take("l", 1)[0] < classes, "no such class")
    for _ in range(trees):
        forest.add_root(rows.take("r", 1)[0])
    for _ in range(forest.n_nodes):
        feature, threshold, left, right, *missing = rows.take("n", 4, 5)
        fail(missing in ([], [1]), "missing_left must be 1 or left out")
        if left == right < 0:
            fail(0 <= feature < features, "feature %d is out of range" % feature)
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
        fail(low <= min(x) and max(x) <= high, "a feature is out of range")
        x = array("h", x) if forest.dtype == _INT16 else array("f", bytes(array("I", x)))
        klass, *outputs = rows.take("u", 1 + forest.n_outputs())
        fail(min(outputs) >= 0 and max(outputs) < 1 << 32, "an output is out of range")
        forest.replay(x, klass, bytes(array("I", outputs)))
    if rows.tag() == "cert":
        rows.drop()
    taken = rows.taken
    fail(rows.take("end", 1)[0] == taken, "%d rows come before the end" % taken)


def _take_label(rows):
    rows.expect("label")
    fail(len(rows.row) >= 3, "a label needs a kind and a text")
    _, kind, text = rows.text.split(",", 2)
    rows.drop()
    parts = text.split("\\\\")  # between escaped backslashes
    return _label(kind, "\\".join([part.replace("\\n", "\n").replace("\\r", "\r") for part in parts]))


def _read_emlearn(rows):
    """A file of emlearn: no `eml` row, float thresholds; how many there are of each row shows only at the end."""
    features, classes = rows.take("f", 1)[0], rows.take("c", 1)[0]
    leaf_bits = rows.take("lb", 1)[0] if rows.tag() == "lb" else 0 if classes else 32  # old files lack it
    fail((leaf_bits == 32) == (classes == 0), "lb is 32 for regression, and only there")
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
        fail(len(row) == 5, "a row 'n' with %d cells, expected 4" % (len(row) - 1))
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
    fail(-child <= len(leaves), "there is no leaf %d" % (-1 - child))
    return child if child >= 0 else -1 - leaves[-1 - child]


def _take_leaf(forest, rows):
    """Leaf number of the leaf in the next row."""
    if forest.leaf == _HARD:
        klass = rows.take("l", 1)[0]
        fail(0 <= klass < forest.n_classes, "no class %d" % klass)
        return klass
    if forest.leaf == _VALUE:
        n, d = _decimal(rows.take_cell("l"))
        bits = _float32(abs(n), d, 0)
        fail(bits < INFINITY, "a value is too large for float32")
        forest.add_value(-bits if n < 0 else bits)  # until all of them are known
        forest.n_leaves += 1
        return forest.n_leaves - 1
    counts, first = rows.take_list("l"), len(forest.entry_class)
    fail(len(counts) == forest.n_classes, "%d proportions for %d classes" % (len(counts), forest.n_classes))
    for c, count in enumerate(counts):
        if count:
            forest.add_entry(c, count, first)
    forest.end_record()
    forest.n_leaves += 1
    return forest.n_classes + forest.n_leaves - 1
