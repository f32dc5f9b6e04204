"""Machine learning for MicroPython: convert scikit-learn models, with a proof that the device predicts the same.

    model = emlearn.convert(estimator)
    print(model.certify(X, y))
    model.save(file="gesture.eml")

See `convert` and `Model`.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from . import evaluate
from ._convert import convert, load
from .certificate import Certificate
from .errors import ConvertError
from .model import Model
from .reporting import Report, report

try:
    __version__ = version("emlearn-mpy")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "0+unknown"

__all__ = [
    "Certificate",
    "ConvertError",
    "Model",
    "Report",
    "__version__",
    "convert",
    "evaluate",
    "includedir",
    "load",
    "report",
]


def __getattr__(name: str) -> str:
    if name == "includedir":
        from ._resources import folder

        return str(folder("include"))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
