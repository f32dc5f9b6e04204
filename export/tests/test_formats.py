"""Files: golden ones byte for byte, damaged ones refused."""

from __future__ import annotations

import importlib.util
import struct
import zlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from emlearn._core import TreesCore, open_core
from emlearn.ir.trees import Document
from emlearn.passes.plain import plain
from emlearn.readers import read
from emlearn.writers import csv, eml
from twin_models import twin

import emlearn

GOLDEN = Path(__file__).parent / "golden"
_SPEC = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
make = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make)
DOCUMENTS = make.documents()


@pytest.mark.parametrize("suffix", make.FORMATS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_golden_files(name, suffix):
    written = make.FORMATS[suffix](DOCUMENTS[name])
    assert written == (GOLDEN / f"{name}{suffix}").read_bytes(), "run export/tests/golden/make.py if this was meant"


def test_golden_files_are_all_there():
    names = {f"{name}{suffix}" for name in DOCUMENTS for suffix in make.FORMATS}
    assert {path.name for path in GOLDEN.iterdir() if path.suffix in (".eml", ".csv", ".h")} == names | {
        f"emlearn_{kind}.csv" for kind in ("hard", "soft", "value", "many")
    }


@pytest.mark.parametrize("suffix", [".eml", ".csv"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_golden_files_are_read_back(name, suffix):
    document, expected = read((GOLDEN / f"{name}{suffix}").read_bytes()), DOCUMENTS[name]
    if suffix == ".csv" and name.startswith("packed8"):  # text has no tables of thresholds
        expected = replace(expected, tables=plain(expected.tables))
    assert eml.write(document) == eml.write(expected)
    assert csv.write(document) == csv.write(DOCUMENTS[name])
    model = emlearn.load(GOLDEN / f"{name}{suffix}")
    if model.golden is not None:
        outputs = model.predictions(model.golden.features).outputs
        assert np.array_equal(outputs.view(np.uint32), model.golden.outputs.view(np.uint32))


def test_layouts_and_leaves_are_covered():
    trees = [document.trees for document in DOCUMENTS.values() if document.tables.FAMILY == "trees"]
    assert {t.layout for t in trees} == set(range(4)) and {t.dtype for t in trees} == set(range(3))
    assert {t.leaf for t in trees} == set(range(6))
    assert any(t.is_leaf.sum() > 2 for t in trees)


def test_a_packed_decision_takes_six_bytes():
    trees = DOCUMENTS["hard_int16"].trees
    assert eml.pack_arrays(trees)["nodes"].nbytes == 6 * trees.n_nodes


def test_csv_ends_of_line_may_be_those_of_dos():
    text = (GOLDEN / "counts_float.csv").read_bytes().decode()
    dos = text.replace("\n", "\r\n").replace("\r\n", "\r\n\r\n")
    assert eml.write(read(dos.encode())) == (GOLDEN / "counts_float.eml").read_bytes()


@pytest.mark.parametrize("minor, trailer", [(7, b""), (0, b"NEWS\x05\0\0\0hello\0\0\0")])
def test_newer_minor_versions_and_unknown_trailers_are_read(minor, trailer):
    data = bytearray((GOLDEN / "counts_float.eml").read_bytes() + trailer)
    data[5] = minor
    struct.pack_into("<I", data, 8, len(data))
    document = read(with_crc(data))
    assert document.trees.labels == DOCUMENTS["counts_float"].trees.labels


# ---- Damage


def with_crc(data):
    return bytes(data[:12]) + struct.pack("<I", zlib.crc32(data[16:], zlib.crc32(data[:12]))) + bytes(data[16:])


def refusal(function, data):
    """What the ValueError says, or nothing."""
    try:
        function(data)
    except ValueError as error:
        assert str(error)
        return str(error)
    return ""


def accepts(function, data):
    return not refusal(function, data)


SMALL = ["hard_int16", "counts_float", "weighted_float", "uint8_scaled", "value_int16"]
SMALL += ["packed8_int16", "packed8_float", "packed8_scaled", "packed8_slots"]
SMALL += ["linear_softmax", "linear_values", "net_float", "net_int16", "net_int8"]
SMALL += ["bayes_diagonal", "mixture_full", "mixture_envelope"]
SMALL += ["kernel_linear", "kernel_rbf", "kernel_poly", "kernel_sigmoid", "kernel_coupled"]


def core_of(name):
    """What opens the core of a model of this family."""
    return partial(open_core, DOCUMENTS[name].tables.FAMILY)


@pytest.mark.parametrize("name", SMALL)
def test_truncated_eml(name):
    data = (GOLDEN / f"{name}.eml").read_bytes()
    for n in range(len(data)):
        assert not accepts(read, data[:n])
        resized = bytearray(data[:n])
        if n >= 16:
            struct.pack_into("<I", resized, 8, n)
            resized = with_crc(resized)
        assert accepts(read, resized) <= accepts(core_of(name), resized)


@pytest.mark.parametrize("trailers", [False, True])
@pytest.mark.parametrize("name", SMALL)
def test_corrupted_eml(name, trailers):
    """The CRC tells a changed byte; and if that is right too, reader and core agree whether the rest is a model.

    What follows a model, also one whose header says that it is shorter, is the reader's affair alone.
    """
    document = DOCUMENTS[name] if trailers else Document(replace(DOCUMENTS[name].trees, labels=None))
    data = eml.write(document)
    n_accepted = 0
    for at in range(len(data)):
        for flip in (0x01, 0x02, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[at] ^= flip
            assert not accepts(read, bytes(damaged))
            damaged = with_crc(damaged)
            refused = refusal(read, damaged)
            accepted = not refused
            if trailers or "trailer" in refused:
                assert accepted <= accepts(core_of(name), damaged), (at, flip)
            else:
                assert accepted == accepts(core_of(name), damaged), (at, flip)
            n_accepted += accepted
    assert n_accepted > 0  # other thresholds, other values


# First words of nodes, references, thresholds at which something begins or ends, for three or four words of 16 bits.
WORDS = [
    0,
    1,
    2,
    3,
    4,
    6,
    9,
    0xFE,
    0x100,
    0x300,
    0x7E00,
    0x7EFF,
    0x7F00,
    0x7FFE,
    0x7FFF,
    0x8000,
    0x8001,
    0x8002,
    0x800A,
    0xFFFF,
]


@pytest.mark.parametrize("name", ["hard_int16", "value_int16", "uint8_scaled", "counts_float", "leaf_elements", "wide"])
def test_reader_core_and_twin_agree_about_nodes(name):
    trees = DOCUMENTS["counts_wide" if name == "wide" else name].trees
    data = eml.write(Document(trees))
    random = np.random.default_rng(0)
    n_words = eml.pack_arrays(trees)["nodes"].nbytes // 2 // trees.n_nodes
    n_accepted = 0
    for _ in range(3000):
        damaged = bytearray(data)
        words = random.choice(WORDS, n_words)
        kept = random.random(n_words) < 0.5
        words[kept] = np.frombuffer(data, "<u2", n_words, 44)[kept]
        damaged[44 : 44 + 2 * n_words] = words.astype("<u2").tobytes()
        damaged = with_crc(damaged)
        accepted = accepts(read, damaged)
        assert accepted == accepts(TreesCore, damaged) == accepts(twin.load, damaged), words
        n_accepted += accepted
        if accepted:
            assert eml.write(read(eml.write(read(damaged)))) == eml.write(read(damaged))
    assert 100 < n_accepted < 2900


def test_what_leaf_elements_hold_besides_their_leaf_is_dropped():
    data = bytearray((GOLDEN / "hard_int16.eml").read_bytes())
    trees = read(bytes(data)).trees
    (element, *_) = np.flatnonzero(trees.is_leaf)
    before = bytes(data)
    data[44 + 6 * element] = 2  # its feature
    data[44 + 6 * element + 4] = 99  # its threshold
    assert eml.write(read(with_crc(data))) == before
    data[44 + 6 * element] = 3  # which there is not
    assert not accepts(read, with_crc(data))


@pytest.mark.parametrize("name", SMALL)
def test_truncated_csv(name):
    lines = (GOLDEN / f"{name}.csv").read_bytes().decode().split("\n")
    for n in range(len(lines) - 1):
        assert not accepts(read, "\n".join(lines[:n]).encode())


@pytest.mark.parametrize("name", SMALL)
def test_corrupted_csv(name):
    data = (GOLDEN / f"{name}.csv").read_bytes()
    for at in range(len(data)):
        for byte in b"0-9,\nx\xff":
            damaged = data[:at] + bytes([byte]) + data[at + 1 :]
            if accepts(read, damaged):
                core_of(name)(eml.write(read(damaged)))


@pytest.mark.parametrize("name", SMALL)
def test_csv_rows_may_not_be_missing_doubled_or_unknown(name):
    lines = (GOLDEN / f"{name}.csv").read_bytes().decode().split("\n")[:-1]
    for at in range(1, len(lines)):
        missing, doubled, unknown = (
            lines[:at] + lines[at + 1 :],
            lines[: at + 1] + lines[at:],
            [*lines[:at], "x,1", *lines[at:]],
        )
        for wrong in (missing, doubled, unknown):
            assert not accepts(read, "\n".join(wrong).encode())


@pytest.mark.parametrize(
    "change, message",
    [
        (("f,3", "f,0"), "line 2: '0' is no integer from 1 to 65535"),
        (("f,3", "f,3,3"), "line 2: 2 cells in a row 'f', not 1"),
        (("c,3", "c,+3"), "line 3"),
        (("lb,0", "lb,8"), "line 4: lb is 0 for classification"),
        (("r,0", "r,99"), "a root is beyond the last element"),
        (("label,i,7", "label,i,seven"), "a label that is no integer"),
        (("label,i,7", "label,x,7"), "neither i nor s"),
        (("label,i,7", "label,s,\\t"), "unknown escape"),
        (("eml,1,", "eml,2,"), "line 1: version 2"),
        (("end,", "end,1"), "`end` should say"),
    ],
)
def test_csv_errors_name_the_line(change, message):
    text = (GOLDEN / "counts_float.csv").read_bytes().decode()
    assert change[0] in text
    with pytest.raises(ValueError, match=message) as error:
        read(text.replace(*change, 1).encode())
    assert str(error.value).startswith("line ")


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe", b"PK\x03\x04", b"EML\x1a", b"hello", b"f,3\nc,2"])
def test_other_files_are_refused(data):
    assert not accepts(read, data)


def test_huge_counts_are_refused_without_allocating():
    data = bytearray((GOLDEN / "counts_float.eml").read_bytes())
    for at in (28, 32, 36, 40):
        huge = bytearray(data)
        struct.pack_into("<I", huge, at, 0xFFFFFFFF)
        assert not accepts(read, with_crc(huge))
    text = (GOLDEN / "counts_float.csv").read_bytes().decode()
    row = text.split("\n")[0].split(",")
    for at in range(7, 12):
        assert not accepts(
            read, text.replace(",".join(row), ",".join([*row[:at], "4294967295", *row[at + 1 :]])).encode()
        )
