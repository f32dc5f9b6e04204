"""Minimal cost-complexity pruning of fitted trees: Breiman et al. 1984, section 3.3, as scikit-learn's ccp_alpha."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..ir.trees import Ensemble
from .layout import levels

STEP = 10.0 ** (1 / 8)  # from one alpha of a path to the next
SMALLEST = 1e-6  # of them, of the one that leaves no decision
MIN_STEP = 0.88  # of the decisions left by one alpha of a path, the next leaves this part at most

Refs = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pruning:
    """What became of the nodes and leaves of an ensemble.

    Attributes
    ----------
    ensemble : Ensemble
        With the same nodes, of which some are no longer referred to, and with the leaves that are left.
    alpha : float
    node_leaf : ndarray of int64, shape (n_nodes,)
        The leaf that stands for a node, or for the one above it that was pruned; -1 of nodes that are left.
    leaf_leaf : ndarray of int64, shape (n_leaves,)
        The leaf that stands for each leaf of the ensemble before.
    """

    ensemble: Ensemble
    alpha: float
    node_leaf: Refs
    leaf_leaf: Refs

    def refer(self, refs: Refs) -> Refs:
        """Return where references to nodes and leaves of the ensemble before lead now."""
        found, inner = refs.copy(), refs >= 0
        found[~inner] = -1 - self.leaf_leaf[-1 - refs[~inner]]
        leaf = self.node_leaf[refs[inner]]
        found[inner] = np.where(leaf >= 0, -1 - leaf, refs[inner])
        return found


class Pruner:
    """Prunes the trees of a forest of classes, each as scikit-learn would with the same ccp_alpha.

    A tree's leaves and nodes have the costs of their impurity, weighted by their part of the tree's samples. For one
    alpha, all trees lose the nodes whose leaves do not lower the cost by alpha for each leaf more.

    Parameters
    ----------
    ensemble : Ensemble
        Classification; each node and leaf is referred to once.
    criterion : {"gini", "entropy"}
        The impurity.
    """

    def __init__(self, ensemble: Ensemble, criterion: str = "gini") -> None:
        self._ensemble = ensemble
        left, right, roots = ensemble.left, ensemble.right, ensemble.roots
        self._levels = levels(left, right, roots)
        n_leaves, n_nodes = len(ensemble.leaf_total), len(left)
        self._leaf_counts = proportions(ensemble) * ensemble.leaf_total[:, None]
        counts = np.zeros((n_nodes, ensemble.n_classes))
        for level in reversed(self._levels):
            counts[level] = sum(_of(refs[level], counts, self._leaf_counts) for refs in (left, right))
        self._counts = counts
        # Nodes and leaves of a tree are weighed by the samples at its root.
        node_weight, leaf_weight = np.zeros(n_nodes), np.zeros(n_leaves)
        _set(roots, _of(roots, counts, self._leaf_counts).sum(axis=1), node_weight, leaf_weight)
        for level in self._levels:
            for refs in (left, right):
                _set(refs[level], node_weight[level], node_weight, leaf_weight)
        self._cost = _cost(counts, node_weight, criterion)
        self._leaf_cost = _cost(self._leaf_counts, leaf_weight, criterion)

    def _pruned(self, alpha: float) -> NDArray[np.bool_]:
        """Nodes that cost no more as leaves than what is left below them."""
        left, right = self._ensemble.left, self._ensemble.right
        best, leaf = np.zeros(len(left)), self._leaf_cost + alpha
        pruned = np.zeros(len(left), bool)
        for level in reversed(self._levels):
            below = _of(left[level], best, leaf) + _of(right[level], best, leaf)
            own = self._cost[level] + alpha
            pruned[level] = own <= below
            best[level] = np.minimum(own, below)
        return pruned

    def _replaced(self, alpha: float) -> tuple[Refs, Refs]:
        """Return the topmost pruned nodes, and for each node and then each leaf the one it lies in, or -1."""
        ensemble = self._ensemble
        pruned = self._pruned(alpha) if alpha > 0.0 else np.zeros(len(ensemble.left), bool)
        node_top, leaf_top = (np.full(len(of), -1, np.int64) for of in (ensemble.left, ensemble.leaf_total))
        for level in self._levels:
            own = np.where((node_top[level] < 0) & pruned[level], level, node_top[level])
            node_top[level] = own
            for refs in (ensemble.left, ensemble.right):
                _set(refs[level], own, node_top, leaf_top)
        return node_top, leaf_top

    def decisions(self, alpha: float) -> int:
        """Return how many nodes are left."""
        replaced = self._replaced(alpha)[0]
        return int(sum(np.sum(replaced[level] < 0) for level in self._levels))

    def path(self) -> list[float]:
        """Return 0 and alphas that leave fewer and fewer nodes, down to none, in steps of an eighth or more."""
        trees = self._ensemble.roots
        largest = float(np.max(_of(trees, self._cost, self._leaf_cost), initial=0.0))
        alphas, left = [0.0], self.decisions(0.0)
        for step in range(math.ceil(math.log(SMALLEST, STEP)), 1):
            if left == 0 or largest == 0.0:
                break
            alpha = largest * STEP**step
            now = self.decisions(alpha)
            if now <= MIN_STEP * left:
                alphas.append(alpha)
                left = now
        return alphas

    def prune(self, alpha: float) -> Pruning:
        """Prune all trees with one alpha; 0 leaves them as they are."""
        ensemble = self._ensemble
        node_top, leaf_top = self._replaced(alpha)
        tops = np.flatnonzero(node_top == np.arange(len(node_top)))
        kept = np.flatnonzero(leaf_top < 0)
        number = np.full(len(node_top) + 1, -1, np.int64)  # of the leaf that a node becomes; the last stands for none
        number[tops] = len(kept) + np.arange(len(tops))
        leaf_leaf = number[leaf_top]
        leaf_leaf[kept] = np.arange(len(kept))
        counts = np.concatenate((self._leaf_counts[kept], self._counts[tops]))
        total = np.concatenate((ensemble.leaf_total[kept], self._counts[tops].sum(axis=1)))
        whole = np.rint(counts)
        counts = np.where(np.abs(counts - whole) <= 1e-9 * total[:, None], whole, counts)  # sums of products of ratios
        proportion = counts / np.maximum(total, np.finfo(np.float64).tiny)[:, None]
        proportion[: len(kept)] = proportions(ensemble)[kept]  # to the bit
        pruning = Pruning(ensemble, alpha, number[node_top], leaf_leaf)
        left, right, roots = (pruning.refer(refs) for refs in (ensemble.left, ensemble.right, ensemble.roots))
        return replace(
            pruning, ensemble=replace(with_leaves(ensemble, proportion, total), left=left, right=right, roots=roots)
        )


def with_leaves(ensemble: Ensemble, proportion: NDArray[np.float64], total: NDArray[np.float64]) -> Ensemble:
    """Return the ensemble with other leaves: proportions, shape (n_leaves, n_classes), and samples."""
    leaf, leaf_class = np.nonzero(proportion)
    return replace(
        ensemble,
        leaf_start=np.searchsorted(leaf, np.arange(len(proportion) + 1)).astype(np.int64),
        leaf_class=leaf_class.astype(np.int64),
        leaf_proportion=proportion[leaf, leaf_class],
        leaf_total=total,
    )


def proportions(ensemble: Ensemble) -> NDArray[np.float64]:
    """Return the leaves' proportions, shape (n_leaves, n_classes)."""
    n_leaves = len(ensemble.leaf_start) - 1
    table = np.zeros((n_leaves, ensemble.n_classes))
    table[np.repeat(np.arange(n_leaves), np.diff(ensemble.leaf_start)), ensemble.leaf_class] = ensemble.leaf_proportion
    return table


