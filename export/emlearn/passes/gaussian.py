"""Gaussian components as the device has them: triangular matrices of integers, means in units of each feature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..errors import ConvertError
from ..ir.document import Output
from ..ir.gaussian import Bayes, GaussianModel, Kind, Mixture

MAX_CONSTANT = 2.0**31


def fix(model: GaussianModel) -> Bayes | Mixture:
    """Round a model: coefficients to 31 bits of the largest one of a feature in a matrix, means as `means_to_int32`.

    Raises
    ------
    ConvertError
        If a number is NaN, infinite or out of range, or the model is larger than the format holds.
    """
    for what, numbers in (("mean", model.means), ("precision", model.factors), ("constant", model.constants)):
        if not np.all(np.isfinite(numbers)):
            raise ConvertError(f"a {what} is NaN or infinite; train on scaled features")
    diagonal = model.factors.ndim == 2
    matrices = model.factors[:, None, :] if diagonal else np.stack([triangular(f) for f in model.factors])
    parts = [q.columns_to_int32(matrix) for matrix in matrices]
    n_rows = model.n_features if diagonal else matrices.shape[1]
    if diagonal:
        rows = [integers[0] for integers, _ in parts]
    else:
        rows = [integers[j, j:] for integers, _ in parts for j in range(n_rows)]
    coef = np.concatenate(rows).astype(np.int32)
    # A feature's coefficients together are one over its standard deviation, where the others are given.
    largest = np.sqrt(np.max(np.sum(matrices**2, axis=1), axis=0))
    with np.errstate(divide="ignore"):
        mean, centre, unit = q.means_to_int32(model.means, 1.0 / largest)
    base = float(np.max(model.constants))
    constant = np.minimum(base - model.constants, MAX_CONSTANT)
    if not -MAX_CONSTANT <= base < MAX_CONSTANT:
        raise ConvertError(f"a constant of this model is {base}, beyond 2^31; train on scaled features")
    (whole, fraction), (base_whole, base_fraction) = q.to_fixed(constant), q.to_fixed(np.array([base]))
    tables = Bayes if model.output == Output.PROBABILITIES else Mixture
    try:
        return tables(
            n_features=model.n_features,
            n_classes=model.n_classes,
            labels=model.labels,
            kind=int(Kind.DIAGONAL if diagonal else Kind.TRIANGULAR),
            n_components=len(model.means),
            n_matrices=len(matrices),
            n_rows=n_rows,
            n_coef=len(coef),
            base=int(base_whole[0]),
            base_fraction=int(base_fraction[0]),
            unit=unit,
            centre=centre,
            shift=np.stack([shift for _, shift in parts]),
            mean=mean,
            constant=whole.astype(np.uint32),
            fraction=fraction,
            coef=coef,
        )
    except ValueError as error:
        raise ConvertError(f"this model does not fit the format: {error}") from error


def triangular(factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an upper triangular matrix, of as many rows or of one a feature, that gives vectors the same length."""
    return np.asarray(np.linalg.qr(factor, mode="r"), np.float64)
