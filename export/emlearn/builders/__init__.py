"""What converters return -> `Model`: rounded, compared with the estimator, with golden rows."""

from . import features, gaussian, kernel, net, steps  # noqa: F401  (they register themselves)
from .base import Options, build

__all__ = ["Options", "build"]
