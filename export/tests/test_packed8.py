"""Nodes of 4 bytes: in every format what the other layouts predict, smaller where thresholds repeat, or refused."""

from __future__ import annotations

import zlib
from array import array
from dataclasses import replace

import numpy as np
import pytest
from emlearn._core import TreesCore
from emlearn._features import as_core_input, as_raw
from emlearn._size import size_of
from emlearn.ir import packed8
from emlearn.ir import trees as ir
from emlearn.ir.trees import Document
from emlearn.passes.layout import layout
from emlearn.passes.leaves import encode
from emlearn.passes.quantise import quantise
from emlearn.readers import read
from emlearn.writers import csv, eml
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble, linear_model, neural_network
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from support import data, mean_outputs, random_ensemble, rows_for
from twin_models import twin

import emlearn
from emlearn import ConvertError


def build(source, dtype, leaf, packed):
    return layout(quantise(source, dtype), encode(source, leaf), source.n_features, source.n_classes, None, packed)


def check(source, dtype, leaf, rows):
    """Both layouts say the same, also after a journey through each format; returns the trees."""
    trees, other = build(source, dtype, leaf, True), build(source, dtype, leaf, False)
    written = eml.write(Document(trees))
    assert eml.write(read(written)) == written
    x = np.ascontiguousarray(as_core_input(as_raw(rows, trees), trees))
    core, expected = TreesCore(written), TreesCore(eml.write(Document(other)))
    of_text = TreesCore(eml.write(read(csv.write(Document(trees)).encode())))
    for each in (core, of_text):
        assert each.outputs(x).tobytes() == expected.outputs(x).tobytes()
        assert each.work(x) == expected.work(x)
        assert not source.n_classes or np.array_equal(each.classes(x), expected.classes(x))
    assert size_of(trees).eml == len(written)
    assert size_of(trees).c_data == sum(each.nbytes for each in eml.pack_arrays(trees).values())
    model = twin.load(written)
    for row, outputs in zip(x[:5], expected.outputs(x), strict=False):
        out = array("f", bytes(outputs.nbytes))
        model.predict(array("h" if x.dtype == np.int16 else "f", row.tobytes()), out)
        assert bytes(out) == outputs.tobytes()
    return trees


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n_trees=st.integers(1, 8),
    n_nodes=st.sampled_from([0, 1, 5, 40, 300]),
    n_features=st.sampled_from([1, 3, 5, 140, 300]),
    n_classes=st.sampled_from([0, 1, 3, 10, 300]),
    dtype=st.sampled_from(range(3)),
    leaf=st.sampled_from(["exact", "uint8", "byte", "hard"]),
    weights=st.booleans(),
    few=st.booleans(),
    chain=st.booleans(),
)
def test_predictions_are_those_of_the_other_layouts(
    seed, n_trees, n_nodes, n_features, n_classes, dtype, leaf, weights, few, chain
):
    random = np.random.default_rng(seed)
    thresholds = np.arange(-9, 9) + 0.5 if few else None
    source = random_ensemble(random, n_trees, n_nodes, n_features, n_classes, thresholds, weights, chain)
    source = replace(source, feature=source.feature % 120)  # of 300 features: no more than slots can name
    rows = rows_for(source, random, 30, integers=dtype == ir.DTYPE_INT16)
    leaf = "exact" if not n_classes else "uint8" if leaf == "byte" and n_classes > 32 else leaf
    trees = check(source, dtype, leaf, rows)
    if dtype == ir.DTYPE_FLOAT and leaf == "exact":
        core = TreesCore(eml.write(Document(trees)))
        expected = np.array([mean_outputs(source, row) for row in rows])
        largest = max(1.0, np.max(np.abs(source.leaf_value), initial=0.0))
        assert np.max(np.abs(core.outputs(as_core_input(as_raw(rows, trees), trees)) - expected)) <= 1e-6 * largest


@pytest.mark.parametrize("dtype", range(3))
def test_slots_and_extensions_are_made_where_they_are_needed(dtype):
    random = np.random.default_rng(dtype)
    kinds = set()
    for n_nodes, n_features, few in ((3, 3, True), (3, 400, True), (900, 100, False), (900, 100, True)):
        thresholds = np.arange(-9, 9) + 0.5 if few else np.arange(-2000, 2000) * 1.0
        source = random_ensemble(random, 2, n_nodes, n_features, 0, thresholds)
        source = replace(source, feature=source.feature % 120)
        trees = check(source, dtype, "exact", rows_for(source, random, 20, integers=dtype == ir.DTYPE_INT16))
        kinds.add((trees.feature_bits == ir.DIRECT, trees.packed8.n_extensions > 0))
        used = len(np.unique(trees.threshold[~trees.is_leaf]))
        assert (trees.feature_bits == ir.DIRECT) == (n_features < 128 and used <= 256)
    assert kinds == {(True, False), (False, False), (False, True), (True, True)}


