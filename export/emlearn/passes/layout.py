"""Order and pack nodes and leaves: the last pass before a file."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir import entries
from ..ir import trees as ir
from ..ir.packed8 import MAX_LEFT_LEAF
from ..ir.trees import Label, Trees
from .leaves import LeafTable
from .quantise import Decisions

Refs = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Decision nodes whose references to leaves are -1 - leaf number."""

    left: Refs
    right: Refs
    roots: Refs
    levels: list[Refs]  # nodes in use, by depth: of the longest way to them

    @property
    def used(self) -> Refs:
        return np.concatenate([*self.levels, np.zeros(0, np.int64)])


def layout(
    decisions: Decisions,
    table: LeafTable,
    n_features: int,
    n_classes: int,
    labels: tuple[Label, ...] | None = None,
    packed8: bool = False,
) -> Trees:
    """Lay trees out as docs/formats.md says: in packed8 if asked to, else in the smallest other layout that holds them.

    Nodes whose children are one and the same leaf are dropped, as are leaves that no node refers to. Each tree is in
    preorder, so that the left child is the next element; leaves that are left children most often get the lowest
    numbers, because only those fit into the node.

    Raises
    ------
    ConvertError
        If the model is beyond the limits of the format, or of packed8.
    """
    if packed8 and table.leaf == ir.LEAF_SUM:
        raise ConvertError("layout='packed8' is for trees that vote or whose mean counts, not for sums; leave it out")
    for what, count in (("features", n_features), ("classes", n_classes), ("trees", len(decisions.roots))):
        if count > 0xFFFF:
            raise ConvertError(f"the model has {count} {what}; the format holds 65,535")
    left, right, roots = (
        _number_leaves(refs, table.number) for refs in (decisions.left, decisions.right, decisions.roots)
    )
    left, right, roots = _merge_equal_children(left, right, roots)
    nodes = _Nodes(left, right, roots, levels(left, right, roots))
    nodes, table = _renumber(nodes, table, _class_leaves(table, n_classes), packed8)
    if packed8:
        trees = _place(decisions, nodes, table, n_features, n_classes, ir.PACKED8)
        if trees is None:
            raise ConvertError(
                "layout='packed8' does not hold this model: 65,535 leaf entries are the most; leave it out"
            )
        trees = replace(trees, feature_bits=ir.DIRECT if trees.fits_direct else 0)
        try:
            assert trees.packed8
        except ValueError as error:
            raise ConvertError(f"layout='packed8' does not hold this model: {error}; leave it out") from error
    else:
        packed = ir.PACKED32 if decisions.dtype == ir.DTYPE_FLOAT else ir.PACKED16
        trees = _place(decisions, nodes, table, n_features, n_classes, packed)
        if trees is None:
            trees = _place(decisions, nodes, table, n_features, n_classes, ir.WIDE)
    assert trees is not None
    return replace(trees, labels=labels)


def _class_leaves(table: LeafTable, n_classes: int) -> int:
    """How many leaf numbers stand for a class each."""
    return 0 if table.leaf == ir.LEAF_SUM else n_classes


def _number_leaves(refs: Refs, number: Refs) -> Refs:
    numbered = refs.copy()
    leaf = refs < 0
    numbered[leaf] = -1 - number[-1 - refs[leaf]]
    return numbered


def _merge_equal_children(left: Refs, right: Refs, roots: Refs) -> tuple[Refs, Refs, Refs]:
    """Replace nodes that lead to the same leaf either way by that leaf, from the bottom up."""
    left, right, roots = left.copy(), right.copy(), roots.copy()
    leaf = np.zeros(len(left), np.int64)  # what replaces a merged node; 0: nothing
    for level in reversed(levels(left, right, roots)):
        for children in (left, right):
            child = children[level]
            gone = _at(leaf, child) < 0
            children[level[gone]] = leaf[child[gone]]
        merged = level[(left[level] < 0) & (left[level] == right[level])]
        leaf[merged] = left[merged]
    gone = _at(leaf, roots) < 0
    roots[gone] = leaf[roots[gone]]
    return left, right, roots


