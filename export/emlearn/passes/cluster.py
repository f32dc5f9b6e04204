"""Leaf clustering: a few class distributions stand for those of all leaves, in the trees together."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..ir.trees import Ensemble
from .prune import proportions, with_leaves

MAX_ITERATIONS = 50
MAX_MERGED = 1000  # distributions: memory and time of merging grow with the square


class Clusters:
    """The leaves of a forest in as many clusters as may be asked for.

    K-means over the square roots of the leaves' distributions, weighted by their samples, for the whole forest at once;
    a cluster gets the mean of its distributions. With roots, whose distance is Hellinger's, small proportions count for
    more: they are what orders rows in which a class is rare. Leaves of a single class stay as they are: they cost
    nothing, as they are told by the number of their class.

    K-means starts at the clusters of Ward's method, which are found once for all numbers of them: of up to MAX_MERGED
    distributions it ends lower from there than from the best of several starts by chance, of more about as low.

    Parameters
    ----------
    ensemble : Ensemble
        Classification.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self._ensemble, self._table = ensemble, proportions(ensemble)
        self._mixed = np.flatnonzero(np.max(self._table, axis=1) < 1.0)
        # Leaves of the same distribution are one point, which takes 2^-20 for equal.
        points, of_leaf = np.unique(np.rint(self._table[self._mixed] * 2.0**20), axis=0, return_inverse=True)
        self._points, self._of_leaf = points * 2.0**-20, of_leaf.reshape(-1)
        totals = ensemble.leaf_total[self._mixed]
        self._weights = np.bincount(self._of_leaf, totals, len(points)).astype(np.float64)

    def ensemble(self, per_class: int) -> Ensemble:
        """Return the ensemble with at most `per_class` times n_classes distributions in leaves that are not pure."""
        n_clusters = per_class * self._ensemble.n_classes
        if len(self._points) <= n_clusters or not np.any(self._weights):
            return self._ensemble
        centres, of_point = self._k_means(n_clusters)
        table = self._table.copy()
        table[self._mixed] = centres[of_point[self._of_leaf]]
        return with_leaves(self._ensemble, table, self._ensemble.leaf_total)

    @cached_property
    def _merges(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Points that were merged, those of most samples if there are too many, and scipy's table of the merges."""
        from scipy.cluster.hierarchy import ward

        kept = np.sort(np.argsort(-self._weights, kind="stable")[:MAX_MERGED])
        return kept, ward(np.sqrt(self._points[kept]))

    def _k_means(self, n_clusters: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the means of the clusters, and which of them each point is in."""
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        roots, weights = np.sqrt(self._points), self._weights
        with threadpool_limits(1):  # several threads sum in the order in which they end
            start = self._start(roots, min(n_clusters, MAX_MERGED))
            found = KMeans(len(start), init=start, n_init=1, max_iter=MAX_ITERATIONS, random_state=0)
            of_point = found.fit(roots, sample_weight=weights).labels_.astype(np.int64)
        # Not the centres, which are of roots.
        return _means(self._points, weights, of_point, len(start)), of_point

    def _start(self, roots: NDArray[np.float64], n_clusters: int) -> NDArray[np.float64]:
        from scipy.cluster.hierarchy import fcluster

        kept, merges = self._merges
        of_kept = fcluster(merges, n_clusters, "maxclust").astype(np.int64) - 1
        return _means(roots[kept], self._weights[kept], of_kept, int(np.max(of_kept)) + 1)


def _means(
    points: NDArray[np.float64], weights: NDArray[np.float64], of_point: NDArray[np.int64], n: int
) -> NDArray[np.float64]:
    total = np.bincount(of_point, weights, n)
    sums = np.stack([np.bincount(of_point, weights * column, n) for column in points.T], axis=1)
    found: NDArray[np.float64] = sums / np.where(total > 0, total, 1.0)[:, None]
    return found
