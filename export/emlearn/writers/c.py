"""C headers: `loadable` (tables for the core) and `inline` (trees as code). Both vote in the core: both are exact."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import numpy as np

from ..errors import ConvertError
from ..ir import trees as ir
from ..ir.trees import Document, Trees
from . import writes
from .eml import pack_arrays

# Of C99 and C++: the file compiles as either.
_KEYWORDS = frozenset(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const const_cast
    constexpr continue decltype default delete do double dynamic_cast else enum explicit export extern false
    float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq
    private protected public register reinterpret_cast restrict return short signed sizeof static static_assert
    static_cast struct switch template this thread_local throw true try typedef typeid typename union unsigned
    using virtual void volatile wchar_t while xor xor_eq main""".split()
)
_WIDTH = 116


@writes("c", ".h", ".c")
def write(document: Document, name: str = "model", method: str = "loadable") -> str:
    """Write a C file of static tables and functions that may be included anywhere, next to emlearn's C headers.

    Classifiers get ``int32_t NAME_predict(const T *features, int32_t n_features)``, the class number or a negative
    eml_err_t, and ``int NAME_predict_proba(const T *features, int32_t n_features, float *out, int n_out)``. Regressors
    get ``float NAME_predict(const T *features, int32_t n_features)``, NaN on error. T is int16_t for dtype int16, else
    float.

    Raises
    ------
    ConvertError
        If the name is no C identifier.
    """
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) or name in _KEYWORDS:
        raise ConvertError(f"{name!r} is no C identifier; pass name= with letters, digits and _ only")
    trees = document.trees
    inline = method == "inline"
    code = _inline_trees(trees, name) if inline else []
    parts = [
        _head(trees, name),
        *(_table(name, *array) for array in _arrays(trees, inline)),
        *code,
        _struct(trees, name, inline),
        *(_regressor(trees, name) if trees.n_classes == 0 else _classifier(trees, name)),
        f"#endif // EML_MODEL_{name}_H",
    ]
    return "\n\n".join(parts) + "\n"


def _head(trees: Trees, name: str) -> str:
    lines = [
        f"// Made by emlearn: {trees.summary}.",
        "// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'",
    ]
    lines += [f"// class {i}: {json.dumps(label)}" for i, label in enumerate(trees.labels or ())]
    lines += [f"#ifndef EML_MODEL_{name}_H", f"#define EML_MODEL_{name}_H", "", '#include "eml_trees.h"']
    return "\n".join(lines)


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
        ctype = {"u2": "uint16_t", "u4": "uint32_t", "i4": "int32_t"}[words.dtype.str[1:]]
        if words.size:
            arrays.append((name, ctype, words.reshape(-1).tolist()))
    return arrays


def _table(model: str, name: str, ctype: str, elements: list[int]) -> str:
    texts = [f"{e}u" if ctype == "uint32_t" else _integer(e) for e in elements]
    return f"static const {ctype} {model}_{name}[{len(elements)}] = {{\n{_wrap(texts)}\n}};"


def _struct(trees: Trees, name: str, inline: bool) -> str:
    tables = {table for table, _, _ in _arrays(trees, inline)}
    header = ("n_features", "n_classes", "n_trees", "layout", "dtype", "leaf", "feature_bits", "entry")
    fields: list[tuple[str, object]] = [(field, getattr(trees, field)) for field in header]
    fields += [("unused", 0), ("n_nodes", 0 if inline else trees.n_nodes)]
    fields += [(field, getattr(trees, field)) for field in ("n_leaves", "n_entries", "n_values")]
    fields += [
        (table, f"{name}_{table}" if table in tables else "NULL")
        for table in ("nodes", "roots", "scale", "leaf_start", "entries", "values")
    ]
    fields += [("leaf_of", f"{name}_leaf_of" if inline else "NULL")]
    lines = [f"    {value}, // {field}" for field, value in fields]
    return "\n".join([f"static const eml_trees_t {name} = {{", *lines, "};"])


def _feature_type(trees: Trees) -> tuple[str, str]:
    """C type of the features, and its element type in the core."""
    return ("int16_t", "EML_INT16") if trees.dtype == ir.DTYPE_INT16 else ("float", "EML_FLOAT32")


