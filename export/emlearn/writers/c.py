"""C: `loadable` (tables for the core) and, for trees, `inline` (code). Both vote in the core: both are exact."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch
from typing import Any

from .._core import Block, blocks_of, open_core
from ..errors import ConvertError
from ..ir.document import Document, Output
from ..ir.features import Features
from ..ir.pipeline import Pipeline
from . import writes
from .eml import write as write_eml

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
CTYPES = {"u1": "uint8_t", "u2": "uint16_t", "u4": "uint32_t", "i1": "int8_t", "i2": "int16_t", "i4": "int32_t"}
CTYPES["f4"] = "float"
FUNCTIONS = {
    Output.PROBABILITIES: "predict_proba",
    Output.DECISION_VALUES: "decision_function",
    Output.VALUES: "predict",
    Output.PROBABILITIES_AND_SCORE: "predict_proba",
}

_CLASS = """// Class number, or a negative eml_err_t. features: [{n_features}]
static inline int32_t {name}_predict(const {T} *features, int32_t n_features) {{
    const eml_array_t x = {{ features, (size_t)n_features, {code} }};
{steps}    uint64_t sums[{scratch}];
    uint32_t klass = 0;
    const eml_err_t err = eml_{family}_class(&{model}, &{x}, sums, &klass);
    return err == EML_OK ? (int32_t)klass : (int32_t)err;
}}"""
_OUTPUTS = """// EML_OK or another eml_err_t. features: [{n_features}]; out: [{n_outputs}] {what}
static inline int {name}_{function}(const {T} *features, int32_t n_features, float *out, int n_out) {{
    const eml_array_t x = {{ features, (size_t)n_features, {code} }};
{steps}    uint64_t sums[{scratch}];
    return (int)eml_{family}_outputs(&{model}, &{x}, sums, out, (size_t)n_out);
}}"""
_VALUE = """// The value, or NaN if n_features is wrong. features: [{n_features}]
static inline float {name}_predict(const {T} *features, int32_t n_features) {{
    const eml_array_t x = {{ features, (size_t)n_features, {code} }};
    uint64_t sums[{scratch}];
    float out;
    eml_float_store(&out, 0x7fc00000u);
{steps}    (void)eml_{family}_outputs(&{model}, &{x}, sums, &out, 1);
    return out;
}}"""

# Of a pipeline: its steps, then the model behind them takes y instead of x. Of windows: their blocks, in the same way.
_APPLY = """// What the model takes of raw features. out: [{n_columns}]
static inline eml_err_t {name}_apply(const eml_array_t *features, float *out) {{
    uint64_t scratch[{scratch}];
    return eml_pipeline_apply(&{name}, features, scratch, out);
}}"""
_APPLY_BLOCKS = """// The columns of a window. out: [{n_columns}]. Not for two threads: tables are made once, and kept.
static inline eml_err_t {name}_apply(const eml_array_t *window, float *out) {{
    static uint64_t {memories};
    static int ready;
    if (!ready) {{
        {inits}
        ready = 1;
    }}
    eml_err_t err = eml_features_check_window(&{name}, window);
    {runs}
    return err;
}}"""
_STEPS = """    float columns{i}[{n_columns}];
    const eml_err_t failed{i} = {name}_apply(&{x}, columns{i});
    if (failed{i} != EML_OK) {{
        return {failed};
    }}
    const eml_array_t {y} = {{ columns{i}, {n_columns}, EML_FLOAT32 }};
