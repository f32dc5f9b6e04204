"""What scikit-learn calls decision_function and score_samples, of models whose leaves are summed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._core import TreesCore
from ._features import as_core_input, as_raw
from .ir import sums
from .ir.trees import LEAF_SUM, Trees


class Scores:
    """Methods of `Model`."""

    trees: Trees
    _core: TreesCore

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Sum the trees: what the estimator's method of this name returns.

        Log odds of the second of two classes; a column for each of several classes, up to a constant and, for
        AdaBoost, a factor; for an isolation forest `score_samples` less the offset, negative for outliers.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
            As for `predict`.

        Returns
        -------
        ndarray of float64, shape (n_rows,) or (n_rows, n_classes)

        Raises
        ------
        ValueError
            As `predict`; and for a model that has none: regression, and forests, whose predict_proba says all.
        """
        if self.trees.leaf != LEAF_SUM or self.trees.n_classes == 0:
            raise ValueError("this model has no decision function; use predict or, of a classifier, predict_proba")
        if sums.link_of(self.trees.entry) == sums.ISOLATION:
            offset = -np.exp(-np.ldexp(float(self.trees.bases[0]), self.trees.exponent))
            return np.asarray(self.score_samples(X) - offset)
        found = self._sums(X)
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
        return np.asarray(-np.exp(-self._sums(X)[:, 0]))

    @property
    def is_outlier_detector(self) -> bool:
        """Whether the classes are -1, outliers, and 1: the model of an isolation forest."""
        return self.trees.leaf == LEAF_SUM and sums.link_of(self.trees.entry) == sums.ISOLATION

    def _sums(self, X: Any) -> NDArray[np.float64]:
        trees = self.trees
        core_input = as_core_input(as_raw(X, trees), trees)
        found = self._core.sums(core_input, sums.n_sums(trees.entry, trees.n_classes))
        return np.ldexp(found.astype(np.float64), trees.exponent)
