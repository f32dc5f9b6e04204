"""Data sets and models as several families need them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from emlearn.ir.document import Document
from sklearn import datasets

import emlearn

LABELS = np.array(["\nblue", "gr\u00fcn", "red, \\"])  # of three classes: not all ASCII, and what CSV must quote


@cache
def data(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X.astype(np.float32), y


def holed(X, share=0.15, value=np.nan):
    X = X.copy()
    X[np.random.default_rng(0).random(X.shape) < share] = value
    return X


def odd(X, n):
    """The first n rows, by powers of two larger and smaller than any of the data."""
    X = X[:n]
    return (X * 2.0 ** np.random.default_rng(0).integers(-30, 30, X.shape)).astype(np.float32)


def fitted(name, estimator, y=None, every=1, rows=25):
    """A model of every n-th row, and about so many rows, followed by 25 that are not like the data."""
    X, known = data(name)
    y = known if y is None else y
    model = emlearn.convert(estimator.fit(X[::every], y[::every]), data=X)
    return model, np.concatenate((X[:: len(X) // rows], odd(X, 20), -X[:5]))


def same_classes(model, X, expected):
    """Of `fitted`, in the rows that are like the data."""
    if model.is_classifier:
        likely = slice(len(X) - 25)
        np.testing.assert_array_equal(expected.labels[likely], model.estimator.predict(X[likely]))


def plain(models):
    """`corrupt` of these models without what the PC does not read."""
    for model in models:
        yield emlearn.Model(Document(replace(model.tables, labels=None))).save(format="eml"), True


def whole(model):
    return model.save(format="eml"), False
