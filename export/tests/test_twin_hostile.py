"""Damaged and hostile files: the twin refuses them, or predicts something."""

from __future__ import annotations

import struct
from array import array

import pytest
from twin_meaning import golden_trailer
from twin_models import (
    COUNTS,
    FLOAT,
    HARD,
    INT16,
    MEDIAN,
    SCALED,
    SOFTMAX,
    SUM,
    UINT8,
    VALUE,
    WEIGHTED,
    features_of,
    random_model,
    random_rows,
    random_sums,
    seal,
    to_csv,
    to_eml,
    trailer,
    twin,
)


def small(leaf=COUNTS, dtype=INT16, layout=0):
    if leaf == SUM:
        return random_sums(5, dtype, MEDIAN if layout == 2 else SOFTMAX, layout, n_trees=2)
    return random_model(5, dtype, leaf, layout, n_trees=2)


@pytest.mark.parametrize("leaf", [HARD, COUNTS, WEIGHTED, UINT8, VALUE, SUM])
@pytest.mark.parametrize("dtype, layout", [(FLOAT, 1), (FLOAT, 2), (SCALED, 0)])
def test_no_damage_gets_through(leaf, dtype, layout):
    m = small(leaf, dtype, layout)
    X = random_rows(5, m, 2)
    eml = to_eml(m, golden_trailer(m, X) + (trailer(b"LABL", b"i\x011" * m["classes"]) if m["classes"] else b""))
    x = features_of(m, X[0])
    for size in range(0, len(eml), 3):
        with pytest.raises(ValueError):
            twin.load(eml[:size])
    for i in range(len(eml)):
        for flip in (1, 0x80, 0xFF):
            damaged = bytearray(eml)
            damaged[i] ^= flip
            with pytest.raises(ValueError):
                twin.load(bytes(damaged))
            try:
                model = twin.load(seal(damaged))
            except ValueError:
                continue
            if model.info()["features"] == len(x):
                model.predict(x, array("f", [0] * model.outputs()))


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"nodes": [(0, 0, 1, -1, 0)]}, "child"),
        ({"nodes": [(5, 0, -1, -2, 0)]}, "feature"),
        ({"roots": [1]}, "root"),
        ({"nodes": [(0, 0, -1, -12, 0)]}, "child"),
        ({"nodes": [(0, 0, -1, -2, 1)], "dtype": INT16}, "missing_left"),
        ({"nodes": [(0, 32767, -1, -2, 0)]}, "threshold"),
        ({"nodes": [(0, 0, -20, -20, 0)]}, "leaf|child"),
        ({"bits": 2}, "bits"),
        ({"records": [[(1, 1), (1, 1)]]}, "increase"),
        ({"records": [[(4, 1)]]}, "range"),
        ({"records": [[(0, 0)]]}, "range"),
        ({"records": [[]]}, "empty"),
        ({"records": [[(0, 65535), (1, 1)]], "entry": 1}, "65535"),
        ({"layout": 0, "dtype": FLOAT}, "layout"),
        ({"layout": 1}, "layout"),
        ({"layout": 2}, "bits"),
        ({"bits": 15}, "bits"),
        ({"nodes": [(0, 0, 1, 5, 0), (0, 0, -1, -1, 0)]}, "child"),
        ({"roots": []}, "trees"),
        ({"nodes": []}, "nodes"),
        ({"scale": [(121, 0)] * 5}, "scale"),
        ({"leaf": 6}, "leaf"),
        ({"leaf": WEIGHTED, "values": [0.0, 1.0], "records": [[(0, 1)]]}, "float64"),
        ({"leaf": WEIGHTED, "values": [1.5]}, "float64"),
        ({"leaf": WEIGHTED, "values": [1.0], "records": [[(0, 1)]]}, "no value"),
        ({"leaf": VALUE, "classes": 0, "values": [0], "exponent": 256}, "exponent"),
        ({"layout": 2, "bits": 0, "dtype": FLOAT, "scale": [], "nodes": [(0, 0x7F000002, -1, -2, 0)]}, "threshold"),
        ({"classes": 0}, "classes"),
    ],
)
def test_hostile_models(change, reason):
    m = small(COUNTS, SCALED, 0)
    m.update(nodes=[(0, 0, -1, -2, 0)], roots=[0], records=[[(0, 1), (1, 1)]], entry=0)
    twin.load(to_eml(m))
    m.update(change)
    if m["dtype"] == INT16:
        m["scale"] = []
    if m["leaf"] == VALUE:
        m["records"] = []
    for source in (to_eml(m), to_csv(m).encode()):
        with pytest.raises(ValueError, match=reason):
            twin.load(source)


