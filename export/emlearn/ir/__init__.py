"""Intermediate representations: what converters return, passes transform and writers write."""

from . import linear, neighbors, trees

__all__ = ["linear", "neighbors", "trees"]
