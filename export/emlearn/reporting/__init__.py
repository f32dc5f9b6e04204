"""A report on a model: what it is, what smaller variants of it lose, and on which boards it runs."""

from __future__ import annotations

from .report import Report, report

__all__ = ["Report", "report"]
