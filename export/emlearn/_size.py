"""What a model of trees takes, from its counts alone: of its files, of generated C, and of a board's memory."""

from __future__ import annotations

from dataclasses import dataclass

from .ir import entries, sums
from .ir import trees as ir
from .ir.trees import Trees
from .writers.eml import CONTAINER
from .writers.trees import HEADER

NODE_BYTES = {ir.PACKED16: 6, ir.PACKED32: 8, ir.WIDE: 16, ir.PACKED8: 4}
STRUCT = 56  # of eml_trees_t, where pointers have 32 bits
OBJECT = 16  # of a model, or of a buffer, in MicroPython
BLOCK = 16  # of MicroPython's heap


@dataclass(frozen=True)
class Size:
    """Bytes of a model.

    Attributes
    ----------
    nodes, roots, scales, leaves : int
        Of the tables, without padding. Nodes of packed8 are with their thresholds; leaves are records with their
        entries, and values.
    eml : int
        Of an `.eml` file without trailers: `Model.nbytes`.
    c_data : int
        Of the tables in generated C.
    ram : int
        Of MicroPython's heap on a board of 32 bits, the file having been read into it.
    ram_in_place : int
        The same where the file stays in flash.
    """

    nodes: int
    roots: int
    scales: int
    leaves: int
    eml: int
    c_data: int
    ram: int
    ram_in_place: int


def size_of(trees: Trees) -> Size:
    """Return the bytes that trees take, without writing them."""
    index = 4 if trees.layout == ir.WIDE else 2
    nodes, roots = NODE_BYTES[trees.layout] * trees.n_elements, index * trees.n_trees
    scales = 8 * len(trees.shift)
    tables = [nodes, roots, scales]
    if trees.leaf in ir.RECORD_LEAVES:
        tables += [index * (trees.n_leaves + 1), entries.size_of(trees.entry, index) * trees.n_entries]
    if trees.leaf == ir.LEAF_SUM:
        tables.append(4 * sums.n_words(trees.entry, trees.n_leaves, len(trees.bases)))
    elif trees.leaf != ir.LEAF_HARD:
        tables.append(trees.values.nbytes)
    eml = CONTAINER.size + HEADER.size + sum(_up(table, 4) for table in tables)
    scratch = 8 * (len(trees.bases) if trees.leaf == ir.LEAF_SUM else trees.n_outputs)
    in_place = OBJECT + _up(STRUCT + scratch, BLOCK)
    return Size(nodes, roots, scales, sum(tables[3:]), eml, sum(tables), in_place + OBJECT + _up(eml, BLOCK), in_place)


def _up(size: int, unit: int) -> int:
    return size + -size % unit
