"""Estimator -> intermediate representation, one module a model family. Importing a module registers its converters."""

from . import boosting, forests, lgbm, linear, pipeline, trees, xgb

__all__ = ["boosting", "forests", "lgbm", "linear", "pipeline", "trees", "xgb"]
