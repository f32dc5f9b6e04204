"""Tree models for the tests of the twin: an encoder, random models, and what they mean in NumPy's arithmetic."""

from __future__ import annotations

import importlib.util
import struct
import zlib
from array import array
from fractions import Fraction
from pathlib import Path

import numpy as np

_PATH = Path(__file__).parents[2] / "src/emltrees/twin/emltrees.py"
_SPEC = importlib.util.spec_from_file_location("emltrees_twin", _PATH)
twin = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(twin)

FLOAT, INT16, SCALED = range(3)
HARD, COUNTS, WEIGHTED, UINT8, VALUE = range(5)
LAYOUTS = [(FLOAT, 1), (FLOAT, 2), (INT16, 0), (INT16, 2), (SCALED, 0), (SCALED, 2)]


# ---- An encoder: a model is a dict, its children are jumps or -1 - leaf, its leaf elements have two equal leaves


def header(m):
    n_entries = sum(map(len, m["records"]))
    n_leaves = len(m["values"]) if m["leaf"] == VALUE else len(m["records"])
    n_values = {WEIGHTED: len(m["values"]), VALUE: m["exponent"] + 256}.get(m["leaf"], 0)
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
        if m["entry"]:
            out += pad(b"".join(struct.pack("<2" + index, *entry) for entry in entries))
        else:
            out += pad(b"".join(struct.pack("<H", c | v << 8) for c, v in entries))
    if m["leaf"] in (WEIGHTED, VALUE):
        out += np.array(m["values"], "<f8" if m["leaf"] == WEIGHTED else "<i4").tobytes()
    return seal(out + trailers)


def to_csv(m, extra=()):
    kinds, counts = header(m)
    rows = [("eml", 1, *kinds, len(m["roots"]), *counts), ("f", m["features"]), ("c", m["classes"])]
    rows.append(("lb", 0 if m["classes"] else 32))
    rows += [("s", *pair) for pair in m["scale"]]
    words = np.array(m["values"], "<f8").view("<u4").reshape(-1, 2) if m["leaf"] == WEIGHTED else m["values"]
    rows += [("v", *np.ravel(v).tolist()) for v in words]
    rows += [("p", *(number for entry in record for number in entry)) for record in m["records"]]
    rows += [("l", c) for c in range(m["classes"])]
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
    entry = int(leaf in (COUNTS, WEIGHTED) and rng.integers(2))
    values, records = [], []
    if leaf == VALUE:
        values = (rng.normal(size=9) * 2.0 ** rng.integers(0, 29, 9)).astype(np.int32).tolist()
    elif leaf == WEIGHTED:
        values = (rng.integers(1, 13, 20) / 12.0 * rng.choice([1.0, 1.0, 1e-200], 20)).tolist()
    for _ in range(0 if leaf in (HARD, VALUE) else 6):
        chosen = np.flatnonzero(rng.random(classes) < 0.7).tolist() or [0]
        top = len(values) - 1 if leaf == WEIGHTED else 12
        records.append([(c, int(rng.integers(leaf != WEIGHTED, top + 1))) for c in chosen])
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
        "values": values, "exponent": int(rng.integers(-160, 97)),
    }  # fmt: skip


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


# ---- What a model means, in float64 and fractions


def goes_left(m, node, x):
    feature, threshold, _, _, missing = node
    value = x[feature]
    if np.isnan(value):
        return bool(missing)
    if m["dtype"] == FLOAT:
        return float_key(value) <= threshold
    if m["dtype"] == SCALED:
        shift, offset = m["scale"][feature]
        value = min(max(np.floor(np.float64(value) * 2.0**shift) - offset, -32768), 32766)
    return value <= threshold


def leaf_numbers(m, x):
    for i in m["roots"]:
        while i >= 0:
            node = m["nodes"][i]
            child = node[2] if node[2] == node[3] < 0 or goes_left(m, node, x) else node[3]
            i = child if child < 0 else i + child
        yield -1 - i


def proportions(m, leaf):
    """In float64, as scikit-learn has them."""
    if leaf < m["classes"]:
        return {leaf: 1.0}
    record = m["records"][leaf - m["classes"]]
    if m["leaf"] == WEIGHTED:
        return {c: m["values"][v] for c, v in record}
    total = 255 if m["leaf"] == UINT8 else sum(v for _, v in record)
    return {c: np.float64(v) / np.float64(total) for c, v in record}


def summed(m, x):
    sums = np.zeros(m["classes"], np.float64)
    for leaf in leaf_numbers(m, x):
        for c, p in proportions(m, leaf).items():
            sums[c] += p
    return sums


def nearest_float32(x):
    """Of the float32 around, the nearest to the fraction x; of two, the even one."""
    guess = np.float32(float(x))
    around = [guess, np.nextafter(guess, np.float32(np.inf)), np.nextafter(guess, np.float32(-np.inf))]
    return min(around, key=lambda f: (abs(Fraction(float(f)) - x), int(f.view(np.uint32)) & 1))


def expected_class(m, x):
    if m["leaf"] != UINT8:
        return int(np.argmax(summed(m, x) / len(m["roots"])))
    sums = np.zeros(m["classes"], int)
    for leaf in leaf_numbers(m, x):
        for c, p in proportions(m, leaf).items():
            sums[c] += round(255 * p)
    return int(np.argmax(sums))


def expected_outputs(m, x):
    n = len(m["roots"])
    if m["leaf"] == VALUE:
        total = sum(m["values"][leaf] for leaf in leaf_numbers(m, x))
        return np.array([nearest_float32(Fraction(2) ** m["exponent"] * total / n)], np.float32)
    return np.array([nearest_float32(Fraction(s) / n) for s in summed(m, x)], np.float32)


def features_of(m, row):
    return array("h" if m["dtype"] == INT16 else "f", row.tobytes())


def outputs_of(model, x):
    out = array("f", [7.0] * model.outputs())
    assert model.predict(x, out) is None
    return np.frombuffer(out, np.float32)


def golden_trailer(m, X, wrong=0):
    code = "f" if X.dtype == np.float32 else "h"
    rows = []
    for i, row in enumerate(X):
        klass = expected_class(m, row) if m["classes"] else 0
        outputs = expected_outputs(m, row) + (i < wrong)
        rows.append(pad(row.tobytes()) + struct.pack("<I", klass) + outputs.astype("<f4").tobytes())
    return trailer(b"GOLD", struct.pack("<HBB", len(X), ord(code), 0) + b"".join(rows))
