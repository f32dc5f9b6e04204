"""Damaged files: refused, or predicted with and no byte touched outside of them.

The C core opens every one of them in one process, compiled with the address and undefined-behaviour sanitizers
(core/hostile.c); the readers of the package raise ValueError and nothing else.
"""

from __future__ import annotations

import struct
import subprocess
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from emlearn._registry import find
from emlearn.ir import trees as ir
from emlearn.passes.layout import layout
from emlearn.passes.leaves import encode
from emlearn.passes.quantise import quantise
from sklearn.ensemble import (
    AdaBoostRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

import emlearn
from emlearn import readers

ROOT = Path(__file__).resolve().parents[2]
EML, CSV, EMLEARN = range(3)
TREE = {"max_depth": 3, "random_state": 0}


def integers(n_classes=3):
    random = np.random.default_rng(0)
    X = random.integers(-20, 20, (60, 2)).astype(np.float32)
    return X, (X[:, 0] // 7 + X[:, 1] // 9).astype(int) % n_classes


def floats():
    X, y = integers()
    return X / np.float32(7), y


def named(y):
    return np.array(["left, \\", "r\u00e4 ght", "up"])[y]


def weighted():
    X, y = floats()
    weights = np.random.default_rng(1).random(len(X))  # counts cannot say what they lead to
    return emlearn.convert(ExtraTreesClassifier(3, min_samples_leaf=6, **TREE).fit(X, y, sample_weight=weights))


def long_sums():
    X, y = integers(2)
    boosted = GradientBoostingClassifier(n_estimators=2, max_depth=2, random_state=0).fit(X, y)
    ensemble = find(boosted)(boosted)
    leaves = ensemble.leaf_value * 2.0**12  # as far as it takes for int32 to round too much
    model = layout(quantise(ensemble, ir.DTYPE_INT16), encode(replace(ensemble, leaf_value=leaves), "exact"), 2, 2)
    assert model.values.dtype == np.int64
    made = emlearn.Model(ir.Document(model))
    made.golden = made.golden_of(X[:2].astype(np.int16))
    return made


def missing():
    X, y = floats()
    X = X.copy()
    X[::5, 0] = np.nan
    return emlearn.convert(DecisionTreeClassifier(**TREE).fit(X, y))


def wide():
    X, y = integers()
    X = np.concatenate((np.zeros((len(X), 20000), np.float32), X), axis=1)  # more features than packed nodes can name
    return emlearn.convert(DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y))


def slots():
    """With slots, as a model of more features or thresholds has them."""
    X, y = floats()
    made = emlearn.convert(ExtraTreesRegressor(2, **TREE).fit(X, y - 0.3), layout="packed8")
    document = made.document()
    return emlearn.Model(replace(document, tables=replace(made.trees, feature_bits=0)))


MODELS = {
    "int16": lambda: emlearn.convert(DecisionTreeClassifier(**TREE).fit(*integers()), dtype="int16"),
    "counts": lambda: emlearn.convert(
        RandomForestClassifier(3, min_samples_leaf=4, **TREE).fit(floats()[0], named(floats()[1]))
    ),
    "weighted": weighted,
    "uint8": lambda: emlearn.convert(
        ExtraTreesClassifier(2, min_samples_leaf=5, **TREE).fit(integers()[0], integers()[1] * 10 - 7),
        dtype="int16",
        leaf="uint8",
    ),
    "byte": lambda: emlearn.convert(
        ExtraTreesClassifier(2, min_samples_leaf=5, **TREE).fit(integers()[0], integers()[1] * 10 - 7),
        dtype="int16",
        leaf="byte",
    ),
    "hard": lambda: emlearn.convert(DecisionTreeClassifier(**TREE).fit(*floats()), leaf="hard"),
    "value": lambda: emlearn.convert(ExtraTreesRegressor(2, **TREE).fit(floats()[0], floats()[1] - 0.3)),
    "scaled": lambda: emlearn.convert(DecisionTreeClassifier(**TREE).fit(*floats()), dtype="int16", data=floats()[0]),
    "sum": lambda: emlearn.convert(
        GradientBoostingClassifier(n_estimators=2, **TREE).fit(floats()[0], named(floats()[1]))
    ),
    "sum int64": long_sums,
    "median": lambda: emlearn.convert(
        AdaBoostRegressor(n_estimators=5, random_state=0).fit(floats()[0], floats()[1] - 0.3)
    ),
    "missing": missing,
    "wide": wide,
    "packed8": lambda: emlearn.convert(
        RandomForestClassifier(3, min_samples_leaf=4, **TREE).fit(floats()[0], named(floats()[1])), layout="packed8"
    ),
    "packed8 int16": lambda: emlearn.convert(
        DecisionTreeClassifier(**TREE).fit(*integers()), dtype="int16", layout="packed8"
    ),
    "packed8 slots": slots,
}

# As emlearn 0.23 writes them: hard leaves, soft ones as NumPy prints their rows, regression.
EMLEARN_FILES = {
    "hard": "f,2\r\nc,3\r\nlb,0\r\nl,0\r\nl,1\r\nl,2\r\nr,0\r\nr,-2\r\nn,0,-3.5,1,-2\r\nn,1,7.0,-3,-1",
    "soft": "f,1\nc,3\nlb,8\nl,[255   0   0]\nl,[  0\n 100\n 100]\nl,[ 0 0 255 ]\nr,0\nn,0,0.5,-1,1\nn,0,1.5,-2,-3\n",
    "value": "f,1\nc,0\nlb,32\nl,0.125\nl,-2.5e3\nr,0\nr,-2\nn,0,0.5,-1,-2\n",
}


@cache
def model(name):
    return MODELS[name]()


@cache
def rows_of(name):
    """Raw rows, the last few at the limits of their type."""
    trees = model(name).trees
    X = np.zeros((12, trees.n_features), np.float32)
    of_integers = ("int16", "uint8", "byte", "wide", "sum int64", "packed8 int16")
    X[:, -2:] = integers()[0][:12] if name in of_integers else floats()[0][:12]
    if trees.dtype == ir.DTYPE_INT16:
        X[-2:] = [[32767], [-32768]]
        return X.astype(np.int16)
    X[-3:] = [[np.inf], [-np.inf], [3e38]]
    return X


# ---- Damage


def seal(data):
    """Give the file the right CRC."""
    data = bytearray(data)
    data[12:16] = struct.pack("<I", zlib.crc32(bytes(data[16:]), zlib.crc32(bytes(data[:12]))))
    return bytes(data)


def each_byte(data, change):
    for i, byte in enumerate(data):
        for new in dict.fromkeys(change(byte)):
            if new != byte:
                yield data[:i] + bytes([new]) + data[i + 1 :]


def truncations(data):
    return [data[:size] for size in range(len(data))]


def damaged_eml(data):
    def nasty(byte):
        return byte ^ 0xFF, 0, 0xFF, byte + 1 & 0xFF, byte ^ 0x80, byte ^ 1

    for changed in each_byte(data, nasty):
        yield changed
        yield seal(changed)
    for size in range(16, len(data), 4):  # cut, with a header that says so
        yield seal(data[:8] + struct.pack("<I", size) + data[12:size])


def damaged_csv(data, nasty=b'-9x,\n\r.\x00\xff"'):
    yield from truncations(data)
    yield from each_byte(data, lambda byte: nasty)
    lines = data.splitlines(keepends=True)
    for i in range(len(lines)):
        yield b"".join(lines[:i] + lines[i + 1 :])
        yield b"".join(lines[: i + 1] + lines[i:])
        yield b"".join(lines[:i] + lines[i + 1 : i + 2] + lines[i : i + 1] + lines[i + 2 :])
        for number in (
            b"-1",
            b"0",
            b"255",
            b"256",
            b"32768",
            b"65536",
            b"33554432",
            b"2147483648",
            b"4294967295",
            b"1e9",
        ):
            cells = lines[i].rstrip().split(b",")
            for k in range(1, len(cells)):
                yield b"".join([*lines[:i], b",".join([*cells[:k], number, *cells[k + 1 :]]) + b"\n", *lines[i + 1 :]])


# ---- The sanitized core


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    program = tmp_path_factory.mktemp("hostile") / "hostile"
    source = ROOT / "export" / "tests" / "core" / "hostile.c"
    flags = "-std=c99 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all".split()
    subprocess.run(["clang", *flags, f"-I{ROOT}/src/emlearn", "-o", program, source], check=True, timeout=120)
    return program


def attempt(driver, cases, tmp_path):
    """Run (kind, file, rows or None); returns what the driver wrote, up to the case that stopped it."""
    container = tmp_path / "cases"
    with container.open("wb") as f:
        for kind, data, rows in cases:
            rows = np.zeros((0, 0), np.int16) if rows is None else rows
            code = ord("h" if rows.dtype == np.int16 else "f")
            f.write(struct.pack("<5I", kind, code, len(rows), rows.shape[1] * rows.itemsize, len(data)))
            f.write(data)
            f.write(rows.tobytes())
    done = subprocess.run([driver, container], capture_output=True, timeout=300)
    if done.returncode != 0:
        kind, data, _ = cases[len(done.stdout)]
        raise AssertionError(f"case {len(done.stdout)}, kind {kind}: {data!r}\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def damage_all(driver, kind, files, tmp_path):
    cases = [(kind, data, None) for data in files]
    verdicts = attempt(driver, cases, tmp_path)
    assert len(verdicts) == len(cases)
    return list(zip((data for _, data, _ in cases), verdicts.decode(), strict=True))


@pytest.mark.parametrize("kind", [EML, CSV], ids=["eml", "csv"])
@pytest.mark.parametrize("name", MODELS)
def test_undamaged(driver, name, kind, tmp_path):
    """What the tests below rest on: the driver does open models, and does predict with them."""
    data = content(name, kind)
    X = rows_of(name)
    out = attempt(driver, [(kind, data, X)], tmp_path)
    trees = model(name).trees
    assert out[:1] == b"a"
    golden, agreeing = struct.unpack_from("<II", out, 1)
    assert golden == agreeing == len(model(name).golden.features) > 0
    rows = np.frombuffer(out, np.uint32, offset=9).reshape(len(X), 1 + trees.n_outputs)
    expected = model(name).predictions(X)
    assert rows[:, 1:].tobytes() == expected.outputs.tobytes()
    if trees.n_classes:
        np.testing.assert_array_equal(model(name).classes_[rows[:, 0]], expected.labels)


@cache
def content(name, kind):
    data = model(name).save(format="eml" if kind == EML else "csv")
    return data if isinstance(data, bytes) else data.encode()


def test_models_cover_the_formats():
    kinds = {(m.trees.layout, m.trees.dtype, m.trees.leaf) for m in map(model, MODELS)}
    assert {k[0] for k in kinds} == {ir.PACKED16, ir.PACKED32, ir.WIDE, ir.PACKED8}
    assert {k[1] for k in kinds} == {ir.DTYPE_FLOAT, ir.DTYPE_INT16, ir.DTYPE_SCALED}
    assert {k[2] for k in kinds} == set(range(len(ir.LEAVES)))
    assert any(m.trees.missing_left.any() for m in map(model, MODELS))
    assert {type(m.trees.labels[0]) for m in map(model, MODELS) if m.trees.labels} == {int, str}


@cache
def small(name, kind):
    """The wide model's golden rows would be nearly all of its file, and have 20,000 features each."""
    if name != "wide":
        return content(name, kind)
    document = ir.Document(model(name).trees)
    data = emlearn.Model(document).save(format="eml" if kind == EML else "csv")
    return data if isinstance(data, bytes) else data.encode()


@pytest.mark.parametrize("name", MODELS)
def test_damaged_eml(driver, name, tmp_path):
    data = small(name, EML)
    for damaged, verdict in damage_all(driver, EML, truncations(data), tmp_path):
        assert verdict == "r", damaged
    verdicts = damage_all(driver, EML, damaged_eml(data), tmp_path)
    accepted = [damaged for damaged, verdict in verdicts if verdict == "a"]
    assert all(damaged == seal(damaged) for damaged in accepted)  # any other is refused by its CRC
    assert len(accepted) > len(data) // 10  # thresholds, for one, may be anything: the driver did predict


@pytest.mark.parametrize("name", MODELS)
def test_damaged_csv(driver, name, tmp_path):
    data = small(name, CSV)
    verdicts = damage_all(driver, CSV, damaged_csv(data), tmp_path)
    accepted = [damaged for damaged, verdict in verdicts if verdict == "a"]
    refused = [damaged for damaged, verdict in verdicts if verdict == "r"]
    assert len(refused) > len(data) and len(accepted) > len(data) // 10
    # Of the truncations only that without the last line's end is whole.
    assert {len(data) - len(damaged) for damaged in accepted if data.startswith(damaged)} <= {0, 1}


@pytest.mark.parametrize("name", EMLEARN_FILES)
def test_damaged_emlearn(driver, name, tmp_path):
    data = EMLEARN_FILES[name].encode()
    assert attempt(driver, [(EMLEARN, data, None)], tmp_path) == b"a"
    verdicts = damage_all(driver, EMLEARN, damaged_csv(data, b"-9x,\n\r.\x00\xff[] e"), tmp_path)
    assert {"a", "r"} == {verdict for _, verdict in verdicts}


# ---- The package's readers


def read_all(files):
    """Number of files read; anything but ValueError gets through, with the file."""
    n_read = 0
    for data in files:
        try:
            emlearn.Model(readers.read(data))
            n_read += 1
        except ValueError:
            pass
        except Exception as error:
            raise AssertionError(f"{data!r}") from error
    return n_read


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", MODELS)
def test_readers_of_damaged_eml(name):
    data = small(name, EML)
    assert read_all([data]) == 1
    assert read_all(truncations(data)) == 0
    assert read_all(each_byte(data, lambda byte: (byte ^ 0x10,))) == 0
    assert read_all(map(seal, each_byte(data, lambda byte: (byte ^ 0xFF, 0, byte + 1 & 0xFF)))) > 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", MODELS)
def test_readers_of_damaged_csv(name):
    data = small(name, CSV)
    assert read_all([data]) == 1
    assert read_all(list(damaged_csv(data, b"-9x\xff"))[::3]) > 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", EMLEARN_FILES)
def test_readers_of_damaged_emlearn(name):
    data = EMLEARN_FILES[name].encode()
    assert read_all([data]) == 1
    assert read_all(damaged_csv(data, b"-9x,\n\r.\x00\xff[] e")) > 0
