"""Intermediate representations: what converters return, passes transform and writers write."""

from . import linear, trees

__all__ = ["linear", "trees"]
