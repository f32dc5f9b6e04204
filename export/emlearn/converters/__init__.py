"""Estimator -> intermediate representation, one module a model family. Importing a module registers its converters."""

from . import keras, linear, net, pipeline, trees

__all__ = ["keras", "linear", "net", "pipeline", "trees"]
