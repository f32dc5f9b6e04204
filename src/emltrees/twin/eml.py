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
    fail(len(data) >= 44 and bytes(data[:4]) == b"EML\x1a", "not an .eml file, or cut off")
    fail(data[4] == 1, "an .eml file of version %d, this reader knows version 1" % data[4])
    fail(data[6] == 1, "not a file of trees")
    size = _uint(data, 8, 4)
    fail(44 <= size <= len(data) and size & 3 == 0, "the file is cut off, or its size is wrong")
    fail(crc32(data[16:size], crc32(data[:12])) & 0xFFFFFFFF == _uint(data, 12, 4), "the file is damaged: wrong CRC")
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
    fail(at <= size, "the arrays are longer than the file")
    _read_arrays(forest, data, offsets)
    forest.finish()
    _read_trailers(forest, data, at, size, keep)
    return forest


def _read_arrays(forest, data, offsets):
    index = "I" if forest.layout == 2 else "H"
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
    first = _uint(data, roots, 2) if forest.layout == 3 else 0  # tables of thresholds lie before it
    fail(first < forest.n_nodes, "root %d is out of range" % first)
    for root in _numbers(data, roots, forest.n_trees, index):
        fail(root >= first, "root %d lies in the tables" % root)
        if root > first and forest.layout == 3:
            fail(root < forest.n_nodes and data[nodes + 4 * root - 1], "root %d is no node" % root)
        forest.add_root(root - first)
    (_read_packed, _read_packed, _read_wide, _read_packed8)[forest.layout](forest, data, nodes)


def _read_records(forest, starts, data, at, index):
    first = next(starts)
    fail(first == 0, "leaf_start does not begin with 0")
    bits = forest.entry  # of a level, if more than 1
    code = "B" if bits > 1 else index if bits else "H"
    entries = _numbers(data, at, forest.n_entries * (2 if bits == 1 else 1), code)
    for end in starts:
        fail(first <= end <= forest.n_entries, "leaf_start is out of range")
        for _ in range(first, end):
            number = next(entries)
            if bits > 1:
                root = (number & (1 << bits) - 1) + 1
                forest.add_entry(number >> bits, 255 * root * root + (1 << 2 * bits - 1) >> 2 * bits, first)
            elif bits:
                forest.add_entry(number, next(entries), first)
            else:
                forest.add_entry(number & 255, number >> 8, first)
        forest.end_record()
        first = end
    fail(first == forest.n_entries, "leaf_start does not reach the last entry")


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
            fail(right % unit == 0, "a jump into the middle of an element")
            right //= unit
        left = -((head & 0x7FFF) >> bits) or 1
        if -left > forest.left_codes:
            fail(right < 0, "a leaf element refers to a child that is none")
            left = right
        forest.add_node(head & (1 << bits) - 1, threshold, left, right, head >> 15)


def _read_packed8(forest, data, at):
    first = _uint(data, at + 4 * forest.n_nodes, 2)  # the first root
    forest.n_nodes -= first
    size = 4 if forest.dtype == _FLOAT else 2  # of a threshold
    words = _numbers(data, at + 4 * first, forest.n_nodes, "I")
    i = 0
    while i < forest.n_nodes:
        word = next(words)
        slot = word & (255 if forest.dtype == _INT16 else 127)
        index = word >> 8 & 255
        if not forest.bits:
            fail(slot < first, "a slot is out of range: %d" % slot)
            slot = _uint(data, at + 4 * slot, 4)
            index += slot >> 16
            slot &= 0xFFFF
        fail(index * size < first * 4, "a threshold is out of range")
        threshold = _uint(data, at + index * size, size)
        threshold -= threshold >> 8 * size - 1 << 8 * size
        missing = word >> 7 & (forest.dtype != _INT16)
        left, right, code = word >> 16 & 255, word >> 24, word >> 16 & 255
        left = -left or 1
        if right > 127:
            right = 127 - right
        fail((code == 255) == (right == 0), "a node is neither extended nor whole")
        if right == 0:
            fail(i + 1 < forest.n_nodes, "the last node lacks its extension")
            far = next(words)
            fail(far >> 31, "an extension is none")
            left = 2 if far >> 16 == 0xFFFF else -1 - (far >> 16 & 0x7FFF)
            right = -1 - (far & 0x7FFF) if far & 0x8000 else far & 0x7FFF
        if right > 0:
            to = i + right
            fail(to < forest.n_nodes and data[at + 4 * (first + to) - 1], "a jump leads to no node: %d" % right)
        forest.add_node(slot, threshold, left, right, missing)
        i += 1
        if code == 255:
            forest.append_node(0, 0, -1, -1, 0, True)  # a place for the extension, so that jumps count as they do there
            i += 1
    forest.n_nodes += first


def _read_wide(forest, data, at):
    words = _numbers(data, at, forest.n_nodes * 4, "I")
    for _ in range(forest.n_nodes):
        head, threshold, left, right = next(words), next(words), next(words), next(words)
        left = 0x7FFFFFFF - left if left >> 31 else left
        right = 0x7FFFFFFF - right if right >> 31 else right
        fail(head & 0xBFFF0000 == 0, "unknown bits in a node")
        forest.add_node(head & 0xFFFF, threshold - (threshold >> 31 << 32), left, right, head >> 30)


def _read_trailers(forest, data, at, size, keep):
    while at < size:
        length = _uint(data, at + 4, 4)
        fail(length <= size - at - 8, "a trailer is longer than the file")
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
        fail(at + 2 + payload[at + 1] <= len(payload), "a label is longer than its trailer")
        labels.append(_label(chr(payload[at]), bytes(payload[at + 2 : at + 2 + payload[at + 1]]).decode()))
        at += 2 + payload[at + 1]
    fail(len(labels) == n, "%d labels for %d classes" % (len(labels), n))
    return labels


def _label(kind, text):
    fail(kind in ("i", "s") and len(text.encode()) <= 255, "a label must be an integer or text of at most 255 bytes")
    return _int(text) if kind == "i" else text
