"""Estimator -> intermediate representation, one module a model family. Importing a module registers its converters."""

from . import trees

__all__ = ["trees"]
