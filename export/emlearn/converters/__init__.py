"""Estimator -> intermediate representation, one module a model family. Importing a module registers its converters."""

from . import boosting, forests, hist, keras, lgbm, linear, neighbors, net, pipeline, torch, trees, xgb

__all__ = [
    "boosting",
    "forests",
    "hist",
    "keras",
    "lgbm",
    "linear",
    "neighbors",
    "net",
    "pipeline",
    "torch",
    "trees",
    "xgb",
]
