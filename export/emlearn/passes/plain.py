"""Trees of the layout packed8 in a layout without tables of thresholds: what text says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir import trees as ir
from ..ir.trees import Trees


def plain(trees: Trees) -> Trees:
    """Return the same trees in packed16 or packed32, or in wide if those do not hold them; others as they are.

    A left leaf whose number has no code gets an element of its own.
    """
    if trees.layout != ir.PACKED8:
        return trees
    feature_bits = max((trees.n_features - 1).bit_length(), ir.FEATURE_BITS[0])
    layout = ir.PACKED32 if trees.dtype == ir.DTYPE_FLOAT else ir.PACKED16
    wide = replace(trees, layout=ir.WIDE, feature_bits=0)
    if feature_bits not in ir.FEATURE_BITS or trees.n_leaf_numbers > ir.MAX_PACKED_REFERENCE + 1:
        return wide
    needs = ~trees.is_leaf & (trees.left < -ir.left_codes(feature_bits))
    at = np.cumsum(1 + needs) - 1 - needs
    n = trees.n_nodes + int(np.sum(needs))
    inner = np.flatnonzero(trees.right >= 0)
    right = trees.right.copy()
    right[inner] = at[inner + trees.right[inner]] - at[inner]
    if n > 0xFFFF or int(right.max(initial=0)) > ir.max_jump(layout):
        return wide
    left = np.where(needs, 1, trees.left)
    own = trees.left[needs]

    def placed(column: NDArray[Any], added: Any = 0) -> NDArray[Any]:
        found = np.zeros(n, column.dtype)
        found[at], found[at[needs] + 1] = column, added
        return found

    return replace(
        trees,
        layout=layout,
        feature_bits=feature_bits,
        feature=placed(trees.feature),
        threshold=placed(trees.threshold),
        left=placed(left, own),
        right=placed(right, own),
        missing_left=placed(trees.missing_left),
        roots=at[trees.roots].astype(np.uint32),
    )
