"""Scores of Gaussian components: each one's log density, less that of the best."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir.gaussian import Bayes, Gaussian, Mixture
from .base import Scoring, scoring


class BayesScoring(Scoring):
    """Of naive Bayes and discriminant analysis."""

    def decision(self, core: Any, core_input: NDArray[Any]) -> NDArray[Any]:
        """Return log posteriors up to a constant; of two classes the second less the first."""
        ratios, best = _ratios(core, core_input)
        return ratios[:, 1] - ratios[:, 0] if ratios.shape[1] == 2 else ratios + best[:, None]

    def log_proba(self, core: Any, core_input: NDArray[Any]) -> NDArray[np.float64]:
        """Return them also where probabilities are too small for float32."""
        ratios, _ = _ratios(core, core_input)
        return np.asarray(ratios - np.log(np.sum(np.exp(ratios), axis=1, keepdims=True)))


class MixtureScoring(BayesScoring):
    """Of mixtures."""

    def decision(self, core: Any, core_input: NDArray[Any]) -> NDArray[Any]:
        """Refuse, as scikit-learn's have none."""
        raise ValueError("a mixture has no decision function; use predict_proba or score_samples")

    def samples(self, core: Any, core_input: NDArray[Any]) -> NDArray[np.float64]:
        """Return log-likelihoods."""
        ratios, best = _ratios(core, core_input)
        return np.asarray(best + np.log(np.sum(np.exp(ratios), axis=1)))


class EnvelopeScoring(Scoring):
    """Of elliptic envelopes."""

    detects_outliers = True

    def decision(self, core: Any, core_input: NDArray[Any]) -> NDArray[Any]:
        """Return the score less the offset."""
        return _ratios(core, core_input)[1]

    def samples(self, core: Any, core_input: NDArray[Any]) -> NDArray[np.float64]:
        """Return minus the squared Mahalanobis distances."""
        return np.asarray(self.decision(core, core_input) - self.tables.base_value)


def _ratios(core: Any, core_input: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of the components less that of the best, and that of the best."""
    found = core.decision(core_input).astype(np.float64)
    return found[:, :-1], found[:, -1]


@scoring.register
def _(tables: Gaussian) -> Scoring:
    if isinstance(tables, Mixture):
        return EnvelopeScoring(tables) if tables.is_envelope else MixtureScoring(tables)
    assert isinstance(tables, Bayes)
    return BayesScoring(tables)
