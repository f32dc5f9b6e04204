"""Files that the package carries but that live elsewhere in the source tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# An installed package has them as its folders; in a checkout, editable installs included, they are where they are made.
_SOURCE = {"include": "src/emlearn", "mpy": "dist", "source": "src"}

# Of families that have another name than their module.
_MODULES = {"neighbors": "emlknn"}
# What twins are made of, as in build.mk.
_NUMBERS = "common/py/numbers.py"
_TREES = tuple(f"emltrees/twin/{name}.py" for name in ("numbers", "tables", "predict", "eml", "csv", "emltrees"))
_BLOCKS = tuple(f"emlfeatures/twin/{name}.py" for name in ("statistics", "spectrum", "mel"))
_SHARED: dict[str, tuple[str, ...]] = {
    "bayes": ("common/py/gaussian.py",),
    "mixture": ("common/py/gaussian.py",),
    "kernel": ("emlkernel/twin/numbers.py",),
    "features": ("emlfft/twin/emlfft.py", *_BLOCKS),
}


def module_of(family: str) -> str:
    """Return the name of the native module, and of its package, that runs a family's models."""
    return _MODULES.get(family, f"eml{family}")


def package_of_network(network: Any) -> str:
    """Return the name of the package, and of its first module, that runs a convolutional network."""
    return "tinymaix_cnn" if network.dtype_name == "int8" else "tinymaix_cnn_fp32"


def modules_of_network(network: Any) -> list[str]:
    """Return the native modules that run a convolutional network: a second one has the layers that TinyMaix has not."""
    package = package_of_network(network)
    return [package, f"{package}_layers"] if network.has_own_kinds else [package]


def twin(family: str, *behind: str) -> str:
    """Return the source of a family's Python twin, with all that it needs; behind: the families after it."""
    sources = folder("source")

    def read(path: str) -> str:
        return (sources / path).read_text(encoding="utf-8").rstrip() + "\n"

    if family == "trees":
        return "\n\n".join(read(path) for path in (_NUMBERS, *_TREES))
    module = module_of(family)
    own = (*_SHARED.get(family, ()), f"{module}/twin/{module}.py")
    paths = ("emlearn_tools/emlearn_tools.py", _NUMBERS, "common/py/twin.py", *own)
    text = "\n\n".join(read(path) for path in (*paths, "common/py/load.py"))
    text = "\n".join(line for line in text.split("\n") if not line.startswith("from emlearn_tools import"))
    if not behind:
        return text
    # Its names are its own: a function of them all.
    body = "\n".join(f"    {line}".rstrip() for line in twin(*behind).rstrip().split("\n"))
    function = (
        f"# ---- The model behind\n\n\ndef _load_model(_family, _data):\n{body}\n\n    return load(_data)\n"
    )
    return f"{text.rstrip()}\n\n\n{function}"


def folder(name: str) -> Path:
    """Return the folder of C headers ("include"), what Python twins are made of ("source") or all .mpy files ("mpy").

    Raises
    ------
    FileNotFoundError
        If the package was installed without it.
    """
    here = Path(__file__).resolve().parent
    for path in (here / name, here.parents[1] / _SOURCE[name]):
        if path.is_dir():
            return path
    raise FileNotFoundError(f"this installation of emlearn has no folder {name!r}; install it again")
