"""Trees in C: their tables, or trees as nested ifs."""

from __future__ import annotations

import numpy as np

from ..ir import trees as ir
from ..ir.trees import Trees
from .c import data, integer, struct_of, table, wrap
from .eml import pack_arrays


@data.register
def trees_data(trees: Trees, name: str, inline: bool) -> list[str]:
    """Return tables, code and struct."""
    tables = [table(name, *array) for array in _arrays(trees, inline)]
    return [*tables, *(_inline_trees(trees, name) if inline else []), _struct(trees, name, inline)]


def _arrays(trees: Trees, inline: bool) -> list[tuple[str, str, list[int]]]:
    """Name, element type and elements of the tables that are not empty."""
    arrays = []
    for name, array in pack_arrays(trees).items():
        if inline and name in ("nodes", "roots"):
            continue
        if name == "nodes" and trees.layout == ir.PACKED32 or name == "values":
            words = np.ascontiguousarray(array).view("<u4")  # aligned to 4 bytes, and read as such
        else:
            words = array
        ctype = {"u1": "uint8_t", "u2": "uint16_t", "u4": "uint32_t", "i4": "int32_t"}[words.dtype.str[1:]]
        if words.size:
            arrays.append((name, ctype, words.reshape(-1).tolist()))
    return arrays


def _struct(trees: Trees, name: str, inline: bool) -> str:
    tables = {table for table, _, _ in _arrays(trees, inline)}
    header = ("n_features", "n_classes", "n_trees", "layout", "dtype", "leaf", "feature_bits", "entry")
    fields: list[tuple[str, object]] = [(field, getattr(trees, field)) for field in header]
    fields += [("unused", 0), ("n_nodes", 0 if inline else trees.n_elements)]
    fields += [(field, getattr(trees, field)) for field in ("n_leaves", "n_entries", "n_values")]
    fields += [
        (table, f"{name}_{table}" if table in tables else "NULL")
        for table in ("nodes", "roots", "scale", "leaf_start", "entries", "values")
    ]
    fields += [("leaf_of", f"{name}_leaf_of" if inline else "NULL")]
    return struct_of(trees, name, fields)


def _feature_type(trees: Trees) -> tuple[str, str]:
    """C type of the features, and its element type in the core."""
    return ("int16_t", "EML_INT16") if trees.dtype == ir.DTYPE_INT16 else ("float", "EML_FLOAT32")


def _inline_trees(trees: Trees, name: str) -> list[str]:
    """One function a tree, and the one that the core calls."""
    ctype, _ = _feature_type(trees)
    bits, scale = "eml_float_bits(x + feature)", f"{name}_scale[2 * feature"
    value = {
        ir.DTYPE_FLOAT: f"eml_float_key({bits})",
        ir.DTYPE_INT16: "x[feature]",
        ir.DTYPE_SCALED: f"eml_trees_scale({bits}, {scale}], {scale} + 1])",
    }[trees.dtype]
    parts = [f"static inline int32_t {name}_value(const {ctype} *x, uint32_t feature) {{\n    return {value};\n}}"]
    last_number = {ir.DTYPE_FLOAT: "EML_KEY_INFINITY", ir.DTYPE_SCALED: "EML_TREES_SCALED_MAX", ir.DTYPE_INT16: ""}
    source = _TreeSource(trees, name, last_number[trees.dtype])
    for tree, root in enumerate(trees.roots.tolist()):
        body = source.body(root)
        unused = [] if len(body) > 1 else ["    (void)x;"]  # a tree that is a single leaf
        parts.append("\n".join([f"static uint32_t {name}_tree_{tree}(const {ctype} *x) {{", *unused, *body, "}"]))
    functions = [f"{name}_tree_{tree}" for tree in range(trees.n_trees)]
    parts.append(
        f"static uint32_t {name}_leaf_of(uint32_t tree, const void *features) {{\n"
        f"    static uint32_t (*const trees[{trees.n_trees}])(const {ctype} *) = {{\n{wrap(functions, 8)}\n    }};\n"
        f"    return trees[tree]((const {ctype} *)features);\n}}"
    )
    return parts


class _TreeSource:
    """Trees as nested ifs. The smaller branch is the nested one: nesting is logarithmic, however deep the tree.

    An element that several others refer to stands behind the ifs, with a label.
    """

    def __init__(self, trees: Trees, name: str, last_number: str) -> None:
        self._name, self._last_number = name, last_number
        self._feature, self._threshold = trees.feature.tolist(), trees.threshold.tolist()
        self._left, self._right = trees.left.tolist(), trees.right.tolist()
        self._missing_left = trees.missing_left.tolist()
        jumps = [np.flatnonzero(each >= 0) + each[each >= 0] for each in (trees.left, trees.right)]
        self._shared = np.bincount(np.concatenate(jumps).astype(np.int64), minlength=trees.n_nodes) > 1
        self._labelled: list[int] = []
        # Elements refer forward only: from the last to the first, children are known before their parents.
        self._size = [1] * trees.n_nodes
        for i in reversed(range(trees.n_nodes)):
            self._size[i] += sum(self._size_of(i + child) for child in (self._left[i], self._right[i]) if child >= 0)

    def body(self, root: int) -> list[str]:
        """Lines of a function that walks from this element on."""
        self._labelled = []
        lines = self._lines(root)
        for element in self._labelled:  # which grows
            lines += [f"node_{element}:", *self._lines(element)]
        return lines

    def _lines(self, first: int, indent: int = 1) -> list[str]:
        """Lines of the walk from this element on; the last one returns."""
        pad, lines, element = "    " * indent, list[str](), first
        while element >= 0:
            if self._shared[element] and (element != first or indent > 1):
                if element not in self._labelled:
                    self._labelled.append(element)
                return [*lines, f"{pad}goto node_{element};"]
            left, right = self._left[element], self._right[element]
            if left == right < 0:
                element = left
                break
            left, right = (child if child < 0 else element + child for child in (left, right))
            nested, rest, condition = left, right, self._goes_left(element)
            if self._size_of(left) > self._size_of(right):
                nested, rest, condition = right, left, self._goes_right(element)
            lines += [f"{pad}if ({condition}) {{", *self._lines(nested, indent + 1), f"{pad}}}"]
            element = rest
        lines.append(f"{pad}return {-1 - element};")
        return lines

    def _size_of(self, child: int) -> int:
        return 0 if child < 0 else 1 if self._shared[child] else self._size[child]

    def _goes_left(self, i: int) -> str:
        value, threshold = self._value(i), integer(self._threshold[i])
        return f"{value} <= {threshold}" + (f" || {value} > {self._last_number}" if self._missing_left[i] else "")

    def _goes_right(self, i: int) -> str:
        value, threshold = self._value(i), integer(self._threshold[i])
        return f"{value} > {threshold}" + (f" && {value} <= {self._last_number}" if self._missing_left[i] else "")

    def _value(self, i: int) -> str:
        return f"{self._name}_value(x, {self._feature[i]})"
