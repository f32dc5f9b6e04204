"""Leaf clustering: a few class distributions stand for those of all leaves, in the trees together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..ir.trees import Ensemble
from .prune import proportions, with_leaves

MAX_ITERATIONS = 50
N_STARTS = 3


def cluster(ensemble: Ensemble, per_class: int, seed: int = 0) -> Ensemble:
    """Return the ensemble with at most `per_class` times n_classes distributions in its leaves, beside pure ones.

    K-means over the square roots of the leaves' distributions, weighted by their samples, for the whole forest at once;
    a cluster gets the mean of its distributions. With roots, whose distance is Hellinger's, small proportions count for
    more: they are what orders rows in which a class is rare. Leaves of a single class stay as they are: they cost
    nothing, as they are told by the number of their class.

    Parameters
    ----------
    ensemble : Ensemble
        Classification.
    per_class : int
        Clusters a class.
    seed : int
        The same for the same clusters.
    """
    table = proportions(ensemble)
    mixed = np.flatnonzero(np.max(table, axis=1) < 1.0)
    # Leaves of the same distribution are one point, which takes 2^-20 for equal.
    points, of_leaf = np.unique(np.rint(table[mixed] * 2.0**20), axis=0, return_inverse=True)
    weights = np.bincount(of_leaf.reshape(-1), ensemble.leaf_total[mixed], len(points)).astype(np.float64)
    n_clusters = per_class * ensemble.n_classes
    if len(points) <= n_clusters or not np.any(weights):
        return ensemble
    centres, of_point = _k_means(points * 2.0**-20, weights, n_clusters, seed)
    table[mixed] = centres[of_point[of_leaf.reshape(-1)]]
    return with_leaves(ensemble, table, ensemble.leaf_total)


def _k_means(
    points: NDArray[np.float64], weights: NDArray[np.float64], n_clusters: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the means of the clusters, and which of them each point is in."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):  # several threads sum in the order in which they end
        found = KMeans(n_clusters, n_init=N_STARTS, max_iter=MAX_ITERATIONS, random_state=seed).fit(
            np.sqrt(points), sample_weight=weights
        )
    of_point = found.labels_.astype(np.int64)
    # Not the centres, which are of roots.
    total = np.bincount(of_point, weights, n_clusters)
    sums = np.stack([np.bincount(of_point, weights * column, n_clusters) for column in points.T], axis=1)
    return sums / np.where(total > 0, total, 1.0)[:, None], of_point
