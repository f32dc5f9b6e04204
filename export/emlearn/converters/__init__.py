"""Estimator -> intermediate representation, one module a model family. Importing a module registers its converters."""

from . import boosting, forests, keras, kernel, lgbm, linear, neighbors, net, pipeline, trees, xgb

__all__ = ["boosting", "forests", "keras", "kernel", "lgbm", "linear", "neighbors", "net", "pipeline", "trees", "xgb"]