def _at(of_node: Refs, refs: Refs) -> Refs:
    """What is known of the referred nodes; 0 for leaves."""
    found = np.zeros(len(refs), np.int64)
    found[refs >= 0] = of_node[refs[refs >= 0]]
    return found


def levels(left: Refs, right: Refs, roots: Refs) -> list[Refs]:
    """Return the nodes in use by depth: of the longest way to them."""
    depth = np.full(len(left), -1, np.int64)
    level, n_levels = roots[roots >= 0], 0
    while level.size:
        depth[level] = n_levels
        n_levels += 1
        children = np.concatenate((left[level], right[level]))
        level = np.unique(children[children >= 0])
    order = np.argsort(depth, kind="stable")
    return np.split(order, np.searchsorted(depth[order], np.arange(n_levels)))[1:]


def _renumber(nodes: _Nodes, table: LeafTable, n_classes: int, packed8: bool) -> tuple[_Nodes, LeafTable]:
    """Drop unused records and values, and number the others by how often they are left children.

    Of packed8, right children need lower numbers: the first ones are those that are most often right children, of those
    that are most often children.
    """
    n_own = len(table.values) if table.leaf in ir.NUMBER_LEAVES else max(len(table.leaf_start) - 1, 0)
    used = nodes.used
    left, right = nodes.left[used], nodes.right[used]
    refs = np.concatenate((left, right, nodes.roots))
    n_numbers = n_classes + n_own
    n_uses = np.bincount(-1 - refs[refs < 0], minlength=n_numbers)[n_classes:]
    n_left = np.bincount(-1 - left[left < 0], minlength=n_numbers)[n_classes:]
    if packed8:
        n_right = n_uses - n_left
        order = np.argsort(-n_uses, kind="stable")
        short = max(MAX_LEFT_LEAF + 1 - n_classes, 0)
        order[:short] = order[:short][np.argsort(-n_right[order[:short]], kind="stable")]
    else:
        order = np.argsort(-n_left, kind="stable")
    order = order[n_uses[order] > 0]
    number = np.arange(n_numbers)
    number[n_classes + order] = n_classes + np.arange(len(order))
    left, right, roots = (_number_leaves(refs, number) for refs in (nodes.left, nodes.right, nodes.roots))
    renumbered = _Nodes(left, right, roots, nodes.levels)
    if table.leaf in ir.NUMBER_LEAVES:
        return renumbered, replace(table, values=table.values[order])
    if table.leaf == ir.LEAF_HARD:
        return renumbered, table
    sizes = np.diff(table.leaf_start)[order]
    leaf_start = np.concatenate(([0], np.cumsum(sizes)))
    entries = np.arange(leaf_start[-1]) + np.repeat(table.leaf_start[order] - leaf_start[:-1], sizes)
    entry_value, values = table.entry_value[entries], table.values
    if table.leaf == ir.LEAF_WEIGHTED:
        distinct, entry_value = np.unique(entry_value, return_inverse=True)
        values = values[distinct]
    return renumbered, replace(
        table, leaf_start=leaf_start, entry_class=table.entry_class[entries], entry_value=entry_value, values=values
    )


def _owned(nodes: _Nodes) -> Refs:
    """Right children that lie behind their parent; elsewhere leaves: a deeper node, or the left, has the same child."""
    depth = np.full(len(nodes.left), -1, np.int64)
    for number, level in enumerate(nodes.levels):
        depth[level] = number
    return np.where((_at(depth, nodes.right) == depth + 1) & (nodes.right != nodes.left), nodes.right, -1)