def test_damaged_csv():
    m = small(WEIGHTED, FLOAT, 1)
    text = to_csv(m, [("label", "s", "x")] * 4)
    lines = text.splitlines()
    for i in range(len(lines)):
        for damaged in (
            lines[:i],
            lines[:i] + lines[i + 1 :],
            lines[: i + 1] + lines[i:],
            [*lines[:i], "x" + lines[i], *lines[i + 1 :]],
        ):
            with pytest.raises(ValueError, match=r"^line \d+: "):
                twin.load("\n".join(damaged).encode())
        for cell in ("", "x", "-99999999999", "99999999999", "1.5"):
            damaged = [*lines[:i], lines[i].replace(",", f",{cell},", 1), *lines[i + 1 :]]
            if not lines[i].startswith("label"):
                with pytest.raises(ValueError, match=f"^line {i + 1}: "):
                    twin.load("\n".join(damaged).encode())


def test_a_child_that_packed_nodes_cannot_hold():
    m = small(HARD, INT16, 0)
    leaf = (0, 0, -1, -1, 0)
    m.update(classes=40000, roots=[0])
    for nodes, klass in (
        ([(0, 0, -1, -32768, 0)], 32767),
        ([(0, 9, -126, -1, 0)], 125),
        ([(0, 9, -32768, -32768, 0)], 32767),
        ([(0, 0, 1, 10922, 0), *[leaf] * 10921, (0, 0, -3, -3, 0)], 2),
    ):
        m.update(nodes=nodes)
        for source in (to_csv(m).encode(), to_eml(m)):
            assert twin.load(source).predict(array("h", [1] * 5)) == klass
    for nodes in (
        [(0, 0, -1, -32769, 0)],
        [(0, 0, -32769, -32769, 0)],
        [(0, 0, -127, -1, 0)],
        [(0, 0, 2, -1, 0), leaf, leaf],
        [(0, 0, 1, 10923, 0), *[leaf] * 10923],
    ):
        m.update(nodes=nodes)
        with pytest.raises(ValueError, match="fit into the layout"):
            twin.load(to_csv(m).encode())


@pytest.mark.parametrize("layout", [0, 1, 2])
@pytest.mark.parametrize(
    "words, reason",
    [
        (((0x0000, 0x8000), (0, 1 << 31, 1 << 31)), None),
        (((0x7F00, 0x8001), (1 << 30, 1 << 31, 1 << 31)), None),  # the same leaf on both sides
        (((0x7F00, 0x0006), (0, 1 << 31, 0)), "child"),  # an element on both sides
        (((0x0000, 0x0007), (1 << 31, 1 << 31, 1 << 31)), "element|bits"),  # neither 2 nor 3 elements
        (((0x0000, 0x0000), (1 << 29, 1 << 31, 1 << 31)), "child|bits"),
        (((0x0000, 0x7FFE), (1 << 16, 1 << 31, 1 << 31)), "child|bits"),
        (((0x7E00, 0x8000), (0, 1 << 31 | 200, 1 << 31)), "child"),  # leaf 125 of 10
    ],
)
def test_hostile_nodes(layout, words, reason):
    """The first of several elements, as it may be written, or may not."""
    m = small(COUNTS, FLOAT if layout else INT16, layout)
    m.update(nodes=[(0, 0, -1, -2, 0)] * 9, roots=[0])
    data = bytearray(to_eml(m))
    if layout == 2:
        struct.pack_into("<IiII", data, 44, words[1][0], 0, *words[1][1:])
    else:
        struct.pack_into("<HH", data, 44, *words[0])
    if reason is None:
        twin.load(seal(data)).predict(array("f" if layout else "h", [1] * 5))
    else:
        with pytest.raises(ValueError, match=reason):
            twin.load(seal(data))
