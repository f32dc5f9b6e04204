"""Which native modules a model needs, and what they take."""

from __future__ import annotations

from typing import Any

from ._resources import folder, module_of, modules_of_network
from .ir import trees as ir
from .ir.document import Output
from .ir.kernel import Kind

# Of bytecode: emlknn loads files with them.
BYTECODE = ("emlknn_tools", "emlearn_csv", "emlearn_tools")


def modules_of(tables: Any) -> list[str]:
    """Return the modules that a board loads for `predict` of a class or a value, the one to import first."""
    return _native(tables) + (list(BYTECODE) if tables.FAMILY == "neighbors" else [])


def _native(tables: Any) -> list[str]:
    family = tables.FAMILY
    if family == "cnn":
        return modules_of_network(tables)
    found = [module_of(family)]
    if family == "trees" and not _is_small(tables):
        eight = "emltrees_packed8" if tables.layout == ir.PACKED8 else "emltrees_full"
        found.append("emltrees_sums" if tables.leaf == ir.LEAF_SUM else eight)
    elif family == "neighbors":
        scaled = tables.exponent or tables.value_exponent
        if tables.metric or tables.weights or scaled or not (tables.n_items16 and tables.n_classes):
            found.append("emlknn_full")
    elif family == "kernel":
        if tables.kernel != Kind.RBF:
            found.append("emlkernel_dot")
        if tables.output == Output.PROBABILITIES:
            found.append("emlkernel_proba")
    elif family == "features":
        found += dict.fromkeys(f"emlfeatures_{kind}" for kind, _ in tables.outline)
    if family in ("features", "pipeline") and tables.inner is not None:
        found += _native(tables.inner)
    return found


def module_bytes(tables: Any) -> dict[str, int]:
    """Return the bytes of the files of `modules_of` together, by architecture: where all of them are installed."""
    try:
        packages = folder("mpy")
    except FileNotFoundError:
        return {}
    found = {}
    for path in sorted(packages.glob("*_*")):
        files = [path / f"{name}.mpy" for name in modules_of(tables)]
        architecture = path.name.rpartition("_")[0]
        if architecture != "py" and all(file.is_file() for file in files):
            found[architecture] = sum(file.stat().st_size for file in files)
    return found


def _is_small(trees: ir.Trees) -> bool:
    """As `eml_trees_is_small`."""
    packed = trees.layout in (ir.PACKED16, ir.PACKED32) and trees.feature_bits == 8
    return packed and trees.dtype != ir.DTYPE_SCALED and trees.leaf == ir.LEAF_HARD
