"""A Python module of its own, for CPython and MicroPython: the twin of the native module, and the model."""

from __future__ import annotations

from dataclasses import replace

from .._resources import twin
from ..ir.document import Document, families_of
from . import eml, writes
from .c import FUNCTIONS

_BYTES_A_LINE = 28

_MODULE = '''"""A model made by emlearn: {facts}.

    from array import array
    {name}.predict(array("{typecode}", features))    # {n_features} numbers
"""

{twin}

# ---- The model

MODEL = (
{literal}
)

model = load(MODEL)

{functions}'''

_CLASS = '''
def predict(features):
    """The class label. features: array("{typecode}") of {n_features} numbers."""
    return model.label(model.predict(features))
'''

_OUTPUTS = '''

def {function}(features):
    """array("f") of {n_outputs} {what}. features: {like}."""
    out = array("f", bytes({n_bytes}))
    model.predict(features, out)
    return out
'''

_VALUE = '''
def predict(features):
    """The value. features: array("{typecode}") of {n_features} numbers."""
    return model.predict(features)
'''


@writes("py", ".py")
def write(document: Document, name: str = "model", method: str = "loadable") -> str:
    """Write a Python module that needs nothing else; `method` means nothing here."""
    tables = document.tables
    typecode = tables.typecode
    facts = {
        "name": name,
        "facts": tables.summary,
        "typecode": typecode,
        "n_features": tables.n_features,
        "n_outputs": tables.n_outputs,
        "n_bytes": 4 * tables.n_outputs,
        "what": tables.output.name.lower().replace("_", " "),
        "function": FUNCTIONS[tables.output],
        "like": "as for predict" if tables.n_classes else f'array("{typecode}") of {tables.n_features} numbers',
    }
    if tables.n_classes:
        functions = _CLASS + _OUTPUTS
    else:
        functions = _VALUE if tables.n_outputs == 1 else _OUTPUTS.lstrip("\n")
    return _MODULE.format(
        twin=twin(*families_of(tables)).rstrip(),
        literal=_literal(eml.write(replace(document, certificate=None))),
        functions=functions.format(**facts),
        **facts,
    )


def _literal(data: bytes) -> str:
    chunks = [data[i : i + _BYTES_A_LINE] for i in range(0, len(data), _BYTES_A_LINE)]
    return "\n".join('    b"' + "".join(f"\\x{byte:02x}" for byte in chunk) + '"' for chunk in chunks)
