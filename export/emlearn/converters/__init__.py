"""Estimator -> intermediate representation, one module a model family. Importing a module registers its converters."""

from . import linear, pipeline, trees

__all__ = ["linear", "pipeline", "trees"]
