"""Trees of the layout packed8 in a layout without tables of thresholds: what text says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

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
    columns = {"feature": trees.feature, "threshold": trees.threshold, "left": left, "right": right}
    columns["missing_left"] = trees.missing_left
    placed = {name: np.zeros(n, getattr(trees, name).dtype) for name in columns}
    for name, column in columns.items():
        placed[name][at] = column
    for name in ("left", "right"):
        placed[name][at[needs] + 1] = trees.left[needs]
    roots = at[trees.roots].astype(np.uint32)
    return replace(trees, layout=layout, feature_bits=feature_bits, roots=roots, **placed)
