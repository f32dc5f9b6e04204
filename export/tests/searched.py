"""Forests that `convert(optimize=...)` makes smaller, and rows that they were not trained on."""

from __future__ import annotations

from functools import cache

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from support import data

import emlearn


@cache
def split(name):
    X, y = data(name)
    return train_test_split(X, y, test_size=0.4, random_state=0, stratify=y)


@cache
def fitted(name="wine", n=6):
    X, _, y, _ = split(name)
    return RandomForestClassifier(n, random_state=0).fit(X, y)


def recall(y, proba):
    """A function of the user's own."""
    return float(np.mean(np.argmax(proba, axis=1)[y == 1] == 1))


def validation(name="wine"):
    _, X, _, y = split(name)
    return X, y


@cache
def smallest(name="wine", **options):
    return emlearn.convert(fitted(name), optimize="size", max_loss=0.05, data=validation(name), **options)
