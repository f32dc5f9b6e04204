"""Estimator -> intermediate representation, one module a model family. Importing a module registers its converters."""

from . import linear, neighbors, pipeline, trees

__all__ = ["linear", "neighbors", "pipeline", "trees"]