def test_features_share_thresholds():
    X, y = data("digits")  # integers up to 16: as many thresholds for all 64 features
    forest = ensemble.RandomForestClassifier(10, random_state=0).fit(X, y)
    for dtype, of_others in (("int16", 0.68), ("float", 0.52)):
        small, large = (emlearn.convert(forest, dtype=dtype, layout=each) for each in ("packed8", None))
        assert small.trees.packed8.n_tables == (
            8 if dtype == "int16" else 31
        )  # two an element; halves of float forests
        assert small.nbytes < of_others * large.nbytes  # 4 bytes a node in place of 6 or 8
        assert np.array_equal(small.predict_proba(X), large.predict_proba(X))
        assert np.array_equal(small.predict(X), forest.predict(X))


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_it_is_as_exact_as_the_others(name):
    X, y = data(name)
    make = ensemble.RandomForestRegressor if name == "diabetes" else ensemble.RandomForestClassifier
    estimator = make(10, min_samples_leaf=2, random_state=0).fit(X, y)
    model = emlearn.convert(estimator, layout="packed8")
    assert model.info()["layout"] == "packed8" and model.certify(X, y).agreeing == len(X)
    scaled = [emlearn.convert(estimator, dtype="int16", data=X, layout=each) for each in (None, "packed8")]
    assert np.array_equal(*(each.predictions(as_raw(X, each.trees)).outputs for each in scaled))


def test_behind_steps():
    X, y = data("wine")
    chain = make_pipeline(PCA(3, random_state=0), ensemble.RandomForestClassifier(5, random_state=0)).fit(X, y)
    small, large = (emlearn.convert(chain, layout=each) for each in ("packed8", "packed"))
    assert small.tables.inner.layout == ir.PACKED8 and large.tables.inner.layout != ir.PACKED8
    assert np.array_equal(small.predict_proba(X), large.predict_proba(X))


def test_what_it_cannot_hold_is_refused():
    random = np.random.default_rng(0)
    many = random_ensemble(random, 1, 2000, 300, 0, np.arange(99.0))
    for dtype, most in ((ir.DTYPE_FLOAT, 128), (ir.DTYPE_INT16, 256)):
        with pytest.raises(ConvertError, match=rf"features need \d+ tables .* packed8 has {most}.*; leave it out"):
            build(many, dtype, "exact", True)
    leaves = random_ensemble(random, 1, 33000, 2, 0, np.arange(99.0))
    with pytest.raises(ConvertError, match="leaves; packed8 has 32,767"):
        build(leaves, ir.DTYPE_FLOAT, "exact", True)
    entries = random_ensemble(random, 300, 100, 2, 300, np.arange(99.0), True)
    with pytest.raises(ConvertError, match="65,535 leaf entries"):
        build(entries, ir.DTYPE_FLOAT, "exact", True)


def test_windows_of_too_many_thresholds_are_counted():
    n = 70000
    nodes = packed8.Nodes(
        np.arange(n) % 120, np.arange(n), np.full(n, -1), np.full(n, -2), np.zeros(n, bool), np.zeros(1, np.int64)
    )
    with pytest.raises(ValueError, match="70,000 thresholds; packed8 has"):
        packed8.pack(nodes, False, True, False)
    with pytest.raises(ValueError, match=r"70,\d+ elements of 4 bytes; packed8 has 65,535"):
        packed8.pack(replace(nodes, threshold=nodes.threshold % 9), False, True, False)


@pytest.mark.parametrize(
    "estimator, options, message",
    [
        (ensemble.GradientBoostingClassifier(n_estimators=2), {}, "layout='packed8' is for trees that vote"),
        (ensemble.IsolationForest(n_estimators=2), {}, "layout='packed8' is for trees that vote"),
        (linear_model.RidgeClassifier(), {}, "layout= is for trees, not for RidgeClassifier"),
        (neural_network.MLPClassifier((2,), max_iter=1), {}, "layout= is for trees, not for MLPClassifier"),
        (ensemble.RandomForestClassifier(2), {"layout": "packed9"}, "layout='packed9' is unknown; use 'packed' or"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_refusals(estimator, options, message):
    with pytest.raises(ConvertError, match=message):
        emlearn.convert(estimator.fit(*data("wine")), **{"layout": "packed8"} | options)


def test_a_jump_into_an_extension_is_refused():
    random = np.random.default_rng(0)
    source = random_ensemble(random, 3, 300, 3, 0, np.arange(9.0))
    trees = build(source, ir.DTYPE_FLOAT, "exact", True)
    packed = trees.packed8
    assert packed.n_extensions > 20
    high = packed.words >> 24
    extension = np.flatnonzero((high[:-1] == 0) & (np.arange(len(high) - 1) >= packed.n_tables)) + 1
    before = np.flatnonzero(np.isin(np.arange(len(high)) + 2, extension) & (high > 0) & (high < 128))
    before = before[before >= packed.n_tables]
    assert len(before)
    written = bytearray(eml.write(Document(trees)))
    for at in before[:9]:
        for jump, ok in ((2, False), (1, True)):  # the node is there, the extension behind it
            damaged = bytearray(written)
            damaged[44 + 4 * at + 3] = jump
            for reader in (read, TreesCore, twin.load):
                refused = None
                try:
                    reader(sealed(damaged))
                except ValueError as error:
                    refused = error
                assert (refused is None) == ok, (reader, jump)


@pytest.mark.parametrize("root", [0, 1, 2, 0xFE, 0xFFFF])
def test_a_first_root_elsewhere_is_refused(root):
    random = np.random.default_rng(0)
    trees = build(random_ensemble(random, 2, 3, 3, 0, np.arange(9.0)), ir.DTYPE_FLOAT, "exact", True)
    written = bytearray(eml.write(Document(trees)))
    at = 44 + 4 * trees.n_elements
    written[at : at + 2] = root.to_bytes(2, "little")
    for reader in (read, TreesCore, twin.load):
        with pytest.raises(ValueError):
            reader(sealed(written))


def sealed(content):
    content[12:16] = zlib.crc32(content[16:], zlib.crc32(content[:12])).to_bytes(4, "little")
    return bytes(content)