"""
# Of blocks without a model.
_COLUMNS = """// EML_OK or another eml_err_t. features: [{n_features}]; out: [{n_outputs}] columns
static inline int {name}_predict(const {T} *features, int32_t n_features, float *out, int n_out) {{
    const eml_array_t x = {{ features, (size_t)n_features, {code} }};
    return (int)(n_out == {n_outputs} ? {name}_apply(&x, out) : EML_ERR_SHAPE);
}}"""
_COLUMN = """// The column, or NaN if n_features is wrong. features: [{n_features}]
static inline float {name}_predict(const {T} *features, int32_t n_features) {{
    const eml_array_t x = {{ features, (size_t)n_features, {code} }};
    float out;
    eml_float_store(&out, 0x7fc00000u);
    (void){name}_apply(&x, &out);
    return out;
}}"""


@writes("c", ".h", ".c")
def write(document: Document, name: str = "model", method: str = "loadable") -> str:
    """Write a C file of static tables and functions that may be included anywhere, next to emlearn's C headers.

    Classifiers get ``int32_t NAME_predict(const T *features, int32_t n_features)``, the class number or a negative
    eml_err_t, and ``int NAME_predict_proba(const T *features, int32_t n_features, float *out, int n_out)``, which is
    called NAME_decision_function where the estimator has no probabilities. Regressors get ``float NAME_predict(const T
    *features, int32_t n_features)``, NaN on error; those of several values have ``out`` and ``n_out`` too, and return
    an eml_err_t. T is int16_t for dtype int16, else float.

    Raises
    ------
    ConvertError
        If the name is no C identifier.
    """
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) or name in _KEYWORDS:
        raise ConvertError(f"{name!r} is no C identifier; pass name= with letters, digits and _ only")
    return writes_c(document.tables, name, method)


@singledispatch
def writes_c(tables: Any, name: str, method: str) -> str:
    """Return the file; by default tables, and functions that predict."""
    chain = _chain(tables, name)
    model, of_model = chain[-1]
    functions = [_CLASS, _OUTPUTS] if tables.n_classes else [_VALUE if tables.n_outputs == 1 else _OUTPUTS]
    if model.FAMILY == "features":
        functions = [_COLUMN if tables.n_outputs == 1 else _COLUMNS]
    is_int16 = tables.typecode == "h"
    names = {
        "name": name,
        "model": of_model,
        "x": "xyz"[len(chain) - 1],
        "family": model.FAMILY,
        "function": FUNCTIONS[tables.output],
        "what": tables.output.name.lower().replace("_", " "),
        "T": "int16_t" if is_int16 else "float",
        "code": "EML_INT16" if is_int16 else "EML_FLOAT32",
        "n_features": tables.n_features,
        "n_outputs": tables.n_outputs,
        "scratch": _scratch(model),
    }
    parts = [_head([each for each, _ in chain], name), *data(tables, name, method == "inline")]
    for before, own in chain:
        if before.FAMILY == "features":
            parts.append(_apply_blocks(before, own))
        elif before.FAMILY == "pipeline":
            parts.append(_APPLY.format(name=own, n_columns=_columns_of(before), scratch=_scratch(before)))
    for function in functions:
        cast = {_CLASS: "(int32_t)failed{i}", _OUTPUTS: "(int)failed{i}"}.get(function, "out")
        steps = ""
        for level, (before, own) in enumerate(chain[:-1]):
            i, x, y = level or "", *"xyz"[level : level + 2]
            steps += _STEPS.format(name=own, x=x, y=y, i=i, n_columns=_columns_of(before), failed=cast.format(i=i))
        parts.append(function.format(steps=steps, **names))
    return "\n\n".join([*parts, f"#endif // EML_MODEL_{name}_H"]) + "\n"


def _chain(tables: Any, name: str) -> list[tuple[Any, str]]:
    """The tables and those behind them, each with its name in C."""
    found = [(tables, name)]
    while tables.FAMILY in ("features", "pipeline") and tables.inner is not None:
        tables, name = tables.inner, f"{name}_model"
        found.append((tables, name))
    return found


def _blocks_of(tables: Features) -> list[Block]:
    return blocks_of(tables.blocks, tables.n_blocks, tables.n_features)


def _apply_blocks(tables: Features, name: str) -> str:
    """Only what these blocks need: nothing else is linked."""
    memories, inits, runs, column = list[str](), list[str](), list[str](), 0
    for i, block in enumerate(_blocks_of(tables)):
        words = f"{name}_blocks + {block.at}"
        memories.append(f"memory{i}[{block.size // 8 + 1}]")
        inits.append(f"eml_{block.name}_init(memory{i}, {words}, {tables.n_features});")
        runs.append(f"err = err == EML_OK ? eml_{block.name}_run({words}, memory{i}, window, out + {column}) : err;")
        column += block.columns
    lines = {"memories": ", ".join(memories), "inits": "\n        ".join(inits), "runs": "\n    ".join(runs)}
    return _APPLY_BLOCKS.format(name=name, n_columns=_columns_of(tables), **lines)


def _columns_of(tables: Any) -> int:
    return int(tables.n_outputs if tables.inner is None else tables.inner.n_features)


def _scratch(tables: Any) -> int:
    """How many words of 64 bits the core needs."""
    core = open_core(tables.FAMILY, write_eml(Document(replace(tables, labels=None))))
    return -(-int(core.scratch_size) // 8)


@singledispatch
def data(tables: Any, name: str, inline: bool) -> list[str]:
    """Return the arrays and the struct; by default as the schema says, whose code would be the same data."""
    arrays = [
        table(name, each.name, CTYPES[each.dtype], getattr(tables, each.name).reshape(-1).tolist())
        for each in tables.arrays()
        if getattr(tables, each.name).size
    ]
    fields: list[tuple[str, object]] = [(n.name, int(getattr(tables, n.name))) for n in tables.numbers()]
    fields += [(a.name, f"{name}_{a.name}" if getattr(tables, a.name).size else "NULL") for a in tables.arrays()]
    return [*arrays, struct_of(tables, name, fields)]


@data.register
def _(tables: Pipeline, name: str, inline: bool) -> list[str]:
    fields: list[tuple[str, object]] = [(n.name, int(getattr(tables, n.name))) for n in tables.numbers()]
    fields += [("steps", f"{name}_steps"), (f"model: {name}_model, not a file", "NULL")]
    return [
        *data(tables.inner, f"{name}_model", inline),
        table(name, "steps", "uint32_t", tables.steps.tolist()),
        struct_of(tables, name, fields),
    ]


@data.register
def _(tables: Features, name: str, inline: bool) -> list[str]:
    fields: list[tuple[str, object]] = [(n.name, int(getattr(tables, n.name))) for n in tables.numbers()]
    behind = f"model: {name}_model, not a file" if tables.n_model else "model"
    fields += [("blocks", f"{name}_blocks"), (behind, "NULL")]
    return [
        *(data(tables.inner, f"{name}_model", inline) if tables.n_model else []),
        table(name, "blocks", "uint32_t", tables.blocks.tolist()),
        struct_of(tables, name, fields),
    ]


def struct_of(tables: Any, name: str, fields: list[tuple[str, object]]) -> str:
    """Return the struct that the core takes."""
    lines = [f"    {value}, // {field}" for field, value in fields]
    return "\n".join([f"static const eml_{tables.FAMILY}_t {name} = {{", *lines, "};"])


def _head(chain: list[Any], name: str) -> str:
    tables = chain[0]
    lines = [
        f"// Made by emlearn: {tables.summary}.",
        "// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'",
    ]
    lines += [f"// class {i}: {json.dumps(label)}" for i, label in enumerate(tables.labels or ())]
    lines += [f"#ifndef EML_MODEL_{name}_H", f"#define EML_MODEL_{name}_H", ""]
    for each in reversed(chain):
        own = [each.FAMILY]
        if isinstance(each, Features):
            own = ["features_data", *dict.fromkeys(block.name for block in _blocks_of(each))]
        lines += [f'#include "eml_{header}.h"' for header in own]
    return "\n".join(lines)


def table(model: str, name: str, ctype: str, elements: list[int]) -> str:
    """Return an array."""
    texts = [f"{e}u" if ctype == "uint32_t" else integer(e) for e in elements]
    return f"static const {ctype} {model}_{name}[{len(elements)}] = {{\n{wrap(texts)}\n}};"


def integer(value: int) -> str:
    """Return an int32_t."""
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)


def wrap(texts: Iterable[str], indent: int = 4) -> str:
    """Return the texts in lines, each with a comma."""
    lines, line = list[str](), ""
    for text in texts:
        if line and len(line) + len(text) + 2 > _WIDTH - indent:
            lines.append(line)
            line = ""
        line += f"{' ' if line else ''}{text},"
    return "\n".join(" " * indent + each for each in [*lines, line] if each)
