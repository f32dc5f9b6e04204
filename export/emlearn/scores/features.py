"""Scores of the model behind blocks."""

from __future__ import annotations

from ..ir.features import Features
from .base import Scoring, scoring


@scoring.register
def _(tables: Features) -> Scoring:
    return Scoring(tables) if tables.inner is None else scoring(tables.inner)
