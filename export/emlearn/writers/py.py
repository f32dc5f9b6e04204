"""A Python module of its own, for CPython and MicroPython: the twin of the native module `emltrees`, and the model."""

from __future__ import annotations

from dataclasses import replace

from .._resources import folder
from ..ir import trees as ir
from ..ir.trees import Document
from . import eml, writes

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

_CLASSIFIER = '''
def predict(features):
    """The class label. features: array("{typecode}") of {n_features} numbers."""
    return model.label(model.predict(features))


def predict_proba(features):
    """array("f") of {n_outputs} probabilities. features: as for predict."""
    out = array("f", bytes({n_bytes}))
    model.predict(features, out)
    return out
'''

_REGRESSOR = '''
def predict(features):
    """The value. features: array("{typecode}") of {n_features} numbers."""
    return model.predict(features)
'''


@writes("py", ".py")
def write(document: Document, name: str = "model", method: str = "loadable") -> str:
    """Write a Python module that needs nothing else; `method` means nothing here."""
    trees = document.trees
    facts = {
        "name": name,
        "facts": trees.summary,
        "typecode": "h" if trees.dtype == ir.DTYPE_INT16 else "f",
        "n_features": trees.n_features,
        "n_outputs": trees.n_outputs,
        "n_bytes": 4 * trees.n_outputs,
    }
    return _MODULE.format(
        twin=(folder("twin") / "emltrees.py").read_text(encoding="utf-8").rstrip(),
        literal=_literal(eml.write(replace(document, certificate=None))),
        functions=(_CLASSIFIER if trees.n_classes else _REGRESSOR).format(**facts),
        **facts,
    )


def _literal(data: bytes) -> str:
    chunks = [data[i : i + _BYTES_A_LINE] for i in range(0, len(data), _BYTES_A_LINE)]
    return "\n".join('    b"' + "".join(f"\\x{byte:02x}" for byte in chunk) + '"' for chunk in chunks)
