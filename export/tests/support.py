"""What several tests share: data sets, rows that hurt, and an ensemble walked in plain Python."""

from __future__ import annotations

from functools import cache

import numpy as np
from emlearn._registry import find
from emlearn.ir.trees import Ensemble
from sklearn import datasets, preprocessing

LOADERS = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "diabetes": datasets.load_diabetes,
}


@cache
def data(name):
    """X, y of a data set; "scaled digits" are floats. y of diabetes is a number, of the others a class."""
    X, y = LOADERS[name.removeprefix("scaled ")](return_X_y=True)
    return (preprocessing.StandardScaler().fit_transform(X) if name.startswith("scaled") else X), y


def rows_around(thresholds_of, X, seed=0, n=200, integers=False):
    """Rows of X in which about half of the features are put on, just below or just above one of their thresholds.

    thresholds_of: {feature: float64 thresholds}.
    """
    random = np.random.default_rng(seed)
    rows = X[random.integers(0, len(X), n)].astype(np.float32)
    for feature, thresholds in thresholds_of.items():
        thresholds = thresholds[np.isfinite(thresholds)]
        if len(thresholds) == 0:
            continue
        chosen, side = random.choice(thresholds, n), random.integers(-1, 2, n)
        with np.errstate(over="ignore"):
            on = chosen.astype(np.float32)  # rounded to nearest: above or below
            beside = np.nextafter(on, np.where(side < 0, -np.inf, np.inf).astype(np.float32))
            values = (np.floor(chosen) + side).astype(np.float32) if integers else np.where(side == 0, on, beside)
        put = random.random(n) < 0.5
        rows[put, feature] = values[put]
    return rows


def with_missing(X, seed=0, part=0.2):
    rows = np.array(X, np.float32)
    rows[np.random.default_rng(seed).random(rows.shape) < part] = np.nan
    return rows


def thresholds_of(estimator):
    """{feature: float64 thresholds} of a fitted ensemble, as its converter sees them."""
    converted = find(estimator)(estimator)
    return {f: converted.threshold[converted.feature == f] for f in np.unique(converted.feature)}


def walk(ensemble, row):
    """Leaf of each tree for one row of float32, compared in float64 as scikit-learn does."""
    leaves = []
    for ref in ensemble.roots.tolist():
        while ref >= 0:
            value = float(row[ensemble.feature[ref]])
            left = ensemble.missing_left[ref] if np.isnan(value) else value <= ensemble.threshold[ref]
            ref = int(ensemble.left[ref] if left else ensemble.right[ref])
        leaves.append(-1 - ref)
    return leaves


def mean_outputs(ensemble, row):
    """Float64 mean of the leaves, summed in tree order: probabilities, or one value."""
    total = np.zeros(max(ensemble.n_classes, 1))
    for leaf in walk(ensemble, row):
        if ensemble.n_classes:
            entries = slice(ensemble.leaf_start[leaf], ensemble.leaf_start[leaf + 1])
            total[ensemble.leaf_class[entries]] += ensemble.leaf_proportion[entries]
        else:
            total[0] += ensemble.leaf_value[leaf]
    return total / len(ensemble.roots)


def random_ensemble(
    random, n_trees=3, n_nodes=20, n_features=4, n_classes=3, thresholds=None, weights=False, chain=False
):
    """An ensemble of random shape. n_nodes: decision nodes a tree; chain: each node's right child is a leaf."""
    draw = (lambda n: random.normal(size=n) * 3) if thresholds is None else (lambda n: random.choice(thresholds, n))
    left, right, roots = [], [], []
    n_leaves = 0
    for _ in range(n_trees):
        first = len(left)
        if n_nodes == 0:
            roots.append(-1 - n_leaves)
            n_leaves += 1
            continue
        left += [None] * n_nodes
        right += [None] * n_nodes
        roots.append(first)
        free = [(left, first), (right, first)]
        for node in range(first + 1, first + n_nodes):
            side, parent = free.pop(0 if chain else int(random.integers(len(free))))
            side[parent] = node
            free[0:0] = [(left, node)]
            free.append((right, node))
        for side, parent in free:
            side[parent] = -1 - n_leaves
            n_leaves += 1
    n = len(left)
    sizes = random.integers(1, min(n_classes, 4) + 1, n_leaves) if n_classes else np.zeros(n_leaves, int)
    classes = [np.sort(random.choice(n_classes, size, replace=False)) for size in sizes] if n_classes else []
    counts = [random.random(size) if weights else random.integers(1, 9, size).astype(float) for size in sizes]
    return Ensemble(
        n_features=n_features,
        n_classes=n_classes,
        feature=random.integers(0, n_features, n),
        threshold=np.asarray(draw(n), np.float64),
        left=np.array(left, np.int64),
        right=np.array(right, np.int64),
        missing_left=random.random(n) < 0.5,
        roots=np.array(roots, np.int64),
        leaf_start=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        leaf_class=np.concatenate([*classes, np.zeros(0, np.int64)]).astype(np.int64),
        leaf_proportion=np.concatenate([*(c / c.sum() for c in counts), np.zeros(0)]),
        leaf_total=np.array([c.sum() for c in counts]),
        leaf_value=np.zeros(0) if n_classes else random.normal(size=n_leaves),
    )


def rows_for(ensemble, random, n=100, integers=False):
    """Rows on, below and above thresholds, some with NaN."""
    of = {f: ensemble.threshold[ensemble.feature == f] for f in np.unique(ensemble.feature)}
    base = np.rint(random.normal(size=(n, ensemble.n_features)) * 3)
    rows = rows_around(of, base, int(random.integers(1000)), n, integers)
    if not integers:
        rows[n // 2 :] = with_missing(rows[n // 2 :], int(random.integers(1000)))
    return rows
