"""What work of convolutional networks costs on boards, in instructions: made by bench/cnn_costs.py."""

COSTS: dict[str, dict[str, tuple[float, ...]]] = {}
ERRORS: dict[str, tuple[float, float]] = {}
