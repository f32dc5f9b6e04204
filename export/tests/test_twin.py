"""The pure-Python twin of the device module against scikit-learn's arithmetic in NumPy, and against the C core."""

from __future__ import annotations

import io
from array import array
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_meaning import expected_class, expected_outputs, golden_trailer, nearest_float32
from twin_models import (
    COUNTS,
    FLOAT,
    HARD,
    INT16,
    LAYOUTS,
    SCALED,
    UINT8,
    VALUE,
    WEIGHTED,
    features_of,
    float_key,
    outputs_of,
    random_model,
    random_rows,
    to_csv,
    to_eml,
    trailer,
    twin,
)

from emlearn import _quantize as q


@pytest.mark.parametrize("leaf", [HARD, COUNTS, WEIGHTED, UINT8, VALUE])
@pytest.mark.parametrize("dtype, layout", LAYOUTS)
def test_predicts_what_the_model_means(dtype, layout, leaf):
    for seed in range(4):
        m = random_model(seed, dtype, leaf, layout, n_trees=3 + 2 * seed)
        models = [twin.load(to_eml(m)), twin.load(to_csv(m).encode())]
        for row in random_rows(seed, m):
            x = features_of(m, row)
            for model in models:
                np.testing.assert_array_equal(outputs_of(model, x), expected_outputs(m, row))
                if m["classes"]:
                    assert model.predict(x) == expected_class(m, row)
                else:
                    assert np.float32(model.predict(x)) == expected_outputs(m, row)[0]
        # Text builds entries of two bytes.
        in_memory = twin.load(to_eml({**m, "entry": 0 if leaf == UINT8 else m["entry"]}))
        assert in_memory.info() == models[1].info() and models[0].info().keys() == models[1].info().keys()
        assert models[0].info()["bytes"] == len(to_eml(m)) - 44


def test_agrees_with_the_c_core():
    core = pytest.importorskip("emlearn._core")
    for seed in range(60):
        dtype, layout = LAYOUTS[seed % len(LAYOUTS)]
        m = random_model(seed, dtype, seed % 5, layout, n_trees=1 + seed)
        eml = to_eml(m)
        model, native = twin.load(eml), core.TreesCore(eml)
        X = random_rows(seed, m, 100)
        outputs = native.outputs(X)
        classes = native.classes(X) if m["classes"] else None
        for i, row in enumerate(X):
            x = features_of(m, row)
            assert outputs_of(model, x).tobytes() == outputs[i].tobytes()
            assert classes is None or model.predict(x) == classes[i]


# ---- Arithmetic

float32s = st.integers(0, 2**32 - 1)  # as bits


@given(st.lists(float32s, min_size=2, max_size=8))
def test_keys_have_the_order_of_floats(bits):
    x = np.array(bits, np.uint32).view(np.float32)
    keys = twin._float_keys(array("f", x.tobytes()), "f")
    for a, ka in zip(x, keys, strict=True):
        assert -(2**31) <= ka < 2**31 and (ka > 0x7F000001) == bool(np.isnan(a))
        for b, kb in zip(x, keys, strict=True):
            if a < b:
                assert ka < kb


@given(st.integers(-(2**31), 2**31 - 1))
def test_keys_of_integers(i):
    assert twin._float_keys(array("i", [i]), "i") == [float_key(np.float32(i))]


@given(st.integers(0, 2**60), st.integers(1, 65535), st.integers(-250, 40))
def test_float32_rounding(n, d, e):
    x = Fraction(n, d) * Fraction(2) ** e
    if x < Fraction(float(np.finfo(np.float32).max)):
        assert twin._float32(n, d, e) == int(nearest_float32(x).view(np.uint32))


def test_float32_overflow():
    assert twin._float32(2**24 - 1, 1, 104) == 0x7F7FFFFF
    assert twin._float32(2**25 - 1, 1, 103) == twin._float32(1, 1, 300) == 0x7F800000


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_values_are_those_of_the_package(floats):
    bits = np.abs(np.array(floats, np.float32)).view(np.int32)
    values = array("i", np.where(np.array(floats) < 0, -bits, bits).tolist())
    exponent = twin._to_common_unit(values)
    expected = q.values_to_int32(np.array(floats, np.float64))
    assert (list(values), exponent) == (expected[0].tolist(), expected[1])


