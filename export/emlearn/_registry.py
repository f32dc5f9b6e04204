"""Which converter handles which estimator, by class path: the training library itself is never imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import ConvertError

# Takes a fitted estimator; what it returns is a type that `builders.build` knows.
Converter = Callable[[Any], Any]

# (package, class name) -> converter. Libraries move classes between their modules, so the modules between are not
# compared.
_CONVERTERS: dict[tuple[str, str], Converter] = {}
_REFERENCES: dict[tuple[str, str], Converter] = {}


def converts(*class_paths: str) -> Callable[[Converter], Converter]:
    """Register a converter for estimator classes such as ``"sklearn.tree.DecisionTreeClassifier"``.

    Raises
    ------
    ValueError
        If one of the classes already has a converter.
    """

    def register(function: Converter) -> Converter:
        for path in class_paths:
            key = _key(path)
            if key in _CONVERTERS:
                raise ValueError(f"{path} already has a converter")
            _CONVERTERS[key] = function
        return function

    return register


def refers(*class_paths: str) -> Callable[[Converter], Converter]:
    """Register what makes scikit-learn's methods of objects that have others: `predict`, and for classes the rest."""

    def register(function: Converter) -> Converter:
        _REFERENCES.update((_key(path), function) for path in class_paths)
        return function

    return register


def reference(estimator: Any) -> Any:
    """Return the estimator, or what stands for it, with scikit-learn's methods."""
    for cls in type(estimator).__mro__:
        found = _REFERENCES.get(_key(f"{cls.__module__}.{cls.__name__}"))
        if found is not None:
            return found(estimator)
    return estimator


def find(estimator: object, kind: str | None = None) -> Converter:
    """Return the converter of the estimator's class, or of its nearest base class that has one.

    Parameters
    ----------
    estimator : object
        A fitted estimator.
    kind : str, optional
        Name of a supported class to treat the estimator as.

    Raises
    ------
    ConvertError
        If there is none; the message lists the supported classes.
    """
    if isinstance(estimator, type):
        raise ConvertError(f"got the class {estimator.__name__}; pass a fitted instance of it")
    if kind is not None:
        for (_, name), converter in _CONVERTERS.items():
            if name == kind:
                return converter
        raise ConvertError(f"kind={kind!r} is unknown; use one of {', '.join(supported())}, or leave it out")
    for cls in type(estimator).__mro__:
        found = _CONVERTERS.get(_key(f"{cls.__module__}.{cls.__name__}"))
        if found is not None:
            return found
    raise ConvertError(f"cannot convert {type(estimator).__name__}; supported: {', '.join(supported())}")


def supported() -> list[str]:
    """Return the names of the supported estimator classes, sorted."""
    return sorted({name for _, name in _CONVERTERS})


def _key(class_path: str) -> tuple[str, str]:
    parts = class_path.split(".")
    return parts[0], parts[-1]
