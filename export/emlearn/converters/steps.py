"""Transformers that fold into nothing."""

from __future__ import annotations

from typing import Any

from ..errors import ConvertError


def staged(front: list[Any], model: Any, steps: list[Any]) -> Any:
    """Refuse transformers that need steps of their own in the file."""
    name = type(front[-1]).__name__
    raise ConvertError(f"{name} before this estimator is not supported; transform the features first")
