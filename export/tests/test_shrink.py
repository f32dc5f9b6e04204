"""Passes that make forests smaller, and the sizes that are told without writing a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emlearn._core import TreesCore
from emlearn._registry import find
from emlearn._size import size_of
from emlearn.ir import trees as ir
from emlearn.ir.trees import Document
from emlearn.passes.cluster import Clusters
from emlearn.passes.layout import layout, levels
from emlearn.passes.leaves import encode
from emlearn.passes.prune import Pruner, is_tree, proportions
from emlearn.passes.quantise import quantise
from emlearn.passes.snap import snap
from emlearn.passes.trim import trim
from emlearn.writers import eml, trees_c
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
from support import data, random_ensemble, rows_for, walk

import emlearn


def converted(estimator):
    return find(estimator)(estimator)


def in_preorder(ensemble):
    """Features, thresholds and proportions, tree by tree."""
    table = proportions(ensemble)
    found, refs = [], ensemble.roots.tolist()[::-1]
    while refs:
        ref = refs.pop()
        if ref < 0:
            found.append(table[-1 - ref].tolist())
        else:
            found.append((int(ensemble.feature[ref]), float(ensemble.threshold[ref])))
            refs += [int(ensemble.right[ref]), int(ensemble.left[ref])]
    return found


def assert_same_trees(ensemble, expected):
    ours, theirs = in_preorder(ensemble), in_preorder(expected)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert type(a) is type(b)
        # Proportions of an inner node are a quotient here, and scikit-learn's own there: one rounding each, and
        # weights that classes have are sums of float64.
        assert a == b if isinstance(a, tuple) else np.allclose(a, b, rtol=0, atol=1e-12)


# ---- Pruning


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
def test_a_tree_is_pruned_as_scikit_learn_does(name, criterion):
    X, y = data(name)
    tree = DecisionTreeClassifier(random_state=0, criterion=criterion)
    path = np.unique(tree.cost_complexity_pruning_path(X, y).ccp_alphas)
    pruner = Pruner(converted(tree.fit(X, y)), criterion)
    between = (path[:-1] + path[1:]) / 2  # at an alpha of the path itself, rounding decides
    for alpha in [0.0, *between[:: max(1, len(between) // 6)], 2 * path[-1]]:
        fitted = DecisionTreeClassifier(random_state=0, criterion=criterion, ccp_alpha=alpha).fit(X, y)
        assert_same_trees(pruner.prune(alpha).ensemble, converted(fitted))
        assert pruner.decisions(alpha) == fitted.tree_.node_count - fitted.get_n_leaves()


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
@pytest.mark.parametrize("options", [{}, {"class_weight": "balanced"}])
def test_all_trees_of_a_forest_are_pruned_by_one_alpha(kind, options):
    X, y = data("wine")
    pruner = Pruner(converted(kind(5, random_state=0, **options).fit(X, y)))
    for alpha in (0.0, 0.0123, 0.0456, 0.123):
        assert_same_trees(
            pruner.prune(alpha).ensemble, converted(kind(5, random_state=0, ccp_alpha=alpha, **options).fit(X, y))
        )


def test_a_path_leads_from_all_decisions_to_none():
    X, y = data("digits")
    ensemble = converted(RandomForestClassifier(5, random_state=0).fit(X, y))
    pruner = Pruner(ensemble)
    path = pruner.path()
    counts = [pruner.decisions(alpha) for alpha in path]
    assert path == sorted(path) and path[0] == 0.0 and counts[0] == len(ensemble.left) and counts[-1] == 0
    assert all(b <= 0.88 * a for a, b in zip(counts, counts[1:], strict=False))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), n_classes=st.sampled_from([2, 3, 7]), n_nodes=st.integers(0, 40))
def test_rows_come_to_the_leaf_that_stands_for_theirs(seed, n_classes, n_nodes):
    random = np.random.default_rng(seed)
    ensemble = random_ensemble(random, 3, n_nodes, 4, n_classes)
    assert is_tree(ensemble)
    pruner = Pruner(ensemble)
    for alpha in pruner.path():
        pruning = pruner.prune(alpha)
        for row in rows_for(ensemble, random, 5):
            assert walk(pruning.ensemble, row) == pruning.leaf_leaf[walk(ensemble, row)].tolist()
        # A pruned node has the samples of its leaves.
        total = proportions(pruning.ensemble) * pruning.ensemble.leaf_total[:, None]
        assert np.allclose(total.sum(axis=0), (proportions(ensemble) * ensemble.leaf_total[:, None]).sum(axis=0))


def test_shared_nodes_are_told():
    ensemble = random_ensemble(np.random.default_rng(0), 1, 3, 2, 2)
    assert not is_tree(replace(ensemble, roots=np.array([0, 0])))


# ---- Leaves


@pytest.mark.parametrize("per_class", [1, 2, 4, 8])
def test_clusters_are_few_and_pure_leaves_stay(per_class):
    X, y = data("digits")
    ensemble = converted(RandomForestClassifier(5, min_samples_leaf=3, random_state=0).fit(X, y))
    before = proportions(ensemble)
    clustered = Clusters(ensemble).ensemble(per_class)
    after = proportions(clustered)
    pure = np.max(before, axis=1) == 1.0
    assert 0 < np.sum(pure) < len(pure)
    assert np.array_equal(before[pure], after[pure])
    assert len(np.unique(after[~pure], axis=0)) <= 10 * per_class < len(np.unique(before[~pure], axis=0))
    # A cluster is the mean of its leaves by samples, so that classes keep their samples.
    weight = ensemble.leaf_total[:, None]
    assert np.allclose((before * weight).sum(axis=0), (after * weight).sum(axis=0))
    assert np.array_equal(after, proportions(Clusters(ensemble).ensemble(per_class)))


def test_more_clusters_are_nearer():
    X, y = data("digits")
    ensemble = converted(RandomForestClassifier(5, min_samples_leaf=3, random_state=0).fit(X, y))
    off = [
        np.average(
            ((proportions(Clusters(ensemble).ensemble(k)) - proportions(ensemble)) ** 2).sum(axis=1),
            weights=ensemble.leaf_total,
        )
        for k in (1, 2, 4, 8)
    ]
    assert off == sorted(off, reverse=True) and off[-1] < off[0] / 2


def test_small_proportions_go():
    X, y = data("digits")
    ensemble = converted(RandomForestClassifier(5, min_samples_leaf=3, random_state=0).fit(X, y))
    before, after = proportions(ensemble), proportions(trim(ensemble, 0.3))
    largest = np.max(before, axis=1, keepdims=True)
    kept = (before >= 0.3) | (before == largest)
    assert np.any(largest < 0.3) and np.any((before > 0) & ~kept)
    assert np.array_equal(after > 0, kept)
    assert np.allclose(after, before * kept / np.sum(before * kept, axis=1, keepdims=True), rtol=1e-15)
    assert np.array_equal(proportions(trim(ensemble, 0.0)), before / np.sum(before, axis=1, keepdims=True))
    entries = [len(encode(each, "uint8").entry_class) for each in (ensemble, trim(ensemble, 0.3))]
    assert entries[1] < entries[0] / 2


def test_few_distributions_are_left_alone():
    X, y = data("iris")
    ensemble = converted(DecisionTreeClassifier(max_depth=2).fit(X, y))
    assert np.array_equal(proportions(Clusters(ensemble).ensemble(8)), proportions(ensemble))


# ---- Thresholds


def forest(name="breast_cancer", n=10):
    X, y = data(name)
    return converted(RandomForestClassifier(n, random_state=0).fit(X, y)), X.astype(np.float32)


@pytest.mark.parametrize("limit", [1, 3, 15, 255])
def test_no_feature_has_more_thresholds_than_the_limit(limit):
    ensemble, _ = forest()
    snapped = snap(ensemble, limit)
    for feature in np.unique(ensemble.feature):
        own = ensemble.feature == feature
        before, after = ensemble.threshold[own], snapped.threshold[own]
        assert len(np.unique(after)) <= limit and np.isin(after, before).all()
        order = np.argsort(before, kind="stable")
        assert np.all(np.diff(after[order]) >= 0)  # none passes another
        if len(np.unique(before)) <= limit:
            assert np.array_equal(before, after)
    assert np.array_equal(snapped.left, ensemble.left)


def test_no_row_changes_side_where_the_limit_allows_it():
    ensemble, X = forest(n=30)
    few = X[::30]  # 19 rows, so 20 places for a threshold
    most = max(len(np.unique(ensemble.threshold[ensemble.feature == f])) for f in np.unique(ensemble.feature))
    assert len(few) == 19 and most > 20
    snapped = snap(ensemble, 20, few)
    assert [walk(snapped, row) for row in few] == [walk(ensemble, row) for row in few]
    assert [walk(snapped, row) for row in X] != [walk(ensemble, row) for row in X]


def test_infinite_thresholds_stay():
    ensemble, X = forest("iris", 2)
    ensemble = replace(
        ensemble, threshold=np.where(np.arange(len(ensemble.threshold)) == 1, np.inf, ensemble.threshold)
    )
    snapped = snap(ensemble, 1, X)
    assert np.isinf(snapped.threshold[1]) and np.isfinite(np.delete(snapped.threshold, 1)).all()
    with pytest.raises(ValueError, match="limit is 0"):
        snap(ensemble, 0)


# ---- Sizes


def assert_sizes(trees):
    size = size_of(trees)
    file = eml.write(Document(replace(trees, labels=None)))
    arrays = {name: array.nbytes for name, array in eml.pack_arrays(trees).items()}
    assert size.eml == len(file)
    assert (size.nodes, size.roots, size.scales) == (arrays["nodes"], arrays["roots"], arrays.get("scale", 0))
    assert size.leaves == sum(arrays.get(name, 0) for name in ("leaf_start", "entries", "values"))
    widths = {"uint8_t": 1, "uint16_t": 2, "uint32_t": 4, "int32_t": 4}
    assert size.c_data == sum(widths[ctype] * len(words) for _, ctype, words in trees_c._arrays(trees, False))
    scratch = TreesCore(file).scratch_size
    assert size.ram_in_place == 16 + -(-(56 + scratch) // 16) * 16
    assert size.ram == size.ram_in_place + 16 + -(-len(file) // 16) * 16


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n_nodes=st.integers(0, 40),
    n_features=st.sampled_from([1, 5, 300, 20000]),
    n_classes=st.sampled_from([0, 2, 10, 300]),
    dtype=st.sampled_from([ir.DTYPE_FLOAT, ir.DTYPE_INT16, ir.DTYPE_SCALED]),
    leaf=st.sampled_from(["exact", "uint8", "byte", "hard"]),
    weights=st.booleans(),
)
def test_sizes_are_those_of_the_files(seed, n_nodes, n_features, n_classes, dtype, leaf, weights):
    ensemble = random_ensemble(np.random.default_rng(seed), 3, n_nodes, n_features, n_classes, None, weights)
    leaf = "exact" if not n_classes else "uint8" if leaf == "byte" and n_classes > 32 else leaf
    assert_sizes(layout(quantise(ensemble, dtype), encode(ensemble, leaf), n_features, n_classes))


def test_sizes_of_sums_are_those_of_the_files():
    X, y = data("iris")
    assert_sizes(emlearn.convert(GradientBoostingClassifier(n_estimators=3).fit(X, y)).trees)


def test_sizes_in_memory_are_those_that_boards_were_measured_to_take():
    # README.md, "What it costs": ten classes, in place.
    X, y = data("digits")
    trees = emlearn.convert(RandomForestClassifier(3, max_leaf_nodes=9, random_state=0).fit(X, y)).trees
    assert size_of(trees).ram_in_place == 160


def test_levels_are_the_longest_ways():
    left, right = np.array([1, -1, -2]), np.array([2, 2, -3])  # node 2 below 0 and 1
    assert [level.tolist() for level in levels(left, right, np.array([0]))] == [[0], [1], [2]]