def _classifier(trees: Trees, name: str) -> list[str]:
    ctype, code = _feature_type(trees)
    return [
        f"""// Class number, or a negative eml_err_t. features: [{trees.n_features}]
static inline int32_t {name}_predict(const {ctype} *features, int32_t n_features) {{
    const eml_array_t x = {{ features, (size_t)n_features, {code} }};
    uint64_t sums[{trees.n_outputs}];
    uint32_t klass = 0;
    const eml_err_t err = eml_trees_class(&{name}, &x, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}}""",
        f"""// EML_OK or another eml_err_t. features: [{trees.n_features}]; out: [{trees.n_outputs}] probabilities
static inline int {name}_predict_proba(const {ctype} *features, int32_t n_features, float *out, int n_out) {{
    const eml_array_t x = {{ features, (size_t)n_features, {code} }};
    uint64_t sums[{trees.n_outputs}];
    return (int)eml_trees_outputs(&{name}, &x, sums, out, (size_t)n_out);
}}""",
    ]


def _regressor(trees: Trees, name: str) -> list[str]:
    ctype, code = _feature_type(trees)
    return [
        f"""// The value, or NaN if n_features is wrong. features: [{trees.n_features}]
static inline float {name}_predict(const {ctype} *features, int32_t n_features) {{
    const eml_array_t x = {{ features, (size_t)n_features, {code} }};
    uint64_t sums[1];
    float out;
    eml_float_store(&out, 0x7fc00000u);
    (void)eml_trees_outputs(&{name}, &x, sums, &out, 1);
    return out;
}}"""
    ]


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
        body = source.lines(root)
        unused = [] if len(body) > 1 else ["    (void)x;"]  # a tree that is a single leaf
        parts.append("\n".join([f"static uint32_t {name}_tree_{tree}(const {ctype} *x) {{", *unused, *body, "}"]))
    functions = [f"{name}_tree_{tree}" for tree in range(trees.n_trees)]
    parts.append(
        f"static uint32_t {name}_leaf_of(uint32_t tree, const void *features) {{\n"
        f"    static uint32_t (*const trees[{trees.n_trees}])(const {ctype} *) = {{\n{_wrap(functions, 8)}\n    }};\n"
        f"    return trees[tree]((const {ctype} *)features);\n}}"
    )
    return parts


class _TreeSource:
    """Trees as nested ifs. The smaller branch is the nested one: nesting is logarithmic, however deep the tree."""

    def __init__(self, trees: Trees, name: str, last_number: str) -> None:
        self._name, self._last_number = name, last_number
        self._feature, self._threshold = trees.feature.tolist(), trees.threshold.tolist()
        self._left, self._right = trees.left.tolist(), trees.right.tolist()
        self._missing_left = trees.missing_left.tolist()
        # Elements refer forward only: from the last to the first, children are known before their parents.
        self._size = [1] * trees.n_nodes
        for i in reversed(range(trees.n_nodes)):
            self._size[i] += sum(self._size[i + child] for child in (self._left[i], self._right[i]) if child >= 0)

    def lines(self, element: int, indent: int = 1) -> list[str]:
        """Lines of the walk from this element on; the last one returns."""
        pad, lines = "    " * indent, list[str]()
        while element >= 0:
            left, right = self._left[element], self._right[element]
            if left == right < 0:
                element = left
                break
            left, right = (child if child < 0 else element + child for child in (left, right))
            nested, rest, condition = left, right, self._goes_left(element)
            if self._size_of(left) > self._size_of(right):
                nested, rest, condition = right, left, self._goes_right(element)
            lines += [f"{pad}if ({condition}) {{", *self.lines(nested, indent + 1), f"{pad}}}"]
            element = rest
        lines.append(f"{pad}return {-1 - element};")
        return lines

    def _size_of(self, child: int) -> int:
        return 0 if child < 0 else self._size[child]

    def _goes_left(self, i: int) -> str:
        value, threshold = self._value(i), _integer(self._threshold[i])
        return f"{value} <= {threshold}" + (f" || {value} > {self._last_number}" if self._missing_left[i] else "")

    def _goes_right(self, i: int) -> str:
        value, threshold = self._value(i), _integer(self._threshold[i])
        return f"{value} > {threshold}" + (f" && {value} <= {self._last_number}" if self._missing_left[i] else "")

    def _value(self, i: int) -> str:
        return f"{self._name}_value(x, {self._feature[i]})"


def _integer(value: int) -> str:
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)


def _wrap(texts: Iterable[str], indent: int = 4) -> str:
    lines, line = list[str](), ""
    for text in texts:
        if line and len(line) + len(text) + 2 > _WIDTH - indent:
            lines.append(line)
            line = ""
        line += f"{' ' if line else ''}{text},"
    return "\n".join(" " * indent + each for each in [*lines, line] if each)
