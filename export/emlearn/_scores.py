"""What scikit-learn calls decision_function and score_samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._core import Core, TreesCore
from ._features import as_core_input, as_raw
from .ir import sums
from .ir.document import Output
from .ir.gaussian import Bayes, Gaussian, Mixture
from .ir.trees import LEAF_SUM, LEAVES


class Scores:
    """Methods of `Model`."""

    tables: Any
    _core: Core

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Predict probabilities: of `Model`."""
        raise NotImplementedError

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Predict decision values: what the estimator's method of this name returns.

        Of summed trees log odds of the second of two classes; a column for each of several classes, up to a constant
        and, for AdaBoost, a factor; for an isolation forest or elliptic envelope `score_samples` less the offset,
        negative for outliers. Of naive Bayes and quadratic discriminant analysis log posteriors up to a constant; of
        two classes the second less the first.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
            As for `predict`.

        Returns
        -------
        ndarray, shape (n_rows,) for two classes, else (n_rows, n_classes)
            In the order of `classes_`. float64 for summed trees and Gaussian components, else float32.

        Raises
        ------
        ValueError
            As `predict`; and for a model that has none: regression, mixtures, forests, whose predict_proba says all.
        """
        tables = self.tables
        if tables.n_classes == 0:
            raise ValueError("a regression model has no decision function; use predict")
        if isinstance(tables, Gaussian):
            return self._gaussian_decision(X)
        if self.is_outlier_detector:
            offset = -np.exp(-np.ldexp(float(tables.bases[0]), tables.exponent))
            return np.asarray(self.score_samples(X) - offset)
        core_input = as_core_input(as_raw(X, tables), tables)
        found: NDArray[Any] = self._sums(core_input) if self._is_sum else self._core.decision(core_input)
        return found if found.shape[1] > 1 else found[:, 0]

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Return how normal rows are: the lower, the more abnormal.

        Of an isolation forest minus the anomaly score, from -1 to 0; of an elliptic envelope minus the squared
        Mahalanobis distance; of a mixture the log-likelihood.

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
        tables = self.tables
        if isinstance(tables, Mixture):
            ratios, best = self._ratios(X)
            if tables.is_envelope:
                return np.asarray(best - tables.base_value)
            return np.asarray(best + np.log(np.sum(np.exp(ratios), axis=1)))
        if not self.is_outlier_detector:
            raise ValueError("only mixtures and outlier detectors score samples; use predict")
        core_input = as_core_input(as_raw(X, tables), tables)
        return np.asarray(-np.exp(-self._sums(core_input)[:, 0]))

    def score(self, X: Any) -> float:
        """Return the mean log-likelihood of a mixture, as its estimator's method of this name; X as for `predict`."""
        if self.tables.output != Output.PROBABILITIES_AND_SCORE:
            raise ValueError("only a mixture has a score of its own; compare predict with the labels")
        return float(np.mean(self.score_samples(X)))

    def mahalanobis(self, X: Any) -> NDArray[np.float64]:
        """Return squared Mahalanobis distances, shape (n_rows,), of an elliptic envelope; X as for `predict`."""
        if not (isinstance(self.tables, Mixture) and self.tables.is_envelope):
            raise ValueError("only an elliptic envelope has Mahalanobis distances")
        return -self.score_samples(X)

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict logarithms of probabilities; where these come from Gaussian components, also of the smallest.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
            As for `predict`.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_classes)
            In the order of `classes_`.

        Raises
        ------
        ValueError
            As `predict_proba`.
        """
        if isinstance(self.tables, Gaussian) and not self.is_outlier_detector:
            ratios, _ = self._ratios(X)
            return np.asarray(ratios - np.log(np.sum(np.exp(ratios), axis=1, keepdims=True)))
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X).astype(np.float64))

    def _ratios(self, X: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores of Gaussian components less that of the best, and that of the best."""
        found = self._core.decision(as_core_input(as_raw(X, self.tables), self.tables)).astype(np.float64)
        return found[:, :-1], found[:, -1]

    def _gaussian_decision(self, X: Any) -> NDArray[np.float64]:
        ratios, best = self._ratios(X)
        if self.is_outlier_detector:
            return best
        if not isinstance(self.tables, Bayes):
            raise ValueError("a mixture has no decision function; use predict_proba or score_samples")
        return ratios[:, 1] - ratios[:, 0] if ratios.shape[1] == 2 else ratios + best[:, None]

    @property
    def is_outlier_detector(self) -> bool:
        """Whether the classes are -1, outliers, and 1: the model of an isolation forest or an elliptic envelope."""
        if isinstance(self.tables, Mixture):
            return self.tables.is_envelope
        return self._is_sum and sums.link_of(self.tables.entry) == sums.ISOLATION

    @property
    def _is_sum(self) -> bool:
        return bool(self.tables.facts().get("leaf") == LEAVES[LEAF_SUM])

    def _sums(self, core_input: NDArray[Any]) -> NDArray[np.float64]:
        assert isinstance(self._core, TreesCore)
        found = self._core.sums(core_input, sums.n_sums(self.tables.entry, self.tables.n_classes, self.tables.n_trees))
        return np.ldexp(found.astype(np.float64), int(self.tables.exponent))
