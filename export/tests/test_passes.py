"""From an `Ensemble` to bytes that the core runs: shapes, limits and extremes that no data set reaches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emlearn._core import TreesCore
from emlearn._features import as_core_input, as_raw
from emlearn.ir import trees as ir
from emlearn.ir.trees import Document
from emlearn.passes.layout import layout
from emlearn.passes.leaves import encode
from emlearn.passes.quantise import choose_dtype, quantise, trained_on_int16
from emlearn.readers import read
from emlearn.writers import csv, eml
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from support import mean_outputs, random_ensemble, rows_for, walk

import emlearn
from emlearn import ConvertError
from emlearn import _quantize as q

EXTREMES = np.array(
    [0.0, -0.0, 1e-50, -1e-50, 1e-40, 3.4028235e38, 1e39, -1e39, np.inf, 0.1, np.nextafter(0.1, 1), -7.5]
)


def build(ensemble, dtype=ir.DTYPE_FLOAT, leaf="exact"):
    return layout(quantise(ensemble, dtype), encode(ensemble, leaf), ensemble.n_features, ensemble.n_classes)


def check(ensemble, trees, rows):
    """The core says what the ensemble says, also after a journey through each format."""
    data = eml.write(Document(trees))
    assert eml.write(read(data)) == data
    assert eml.write(read(csv.write(Document(trees)).encode())) == data
    core = TreesCore(data)
    core_input = as_core_input(as_raw(rows, trees), trees)
    expected = np.array([mean_outputs(ensemble, row) for row in rows])
    outputs = core.outputs(core_input)
    assert np.max(np.abs(outputs - expected)) <= 1e-6 * max(1.0, np.max(np.abs(ensemble.leaf_value), initial=0.0))
    if ensemble.n_classes:
        assert np.array_equal(core.classes(core_input), np.argmax(expected, axis=1))
    return trees


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n_trees=st.integers(1, 8),
    n_nodes=st.integers(0, 40),
    n_features=st.sampled_from([1, 2, 3, 5, 300]),
    n_classes=st.sampled_from([0, 1, 2, 3, 10, 300]),
    extremes=st.booleans(),
    weights=st.booleans(),
)
def test_float_models_are_exact(seed, n_trees, n_nodes, n_features, n_classes, extremes, weights):
    random = np.random.default_rng(seed)
    thresholds = EXTREMES if extremes else None
    ensemble = random_ensemble(random, n_trees, n_nodes, n_features, n_classes, thresholds, weights)
    trees = check(ensemble, build(ensemble), rows_for(ensemble, random))
    assert trees.layout == ir.PACKED32


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n_nodes=st.integers(0, 40),
    n_features=st.sampled_from([1, 3, 70]),
    n_classes=st.sampled_from([0, 2, 10]),
    thresholds=st.sampled_from(
        [None, EXTREMES, np.array([-40000.0, -32768.5, -32768.0, 32766.5, 32767.0, 40000.0, 3.5])]
    ),
)
def test_integer_models_are_exact_for_integers(seed, n_nodes, n_features, n_classes, thresholds):
    random = np.random.default_rng(seed)
    ensemble = random_ensemble(random, 3, n_nodes, n_features, n_classes, thresholds)
    rows = np.clip(rows_for(ensemble, random, integers=True), -32768, 32767)
    trees = check(ensemble, build(ensemble, ir.DTYPE_INT16), rows)
    assert trees.layout == ir.PACKED16
    assert np.all(trees.threshold < 32767)  # the CSV dialect writes one more


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n_nodes=st.integers(0, 40),
    n_features=st.sampled_from([1, 3, 70]),
    extremes=st.booleans(),
)
def test_scaled_models_are_exact_where_no_threshold_shares_a_step(seed, n_nodes, n_features, extremes):
    random = np.random.default_rng(seed)
    # The converter refuses what lies below float32.
    thresholds = EXTREMES[EXTREMES > -1e39] if extremes else None
    ensemble = random_ensemble(random, 3, n_nodes, n_features, 3, thresholds)
    rows = rows_for(ensemble, random)
    trees = build(ensemble, ir.DTYPE_SCALED)
    clean = ~np.any(rows_in_a_threshold_step(ensemble, trees, rows), axis=1)
    if np.any(clean):
        check(ensemble, trees, rows[clean])


def rows_in_a_threshold_step(ensemble, trees, rows):
    """Which features lie above a threshold but in the same step of their scale: those a scaled model gets wrong."""
    wrong = np.zeros(rows.shape, bool)
    with np.errstate(invalid="ignore", over="ignore"):
        for feature, threshold in zip(ensemble.feature, ensemble.threshold, strict=True):
            x = rows[:, feature].astype(np.float64)
            step = float(np.ldexp(1.0, -trees.shift[feature]))
            wrong[:, feature] |= (x > threshold) & (np.floor(x / step) <= np.floor(threshold / step))
            # Beyond the limits of int16 values are all the same.
            wrong[:, feature] |= (x > threshold) & (np.floor(threshold / step) - trees.offset[feature] >= 32766)
    return wrong


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n_nodes=st.integers(1, 40),
    decimals=st.integers(0, 6),
    outlier=st.sampled_from([1, 1e4, 1e9]),
)
def test_scaled_thresholds_are_on_the_side_of_most_rows(seed, n_nodes, decimals, outlier):
    random = np.random.default_rng(seed)
    values = np.round(random.normal(size=60), decimals)
    thresholds = np.append((values[:-1] + values[1:]) / 2, outlier)  # halfway, as in scikit-learn; at times a value
    ensemble = random_ensemble(random, 2, n_nodes, 3, 2, thresholds)
    rows = random.choice(np.append(values, np.nan), (50, 3))
    plain, fitted = quantise(ensemble, ir.DTYPE_SCALED), quantise(ensemble, ir.DTYPE_SCALED, rows)
    scaled, raw = q.scale_features(rows.astype(np.float32), plain.shift, plain.offset), rows.astype(np.float32)
    assert np.array_equal(plain.shift, fitted.shift) and np.array_equal(plain.offset, fitted.offset)
    for node, (feature, threshold) in enumerate(zip(ensemble.feature, ensemble.threshold, strict=True)):
        known = ~np.isnan(raw[:, feature])
        left = raw[known, feature].astype(np.float64) <= threshold
        wrong = [np.sum((scaled[known, feature] <= t) != left) for t in plain.threshold[node] - np.arange(2)]
        found = np.sum((scaled[known, feature] <= fitted.threshold[node]) != left)
        assert found == min(wrong) and (wrong[0] != wrong[1] or fitted.threshold[node] == plain.threshold[node])


def test_data_keep_decimals_on_their_side_of_scaled_thresholds():
    random = np.random.default_rng(0)
    X = np.round(random.uniform(0, 5, (2000, 4)), 1)  # halfway between two of them is another, but for its last bit
    y = (X[:, 0] + X[:, 1] ** 2 + random.normal(size=2000) > 9).astype(int)
    forest = RandomForestClassifier(20, random_state=0).fit(X[:100], y[:100])
    expected = forest.predict_proba(X[1000:])
    off = [
        np.mean(np.abs(emlearn.convert(forest, dtype="int16", data=data).predict_proba(X[1000:]) - expected) > 1e-6)
        for data in (None, X[:1000])
    ]
    assert off[0] > 0.01 and off[1] == 0.0


def test_scaled_models_are_exact_for_integers():
    random = np.random.default_rng(3)
    thresholds = np.arange(-2000, 2000) + 0.5
    ensemble = random_ensemble(random, 3, 200, 5, 4, thresholds)
    trees = build(ensemble, ir.DTYPE_SCALED)
    assert np.all(trees.shift >= 0)
    rows = random.integers(-40000, 40000, (500, 5)).astype(np.float32)
    rows[250:] = np.rint(rows[250:] / 20)
    check(ensemble, trees, rows)


def test_a_model_with_too_many_values_for_packed_leaves_is_wide():
    random = np.random.default_rng(0)
    ensemble = random_ensemble(random, 1, 33000, 3, 0, chain=True)
    trees = build(ensemble)
    assert trees.layout == ir.WIDE
    data = eml.write(Document(trees))
    assert eml.write(read(data)) == data
    rows = rows_for(ensemble, random, 20)
    outputs = TreesCore(data).outputs(rows)
    values, exponent = q.values_to_int32(ensemble.leaf_value)
    expected = [np.float32(np.ldexp(values[walk(ensemble, row)[0]], exponent)) for row in rows]
    assert np.array_equal(outputs[:, 0], expected)


@pytest.mark.parametrize("dtype, largest", [(ir.DTYPE_FLOAT, 16383), (ir.DTYPE_INT16, 10922), (ir.DTYPE_SCALED, 10922)])
@pytest.mark.parametrize("beyond", [0, 1])
def test_a_model_too_deep_for_packed_jumps_is_wide(dtype, largest, beyond):
    """The root's right child lies beyond a spine of nodes that are each other's left children."""
    jump = largest + beyond
    classes = np.arange(jump + 2) % 2
    left, right = np.arange(1, jump + 1), -1 - np.arange(jump)
    ensemble = replace(
        random_ensemble(np.random.default_rng(0), 1, 1, 2, 2),
        feature=np.append(np.arange(jump) % 2, 1),
        threshold=8000.0 - np.arange(jump + 1),
        left=np.append(np.append(left[:-1], -1 - jump), -1 - jump),
        right=np.append(np.append(jump, right[1:]), -2 - jump),
        missing_left=np.zeros(jump + 1, bool),
        roots=np.array([0]),
        leaf_start=np.arange(jump + 3),
        leaf_class=classes,
        leaf_proportion=np.ones(jump + 2),
        leaf_total=np.ones(jump + 2),
    )
    trees = build(ensemble, dtype)
    assert trees.n_nodes == jump + 1 and trees.right[0] == jump
    assert trees.layout == (ir.WIDE if beyond else ir.PACKED32 if dtype == ir.DTYPE_FLOAT else ir.PACKED16)
    rows = np.array([[9000, 9000], [-9000, -9000], [-2000, 5000], [-9000, 0], [9000, -9000]], np.float32)
    check(ensemble, trees, rows)


@pytest.mark.parametrize(
    "n_features, n_classes, n_trees, n_nodes, dtype",
    [
        (16385, 3, 2, 30, ir.DTYPE_FLOAT),  # too many features for 14 bits
        (20000, 3, 2, 30, ir.DTYPE_INT16),
        (16385, 3, 2, 0, ir.DTYPE_SCALED),
        (3, 40000, 2, 30, ir.DTYPE_FLOAT),  # leaf numbers beyond 15 bits
        (3, 0, 1100, 60, ir.DTYPE_FLOAT),  # more than 65,535 elements
    ],
)
def test_models_beyond_the_packed_limits_are_wide(n_features, n_classes, n_trees, n_nodes, dtype):
    random = np.random.default_rng(1)
    thresholds = np.arange(-5, 5) + 0.5
    ensemble = random_ensemble(random, n_trees, n_nodes, n_features, n_classes, thresholds)
    trees = check(ensemble, build(ensemble, dtype), rows_for(ensemble, random, 5, dtype == ir.DTYPE_INT16))
    assert trees.layout == ir.WIDE


@pytest.mark.parametrize("n_features", [16383, 16384])
def test_models_at_the_packed_limits_are_packed(n_features):
    # At 16,384 features, a node's first word has no room for a left code: every left leaf is an element.
    random = np.random.default_rng(2)
    ensemble = random_ensemble(random, 2, 30, n_features, 3)
    trees = check(ensemble, build(ensemble), rows_for(ensemble, random, 20))
    assert trees.layout == ir.PACKED32 and trees.feature_bits == 14
    assert np.sum(trees.is_leaf) == np.sum((trees.left == 1) & np.roll(trees.is_leaf, -1))


def test_entries_take_two_indices_when_classes_or_counts_are_large():
    random = np.random.default_rng(4)
    ensemble = random_ensemble(random, 2, 30, 4, 2)
    large = replace(
        ensemble, leaf_class=np.array([0, 1] * 2), leaf_start=np.array([0, 2, 4]), leaf_total=np.array([1000.0, 3.0])
    )
    large = replace(large, leaf_proportion=np.array([999 / 1000, 1 / 1000, 1 / 3, 2 / 3]), roots=np.array([-1, -2]))
    empty = np.zeros(0, np.int64)
    large = replace(
        large, feature=empty, left=empty, right=empty, threshold=np.zeros(0), missing_left=np.zeros(0, bool)
    )
    assert build(large).entry == 1
    check(large, build(large), np.zeros((1, 4), np.float32))


def test_left_leaves_are_numbered_by_use():
    random = np.random.default_rng(5)
    ensemble = random_ensemble(random, 5, 300, 100, 0)  # 8 feature bits leave 126 codes
    trees = check(ensemble, build(ensemble), rows_for(ensemble, random, 20))
    in_node = -1 - trees.left[~trees.is_leaf & (trees.left < 0)]
    assert np.all(in_node < 126)
    as_element = -1 - trees.left[trees.is_leaf]
    assert len(as_element) and np.all(as_element >= 126)


def test_nodes_with_one_outcome_are_dropped():
    # (x0 <= 1 ? a : (x0 <= 5 ? a : a)) beside (x0 <= 2 ? a : b)
    ensemble = replace(
        random_ensemble(np.random.default_rng(0), 1, 3, 1, 2),
        feature=np.zeros(3, np.int64),
        threshold=np.array([1.0, 5.0, 2.0]),
        left=np.array([-1, -2, -4]),
        right=np.array([1, -3, -5]),
        missing_left=np.zeros(3, bool),
        roots=np.array([0, 2]),
        leaf_start=np.arange(6),
        leaf_class=np.array([0, 0, 0, 0, 1]),
        leaf_proportion=np.ones(5),
        leaf_total=np.ones(5),
    )
    trees = build(ensemble)
    assert trees.n_nodes == 2 and trees.is_leaf.tolist() == [True, False]
    check(ensemble, trees, np.array([[0], [1.5], [3], [9], [np.nan]], np.float32))


def test_branches_beyond_int16_are_decided():
    ensemble = random_ensemble(np.random.default_rng(0), 1, 1, 1, 2)
    for threshold in (-32768.5, -1e9, 32767.0, 1e9, np.inf):
        assert build(replace(ensemble, threshold=np.array([threshold])), ir.DTYPE_INT16).is_leaf.all()
    for threshold in (-32768.0, 32766.9):
        assert not build(replace(ensemble, threshold=np.array([threshold])), ir.DTYPE_INT16).is_leaf.any()


def test_integer_training_data_is_told_from_thresholds():
    base = random_ensemble(np.random.default_rng(0), 1, 2, 1, 2)
    chain = replace(
        base, feature=np.zeros(2, np.int64), left=np.array([1, -2]), right=np.array([-1, -3]), roots=np.array([0])
    )

    def integers(*thresholds, drawn=False):
        return trained_on_int16(replace(chain, threshold=np.array(thresholds), random_thresholds=drawn))

    assert integers(3.5, 1.5) and integers(3.0, 1.5) and integers(3.3, 1.2, drawn=True)
    assert not integers(3.5, 1.25)  # not midway between integers
    assert not integers(3.5, 3.0)  # no integer in (3.0, 3.5]
    assert not integers(3.3, 3.1, drawn=True)
    assert not integers(32767.5, 1.5)  # 32768 does not fit
    assert not integers(np.inf, 1.5)  # there was NaN


@pytest.mark.parametrize(
    "dtype, scale, data, expected",
    [
        ("float", None, None, ir.DTYPE_FLOAT),
        ("int16", None, None, ir.DTYPE_SCALED),
        ("int16", True, [[1]], ir.DTYPE_SCALED),
        ("int16", False, None, ir.DTYPE_INT16),
        ("int16", None, [[1]], ir.DTYPE_INT16),
        ("int16", None, [[0.5]], ir.DTYPE_SCALED),
        ("int16", None, [[40000]], ir.DTYPE_SCALED),
    ],
)
def test_choice_of_dtype(dtype, scale, data, expected):
    ensemble = random_ensemble(np.random.default_rng(0))
    assert choose_dtype(ensemble, dtype, scale, None if data is None else np.array(data)) == expected


def test_limits_are_refused():
    ensemble = random_ensemble(np.random.default_rng(0), 1, 0, 70000, 2)
    with pytest.raises(ConvertError, match="70000 features"):
        build(ensemble)
    ensemble = random_ensemble(np.random.default_rng(0), 1, 3, 2, 0)
    with pytest.raises(ConvertError, match="float32"):
        build(replace(ensemble, leaf_value=ensemble.leaf_value * 1e60))
