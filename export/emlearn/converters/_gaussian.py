"""What converters of Gaussian components share: how transformers fold into them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import ConvertError
from ..ir.gaussian import GaussianModel
from .pipeline import Affine, folds

FOLD_ERROR = 2.0**-30  # of a standard deviation, to which means must be found again


@folds
def _fold(model: GaussianModel, affine: Affine) -> GaussianModel:
    """factor @ (A x + b - mean) = (factor @ A) @ (x - m), with A m + b = mean."""
    A, b = affine.matrix, affine.offset
    used = A != 0.0
    scales = np.all(np.sum(used, axis=0) <= 1) and np.all(np.sum(used, axis=1) <= 1)
    if model.factors.ndim == 2 and scales:  # of each feature at most one
        inverse = np.where(used, 1.0 / np.where(used, A, 1.0), 0.0)
        means = (model.means - b) @ inverse
        return replace(model, means=means, factors=np.abs(model.factors @ A))
    # Of unit rows: scalers leave features of very different sizes.
    sizes = np.linalg.norm(A, axis=1)
    if np.any(sizes == 0.0):
        raise ConvertError("a transformer of this Pipeline makes a constant feature; leave that feature out")
    means = np.linalg.lstsq(A / sizes[:, None], ((model.means - b) / sizes).T, rcond=None)[0].T
    factors = model.factors if model.factors.ndim == 3 else np.stack([np.diag(f) for f in model.factors])
    left = factors @ (means @ A.T + b - model.means)[:, :, None]
    if np.any(np.abs(left) > FOLD_ERROR):
        raise ConvertError("the transformers of this Pipeline do not fold into the model; transform the features first")
    return replace(model, means=means, factors=factors @ A)
