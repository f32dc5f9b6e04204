"""Prices."""
COSTS: dict[str, dict[str, tuple[float, ...]]] = {}
