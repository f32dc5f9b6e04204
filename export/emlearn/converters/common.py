"""What converters of several families share."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir.document import MAX_LABEL_BYTES, Label


def check_fitted(estimator: Any, attribute: str) -> None:
    """Raise ConvertError unless the estimator has an attribute that fitting makes."""
    if not hasattr(estimator, attribute):
        raise ConvertError(f"this {type(estimator).__name__} is not fitted; call fit(X, y) before converting it")


def class_labels(classes: NDArray[Any]) -> tuple[Label, ...] | None:
    """Labels as a file holds them: integers or text; None if they are 0, 1, 2..."""
    labels = tuple(_label(value) for value in classes.tolist())
    return None if labels == tuple(range(len(labels))) else labels


def _label(value: object) -> Label:
    if isinstance(value, (bool, int)):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        try:
            size = len(value.encode())
        except UnicodeEncodeError as error:
            raise ConvertError(f"class label {value!r} cannot be written as UTF-8") from error
        if size > MAX_LABEL_BYTES:
            raise ConvertError(f"class label {value[:20]!r}... has {size} bytes in UTF-8; the format holds 255")
        return value
    raise ConvertError(f"class label {value!r} is of type {type(value).__name__}; use integers or text")
