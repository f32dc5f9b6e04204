"""Forests by chance: of other sizes, data, thresholds and leaves at every turn."""

from itertools import count, islice

import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

import emlearn

N_ROWS = 20
MAX_BYTES = 60_000  # of a file: there is to be room for it on each board
CLASSIFIERS = (RandomForestClassifier, ExtraTreesClassifier)
LEAVES = ("exact", "uint8", "byte", "hard")
REGRESSORS = (RandomForestRegressor, ExtraTreesRegressor)


def forests(seed, n, many=0.1, regression=0.15, leaves=LEAVES):
    """Title, model and rows of each; many, regression: parts of them that have more than 256 features, and values."""
    random = np.random.default_rng(seed)
    found = (forest(random, i, many, regression, leaves) for i in count())
    return list(islice((each for each in found if len(each[1].save(format="eml")) <= MAX_BYTES), n))


def forest(random, i, many, regression, leaves):
    """Title, model and rows of one."""
    X, y = _data(random, i, many)
    unit = random.choice((10, 1000, 0))  # few thresholds, many, or decimals, which int16 takes as scaled
    X = np.round(X * unit).clip(-32768, 32767) if unit else X.astype(np.float32)
    is_regression = random.random() < regression
    options = {
        "n_estimators": int(random.integers(1, 61)),
        "max_depth": (None, *range(2, 13))[random.integers(12)],
        "min_samples_leaf": int(random.integers(1, 6)),
        "random_state": i,
    }
    if not is_regression and random.random() < 0.15:
        options["class_weight"] = {0: 1.7}  # proportions that are no ratios of small integers
    estimator = (REGRESSORS if is_regression else CLASSIFIERS)[random.integers(2)](**options)
    estimator.fit(X[N_ROWS:], y[N_ROWS:] + (X[N_ROWS:, 0] if is_regression else 0))
    dtype, leaf = random.choice(("int16", "float")), random.choice(leaves)
    layout = random.choice(("packed", "packed8"))
    wanted = {"dtype": dtype, "scale": not unit if dtype == "int16" else None}
    if not is_regression:
        wanted["leaf"] = leaf
    try:
        model = emlearn.convert(estimator, layout=layout, **wanted)
    except emlearn.ConvertError:  # more features or thresholds than 8 bits can tell
        layout, model = "packed", emlearn.convert(estimator, **wanted)
    kind = "regression" if is_regression else f"{estimator.n_classes_} classes, {leaf}"
    words = [f"{options['n_estimators']} trees", f"{X.shape[1]} features", kind, model.tables.dtype_name]
    words += ["weighted"] * ("class_weight" in options) + ["8 bits"] * (layout == "packed8")
    return ", ".join(words), model, X[:N_ROWS]


def _data(random, i, many):
    n_features, n_classes = int(random.integers(3, 61)), int(random.integers(2, 11))
    if random.random() < many:
        n_features += 256  # more than a byte of a node tells
    n_informative = int(random.integers(min(n_features, 6), min(n_features, 16) + 1))
    while n_classes > 2 ** (n_informative - 1):
        n_classes -= 1
    return make_classification(
        int(random.integers(200, 2000)),
        n_features,
        n_informative=n_informative,
        n_redundant=0,
        n_classes=n_classes,
        n_clusters_per_class=1,
        class_sep=random.uniform(0.3, 2.0),
        random_state=i,
    )