def is_tree(ensemble: Ensemble) -> bool:
    """Tell whether each node is referred to once."""
    refs = np.concatenate((ensemble.left, ensemble.right, ensemble.roots))
    return int(np.max(np.bincount(refs[refs >= 0]), initial=0)) <= 1


def _cost(counts: NDArray[np.float64], weight: NDArray[np.float64], criterion: str) -> NDArray[np.float64]:
    """Impurity of nodes, times their part of a tree's samples."""
    total = counts.sum(axis=1)
    part = counts / np.maximum(total, np.finfo(np.float64).tiny)[:, None]
    if criterion == "gini":
        impurity = 1.0 - np.sum(part * part, axis=1)
    else:
        impurity = -np.sum(part * np.log2(np.where(part > 0, part, 1.0)), axis=1)
    return np.asarray(impurity * total / np.where(weight > 0, weight, 1.0))


def _of(refs: Refs, nodes: NDArray[np.float64], leaves: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.empty((len(refs), *nodes.shape[1:]))
    inner = refs >= 0
    found[inner], found[~inner] = nodes[refs[inner]], leaves[-1 - refs[~inner]]
    return found


def _set(refs: Refs, values: NDArray[np.generic], nodes: NDArray[np.generic], leaves: NDArray[np.generic]) -> None:
    inner = refs >= 0
    nodes[refs[inner]], leaves[-1 - refs[~inner]] = values[inner], values[~inner]
