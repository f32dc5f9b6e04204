"""Scores of the model behind the steps of a pipeline."""

from __future__ import annotations

from ..ir.pipeline import Pipeline
from .base import Scoring, scoring


@scoring.register
def _(tables: Pipeline) -> Scoring:
    return scoring(tables.inner)