doubles = st.floats(2.0**-1022, 65535.0)


def as_pair(x):
    bits = int(np.float64(x).view(np.uint64))
    return (max(bits >> 52, 1) - 1075, (bits & (1 << 52) - 1) + (1 << 52 if bits >> 52 else 0))


@given(doubles, doubles, st.integers(1, 65535))
def test_float64_arithmetic(a, b, n):
    assert twin._double_add(as_pair(a), as_pair(b)) == as_pair(a + b)
    assert twin._double_ratio(as_pair(a)[1], n, as_pair(a)[0]) == as_pair(a / n)


@given(float32s, st.integers(-120, 120), st.integers(-(2**30), 2**30))
def test_scaling(bits, shift, offset):
    x = float(np.uint32(bits).view(np.float32))
    if np.isnan(x):
        expected = 32767
    elif np.isinf(x):
        expected = 32766 if x > 0 else -32768
    else:
        expected = max(-32768, min(Fraction(x) * Fraction(2) ** shift // 1 - offset, 32766))
    assert twin._scale(bits, shift, offset) == expected


@given(st.decimals(-(10**30), 10**30, allow_nan=False, places=12), st.integers(-20, 20))
def test_decimals(number, exponent):
    n, d = twin._decimal(f"{number:f}e{exponent:+d}")
    assert Fraction(n, d) == Fraction(number) * Fraction(10) ** exponent


def test_votes_that_only_float64_decides():
    # 1/3 + 2/3 is 1.0 in float64, and so ties with a whole vote; in units of 2^-16 it is one short.
    m = random_model(0, INT16, COUNTS, 0, n_trees=3, classes=2, features=1)
    m.update(records=[[(0, 1), (1, 2)], [(0, 2), (1, 1)]], roots=[0, 1, 2, 3], entry=0)
    m["nodes"] = [(0, 0, -1 - leaf, -1 - leaf, 0) for leaf in (2, 3, 0, 1)]
    model = twin.load(to_eml(m))
    assert model.predict(array("h", [0])) == 0
    # 0.1 + 0.2 is above 0.3 in float64: class 1 wins in this order of trees, and ties in the other.
    m.update(records=[[(0, 3), (1, 1)], [(1, 2)], [(2, 1)]], leaf=WEIGHTED, values=[0.7, 0.1, 0.2, 0.3], classes=3)
    m["nodes"] = [(0, 0, -1 - leaf, -1 - leaf, 0) for leaf in (3, 4)]
    m["roots"] = [0, 1]
    assert twin.load(to_eml(m)).predict(array("h", [0])) == 1


# ---- Golden rows, labels


@pytest.mark.parametrize("dtype, layout", [(FLOAT, 1), (INT16, 0), (SCALED, 0)])
def test_selftest(dtype, layout, tmp_path):
    m = random_model(1, dtype, COUNTS, layout)
    X = random_rows(1, m, 5)
    eml = to_eml(m, golden_trailer(m, X, wrong=2))
    (tmp_path / "m.eml").write_bytes(eml)
    for source in (eml, bytearray(eml), memoryview(eml), str(tmp_path / "m.eml"), io.BytesIO(eml)):
        assert twin.load(source).selftest() == (3, 5)
    rows = []
    for i, row in enumerate(X):
        rows.append(("t", *(row if dtype == INT16 else row.view(np.uint32)).tolist()))
        rows.append(("u", expected_class(m, row) + (i == 0), *expected_outputs(m, row).view(np.uint32).tolist()))
    model = twin.load(to_csv(m, rows).encode())
    assert model.selftest() == (4, 5) == model.selftest()
    assert twin.load(to_eml(m)).selftest() == (0, 0)


def test_a_writable_buffer_is_not_kept():
    m = random_model(1, FLOAT, COUNTS, 1)
    eml = bytearray(to_eml(m, golden_trailer(m, random_rows(1, m, 5))))
    model = twin.load(eml)
    eml[:] = bytes(len(eml))
    assert model.selftest() == (5, 5)


def test_labels():
    m = random_model(1, INT16, HARD, 0, classes=3)
    labels = b"i\x02-7" + b"s\x03a,b" + b"s\x04\\n\n\r"
    model = twin.load(to_eml(m, trailer(b"XYZ ", b"skip") + trailer(b"LABL", labels)))
    again = twin.load(to_csv(m, [("label", "i", -7), ("label", "s", "a,b"), ("label", "s", r"\\n\n\r")]).encode())
    for each in (model, again):
        assert [each.label(i) for i in range(3)] == [-7, "a,b", "\\n\n\r"]
        for i in (-1, 3):
            with pytest.raises(ValueError, match="3 classes"):
                each.label(i)
    assert twin.load(to_eml(m)).label(2) == 2


# ---- Ways to load


def test_sources(tmp_path):
    m = random_model(2, INT16, COUNTS, 0)
    text, x = to_csv(m), array("h", [1, -2, 3, 0, 5])
    (tmp_path / "m.csv").write_text(text)
    windows = text.replace("\n", "\r\n\r\n")
    lines = text.splitlines()
    loaded = [
        twin.load(source) for source in (str(tmp_path / "m.csv"), text.encode(), windows.encode(), io.StringIO(text))
    ]
    loaded += [twin.load(io.BytesIO(windows.encode())), twin.load(memoryview(text.encode()))]
    for source in (lines, [line.encode() for line in lines], iter(lines), io.StringIO(text), io.BytesIO(text.encode())):
        model = twin.new(1, 2, 3)
        twin.load_model(model, source)
        loaded.append(model)
    assert len({model.predict(x) for model in loaded}) == 1
    with pytest.raises(TypeError):
        twin.load(5)
    with pytest.raises(TypeError, match="load takes a path"):
        twin.load_model(twin.new(), "m.csv")
    with pytest.raises(ValueError, match="binary mode"):
        twin.load(io.StringIO("EML\x1a"))


def test_an_error_leaves_the_model_as_it_was():
    m = random_model(2, INT16, COUNTS, 0)
    model = twin.load(to_eml(m))
    with pytest.raises(ValueError, match="^line 3: "):
        twin.load_model(model, ["f,3", "c,2", "x,1"])
    assert model.info()["features"] == 5


# ---- What predict refuses


@pytest.mark.parametrize("dtype, layout, accepted", [(FLOAT, 1, "fhbBi"), (INT16, 0, "h"), (SCALED, 0, "fh")])
def test_typecodes(dtype, layout, accepted):
    model = twin.load(to_eml(random_model(3, dtype, COUNTS, layout)))
    for code in "bBhHiIlLqQfd":
        for x in (array(code, [1, 2, 3, 0, 5]), memoryview(array(code, [9, 1, 2, 3, 0, 5]))[1:]):
            if code in accepted:
                assert model.predict(x) == model.predict(array(accepted[0], x)) if dtype != SCALED else True
            else:
                with pytest.raises(ValueError, match=f"not '{code}'"):
                    model.predict(x)
    for x in ([1, 2, 3, 4, 5], None, 5, "abcde"):
        with pytest.raises(TypeError, match="takes array"):
            model.predict(x)


def test_wrong_arguments():
    model = twin.load(to_eml(random_model(3, FLOAT, COUNTS, 1)))
    with pytest.raises(ValueError, match="takes 5 features, not 4"):
        model.predict(array("f", [1] * 4))
    with pytest.raises(ValueError, match="4 elements, not 5"):
        model.predict(array("f", [1] * 5), array("f", [1] * 5))
    with pytest.raises(ValueError, match="not 'd'"):
        model.predict(array("f", [1] * 5), array("d", [1] * 4))
    with pytest.raises(ValueError, match="no scales"):
        model.scale(array("f", [1] * 5), array("h", [1] * 5))
    for method in ("outputs", "info", "selftest"):
        with pytest.raises(ValueError, match="empty"):
            getattr(twin.new(), method)()


def test_scale_then_predict():
    m = random_model(4, SCALED, COUNTS, 0)
    model = twin.load(to_eml(m))
    for row in random_rows(4, m):
        scaled = array("h", [0] * 5)
        model.scale(features_of(m, row), scaled)
        assert model.predict(scaled) == model.predict(features_of(m, row))
