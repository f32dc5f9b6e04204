"""Tree models for the tests of the twin: an encoder, and random models; twin_meaning.py says what they mean."""

from __future__ import annotations

import struct
import zlib
from array import array
from types import ModuleType

import numpy as np
from emlearn._resources import twin as source_of_twin

twin = ModuleType("emltrees_twin")
exec(compile(source_of_twin("trees"), "emltrees_twin.py", "exec"), vars(twin))

FLOAT, INT16, SCALED = range(3)
HARD, COUNTS, WEIGHTED, UINT8, VALUE, SUM = range(6)
IDENTITY, EXP, SIGMOID, HALF_SIGMOID, ISOLATION, SOFTMAX, MEDIAN = LINKS = range(7)
LAYOUTS = [(FLOAT, 1), (FLOAT, 2), (INT16, 0), (INT16, 2), (SCALED, 0), (SCALED, 2)]


# ---- An encoder: a model is a dict, its children are jumps or -1 - leaf, its leaf elements have two equal leaves


def header(m):
    n_entries = sum(map(len, m["records"]))
    n_leaves = len(m["values"]) if m["leaf"] >= VALUE else len(m["records"])
    n_values = len(m["values"]) if m["leaf"] == WEIGHTED else m["exponent"] + 256 if m["leaf"] >= VALUE else 0
    return (m["layout"], m["dtype"], m["leaf"], m["bits"], m["entry"]), (len(m["nodes"]), n_leaves, n_entries, n_values)


def reference(child, top, unit=1):
    return child * unit if child >= 0 else 1 << top | -1 - child


def node_bytes(m, feature, threshold, left, right, missing):
    if m["layout"] == 2:
        return struct.pack("<IiII", missing << 30 | feature, threshold, reference(left, 31), reference(right, 31))
    code = 0x7FFF >> m["bits"] if left == right < 0 else max(-left, 0)
    words, unit = ("<HHh", 3) if m["layout"] == 0 else ("<HHi", 2)
    return struct.pack(words, missing << 15 | code << m["bits"] | feature, reference(right, 15, unit), threshold)


def pad(data):
    return data + bytes(-len(data) % 4)


def trailer(tag, payload):
    return tag + struct.pack("<I", len(payload)) + pad(payload)


def seal(data):
    data = bytearray(data)
    data[8:12] = struct.pack("<I", len(data))
    data[12:16] = struct.pack("<I", zlib.crc32(bytes(data[:12] + data[16:])))
    return bytes(data)


def to_eml(m, trailers=b""):
    kinds, counts = header(m)
    index = "I" if m["layout"] == 2 else "H"
    out = b"EML\x1a\x01\x00\x01\x00" + bytes(8)
    out += struct.pack("<3H5Bx4I", m["features"], m["classes"], len(m["roots"]), *kinds, *counts)
    out += pad(b"".join(node_bytes(m, *node) for node in m["nodes"]))
    out += pad(struct.pack(f"<{len(m['roots'])}{index}", *m["roots"]))
    out += b"".join(struct.pack("<ii", *pair) for pair in m["scale"])
    if m["leaf"] in (COUNTS, WEIGHTED, UINT8):
        starts = np.cumsum([0, *map(len, m["records"])]).tolist()
        out += pad(struct.pack(f"<{len(starts)}{index}", *starts))
        entries = [entry for record in m["records"] for entry in record]
        if m["entry"] > 1:
            out += pad(bytes(c << m["entry"] | levels(m["entry"]).index(v) for c, v in entries))
        elif m["entry"]:
            out += pad(b"".join(struct.pack("<2" + index, *entry) for entry in entries))
        else:
            out += pad(b"".join(struct.pack("<H", c | v << 8) for c, v in entries))
    return seal(out + value_bytes(m) + trailers)


def levels(bits):
    """255ths, to the nearest, that a byte's levels stand for: squares of 1 / 2^bits, 2 / 2^bits... to 1."""
    return [int(np.floor(255 * (root / 2**bits) ** 2 + 0.5)) for root in range(1, 2**bits + 1)]


def value_bytes(m):
    if m["leaf"] < VALUE:
        return np.array(m["values"], "<f8").tobytes()
    wide = m["leaf"] == SUM and m["entry"] & 8
    return np.array(m["values"], "<i8" if wide else "<i4").tobytes() + np.array(m["bases"], "<i8").tobytes()


def to_csv(m, extra=()):
    kinds, counts = header(m)
    rows = [("eml", 1, *kinds, len(m["roots"]), *counts), ("f", m["features"]), ("c", m["classes"])]
    rows.append(("lb", 0 if m["classes"] else 32))
    rows += [("s", *pair) for pair in m["scale"]]
    words = np.frombuffer(value_bytes(m), "<u4" if m["leaf"] == WEIGHTED else "<i4")
    rows += [("v", *v) for v in words.reshape(-1, 1 + (m["leaf"] == WEIGHTED)).tolist()]
    rows += [("p", *(number for entry in record for number in entry)) for record in m["records"]]
    rows += [("l", c) for c in range(m["classes"]) if m["leaf"] != SUM]
    rows += [("l", max(r, key=lambda e: e[1])[0] if r else 0) for r in m["records"]]
    rows += [("r", root) for root in m["roots"]]
    for feature, threshold, left, right, missing in m["nodes"]:
        rows.append(("n", feature, threshold + (m["dtype"] != FLOAT), left, right, *[1] * missing))
    rows += extra
    return "\n".join(",".join(map(str, row)) for row in [*rows, ("end", len(rows))]) + "\n"


