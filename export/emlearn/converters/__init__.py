"""Estimator -> intermediate representation, one module a model family. Importing a module registers its converters."""

from . import bayes, boosting, forests, keras, lgbm, linear, mixture, neighbors, net, pipeline, trees, xgb

__all__ = ["bayes", "boosting", "forests", "keras", "lgbm", "linear", "mixture", "neighbors", "net", "pipeline"]
__all__ += ["trees", "xgb"]