def _place(
    decisions: Decisions, nodes: _Nodes, table: LeafTable, n_features: int, n_classes: int, layout: int
) -> Trees | None:
    """Give every node its element; None if a packed layout cannot hold the model."""
    wide = layout == ir.WIDE
    has_codes = layout in (ir.PACKED16, ir.PACKED32)  # and what has none needs an element
    feature_bits = 0 if not has_codes else max((n_features - 1).bit_length(), ir.FEATURE_BITS[0])
    if has_codes and feature_bits not in ir.FEATURE_BITS:
        return None
    used, left, right = nodes.used, nodes.left, nodes.right
    own_right = _owned(nodes)
    needs_element = np.zeros(len(left), bool)  # a left leaf whose number has no code
    if has_codes:
        needs_element[used] = left[used] < -ir.left_codes(feature_bits)

    left_size = np.zeros(len(left), np.int64)
    size = np.zeros(len(left), np.int64)
    for level in reversed(nodes.levels):
        left_size[level] = needs_element[level] + _at(size, left[level])
        size[level] = 1 + left_size[level] + _at(size, own_right[level])
    leaf_root = nodes.roots < 0
    sizes = np.ones(len(nodes.roots), np.int64)
    sizes[~leaf_root] = size[nodes.roots[~leaf_root]]
    ends = np.cumsum(sizes)
    n_elements, roots = int(ends[-1]), ends - sizes

    position = np.zeros(len(left), np.int64)
    position[nodes.roots[~leaf_root]] = roots[~leaf_root]
    for level in nodes.levels:
        inner = level[left[level] >= 0]
        position[left[inner]] = position[inner] + 1
        inner = level[own_right[level] >= 0]
        position[right[inner]] = position[inner] + 1 + left_size[inner]

    # Leaf elements first: decision nodes then overwrite nothing of them.
    elements = np.zeros((4, n_elements), np.int64)
    out_feature, out_threshold, out_left, out_right = elements
    out_missing = np.zeros(n_elements, bool)
    extra = used[needs_element[used]]
    out_left[position[extra] + 1] = out_right[position[extra] + 1] = left[extra]
    out_left[roots[leaf_root]] = out_right[roots[leaf_root]] = nodes.roots[leaf_root]
    at = position[used]
    out_feature[at], out_threshold[at] = decisions.feature[used], decisions.threshold[used]
    out_missing[at] = decisions.missing_left[used]
    out_left[at] = np.where((left[used] >= 0) | needs_element[used], 1, left[used])
    out_right[at] = np.where(right[used] >= 0, _at(position, right[used]) - at, right[used])

    n_entries = len(table.entry_class)
    entry = entries.kind_of(table.entry_class, table.entry_value, n_classes, table.leaf == ir.LEAF_UINT8)
    limit = 0xFFFF
    n_leaf_numbers = _class_leaves(table, n_classes) + (
        len(table.values) if table.leaf in ir.NUMBER_LEAVES else max(len(table.leaf_start) - 1, 0)
    )
    if not wide and max(n_entries, len(table.values)) > limit:
        return None
    if has_codes and (
        n_elements > limit
        or int(out_right.max(initial=0)) > ir.max_jump(layout)
        or n_leaf_numbers > ir.MAX_PACKED_REFERENCE + 1
    ):
        return None
    return Trees(
        n_features=n_features,
        n_classes=n_classes,
        layout=layout,
        dtype=decisions.dtype,
        leaf=table.leaf,
        feature_bits=feature_bits,
        entry=table.link if table.leaf == ir.LEAF_SUM else entry,
        feature=out_feature.astype(np.uint16),
        threshold=out_threshold.astype(np.int32),
        left=out_left.astype(np.int32),
        right=out_right.astype(np.int32),
        missing_left=out_missing,
        roots=roots.astype(np.uint32),
        shift=decisions.shift,
        offset=decisions.offset,
        leaf_start=table.leaf_start.astype(np.uint32),
        entry_class=table.entry_class.astype(np.uint32),
        entry_value=table.entry_value.astype(np.uint32),
        values=table.values,
        exponent=table.exponent,
        bases=table.bases,
    )
