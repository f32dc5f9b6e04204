"""What the tree models of twin_models.py mean, in NumPy's arithmetic, integers and fractions."""

from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
from twin_models import (
    EXP,
    FLOAT,
    HALF_SIGMOID,
    IDENTITY,
    ISOLATION,
    MEDIAN,
    SCALED,
    SOFTMAX,
    SUM,
    UINT8,
    VALUE,
    WEIGHTED,
    float_key,
    pad,
    trailer,
)


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


def added_up(m, x):
    """The integers that trees add to in turn; for a median what they lead to."""
    leaves = [m["values"][leaf] for leaf in leaf_numbers(m, x)]
    if link_of(m) == MEDIAN:
        return leaves
    n = m["classes"] if link_of(m) == SOFTMAX else 1
    return [base + sum(leaves[i::n]) for i, base in enumerate(m["bases"][-n:])]


def link_of(m):
    return m["entry"] & 7


def outputs_of_sums(m, x):
    """Outputs, and how far each may be off: exp by 2^-22, and by half a bit of 24 of its argument."""
    link, unit, sums = link_of(m), Fraction(2) ** m["exponent"], added_up(m, x)
    if link == MEDIAN:
        order = sorted(zip(sums, m["bases"], strict=True))
        weights = np.cumsum([weight for _, weight in order], dtype=object)
        sums = [order[int(np.argmax(2 * weights >= weights[-1]))][0]]
    if link in (MEDIAN, IDENTITY):
        return np.array([nearest_float32(unit * sums[0])], np.float32), 0.0
    values = np.array([float(unit * total) for total in sums])
    if link == SOFTMAX:
        values -= max(values)
        p = np.exp(values)
        # Its own exp, that of all in the divisor, where |x| exp(x) < 0.4, and the division's 2^-23.
        bound = (4 + 4 + 2 + np.abs(values) + 0.4 * len(values)) * 2.0**-24
        return p / np.sum(p), bound * p / np.sum(p) + 2.0**-149
    if link == EXP:
        outputs = np.exp(values)
    elif link == ISOLATION:
        outputs = np.array([np.exp(-values[0]), -np.expm1(-values[0])])
        return outputs, (4 + values[0]) * 2.0**-24 * outputs[0] + 2.0**-24
    else:
        values *= 1 + (link == HALF_SIGMOID)
        outputs = 1 / (1 + np.exp(np.array([values[0], -values[0]])))
    return outputs, (4 + np.abs(values)) * 2.0**-24 * outputs + 2.0**-149


def expected_class(m, x):
    if m["leaf"] == SUM:
        sums = added_up(m, x)
        return int(np.argmax(np.array(sums, object))) if len(sums) > 1 else int(sums[0] > m["bases"][0])
    if m["leaf"] != UINT8:
        return int(np.argmax(summed(m, x) / len(m["roots"])))
    sums = np.zeros(m["classes"], int)
    for leaf in leaf_numbers(m, x):
        for c, p in proportions(m, leaf).items():
            sums[c] += round(255 * p)
    return int(np.argmax(sums))


def expected_outputs(m, x):
    if m["leaf"] == SUM:
        return np.float32(outputs_of_sums(m, x)[0])
    n = len(m["roots"])
    if m["leaf"] == VALUE:
        total = sum(m["values"][leaf] for leaf in leaf_numbers(m, x))
        return np.array([nearest_float32(Fraction(2) ** m["exponent"] * total / n)], np.float32)
    return np.array([nearest_float32(Fraction(s) / n) for s in summed(m, x)], np.float32)


def golden_trailer(m, X, wrong=0):
    code = "f" if X.dtype == np.float32 else "h"
    rows = []
    for i, row in enumerate(X):
        klass = expected_class(m, row) if m["classes"] else 0
        outputs = expected_outputs(m, row) + (i < wrong)
        rows.append(pad(row.tobytes()) + struct.pack("<I", klass) + outputs.astype("<f4").tobytes())
    return trailer(b"GOLD", struct.pack("<HBB", len(X), ord(code), 0) + b"".join(rows))
