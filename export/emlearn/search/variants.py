"""Variants of a forest: which there are, what they take, and what they predict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import TreesCore, TreesWork
from .._cost import estimate
from .._features import as_core_input
from .._size import Size, size_of
from ..errors import ConvertError
from ..ir import entries
from ..ir import trees as ir
from ..ir.document import Document
from ..ir.trees import Ensemble, Trees
from ..passes.cluster import Clusters
from ..passes.layout import layout
from ..passes.leaves import LeafTable, encode
from ..passes.prune import STEP, Pruner, Pruning
from ..passes.snap import snap
from ..passes.trim import trim
from ..writers import eml
from .metrics import Predicted
from .votes import Votes

EXACT, UINT8, BYTE, HARD = "exact", "uint8", "byte", "hard"
CLUSTERED = {f"clustered {k}": k for k in (8, 4, 2, 1)}
LEAVES = (EXACT, UINT8, BYTE, *CLUSTERED, HARD)
# What is tried around the best of these: thresholds a feature, least proportions, and other clusters a class, of which
# MANY stand for all.
LIMITS = (255, 63, 15)
LEAST = (0.01, 0.015, 0.02, 0.03, 0.05)
MANY = 24
OTHERS = (MANY, 16, 12, 10, 8, 7, 6, 5, 4, 3, 2)
PARTS = 6  # of the step to the next alpha


@dataclass(frozen=True)
class Kind:
    """What distinguishes variants.

    Attributes
    ----------
    dtype : str
        "float", "int16" or "int16 scaled".
    leaf : str
        One of LEAVES, or clustered with another number.
    alpha : float
        Of cost-complexity pruning; 0 prunes nothing.
    thresholds : int
        The most that a feature may have; 0 keeps them all.
    least : float
        The smallest proportion that leaves keep; 0 keeps them all.
    packed8 : bool
        Nodes of 4 bytes, whose thresholds are a byte: the same predictions.
    """

    dtype: str
    leaf: str
    alpha: float = 0.0
    thresholds: int = 0
    least: float = 0.0
    packed8: bool = False

    def __str__(self) -> str:
        pruned = f", alpha {self.alpha:.3g}" if self.alpha else ""
        snapped = f", {self.thresholds} thresholds a feature" if self.thresholds else ""
        trimmed = f", proportions from {self.least:g}" if self.least else ""
        return f"{self.dtype}, {self.leaf}{trimmed}{pruned}{snapped}{', packed8' if self.packed8 else ''}"

    @property
    def per_class(self) -> int:
        """Clusters a class; 0 without."""
        words = self.leaf.split()
        return int(words[1]) if words[0] == "clustered" else 0


class Variant:
    """A forest that has been made smaller, and knows what it predicts for the rows of a `Variants`."""

    def __init__(self, kind: Kind, votes: Votes, pruning: Pruning, table: LeafTable, rows: NDArray[Any]) -> None:
        self.kind = kind
        self._votes, self._pruning, self._table, self._rows = votes, pruning, table, rows
        of, decisions = pruning.ensemble, votes.decisions(pruning)
        self.trees: Trees = layout(decisions, table, of.n_features, of.n_classes, of.labels, kind.packed8)
        self.size: Size = size_of(self.trees)

    @cached_property
    def predicted(self) -> Predicted:
        """What it predicts: the bits of the C core."""
        return self._votes.predict(self._pruning, self._table)

    def packed8(self) -> Variant | None:
        """Return the same with nodes of 4 bytes, which predicts the same; None if those do not hold it."""
        try:
            found = Variant(replace(self.kind, packed8=True), self._votes, self._pruning, self._table, self._rows)
        except ConvertError:
            return None
        found.work = self.work
        return found

    def core(self) -> tuple[TreesCore, NDArray[Any]]:
        """Return the C core on its own bytes, and the rows as that takes them."""
        file = eml.write(Document(replace(self.trees, labels=None)))
        return TreesCore(file), np.ascontiguousarray(as_core_input(self._rows, self.trees))

    @cached_property
    def work(self) -> TreesWork:
        """What a row takes on average."""
        core, rows = self.core()
        return core.work(rows)

    def instructions(self) -> dict[str, int]:
        """Return what a prediction is estimated to take, by architecture."""
        return estimate(self.trees, _Counted(self.work), self._rows)


@dataclass(frozen=True)
class _Counted:
    """A core that has been asked already."""

    found: TreesWork

    def work(self, rows: NDArray[Any]) -> TreesWork:
        return self.found


class Variants:
    """All variants of a forest.

    Parameters
    ----------
    ensemble : Ensemble
        Classification, whose leaves are proportions and whose nodes are referred to once.
    rows : ndarray, shape (n_rows, n_features)
        Raw features.
    dtypes : sequence of int
        As in the file header.
    leaves : sequence of str
        Of LEAVES.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        rows: NDArray[Any],
        dtypes: tuple[int, ...],
        leaves: tuple[str, ...] = LEAVES,
    ) -> None:
        self._ensemble, self._leaves = ensemble, leaves
        with np.errstate(over="ignore"):
            self._rows = {
                dtype: np.ascontiguousarray(rows, np.int16 if dtype == ir.DTYPE_INT16 else np.float32)
                for dtype in dtypes
            }
        self._votes = {dtype: Votes(ensemble, dtype, own) for dtype, own in self._rows.items()}
        # What variants around one of them share.
        self._snapped, self._clustered = lru_cache(2 * len(LIMITS))(self._snap), lru_cache(2)(self._cluster)
        pruner = Pruner(ensemble)
        self._alphas, self._prune = pruner.path(), lru_cache(3)(pruner.prune)
        self._clusters = lru_cache(3)(lambda alpha: Clusters(self._prune(alpha).ensemble))

    def __len__(self) -> int:
        """How many `all` gives."""
        return sum(len(self._of(alpha)) for alpha in self._alphas) * len(self._votes)

    def _of(self, alpha: float) -> list[str]:
        if len(self._leaves) == 1:
            return list(self._leaves)
        # Proportions of pruned leaves have no short counts: uint8 says as much.
        no = {EXACT} if alpha else set()
        if not entries.level_bits(self._ensemble.n_classes):
            no.add(BYTE)
        return [leaf for leaf in self._leaves if leaf not in no]

    def all(self) -> Iterator[Variant]:
        """Make one after the other, from the largest trees on."""
        for alpha in self._alphas:
            pruning = self._prune(alpha)
            for leaf in self._of(alpha):
                kinds = {dtype: Kind(ir.DTYPES[dtype], leaf, alpha) for dtype in self._votes}
                table = self._table(pruning.ensemble, next(iter(kinds.values())))
                for dtype, votes in self._votes.items():
                    yield Variant(kinds[dtype], votes, pruning, table, self._rows[dtype])

    def make(self, kind: Kind) -> Variant:
        """Make the one of a kind."""
        dtype = ir.DTYPES.index(kind.dtype)
        pruning, votes = self._prune(kind.alpha), self._snapped(dtype, kind.thresholds)
        return Variant(kind, votes, pruning, self._table(pruning.ensemble, kind), self._rows[dtype])

    def exact(self) -> Variant:
        """Return the one that predicts what the estimator does."""
        pruning = self._prune(0.0)
        rows = self._rows.get(ir.DTYPE_FLOAT, next(iter(self._rows.values())).astype(np.float32))
        votes = self._votes.get(ir.DTYPE_FLOAT) or Votes(self._ensemble, ir.DTYPE_FLOAT, rows)
        return Variant(Kind("float", EXACT), votes, pruning, encode(pruning.ensemble, EXACT), rows)

    def around(self, kind: Kind) -> Iterator[Kind]:
        """Give those that differ from one in the number of thresholds or the least proportion."""
        trimmed = (0.0, *LEAST) if kind.leaf in (UINT8, BYTE) or kind.per_class else (0.0,)
        for thresholds, least in product((0, *LIMITS), trimmed):
            yield replace(kind, thresholds=thresholds, least=least)

    def beside(self, kind: Kind) -> Iterator[Kind]:
        """Give those that differ from one in the number of clusters, and maybe in the least proportion and pruning.

        They are tried with less pruning too, and in place of uint8 and byte without: what that has lost, clusters may
        not lose as well.
        """
        if len(self._leaves) == 1 or not (kind.per_class or kind.leaf in (UINT8, BYTE)):
            return
        now = kind.per_class or MANY
        others = [other for other in OTHERS if 2 * now <= 3 * other <= 5 * now]
        less = max((alpha for alpha in self._alphas if alpha < kind.alpha), default=0.0)
        alphas = sorted({less if kind.per_class else 0.0, kind.alpha})
        all_least = (0.0, *LEAST)
        at = all_least.index(kind.least)
        for alpha, k, least in product(alphas, others, all_least[max(at - 1, 0) : at + 2]):
            yield replace(kind, leaf=f"clustered {k}", alpha=alpha, least=least)

    def between(self, kind: Kind) -> Iterator[Kind]:
        """Give those that are pruned more than one, but less than the next of all."""
        further = next((alpha for alpha in self._alphas if alpha > kind.alpha), None)
        if further is not None:
            start = max(kind.alpha, further / STEP)
            for part in range(1, PARTS):
                yield replace(kind, alpha=start * (further / start) ** (part / PARTS))

    def _snap(self, dtype: int, thresholds: int) -> Votes:
        if not thresholds:
            return self._votes[dtype]
        # Not by these rows: what is fitted to them says nothing about others.
        return Votes(snap(self._ensemble, thresholds), dtype, self._rows[dtype])

    def _cluster(self, alpha: float, per_class: int) -> Ensemble:
        return self._clusters(alpha).ensemble(per_class)

    def _table(self, ensemble: Ensemble, kind: Kind) -> LeafTable:
        if kind.per_class:
            ensemble = self._clustered(kind.alpha, kind.per_class)
        if kind.least:
            ensemble = trim(ensemble, kind.least)
        shared = BYTE if entries.level_bits(ensemble.n_classes) else UINT8
        return encode(ensemble, shared if kind.per_class else kind.leaf)
