"""What scikit-learn calls decision_function, score_samples and so on; a module for each family that has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._features import as_core_input, as_raw
from ..ir.document import Output
from . import features, gaussian, kernel, pipeline, trees  # noqa: F401  (they register themselves)
from .base import Scoring, scoring


class Scores:
    """Methods of `Model`."""

    tables: Any
    _core: Any

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Predict probabilities: of `Model`."""
        raise NotImplementedError

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Predict decision values: what the estimator's method of this name returns.

        Of summed trees log odds of the second of two classes; a column for each of several classes, up to a constant
        and, for AdaBoost, a factor; for outlier detectors `score_samples` less the offset, negative for outliers. Of
        naive Bayes and quadratic discriminant analysis log posteriors up to a constant; of two classes the second less
        the first. Of support vector machines with several classes one for each pair of them
        (decision_function_shape="ovo"), or votes and confidence of each class ("ovr"), by which `predict` goes for
        break_ties=True only.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
            As for `predict`.

        Returns
        -------
        ndarray, shape (n_rows,) for two classes, else (n_rows, n_classes) or (n_rows, n_pairs)
            In the order of `classes_`. float64 for summed trees and Gaussian components, else float32.

        Raises
        ------
        ValueError
            As `predict`; and for a model that has none: regression, mixtures, forests, whose predict_proba says all.
        """
        if self.tables.n_classes == 0:
            raise ValueError("a regression model has no decision function; use predict")
        return self._scoring.decision(self._core, self._input(X))

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Return how normal rows are: the lower, the more abnormal.

        Of an isolation forest minus the anomaly score, from -1 to 0; of an elliptic envelope minus the squared
        Mahalanobis distance; of a one-class SVM the sum of its kernels; of a mixture the log-likelihood.

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
        return self._scoring.samples(self._core, self._input(X))

    def score(self, X: Any) -> float:
        """Return the mean log-likelihood of a mixture, as its estimator's method of this name; X as for `predict`."""
        if self.tables.output != Output.PROBABILITIES_AND_SCORE:
            raise ValueError("only a mixture has a score of its own; compare predict with the labels")
        return float(np.mean(self.score_samples(X)))

    def mahalanobis(self, X: Any) -> NDArray[np.float64]:
        """Return squared Mahalanobis distances, shape (n_rows,), of an elliptic envelope; X as for `predict`."""
        if not isinstance(self._scoring, gaussian.EnvelopeScoring):
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
        self._check_probabilities()
        return self._scoring.log_proba(self._core, self._input(X))

    @property
    def is_outlier_detector(self) -> bool:
        """Whether the classes are -1, outliers, and 1."""
        return self._scoring.detects_outliers

    @property
    def _scoring(self) -> Scoring:
        return scoring(self.tables)

    def _input(self, X: Any) -> NDArray[Any]:
        """Features as the core takes them."""
        return as_core_input(as_raw(X, self.tables), self.tables)

    def _check_probabilities(self) -> None:
        """Raise ValueError unless the model has probabilities."""
        if self.tables.n_classes == 0:
            raise ValueError("a regression model has no probabilities; use predict")
        if self.is_outlier_detector:
            raise ValueError("an outlier detector has no probabilities; use score_samples")
        if self.tables.output not in (Output.PROBABILITIES, Output.PROBABILITIES_AND_SCORE):
            raise ValueError("this estimator has no probabilities; use decision_function")
