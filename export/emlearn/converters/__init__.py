"""Estimator -> intermediate representation, one module a model family. Importing a module registers its converters."""

# ruff: noqa: F401
from . import (
    bayes,
    boosting,
    features,
    forests,
    hist,
    keras,
    kernel,
    lgbm,
    linear,
    mixture,
    neighbors,
    net,
    pipeline,
    torch,
    trees,
    xgb,
)
