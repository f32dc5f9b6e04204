"""Transformers for use before training: what they do, a device does exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import validation
from sklearn.utils.validation import check_array, check_is_fitted

__all__ = ["Quantizer"]

_RANGES = {"int16": 32767, "int8": 127}


class Quantizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Scale features to integers: multiply, round halves to even, and limit to the range of the type.

    In a Pipeline before the estimator, converted models do the same on raw float32 features.

    Parameters
    ----------
    dtype : {"int16", "int8"}
        What `transform` returns.
    max_value : float or array-like of shape (n_features,), optional
        What becomes the largest integer; larger numbers are limited. By default, for each feature, the quantile of
        the absolute values seen by `fit` that `max_quantile` leaves above it.
    max_quantile : float
        Part of the samples, of each feature, that may be limited.
    out_max : int, optional
        The largest integer; by default that of the type, 32767 or 127.

    Attributes
    ----------
    scale_ : ndarray of float64, shape (n_features,)
        Float32 numbers, so that the product with a float32 feature is exact.
    n_features_in_ : int
    """

    def __init__(
        self,
        dtype: str = "int16",
        max_value: Any = None,
        max_quantile: float = 0.001,
        out_max: int | None = None,
    ) -> None:
        self.dtype = dtype
        self.max_value = max_value
        self.max_quantile = max_quantile
        self.out_max = out_max

    def fit(self, X: ArrayLike, y: Any = None) -> Quantizer:
        """Choose the scales.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or X is no table of finite numbers.
        """
        X = self._check(X, reset=True)
        if self.dtype not in _RANGES:
            raise ValueError(f"dtype={self.dtype!r} is unknown; use 'int16' or 'int8'")
        if not 1 <= self.limit <= _RANGES[self.dtype]:
            raise ValueError(f"out_max={self.out_max!r} is not from 1 to {_RANGES[self.dtype]}, as {self.dtype} has it")
        if not 0.0 <= self.max_quantile < 1.0:
            raise ValueError(f"max_quantile={self.max_quantile!r} is no part of the samples, from 0 to below 1")
        if self.max_value is None:
            largest = np.quantile(np.abs(X), 1.0 - self.max_quantile, axis=0)
            largest = np.where(largest > 0.0, largest, 1.0)
        else:
            largest = np.broadcast_to(np.asarray(self.max_value, np.float64), X.shape[1])
            if not np.all((largest > 0.0) & np.isfinite(largest)):
                raise ValueError(f"max_value={self.max_value!r} is not finite and above 0")
        # Within what float32 holds with all its digits.
        scale = np.clip(self.limit / np.maximum(largest, 1e-300), 2.0**-120, 2.0**120)
        self.scale_: NDArray[np.float64] = scale.astype(np.float32).astype(np.float64)
        return self

    @property
    def limit(self) -> int:
        """The largest integer."""
        return _RANGES[self.dtype] if self.out_max is None else int(self.out_max)

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return integers of type `dtype`, of the shape of X.

        Raises
        ------
        ValueError
            If X is no table of finite numbers with as many features as `fit` has seen.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        # An infinite number comes out at the limit; NaN, which is refused unless finiteness is assumed, as 0.
        rounded = np.clip(np.rint(X * self.scale_), -self.limit, self.limit)
        return np.asarray(np.nan_to_num(rounded).astype(self.dtype))

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the numbers that integers stand for."""
        check_is_fitted(self)
        return np.asarray(check_array(X, dtype=np.float64) / self.scale_)

    def _check(self, X: ArrayLike, reset: bool) -> NDArray[np.float64]:
        if hasattr(validation, "validate_data"):  # since 1.6
            return np.asarray(validation.validate_data(self, X, dtype=np.float64, reset=reset))
        return np.asarray(self._validate_data(X, dtype=np.float64, reset=reset))

    def __sklearn_tags__(self) -> Any:
        """Say to scikit-learn that what comes out are integers."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
