"""From a `GaussianModel` to a `Model` that has been compared with its estimator."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ConvertError
from ..ir.gaussian import GaussianModel
from ..model import Model
from ..passes.gaussian import fix
from .base import N_PROBES, Options, build, build_tables


@build.register
def _(source: GaussianModel, estimator: Any, options: Options) -> Model:
    if options.scale is not None:
        raise ConvertError(f"scale= is for trees; for {type(estimator).__name__} leave it out")
    # Around the means, as far as the features' own deviations, and between two means, where classes meet.
    random = np.random.default_rng(0)
    first, second = source.means[random.integers(0, len(source.means), (2, N_PROBES))]
    size = np.linalg.norm(source.factors, axis=1) if source.factors.ndim == 3 else source.factors
    size = np.max(size, axis=0)
    deviation = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0.0)
    part = random.random((N_PROBES, 1))
    rows = part * first + (1 - part) * second + random.normal(size=first.shape) * deviation
    return build_tables(fix(source), estimator, options, rows, source.classes)