# ---- Random models


def random_model(seed, dtype, leaf, layout, n_trees=7, classes=4, features=5):
    rng = np.random.default_rng(seed)
    classes = 0 if leaf == VALUE else classes
    entry = int(rng.integers(2)) if leaf in (COUNTS, WEIGHTED) else int(rng.choice((0, 3, 6))) if leaf == UINT8 else 0
    values, records = [], []
    if leaf == VALUE:
        values = (rng.normal(size=9) * 2.0 ** rng.integers(0, 29, 9)).astype(np.int32).tolist()
    elif leaf == WEIGHTED:
        values = (rng.integers(1, 13, 20) / 12.0 * rng.choice([1.0, 1.0, 1e-200], 20)).tolist()
    for _ in range(0 if leaf in (HARD, VALUE) else 6):
        chosen = np.flatnonzero(rng.random(classes) < 0.7).tolist() or [0]
        top = len(values) - 1 if leaf == WEIGHTED else 12
        records.append([(c, int(rng.integers(leaf != WEIGHTED, top + 1))) for c in chosen])
        if entry > 1:
            known = [value for value in levels(entry) if value]
            records[-1] = [(c, known[min(v, len(known)) - 1]) for c, v in records[-1]]
    if leaf == UINT8:
        records.append([])
    n_leaves = (len(values) if leaf == VALUE else classes) + len(records)
    nodes, roots = [], []

    def grow(depth):
        """Append a subtree; the reference to it is where it starts."""
        i = len(nodes)
        if depth == 0 or rng.random() < 0.15:
            number = int(rng.integers(n_leaves))
            nodes.append((0, 0, -1 - number, -1 - number, 0))
            return
        nodes.append(None)
        left = -1 - int(rng.integers(n_leaves)) if rng.random() < 0.4 else 1
        if left == 1:
            grow(depth - 1)
        right = -1 - int(rng.integers(n_leaves)) if rng.random() < 0.4 else len(nodes) - i
        if right > 0:
            grow(depth - 1)
        if left == right:
            right = len(nodes) - i
            grow(0)
        missing = int(dtype != INT16 and rng.random() < 0.3)
        nodes[i] = (int(rng.integers(features)), random_threshold(rng, dtype), left, right, missing)

    for _ in range(n_trees):
        roots.append(len(nodes))
        grow(5)
    scale = [(int(rng.integers(-2, 6)), int(rng.integers(-20, 20))) for _ in range(features)] if dtype == SCALED else []
    return {
        "features": features, "classes": classes, "dtype": dtype, "leaf": leaf, "layout": layout, "entry": entry,
        "bits": 0 if layout == 2 else 8, "nodes": nodes, "roots": roots, "scale": scale, "records": records,
        "values": values, "exponent": int(rng.integers(-160, 97)), "bases": [],
    }  # fmt: skip


def random_sums(seed, dtype, link, layout, n_trees=7):
    """A model whose leaves are sums, from about 2^-5 to 2^5, of all lengths that validate lets in."""
    m = random_model(seed, dtype, VALUE, layout, n_trees)
    rng = np.random.default_rng(seed)
    wide = int(rng.integers(2))
    bits = int(rng.integers(3, 61 - n_trees.bit_length() if wide else 32))
    lowest = 0 if link == ISOLATION else 1 - (1 << bits)
    m["classes"] = 3 if link == SOFTMAX else 2 if link in (SIGMOID, HALF_SIGMOID, ISOLATION) else 0
    m["leaf"], m["entry"], m["exponent"] = SUM, link + 8 * wide, int(rng.integers(-5, 6)) - bits
    m["values"] = rng.integers(lowest, 1 << bits, 9).tolist()
    n_bases = n_trees if link == MEDIAN else max(m["classes"], 1)
    m["bases"] = rng.integers(0 if link == MEDIAN else lowest, 1 << min(bits, 50), n_bases).tolist()
    return m


def random_threshold(rng, dtype):
    return float_key(np.float32(rng.integers(-8, 9) / 4)) if dtype == FLOAT else int(rng.integers(-8, 9))


def float_key(x):
    bits = int(np.float32(x).view(np.int32))
    key = (bits ^ 0x7FFFFFFF if bits < 0 else bits) - 0x7FFFFF
    return (key + 2**31) % 2**32 - 2**31


def random_rows(seed, m, n=40):
    rng = np.random.default_rng(seed)
    if m["dtype"] == INT16:
        return rng.integers(-9, 10, (n, m["features"])).astype(np.int16)
    X = (rng.integers(-9, 10, (n, m["features"])) / 4).astype(np.float32)
    X[rng.random(X.shape) < 0.1] = np.nan
    X[rng.random(X.shape) < 0.05] = np.inf
    return X


def features_of(m, row):
    return array("h" if m["dtype"] == INT16 else "f", row.tobytes())


def outputs_of(model, x):
    out = array("f", [7.0] * model.outputs())
    assert model.predict(x, out) is None
    return np.frombuffer(out, np.float32)
