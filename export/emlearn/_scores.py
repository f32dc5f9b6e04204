"""What scikit-learn calls decision_function and score_samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._features import as_core_input, as_raw
from .ir import sums
from .ir.trees import LEAF_SUM, LEAVES


class Scores:
    """Methods of `Model`."""

    tables: Any
    _core: Any

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Predict decision values: what the estimator's method of this name returns.

        Of summed trees log odds of the second of two classes; a column for each of several classes, up to a constant
        and, for AdaBoost, a factor; for an isolation forest `score_samples` less the offset, negative for outliers.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
            As for `predict`.

        Returns
        -------
        ndarray, shape (n_rows,) for two classes, else (n_rows, n_classes)
            In the order of `classes_`. float64 for summed trees, else float32.

        Raises
        ------
        ValueError
            As `predict`; and for a model that has none: regression, and forests, whose predict_proba says all.
        """
        tables = self.tables
        if tables.n_classes == 0:
            raise ValueError("a regression model has no decision function; use predict")
        if self.is_outlier_detector:
            offset = -np.exp(-np.ldexp(float(tables.bases[0]), tables.exponent))
            return np.asarray(self.score_samples(X) - offset)
        core_input = as_core_input(as_raw(X, tables), tables)
        found: NDArray[Any] = self._sums(core_input) if self._is_sum else self._core.decision(core_input)
        return found if found.shape[1] > 1 else found[:, 0]

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Return minus the anomaly score of an isolation forest, from -1 to 0: the lower, the more abnormal.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
            As for `predict`.

        Returns
        -------
        ndarray of float64, shape (n_rows,)

        Raises
        ------
        ValueError
            As `predict`; and for any other model.
        """
        if not self.is_outlier_detector:
            raise ValueError("only an isolation forest scores samples; use predict")
        core_input = as_core_input(as_raw(X, self.tables), self.tables)
        return np.asarray(-np.exp(-self._sums(core_input)[:, 0]))

    @property
    def is_outlier_detector(self) -> bool:
        """Whether the classes are -1, outliers, and 1: the model of an isolation forest."""
        return self._is_sum and sums.link_of(self.tables.entry) == sums.ISOLATION

    @property
    def _is_sum(self) -> bool:
        return bool(self.tables.facts().get("leaf") == LEAVES[LEAF_SUM])

    def _sums(self, core_input: NDArray[Any]) -> NDArray[np.float64]:
        found = self._core.sums(core_input, sums.n_sums(self.tables.entry, self.tables.n_classes))
        return np.asarray(np.ldexp(found.astype(np.float64), int(self.tables.exponent)))
